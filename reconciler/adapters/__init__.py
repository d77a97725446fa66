"""The ports, answered: AWS through botocore, files and variables of this machine, GitHub, and OpenTelemetry.

Requests go out here and nowhere else. What comes back is checked before anybody sees it, and every failure becomes a
`CloudError`, `Denied` or `Stopped` whose text holds no secret.
"""

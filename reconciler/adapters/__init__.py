"""The ports, answered: AWS through botocore, files and variables of this machine, git, GitHub, and OpenTelemetry.

A request of the core in, a checked response out. `aws` has the clouds, `machine` files and the clock, `lookup` what
values are looked up from, `forge` GitHub and webhooks, `telemetry` the spans.

Always: requests leave the process here and nowhere else; a response is checked before the core sees it; every failure
becomes a `CloudError`, `Denied` or `Stopped` whose text has no secret. Not here: decisions, and retries of calls
(`calls`).
"""

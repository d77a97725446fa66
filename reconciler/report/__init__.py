"""Reports: views that `redact` has made in, text, JSON and the formats of other programs out.

`results` are what commands end with, `formats` the table of what `-o` offers. Equal input gives equal output, apart
from the width and the colors of a console. No text steers a terminal, a log or a runner of CI.
Nothing is decided, redacted or written to a file here: what a plan contains is up to `plan`, what may be shown up to
`redact`, and where a report goes up to `cli`.
"""

"""What may be shown: a plan, a result, a status or a problem in, a view of it out through which no secret can be read.

`presented` has the views and the only functions that make them. Reports accept nothing else, so that a type checker
refuses what is not redacted. A view computes what is shown when it is read, and keeps no copy.
`secrets` finds the texts that a stack declares or looks up as secret, and values with the name or the look of one.
Nothing is printed here, and no value is left out: that a secret has changed still shows.
"""

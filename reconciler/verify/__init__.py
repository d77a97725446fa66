"""Whether what a stack refers to outside of AWS Batch exists and fits: roles, networks, images, secrets, log groups.

A stack, the place and the services in, `Verification` out. A check is a row: the fields that it is about, what it asks,
and a judgement, a pure function on what AWS answered. Each thing is asked for once, side by side, and nothing is
written. A finding is `fail` only where AWS said so; what cannot be seen is `unknown`.
"""

"""A job definition and compute environments -> whether a job can ever start there, and the number that decides it.

Pure and offline: bodies in, verdicts out. `never` is proved by a bound that is certain for every type that an
environment may launch; `fits` names a type that surely holds the job; between the two is `tight`. What is not known is
`unknown`, with the reason. Not here: quotas, subnets, images and permissions, which only AWS can answer for.
"""

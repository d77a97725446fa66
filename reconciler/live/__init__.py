"""What is there now: resources as AWS describes them, whose they are, what refers to what, and the jobs of queues.

A cloud in, `ReadResult` and `Live` out. Nothing is changed, and nothing is compared: that is `diff`.
"""

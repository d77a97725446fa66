"""Jobs that run: declared requests sent, waited for and ended, and what they log.

A `DeclaredJob` or the words of a command → `Submission`; a response of DescribeJobs → `JobState`, which holds nothing
that may be secret: neither environment nor parameters. What always holds: jobs are described 100 at a time; a wait and
a log end with their jobs. Not here: what `validate` finds in a declared job (`rules`), and printing (`report`).
"""

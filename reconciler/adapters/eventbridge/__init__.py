"""EventBridge Scheduler and EventBridge in the manner of the Batch API, which is the manner of the `Cloud` port.

A stack's cloud -> the same cloud, which also answers for schedules and notices. What always holds: fields are in
camelCase, and users' own keys stay as they are; each resource has tags, although Scheduler gives them to groups alone;
an update sends what changes, although UpdateSchedule and PutRule replace everything; nothing is asked of a service
until a call needs it. Not here: what schedules and notices are (`kinds`), and when schedules fire (`schedule`).
"""

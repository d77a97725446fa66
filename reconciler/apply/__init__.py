"""Run a plan: a `Plan` and ports in, an `Outcome` out, with one `Result` a change.

What is sent are the calls of the plan, and nothing else. A change starts when those that it goes after are done, looks
before its first write whether the resource is still as planned, and waits for what it began. A lost answer neither
loses nor doubles a change, a failure stops what depends on it alone, and the same command finishes what was cut short.
Nothing is decided here: what to do is in the plan, whether it may be done in its refusals, which `app` reads.
"""

from reconciler.apply.result import Event, Outcome, Result, State

__all__ = ["Event", "Outcome", "Result", "State"]

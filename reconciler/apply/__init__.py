"""Run a plan through the ports: what became of it is here, `executor.run` does it."""

from reconciler.apply.result import Event, Outcome, Result, State

__all__ = ["Event", "Outcome", "Result", "State"]

"""Run a plan through the ports."""

from reconciler.apply.outcome import Event, Outcome, Result, State
from reconciler.apply.run import run

__all__ = ["Event", "Outcome", "Result", "State", "run"]

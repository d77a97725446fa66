"""Run a plan through the ports."""

from reconciler.apply.executor import run
from reconciler.apply.result import Event, Outcome, Result, State

__all__ = ["Event", "Outcome", "Result", "State", "run"]

"""What to do, in which order, and why: a stack, what is live and options in, a final `Plan` out.

`decide` compares everything and decides; `Decisions.questions` is what AWS still has to answer; `build` writes the
plan. It is never edited after that: its changes have all requests, waits, time-outs, jobs and refusals in them. Equal
input gives an equal plan. Nothing is asked or changed here; what differs is up to `diff`, and running to `apply`.
"""

from reconciler.plan.options import AS_DECLARED, Limit, PlanOptions
from reconciler.plan.planner import Decisions, build, decide

__all__ = ["AS_DECLARED", "Decisions", "Limit", "PlanOptions", "build", "decide"]

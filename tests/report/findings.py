"""A stack with every sort of finding, some of them written by somebody who means harm."""

from collections.abc import Sequence

from reconciler.model import Address
from reconciler.problems import Problem, Severity, Where, WrongUsage
from reconciler.redact.presented import present_problems, present_stopped
from reconciler.report.results import Silenced, Validation

FILE = "stacks/prod/stack.yaml"
HOSTILE = 'a|b`c<script>&"\n::error::x\r```\x1b[31m%0A,:@somebody #1 \u202e{0} [x](y) _z_ ~'


def problem(code: str, message: str, line: int = 0, column: int = 0, **more: str | Severity) -> Problem:
    return Problem(code, message, Where(FILE, line, column), **more)  # type: ignore[arg-type]


def validation(problems: Sequence[Problem], path: str = "x") -> Validation:
    return Validation(path, "risk", ADDRESSES, present_problems(problems), SILENCED)


ADDRESSES = (Address("SchedulingPolicy", "fair"), Address("JobQueue", "pricing"), Address("JobQueue", "ok"))
SILENCED = (Silenced("SP001", "unused", 0), Silenced("SP003", "both shares end this year", 1))
FOUND = validation(
    (
        problem("STK002", "the top-level key jobQueue is unknown", 2, 1, hint="did you mean jobQueues?"),
        problem("SP002", "SchedulingPolicy/fair: lists the share A 2 times", 7, 3),
        problem("SCH001", "JobQueue/pricing: priorty is not a field", 12, 5, hint="did you mean priority?"),
        problem("SCH004", "JobQueue/pricing: priority is missing", 11, 3),
        problem("LIF003", "lifecycle.replace: x has no effect yet", 14, 3, severity=Severity.WARNING),
        problem("YML012", f"SchedulingPolicy/fair: {HOSTILE}", hint="50% more\nor less"),
        Problem("TAG004", "stack risk: 48 tags", severity=Severity.NOTE),
    ),
    "stacks/prod",
)
CLEAN = Validation("stacks/dev", "dev", (Address("JobQueue", "q"),), ())
FAILED = present_stopped(WrongUsage("nowhere does not exist", hint="pass the folder of a stack, or its only file"))

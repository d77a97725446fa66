"""Kinds that could not be read: fatal for who uses them, worth a note for everybody else."""

from collections.abc import Iterator, Mapping

from reconciler.kinds import KINDS
from reconciler.model import Stack
from reconciler.problems import CloudError, Problem, Severity
from reconciler.resolve import used_kinds


def check_unread(stack: Stack, unread: Mapping[str, CloudError]) -> None:
    """Raise the reason why a kind that the stack declares or refers to could not be read."""
    for name in sorted(used_kinds(stack) & unread.keys()):
        raise unread[name]


def unread_notes(stack: Stack, unread: Mapping[str, CloudError]) -> Iterator[Problem]:
    for name, error in unread.items():
        reading = KINDS[name].reading
        calls = " and ".join(f"batch:{call}" for call in (reading.listing, reading.operation) if call)
        yield Problem(
            "PLAN008",
            f"{KINDS[name].section} could not be read, and the stack declares none; "
            f"any that stack {stack.name} still owns stay ({error})",
            hint=f"allow {calls}",
            severity=Severity.NOTE,
        )

"""How notes say why a template's value became what it is here."""

from collections.abc import Mapping

EMPTY = '""'


def told(assumed: Mapping[str, str]) -> str:
    """Return the values that a result depends on: `Size is 4, Zone is ""`."""
    return ", ".join(f"{name} is {value or EMPTY}" for name, value in sorted(assumed.items()))


def because(condition: str, assumed: Mapping[str, str], *, holds: bool) -> str:
    return f"{condition} is {'true' if holds else 'false'}, since {told(assumed)}"


def capitalized(member: str) -> str:
    """Return what CloudFormation calls a member of the API."""
    return f"{member[:1].upper()}{member[1:]}"

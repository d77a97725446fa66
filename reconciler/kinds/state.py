"""ENABLED or DISABLED: the switch that several kinds have."""

from reconciler.kinds.base import Created, Field, Form
from reconciler.model import Cost, Spec

MEMBER = "state"
ENABLED, DISABLED = "ENABLED", "DISABLED"


def state(says: str, source: str = "") -> Field:
    """Return the row of the switch. What is created is ENABLED; only an update disables it."""
    return Field(
        name=MEMBER,
        form=Form.CASELESS,
        cost=Cost.SCALING,
        default=ENABLED,
        created=Created.LATER,
        unset=ENABLED,
        says=says,
        source=source,
    )


def is_disabled(body: Spec) -> bool:
    return str(body.get(MEMBER) or ENABLED).upper() == DISABLED

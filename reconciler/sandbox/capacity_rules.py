"""What AWS refuses about capacity limits, in its own words (cdk-preflight, rules pf-batch-se-*)."""

import re
from collections.abc import Sequence

from reconciler.model import Spec
from reconciler.sandbox.answers import refuse_if

MAX_LIMITS = 5
INSTANCES = "NUM_INSTANCES"
INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")


def refuse_bad_limits(limits: Sequence[Spec]) -> None:
    refuse_if(not limits, "Capacitylimits are required.")
    refuse_if(len(limits) > MAX_LIMITS, "Number of capacity limits exceeds 5.")
    units = [limit.get("capacityUnit", "") for limit in limits]
    for unit in units:
        refuse_if(unit != INSTANCES and not INSTANCE_TYPE.fullmatch(unit), f"{unit} is unknown capacity unit")
    refuse_if(
        INSTANCES in units and set(units) != {INSTANCES},
        "Capacity units must specify either number of instances OR instance type",
    )
    refuse_if(any(limit.get("maxCapacity", 0) < 1 for limit in limits), "Max capacity must be more than 0.")

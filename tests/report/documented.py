"""Plans as the documents that are kept."""

from collections.abc import Mapping

from reconciler.model import Json, Live, Plan, Stack
from reconciler.plan import PlanOptions
from reconciler.redact.presented import present
from reconciler.saved_plan.document import Inputs, saved_json, sealed_part
from reconciler.saved_plan.sealing import Seal, fingerprint_of
from tests.builders import AS_DECLARED, planned

OPEN = Seal()
KEYED = Seal(b"a key that nobody else has")


def document(plan: Plan, seal: Seal = OPEN) -> dict[str, Json]:
    return saved_json(present(plan), sealed_part(plan, present(plan), Inputs(path="stacks/prod"), seal))


def of(stack: Stack, *world: Live, wanted: PlanOptions = AS_DECLARED) -> dict[str, Json]:
    return document(planned(stack, *world, wanted=wanted))


def fingerprint(plan: Plan, seal: Seal = KEYED) -> str:
    whole: Mapping[str, Json] = document(plan, seal)
    assert whole["fingerprint"] == fingerprint_of(whole)
    return str(whole["fingerprint"])

"""Answers of Describe, written by hand, read as the product reads them and compared with declarations.

By hand, because the simulated service could share a mistake with the tables. Sources: transcripts of
`aws batch describe-*`, the acceptance tests of hashicorp/terraform-provider-aws, the corpus of go-to-k/cdk-real-drift
and the API reference.
"""

from reconciler.adapters.lookup.installed import takes
from reconciler.kinds import KINDS
from reconciler.live.read import read_one
from reconciler.model import Json, Live, dotted
from reconciler.plan import PlanOptions
from tests.builders import CE, JD, JQ, SP, owned, planned, stack
from tests.fakes import HERE, ScriptedCloud

ARN = "arn:aws:batch:us-east-1:123456789012:"
IAM = "arn:aws:iam::123456789012:"
SHOWN = {
    CE: {"status": "VALID", "statusReason": "ComputeEnvironment Healthy", "tags": {}, "state": "ENABLED", "uuid": "1-2",
         "containerOrchestrationType": "ECS", "ecsClusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/x"},
    JQ: {"status": "VALID", "statusReason": "JobQueue Healthy", "tags": {}, "state": "ENABLED"},
    SP: {"tags": {}},
    JD: {"status": "ACTIVE", "tags": {}, "revision": 3, "parameters": {}, "containerOrchestrationType": "ECS"},
}  # fmt: skip
EMPTY = {name: [] for name in
         ("command", "volumes", "environment", "mountPoints", "ulimits", "resourceRequirements", "secrets")}  # fmt: skip


def described(kind: str, body: dict[str, Json]) -> Live:
    """Return what is read from an answer of Describe that has `body` beside what every answer has."""
    table = KINDS[kind]
    arn = f"{ARN}{table.noun}/x" + (":3" if table.revisions else "")
    item = {table.name_member: "x", table.arn_member: arn, **SHOWN[kind], **body}
    found = read_one(ScriptedCloud({table.read.operation: [{table.read.result: [item]}]}), table, HERE, "x")
    assert found
    return found


def told(kind: str, declared: dict[str, Json], shown: dict[str, Json], *others: Live) -> list[tuple[str, Json, Json]]:
    mine = stack({(kind, "x"): declared})
    plan = planned(mine, owned(mine, described(kind, shown)), *others, wanted=PlanOptions(takes=takes))
    fields = [field for change in plan.changes for field in change.fields]
    return [
        (dotted(field.path), field.before, field.after)
        for field in fields
        if not dotted(field.path).startswith("tags.reconciler:")
    ]

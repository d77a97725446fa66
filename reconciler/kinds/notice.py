"""Notices of failed jobs and blocked queues: a rule of EventBridge and a topic of SNS."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.kinds.base import (
    ENABLED,
    CreateCall,
    DeleteCall,
    Field,
    Form,
    Kind,
    ReadCalls,
    Rights,
    UpdateCall,
)
from reconciler.model import Cost, Identity, Json

FAILED, BLOCKED = "FAILED", "BLOCKED"
CAUSES = (FAILED, BLOCKED)
LONGEST_PATTERN = 2048  # characters (EventBridge quotas, "Event pattern size")
LONGEST_NAME = 64  # characters of a rule's name: PutRule
# A blocked job is RUNNABLE: what happened is in the type of the event alone. A failed array is one event: its children,
# which have an index, are events of their own.
BRANCHES: Mapping[str, Json] = {
    FAILED: {
        "detail-type": ["Batch Job State Change"],
        "detail": {"status": ["FAILED"], "arrayProperties": {"index": [{"exists": False}]}},
    },
    BLOCKED: {"detail-type": ["Batch Job Queue Blocked"]},
}
# Where a path leads nowhere, nothing stands: jobs of several nodes or containers have no `container`, and what never
# ran has no exit code. Texts are not escaped, so each line is a text and no JSON. No environment variable is in it.
PATHS: Mapping[str, str] = {
    "type": "$.detail-type",
    "name": "$.detail.jobName",
    "id": "$.detail.jobId",
    "queue": "$.detail.jobQueue",
    "definition": "$.detail.jobDefinition",
    "status": "$.detail.status",
    "reason": "$.detail.statusReason",
    "exit": "$.detail.container.exitCode",
    "ended": "$.detail.container.reason",
    "region": "$.region",
}
CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
CONSOLE = "console.aws.amazon.com"


def scope_of(stack: str) -> str:
    return f"reconciler-{stack}-"


def patterns(causes: Sequence[str], queues: Iterable[str]) -> Iterator[str]:
    """Yield event patterns that match the causes in the queues: of many queues, several that are short enough.

    A prefix would be short as well, and match the queues of other stacks.
    """
    chosen: list[str] = []
    for queue in sorted(queues):
        if chosen and len(_pattern(causes, [*chosen, queue])) > LONGEST_PATTERN:
            yield _pattern(causes, chosen)
            chosen = []
        chosen.append(queue)
    if chosen:
        yield _pattern(causes, chosen)


def _pattern(causes: Sequence[str], queues: Sequence[str]) -> str:
    branches = [BRANCHES[cause] for cause in CAUSES if cause in causes]
    document: dict[str, Json] = {"source": ["aws.batch"], "detail": {"jobQueue": list(queues)}, "$or": branches}
    if len(branches) == 1:  # $or has at least two
        del document["$or"]
        document = {**document, **branches[0], "detail": {**document["detail"], **branches[0].get("detail", {})}}
    return json.dumps(document, separators=(",", ":"))


def matched(pattern: str) -> tuple[list[str], list[str]] | None:
    """Return the causes and queues that a pattern of `patterns` matches; None if it is a different one."""
    try:
        document = json.loads(pattern)
        queues = document["detail"]["jobQueue"]
        branches = document.get("$or") or [document]
        causes = [
            cause for cause in CAUSES if any(each["detail-type"] == BRANCHES[cause]["detail-type"] for each in branches)
        ]
        return (causes, queues) if _pattern(causes, queues) == pattern else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def template(stack: str, here: Identity) -> str:
    """Return the text of a notice, a line each in quotes."""
    console = f"https://<region>.{CONSOLES.get(here.partition, CONSOLE)}/batch/home?region=<region>#jobs/detail/<id>"
    lines = (
        f"<type>: <name> is <status> (stack {stack})",
        "reason: <reason>",
        "exit code: <exit> <ended>",
        "queue: <queue>",
        "definition: <definition>",
        "job: <id>",
        console,
    )
    return "\n".join(f'"{line}"' for line in lines)


KIND = Kind(
    name="Notice",
    section="notices",
    service="events",
    description="Sends failed jobs and blocked queues to a topic: a rule of EventBridge, and its target.",
    noun="rule",
    name_member="name",
    arn_member="arn",
    scope=scope_of,
    rights=Rights(
        read={"*": ("ListRules",), "rule/{group}*": ("ListTagsForResource", "ListTargetsByRule")},
        write={
            "rule/{group}*": ("PutRule", "DeleteRule", "PutTargets", "RemoveTargets", "TagResource", "UntagResource")
        },
    ),
    main=("on", "topic"),
    rows=(
        Field(
            name="topic",
            cost=Cost.SCALING,
            example="arn:aws:sns:us-east-1:123456789012:{name}",
            limits={"pattern": r"^arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$"},
            description="ARN of an existing topic of SNS. Its policy has to allow events.amazonaws.com sns:Publish.",
        ),
        Field(
            name="on",
            form=Form.SET,
            cost=Cost.SCALING,
            default=list(CAUSES),
            unset=list(CAUSES),
            limits={"maxItems": len(CAUSES)},
            description="FAILED: jobs that fail, an array once. BLOCKED: queues whose first job can never start.",
        ),
        Field(
            name="queues",
            form=Form.SET,
            refers_to="JobQueue",
            means_all=True,
            cost=Cost.SCALING,
            description="Names of queues of the stack, or names or ARNs of others; by default all of the stack.",
        ),
        Field(
            name="state",
            form=Form.CASELESS,
            cost=Cost.SCALING,
            default=ENABLED,
            unset=ENABLED,
            description="Whether it is sent.",
        ),
    ),
    read=ReadCalls(operation="ListRules", result="rules", names="names"),
    create=CreateCall(operation="PutRule"),
    update=UpdateCall(operation="PutRule", id_member="name"),
    delete=DeleteCall(operation="DeleteRule", id_member="name"),
    source="https://docs.aws.amazon.com/batch/latest/userguide/batch_cwe_events.html",
)

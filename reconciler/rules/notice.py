"""Rules of notices: what no rule of EventBridge can be made of."""

from reconciler.kinds.notice import CAUSES
from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, inferred
from reconciler.rules.job_queue.environments import queue
from reconciler.rules.shared import near_names

QUEUE = "JobQueue"
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"


def _known_causes(subject: Subject) -> Findings:
    for index, cause in enumerate(subject.body.get("on") or ()):
        if str(cause) not in CAUSES:
            yield ("on", index), f"is {cause}, and can be {' or '.join(CAUSES)}"


def _has_queues(subject: Subject) -> Findings:
    if not subject.body.get("queues"):
        yield ("queues",), "is missing, and the stack declares no job queue"


def _is_standard(subject: Subject) -> Findings:
    if str(subject.body.get("topic") or "").endswith(".fifo"):
        yield ("topic",), "is a FIFO topic, which needs a message group that the rule does not set"


def _notice(**fields: Json) -> Example:
    body = {"topic": TOPIC, "queues": ["pricing"], **fields}
    return Example(
        {name: value for name, value in body.items() if value}, {(QUEUE, "pricing"): queue("elsewhere").body}
    )


RULES = (
    Rule(
        id="NO101",
        says="A notice is on FAILED jobs, on BLOCKED queues, or on both.",
        check=_known_causes,
        evidence=documented(
            "AWS Batch User Guide, 'Job status change events'",
            "AWS Batch sends job status change events",
            note="other causes are not written as a pattern",
        ),
        fails=_notice(on=["SUCCEEDED"]),
        passes=_notice(on=["FAILED"]),
    ),
    Rule(
        id="NO102",
        says="A notice is about at least one queue.",
        check=_has_queues,
        evidence=documented(
            "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html",
            "The maximum size of an event pattern",
            note="a pattern without queues would match those of all other stacks",
        ),
        hint="name the queues, or declare some",
        fails=_notice(queues=None),
        passes=_notice(),
    ),
    Rule(
        id="NO103",
        says="The topic is a standard one.",
        check=_is_standard,
        advice=True,
        severity=Severity.WARNING,
        evidence=inferred("PutTargets", "a FIFO topic requires SnsParameters.MessageGroupId, which targets lack"),
        fails=_notice(topic=f"{TOPIC}.fifo"),
        passes=_notice(),
    ),
    near_names("NO901", fails=_notice(queues=["pricng"]), passes=_notice()),
)

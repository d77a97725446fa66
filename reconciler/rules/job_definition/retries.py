"""Rules about retries: when a job is tried again."""

from collections.abc import Callable, Iterator

from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, if_any, inferred, measured
from reconciler.rules.traversal import ec2

CONDITIONS = ("onExitCode", "onReason", "onStatusReason")
LIST: Path = ("retryStrategy", "evaluateOnExit")
# What the status reason of a job says whose Spot instance was taken back.
INTERRUPTED = "Host EC2 (instance i-0123456789abcdef0) terminated."


def _strategy(subject: Subject) -> Spec:
    return subject.body.get("retryStrategy") or {}


def _entries(subject: Subject) -> Iterator[tuple[Path, Json]]:
    for index, entry in enumerate(_strategy(subject).get("evaluateOnExit") or ()):
        yield (*LIST, index), entry


@if_any("evaluateOnExit")
def _says_how_often(subject: Subject) -> Findings:
    strategy = _strategy(subject)
    if strategy.get("evaluateOnExit") and strategy.get("attempts") is None:
        yield LIST, "requires attempts"


@if_any("evaluateOnExit")
def _has_a_condition(subject: Subject) -> Findings:
    for path, entry in _entries(subject):
        if not any(entry.get(name) for name in CONDITIONS):
            yield path, f"has none of {', '.join(CONDITIONS)}"


@if_any("evaluateOnExit")
def _star_is_last(subject: Subject) -> Findings:
    for path, entry in _entries(subject):
        for name in ("onReason", "onStatusReason"):
            if "*" in str(entry.get(name, ""))[:-1]:
                yield (*path, name), f"is {entry[name]!r}; the wildcard * is only allowed at the end"


@if_any("evaluateOnExit")
def _can_retry(subject: Subject) -> Findings:
    retries = [path for path, entry in _entries(subject) if entry["action"].upper() == "RETRY"]
    if retries and _strategy(subject).get("attempts") == 1:
        yield ("retryStrategy", "attempts"), "is 1, so that nothing is ever retried"


@if_any("evaluateOnExit")
def _is_reached(subject: Subject) -> Findings:
    decided: Path | None = None
    for path, entry in _entries(subject):
        if decided:
            yield path, f"is never reached: entry {decided[-1]} matches everything"
        elif {entry[name] for name in CONDITIONS if entry.get(name)} == {"*"}:
            decided = path


def _survives_spot(subject: Subject) -> Findings:
    matches = (entry for _, entry in _entries(subject) if _is_met(entry))
    first = next(matches, None)
    if first and first["action"].upper() == "EXIT":
        yield LIST, "does not retry a job after a Spot interruption"


def _is_met(entry: Spec) -> bool:
    """Tell whether an entry certainly matches the end of a Spot instance: no exit code, no reason of the container."""
    pattern = entry.get("onStatusReason")
    others = {entry.get("onReason") or "*", entry.get("onExitCode") or "*"}
    return others == {"*"} and (pattern is None or _matches(str(pattern), INTERRUPTED))


def _matches(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def _on_ec2(check: Callable[[Subject], Findings]) -> Callable[[Subject], Findings]:
    @if_any("evaluateOnExit")
    def look(subject: Subject) -> Findings:
        if "FARGATE" not in (subject.body.get("platformCapabilities") or ()):
            yield from check(subject)

    return look


def _retrying(*entries: Spec, attempts: int | None = 3) -> Example:
    strategy = {"evaluateOnExit": list(entries)} | ({} if attempts is None else {"attempts": attempts})
    return Example({**ec2().body, "retryStrategy": strategy})


SPOT = {"onStatusReason": "Host EC2*", "action": "RETRY"}
REST = {"onReason": "*", "action": "EXIT"}
BLOG = "https://aws.amazon.com/blogs/compute/introducing-retry-strategies-for-aws-batch/"

RULES = (
    Rule(
        id="JD130",
        says="Conditions of retries require attempts.",
        check=_says_how_often,
        hint="add attempts, 2 to 10",
        evidence=measured("RegisterJobDefinition", "RetryAttempts must be provided with retry strategy."),
        fails=_retrying(SPOT, attempts=None),
        passes=_retrying(SPOT),
    ),
    Rule(
        id="JD131",
        says="Every entry of evaluateOnExit has a condition.",
        check=_has_a_condition,
        hint='for the rest of the cases write onReason: "*"',
        evidence=measured(
            "RegisterJobDefinition",
            "EvaluateOnExit should contain at least one of onExitCode, onReason or onStatusReason",
        ),
        fails=_retrying({"action": "EXIT"}),
        passes=_retrying(REST),
    ),
    Rule(
        id="JD132",
        says="A * in a condition is its last character.",
        check=_star_is_last,
        severity=Severity.WARNING,
        evidence=documented("EvaluateOnExit.onReason", "It can optionally end with an asterisk (*)"),
        fails=_retrying({"onReason": "*OutOfMemory*", "action": "EXIT"}),
        passes=_retrying({"onReason": "OutOfMemoryError:*", "action": "EXIT"}),
    ),
    Rule(
        id="JD133",
        says="A retry requires more than one attempt.",
        check=_can_retry,
        severity=Severity.WARNING,
        advice=True,
        hint="attempts includes the first start: use 2 or more",
        evidence=documented(
            "RetryStrategy.attempts", "If the value of attempts is greater than one, the job is retried"
        ),
        fails=_retrying(SPOT, attempts=1),
        passes=_retrying(SPOT, attempts=2),
    ),
    Rule(
        id="JD134",
        says="An entry that matches everything is the last one.",
        check=_is_reached,
        severity=Severity.WARNING,
        advice=True,
        hint="move the entry with * to the end",
        evidence=inferred(
            "https://aws.amazon.com/blogs/compute/introducing-retry-strategies-for-aws-batch/",
            "entries are tried in order",
        ),
        fails=_retrying(REST, SPOT),
        passes=_retrying(SPOT, REST),
    ),
    Rule(
        id="JD135",
        says="A job is retried after a Spot interruption.",
        check=_on_ec2(_survives_spot),
        severity=Severity.NOTE,
        advice=True,
        hint='put {onStatusReason: "Host EC2*", action: RETRY} first, if the job ever runs on Spot',
        evidence=inferred(
            "https://aws.amazon.com/blogs/compute/introducing-retry-strategies-for-aws-batch/",
            "'Host EC2*' matches Spot interruptions",
        ),
        fails=_retrying(REST),
        passes=_retrying(SPOT, REST),
    ),
)

"""Rules that several kinds have: capacity limits, placeholders, numbers of resources, references, ids and ARNs."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from reconciler.kinds import KINDS, SECTIONS
from reconciler.kinds.base import Field, Form, Row, Rows
from reconciler.model import PARTITIONS, Json, Path, Spec, partition_of
from reconciler.problems import Severity
from reconciler.rules.base import Evidence, Example, Findings, Rule, Subject, inferred, later

LIMITS = "capacityLimits"
INSTANCES = "NUM_INSTANCES"
_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")


def is_type(unit: str) -> bool:
    """Whether a unit reads like an instance type of SageMaker: ml.m5.large."""
    return _TYPE.fullmatch(unit) is not None


def limits(body: Spec) -> Iterator[tuple[Path, Spec]]:
    """Yield the capacity limits of a body with their paths; those only that look like some."""
    listed = body.get(LIMITS)
    for index, limit in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(limit, Mapping):
            yield (LIMITS, index), limit


def most(body: Spec) -> dict[str, int]:
    """Return the limit of each unit."""
    return {
        str(limit["capacityUnit"]): limit["maxCapacity"]
        for _, limit in limits(body)
        if "capacityUnit" in limit and isinstance(limit.get("maxCapacity"), int)
    }


def some_limit(subject: Subject) -> Findings:
    if not subject.body[LIMITS]:
        yield (LIMITS,), "is empty; there is at least one limit"


def each_unit_once(subject: Subject) -> Findings:
    units = Counter(limit["capacityUnit"] for _, limit in limits(subject.body) if "capacityUnit" in limit)
    for unit, count in units.items():
        if count > 1:
            yield (LIMITS,), f"has {count} limits for {unit}"


def limit(unit: str, capacity: int = 8) -> Json:
    """Write a capacity limit, for examples."""
    return {"capacityUnit": unit, "maxCapacity": capacity}


# Placeholders that a shell, a template or a CI system should have replaced, and that AWS would take literally.

# Forms of placeholders, and what fills them in. $Latest and $Default are words of Batch.
FORMS: Mapping[str, str] = {
    r"\$\{\{[^}]*\}\}": "GitHub Actions or a script of yours",
    r"\$\{[^}]*\}|\$[A-Z][A-Z0-9_]+": "a shell, or `envsubst`",
    r"\{\{[^}]*\}\}": "Jinja or a similar language",
    r"\{[A-Za-z_][\w.]*\}": "Python's `str.format`",
    r"<[A-Za-z][\w -]*>|\b(?:REPLACE|CHANGE|YOUR|INSERT)[-_][\w-]+": "you, by hand",
}
_PLACEHOLDER = re.compile("|".join(f"({form})" for form in FORMS))
_REGION_FORM = "awslogs-region"  # the option of a log driver that names a region
# What a shell, Docker, Fluent Bit or the program itself may read, and fill in by then.
READ_LATER = {"command", "args", "environment", "env", "parameters", "options", "annotations"}


@lru_cache(maxsize=4096)  # most texts of a stack are in many of its resources
def looks_unfilled(text: str) -> bool:
    return _PLACEHOLDER.search(text) is not None


def filled_by(text: str) -> str:
    """Return what fills in the first placeholder of a text; nothing where it has none."""
    match = _PLACEHOLDER.search(text)
    return tuple(FORMS.values())[match.lastindex - 1] if match and match.lastindex else ""


def placeholders(id_: str, fails: Example, passes: Example) -> Rule:
    """Return the rule that every text of a kind's bodies is what AWS should read."""
    return Rule(
        id=id_,
        says="No text is left as a placeholder of a shell or a template.",
        check=_all_filled,
        hint="in YAML, use !var name, !sub 'text ${name}' or !ssm /parameter; nothing is substituted in JSON files",
        severity=Severity.WARNING,
        evidence=later(
            "whatever reads the text",
            note="a JSON file for the AWS CLI is often written by a shell (cat <<EOF), and the text names nothing",
        ),
        fails=fails,
        passes=passes,
    )


def _all_filled(subject: Subject) -> Findings:
    """A file of another program has many: the first is shown, with the number of the others."""
    texts = ((trail, text) for trail, field, text in subject.cached(_texts) if field != _REGION_FORM)
    placeholders = [(trail, text) for trail, text in texts if looks_unfilled(text)]
    if placeholders:
        (trail, text), others = placeholders[0], len(placeholders) - 1
        more = f" (and {others} more)" if others else ""
        yield _path(trail), f"is {text}, a placeholder for {filled_by(text)} to fill in{more}"


# A path as its last step, and what leads to that. Most texts have nothing wrong with them, and need no path.
_Trail = tuple["_Trail", str | int] | tuple[()]


def _path(trail: _Trail) -> Path:
    steps: list[str | int] = []
    while trail:
        trail, step = trail
        steps.append(step)
    return tuple(reversed(steps))


def _texts(body: Spec) -> list[tuple[_Trail, str, str]]:
    """Return every text that AWS itself reads, with its path and field; of other texts, the region of logs alone."""
    texts: list[tuple[_Trail, str, str]] = []
    _collect((), "", body, texts)
    return texts


def _collect(trail: _Trail, field: str, value: Json, texts: list[tuple[_Trail, str, str]]) -> None:
    if isinstance(value, list):
        for index, inner in enumerate(value):
            if isinstance(inner, str):
                texts.append(((trail, index), field, inner))
            else:
                _collect((trail, index), field, inner, texts)
    elif isinstance(value, (dict, Mapping)):
        for key, inner in value.items():
            if key in READ_LATER:
                if key == "options" and isinstance(inner, Mapping) and isinstance(inner.get(_REGION_FORM), str):
                    texts.append((((trail, key), _REGION_FORM), _REGION_FORM, inner[_REGION_FORM]))
            elif isinstance(inner, str):
                texts.append(((trail, key), key, inner))
            else:
                _collect((trail, key), key, inner, texts)


# Quotas: how many resources of a kind an account can have in a region, unless AWS has raised the quota.


def quota(id_: str, kind: str, noun: str, most: int, body: Spec) -> Rule:
    """Return the rule that a stack has no more of a kind than the quota; the first resource above it is reported."""

    def check(subject: Subject) -> Findings:
        names = sorted(name for name, _ in subject.every(kind))
        if names[most : most + 1] == [subject.address.name]:
            yield (), f"is one of {len(names)} {noun}; a region has {most}, unless AWS has raised the quota"

    def stack_of(count: int) -> Example:
        return Example(body, {(kind, f"a-{number}"): body for number in range(count - 1)})

    return Rule(
        id=id_,
        says=f"A region has at most {most} {noun}, unless the account's quota is higher.",
        check=check,
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred("AWS Batch User Guide, 'Service quotas'"),
        fails=stack_of(most + 1),
        passes=stack_of(most),
    )


# References by ARN, as far as they can be checked offline.

_REGION = re.compile(r"arn:[^:]+:batch:([^:]+):")


def is_other(name: str, noun: str) -> bool:
    """Whether a reference is the ARN of something other than a `noun`; a name may be anybody's."""
    return name.startswith("arn:") and f":{noun}/" not in name


def region_of(name: str) -> str:
    """Return the region of an ARN of Batch; empty for names."""
    match = _REGION.match(name)
    return match[1] if match else ""


def astray(subject: Subject, name: str, noun: str) -> str:
    """Say why an ARN cannot lead to a `noun` that the stack may use; empty if it can, or is a name."""
    if is_other(name, noun):
        return f"is {name}, which is not the ARN of a {noun}"
    region = region_of(name)
    if region and subject.region and region != subject.region:
        return f"is {name}; the stack is in {subject.region}"
    return ""


def arn(path: str, region: str = "us-east-1") -> str:
    """Write an ARN, for examples."""
    return f"arn:aws:batch:{region}:123456789012:{path}"


# What has a state may be DISABLED: that is allowed, and easily forgotten.

DISABLED = "DISABLED"


def disabled(id_: str, says: str, then: str, evidence: Evidence, keeps: Example) -> Rule:
    """Return the advice that something is DISABLED, and what happens `then`."""

    def check(subject: Subject) -> Findings:
        if subject.body.get("state") == DISABLED:
            yield ("state",), f"is {DISABLED}: {then}"

    return Rule(
        id=id_,
        says=says,
        check=check,
        severity=Severity.NOTE,
        advice=True,
        evidence=evidence,
        fails=replace(keeps, body={**keeps.body, "state": DISABLED}),
        passes=keeps,
    )


# References that are almost the name of a resource of the same stack: what else they name must exist in AWS.

ALIKE = 0.75  # `ondemnad` and `ondemand` have 0.88
_WORDS = re.compile(r"[-_.]+")


def near_names(id_: str, fails: Example, passes: Example) -> Rule:
    """Return the rule that no reference of a kind is a typing error."""
    return Rule(
        id=id_,
        says="A reference to a resource outside the stack is not almost the name of one in it.",
        check=_misspelt,
        hint="declare it, or use an existing one; if it is intended, disable the rule with a reason",
        severity=Severity.WARNING,
        evidence=later(
            "reconciler plan, REF001", note="a name that exists neither in the stack nor in the account is rejected"
        ),
        fails=fails,
        passes=passes,
    )


def _misspelt(subject: Subject) -> Findings:
    for path, row, name in _references(SECTIONS[subject.address.kind].rows, subject.body, ()):
        known = tuple(declared for declared, _ in subject.every(row.refers_to))
        own, _, _ = _name_in(name, KINDS[row.refers_to].noun).partition(":")  # of a definition: without the revision
        if own and own not in known and (near := nearest(own, known)):
            yield path, f"is {name}, which is not declared in this stack; it must exist in AWS. Did you mean {near}?"


def _references(rows: Iterable[Row], body: Json, path: Path) -> Iterator[tuple[Path, Field, str]]:
    for row in Rows.of(rows).references if isinstance(body, Mapping) else ():
        value = body.get(row.name)
        if value is None:
            continue
        if row.form is Form.REFERENCE:
            yield (*path, row.name), row, str(value)
        elif isinstance(value, Mapping):
            yield from _references(row.fields, value, (*path, row.name))
        elif isinstance(value, list | tuple) and row.refers_to:
            yield from (((*path, row.name, index), row, str(entry)) for index, entry in enumerate(value))
        elif isinstance(value, list | tuple):
            for index, entry in enumerate(value):
                yield from _references(row.fields, entry, (*path, row.name, index))


def _name_in(reference: str, noun: str) -> str:
    """Return the name that a reference has, also within an ARN; empty for the ARN of something else."""
    if not reference.startswith("arn:"):
        return reference
    *_, last = reference.split(":", 5)
    return last.removeprefix(f"{noun}/") if last.startswith(f"{noun}/") else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a message about a name that is not among some that are known, if it is almost one of them."""
    near = nearest(name, known)
    return f": did you mean {near}?" if near else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the name that is alike in each of its words; `queue-1` is none for `queue-2`, nor `dev-a` for `dev-b`."""
    ratios = ((_alike(name.lower(), other.lower()), other) for other in known)
    return max(((ratio, other) for ratio, other in ratios if ratio >= ALIKE), default=(0.0, ""))[1]


def _alike(name: str, other: str) -> float:
    own, others = _WORDS.split(name), _WORDS.split(other)
    if len(own) != len(others):
        joined = _WORDS.sub("", name), _WORDS.sub("", other)
        return 1.0 if joined[0] == joined[1] else 0.0
    return min(_ratio(part, twin) for part, twin in zip(own, others, strict=True))


def _ratio(name: str, other: str) -> float:
    if name == other:
        return 1.0
    is_number = any(part.strip("0123456789") == "" for part in (name, other))
    if is_number or name.strip("0123456789") == other.strip("0123456789"):
        return 0.0
    return difflib.SequenceMatcher(None, name, other).ratio()


# Ids, ARNs and regions that no resource in reach of the stack can have: of another form, or of another place.
#
# Ids of EC2: a prefix for the type, a hyphen, and 8 or 17 hexadecimal digits
# (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html); people shorten them in tests. ARNs:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html. Names of IAM:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

# Members by the beginning of the ids in them, and what the ids are of.
_IDS: Mapping[str, tuple[str, str]] = {
    "subnets": ("subnet", "a subnet"),
    "securityGroups": ("sg", "a security group"),
    "securityGroupIds": ("sg", "a security group"),
    "launchTemplateId": ("lt", "a launch template"),
    "imageId": ("ami", "an image"),
    "imageIdOverride": ("ami", "an image"),
    "accessPointId": ("fsap", "an access point"),
}
# Members that take the ARN of something of IAM, or its name, perhaps with a path.
_ROLES = frozenset(
    {"executionRoleArn", "jobRoleArn", "taskRoleArn", "serviceRole", "instanceRole", "spotIamFleetRole"}
    | {"ec2InstanceProfileArn", "infrastructureRoleArn"}
)
_WITH_FORM = frozenset({*_IDS, *_ROLES, _REGION_FORM})  # whatever their text; an ARN has one anywhere
_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):[a-z0-9-]+:(?P<region>[a-z0-9-]*):([0-9]{12}|aws)?:\S+")
_PARTITIONS = frozenset({"aws", *(partition for _, partition in PARTITIONS)})
# Digits of an id of which one was lost or doubled. Those that are much shorter are made up, in tests and documents.
_MISCOUNTED = re.compile(r".+-([0-9a-f]{7}|[0-9a-f]{9,16}|[0-9a-f]{18,})")
SIMILAR_REGION = 0.7
# The operation of EC2 that takes the names of regions, its member, and one that every SDK knows.
_OPERATION, _MEMBER, _OLDEST = "DescribeRegions", "RegionNames", "us-east-1"
_WORD = re.compile(
    r"[A-Za-z][A-Za-z0-9]*"
)  # a word in place of an id, which another tool replaces: no typing error of an id looks like this
_IAM_NAME = re.compile(r"[\w+=,.@/-]+", re.ASCII)


def forms(id_: str, fails: Example, passes: Example) -> Rule:
    """Return the rule that ids and ARNs in the bodies of a kind look like those that AWS makes."""
    return Rule(
        id=id_,
        says="Ids of subnets, security groups, launch templates, images and access points, and ARNs, have AWS's form. "
        "An ARN has a partition and region in which it can be.",
        check=_formed,
        hint="copy it from AWS; what names nothing makes the environment INVALID, or the job fail",
        severity=Severity.WARNING,
        evidence=later(
            "EC2 User Guide, 'Resource IDs'",
            note="a prefix, a hyphen and 8 or 17 hexadecimal digits; of ARNs and their partitions, the IAM User Guide. "
            "Other strings are not valid IDs",
        ),
        fails=fails,
        passes=passes,
    )


def _formed(subject: Subject) -> Findings:
    for trail, name, text in subject.cached(_texts):
        if (name in _WITH_FORM or text[:4].lower() == "arn:") and not looks_unfilled(text):
            message = _wrong(name, text) or _elsewhere(name, text, subject)
            if message and "tags" not in (path := _path(trail)):
                yield path, message


def _wrong(name: str, text: str) -> str:
    if name in _IDS:
        prefix, of = _IDS[name]
        is_id = re.fullmatch(f"{prefix}-[0-9a-f]+", text) or (_WORD.fullmatch(text) and not text.startswith(prefix))
        if is_id and _MISCOUNTED.fullmatch(text):
            return (
                f"is {text}; after {prefix}-, an ID has 8 or 17 digits, but this one has {len(text) - len(prefix) - 1}"
            )
        return "" if is_id else f"is {text}, but the id of {of} reads like {prefix}-0a1b2c3d4e5f60718"
    if text.lower().startswith("arn:"):
        return (
            "" if _ARN.fullmatch(text) else f"is {text}, which is not an ARN: arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE"
        )
    if name in _ROLES and not _IAM_NAME.fullmatch(text):
        return f"is {text}, which is neither an ARN nor a name in IAM"
    return ""


def _elsewhere(name: str, text: str, subject: Subject) -> str:
    """Return what is wrong with the place that a text names: one where the stack cannot be, or none that is known."""
    match = _ARN.fullmatch(text)
    partition, region = match.group("partition", "region") if match else ("", text if name == _REGION_FORM else "")
    if partition and partition not in _PARTITIONS:
        return f"is {text}, and {partition} is not a known partition{_meant_region(partition, sorted(_PARTITIONS))}"
    if partition and subject.region and partition != partition_of(subject.region):
        own = partition_of(subject.region)
        return f"is {text}, in the partition {partition}; that of the stack's region, {subject.region}, is {own}"
    if region and not _is_region(region, subject):
        near = _meant_region(region, [subject.region] if subject.region else [])
        return f"is {text}, and the installed AWS SDK does not know the region {region}{near}"
    return ""


def _is_region(name: str, subject: Subject) -> bool:
    """Whether the installed SDK knows a region; one that knows none at all says nothing."""
    knows = [subject.takes(_OPERATION, (_MEMBER, 0, region)) for region in (_OLDEST, name)]
    return knows[1] or not knows[0]


def _meant_region(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=SIMILAR_REGION)
    return f": did you mean {near[0]}?" if near else ""

"""The JSON Schemas of the documents that commands read again, by their kind. Members are only added."""

import types
from collections.abc import Iterable, Iterator, Mapping
from typing import get_args, get_type_hints

from reconciler.apply import State
from reconciler.inspect.status import Sync
from reconciler.inspect.who import Trace
from reconciler.jobs.smoke import SmokeOutcome
from reconciler.model import Action, Cost, Json, Until
from reconciler.placement.verdicts import Feasibility
from reconciler.problems import Exit, Severity
from reconciler.report.fleet import WORDS, Column, DeploymentOutcome, Selection, ShardPosition
from reconciler.report.json import FLEET, FORMAT, TIME
from reconciler.report.summary import ACTIONS

# The JSON Schema of a saved plan, as far as it is read again; there may be more.

TEXT: Json = {"type": "string"}
TRUTH: Json = {"type": "boolean"}
TEXTS: Json = {"type": "array", "items": TEXT}
TEXT_OR_NULL: Json = {"type": ["string", "null"]}


def _object(**members: Json) -> Json:
    return {"type": "object", "required": list(members), "properties": members}


def _list(item: Json) -> Json:
    return {"type": "array", "items": item}


STEP: Json = {"type": "object", "if": {"required": ["operation"]}, "then": _object(operation=TEXT, request=_object())}
SAVED_CHANGE = _object(
    address=TEXT,
    kind=TEXT,
    name=TEXT,
    action=TEXT,
    fields=_list({**_object(path=TEXT, **{"class": TEXT}), "required": ["path", "before", "after", "class"]}),
    steps=_list(STEP),
)
_ALWAYS_THERE = _object(
    path=TEXT,
    variables={"type": "object", "additionalProperties": TEXT},
    withheld=TEXTS,
    variable_files=TEXTS,
    sandbox=TEXT_OR_NULL,
    targets=TEXTS,
    adopt=TRUTH,
    allow_destroy=TEXTS,
    allow_replace=TRUTH,
    drain=TRUTH,
    cancel_jobs=TRUTH,
    max_interrupted={"type": ["integer", "null"], "minimum": 0},
    max_destroy={"type": ["string", "null"], "pattern": "^([0-9]{1,9}|(100|[0-9]{1,2})%)\\Z"},
)
# What plans have had since an older version can be missing.
INPUTS = {**_ALWAYS_THERE, "properties": {**_ALWAYS_THERE["properties"], "allow_unplaceable": TRUTH}}
SAVED: Mapping[str, Json] = _object(
    tool=_object(version=TEXT),
    stack=TEXT,
    account=TEXT,
    region=TEXT,
    fingerprint={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    key=TEXT,
    changes=_list(SAVED_CHANGE),
    inputs=INPUTS,
)


# The JSON Schema of a plan's document, for programs that read it. There may be more: members are only added.

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NULL = "null"


def value(type_: str | list[str], says: str = "", **more: Json) -> Json:
    return {"type": type_, **({"description": says} if says else {}), **more}


def choice(values: Iterable[str], says: str) -> Json:
    return {"enum": list(values), "description": says}


def members(says: str = "", /, **members: Json) -> Json:
    return value("object", says, required=list(members), properties=members)


def entries(item: Json, says: str = "") -> Json:
    return value("array", says, items=item)


def ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


ADDRESS = value("string", "Kind and logical name: JobQueue/pricing.", pattern="^[A-Za-z]+/")
REQUEST = value("object", "The complete request; secrets are redacted, or sealed if a key is set.")
COUNTS = {
    "add": "Resources that are created.",
    "change": "Resources that are updated, repaired, or get a revision.",
    "replace": "Resources that are deleted and created again, or replaced by new ones.",
    "destroy": "Resources that are deleted.",
    "adopt": "Unowned resources that are adopted.",
    "forget": "Resources that are released and kept.",
    "prune": "Job definitions whose old revisions are deregistered.",
    "refused": "Changes that apply refuses.",
    "unchanged": "Resources that are as declared.",
}
PLACE: Mapping[str, Json] = {
    "file": value(["string", NULL], "The file that contains it; null if there is none."),
    "line": value(["integer", NULL], "The line there, from 1.", minimum=1),
    "column": value(["integer", NULL], "The column there, from 1.", minimum=1),
}
VALUE_BEFORE: Json = {"description": "The live value, canonical; null if absent."}
VALUE_AFTER: Json = {"description": "The declared value, canonical; null if absent."}
CLASS = choice(Cost, "The cost of the change, cheapest first: metadata is free, impossible is rejected by the API.")

PROBLEM = members(
    code=value("string", "Its code, such as PLAN001; `reconciler explain` describes it."),
    severity=choice(Severity, "The severity."),
    message=value("string", "The problem."),
    hint=value("string", "How to fix it; may be empty."),
    **PLACE,
)
FIELD = members(
    path=value("string", "Dotted; entries of keyed lists are named by their key."),
    before=VALUE_BEFORE,
    after=VALUE_AFTER,
    why=value("string", "The reason for an unexpected cost; may be empty."),
    drift=value("boolean", "Changed outside this stack since it was applied."),
    undeclared=value("boolean", "Live, but not declared."),
    noted=value("boolean", "Set by AWS Batch; apply only records it."),
    sensitive=value("boolean", "Some of it is redacted."),
    **{"class": CLASS},
    **PLACE,
)
CALL = members(
    operation=value("string", "An operation of the AWS Batch API."),
    request=REQUEST,
    says=value("string", "It in words."),
)
WAIT = members(
    wait=choice(Until, "The state to wait for."),
    timeout=value("number", "Seconds, at most."),
    says=value("string", "It in words."),
)
INTERRUPTS = value(
    ["object", NULL],
    "The running jobs that the change may end.",
    required=["at_once", "at_most", "queues"],
    properties={
        "at_once": value("boolean", "It waits for none of them."),
        "at_most": value(["integer", NULL], "Null if unknown."),
        "queues": value("object", "Running jobs by the name of their queue.", additionalProperties=value("integer")),
    },
)
CHANGE = members(
    address=ADDRESS,
    kind=value("string", "The kind of resource: JobQueue."),
    name=value("string", "The physical name."),
    arn=value("string", "Empty if not known yet."),
    action=choice(ACTIONS.values(), "What happens to it."),
    sign=choice((action.value for action in Action), "The same, as the text shows it."),
    reasons=entries(value("string"), "Why it happens, in words."),
    losses=entries(value("string"), "The reasons that describe permanent losses, such as terminated jobs."),
    interrupts=INTERRUPTS,
    after=entries(ADDRESS, "The changes that are done first."),
    drift=value("boolean", "One of its fields was changed outside this stack."),
    fields=entries(ref("field"), "The changed fields."),
    steps=entries({"anyOf": [ref("call"), ref("wait")]}, "What apply does, in this order."),
    refusals=entries(ref("problem"), "Why apply refuses it."),
    **{"class": {"enum": [*Cost, None], "description": "The highest cost of its fields; null if none is changed."}},
    **PLACE,
)
VCPUS = members(
    "vCPUs of environments.",
    at_least=value("integer", "vCPUs that are kept running: minvCpus, also of a disabled environment.", minimum=0),
    at_most=value("integer", "vCPUs that they may grow to: maxvCpus.", minimum=0),
    extra_instances=value("integer", "By so many instances, of any size, they may exceed `at_most`.", minimum=0),
    unknown=value("integer", "Environments that are not counted, since their capacity is unknown.", minimum=0),
)
CAPACITY = members(
    "The capacity of the stack's environments before and after the plan.",
    before=ref("vcpus"),
    after=ref("vcpus"),
    sorts=entries(
        members(
            "One sort of capacity.",
            sort=value("string", "Such as EC2, EC2 Spot, Fargate, Fargate Spot."),
            before=ref("vcpus"),
            after=ref("vcpus"),
        ),
        "The same for each sort of capacity.",
    ),
)
UNHEALTHY = members(
    address=ADDRESS,
    name=value("string", "The physical name."),
    status=value("string", "AWS's own word: INVALID."),
    reason=value("string", "The status reason from AWS; may be empty."),
    cause=value("string", "The cause; empty if unknown."),
    remedy=value("string", "How to fix it; empty if unknown."),
)
IGNORED = members(
    address=ADDRESS,
    path=value("string", "Dotted, as for a changed field."),
    before=VALUE_BEFORE,
    after=VALUE_AFTER,
    why=value("string", "Why it is not a change."),
)
PLANNING = {
    "path": "The folder or file of the stack, as passed.",
    "variables": "Variables of the command line by name, without secrets.",
    "withheld": "The names of secret variables, which must be passed again to apply.",
    "variable_files": "Variable files, as passed.",
    "sandbox": "The file of the sandbox; null for AWS itself.",
    "targets": "The --target patterns; empty for all.",
    "adopt": "Adopt unowned resources.",
    "allow_destroy": "What may be deleted, as KIND/NAME with * and ?.",
    "allow_replace": "Replace resources that cannot be changed in place.",
    "allow_unplaceable": "Leave job definitions without a place where their jobs can start.",
    "drain": "Wait until the jobs in deleted queues have ended.",
    "cancel_jobs": "Terminate the jobs in deleted queues, including running ones.",
    "max_interrupted": "How many running jobs may be terminated; null if not set.",
    "max_destroy": "How many resources may be deleted, such as 5 or 20%; null if not set.",
}
HEAD: Mapping[str, Json] = {
    "format_version": value("string", "Within one major version, fields are only added.", pattern=rf"^{FORMAT[0]}\."),
    "tool": members(
        "What has made it.",
        name={"const": "reconciler", "description": "Always the same."},
        version=value("string", "The version of reconciler."),
    ),
}
MADE: Mapping[str, Json] = {
    "time": value("string", "When it was made, in UTC.", pattern=TIME),
    "exit": value("integer", "The exit code of the command for this stack.", enum=[int(code) for code in Exit]),
}
OF_STACK: Mapping[str, Json] = {
    "stack": value("string", "The name of the stack."),
    "account": value("string", "The AWS account, of 12 digits.", pattern="^[0-9]{12}$"),
    "region": value("string", "The AWS region."),
}
CONTENT: Mapping[str, Json] = {
    **OF_STACK,
    "is_empty": value("boolean", "Nothing is to change."),
    "summary": members(
        "How many of each.", **{word: value("integer", says, minimum=0) for word, says in COUNTS.items()}
    ),
    "capacity": CAPACITY,
    "refusals": entries(ref("problem"), "Why apply would refuse it; it would then change nothing."),
    "changes": entries(ref("change"), "In the order of execution."),
    "unhealthy": entries(ref("unhealthy"), "Live resources that do not work."),
    "notes": entries(ref("problem"), "What else there is to know."),
    "ignored": entries(ref("ignored"), "Fields that differ but are not changed, with the reason."),
}
FINGERPRINT = value(
    "string", "The fingerprint to pass to `apply --expect`, 16 digits or more.", pattern="^[0-9a-f]{64}$"
)
SAVED_WITH: Mapping[str, Json] = {
    "key": value("string", "The name of the key that secrets are sealed with; empty without secrets."),
    "inputs": members(
        "The inputs to plan again.",
        **{name: {**given, "description": PLANNING[name]} for name, given in INPUTS["properties"].items()},
    ),
}
DEFINITIONS: Mapping[str, Json] = {
    "problem": PROBLEM,
    "field": FIELD,
    "call": CALL,
    "wait": WAIT,
    "change": CHANGE,
    "unhealthy": UNHEALTHY,
    "ignored": IGNORED,
    "vcpus": VCPUS,
}


def document(name: str, title: str, says: str, definitions: Mapping[str, Json] = DEFINITIONS, /, **inner: Json) -> Json:
    """Return the schema of a document with what all of ours begin with, and the definitions that it needs."""
    kind = {"const": name, "description": "What kind of document it is."}
    schema = members(says, **HEAD, document=kind, **{**MADE, **inner})
    return {"$schema": DIALECT, "title": title, **schema, "$defs": _needed(schema, definitions)}


def _needed(schema: Json, definitions: Mapping[str, Json]) -> dict[str, Json]:
    """Return the definitions that a schema refers to, and those that these do."""
    found: dict[str, Json] = {}
    waiting = [schema]
    while waiting:
        names = [name for name in _referred(waiting.pop()) if name not in found]
        found |= {name: definitions[name] for name in names}
        waiting += [definitions[name] for name in names]
    return {name: schema for name, schema in definitions.items() if name in found}


def _referred(schema: Json) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].rpartition("/")[2]
        schema = list(schema.values())
    if isinstance(schema, list | tuple):
        for one in schema:
            yield from _referred(one)


PLAN: Mapping[str, Json] = document(
    "plan",
    "A plan of reconciler",
    "What `reconciler plan -o json` prints for one stack; for several, it is an array, in which a stack that cannot be "
    "planned has an `error` document instead. Fields may be added.",
    fingerprint=FINGERPRINT,
    **CONTENT,
    **SAVED_WITH,
)


TYPES = {str: "string", int: "integer", float: "number", types.NoneType: NULL}
NUMBER = value("integer", minimum=0)
PROBLEMS = entries(ref("problem"), "What else there is to know.")


def counts(*words: str) -> Json:
    """Return the columns of a summary: each word stands for how many there are."""
    return {word.replace(" ", "_"): value("integer", f"How many: {word}.", minimum=0) for word in words}


def of_dataclass(type_: type, says: str, *, or_null: bool = False) -> Json:
    """Return the schema of what `asdict` makes of a dataclass, whose columns say what they mean."""
    hints = get_type_hints(type_, include_extras=True)
    columns = {name: _column(*get_args(hint)) for name, hint in hints.items()}
    return {**members(says, **columns), **({"type": ["object", NULL]} if or_null else {})}


def _column(hint: Json, column: Column) -> Json:
    if "type" in column.limits:
        return {"description": column.says, **column.limits}
    if hint == tuple[str, ...]:
        return entries(value("string"), column.says)
    known = [TYPES[one] for one in (get_args(hint) or (hint,))]
    return value(known[0] if len(known) == 1 else known, column.says, **column.limits)


TIERS = {
    "changed": "Changes outside this stack: a declared field is different now.",
    "undeclared": "Changes of undeclared fields only.",
    "missing": "Declared, and not live.",
    "foreign": "Live under a declared name, and owned by something else.",
    "pending": "Declared, and not applied yet: no drift.",
}
TRAIL_EVENT = members(
    "The event of CloudTrail, without what the request contained.",
    id=value("string", "Its id."),
    operation=value("string", "The operation of AWS Batch."),
    time=value("string", "When, in UTC."),
    principal=value("string", "The ARN of the caller."),
    session_issuer=value("string", "The role or user of the caller's session; may be empty."),
    invoked_by=value("string", "The AWS service that made the request for the caller; may be empty."),
    tool=value("string", "The tool, by its user agent: AWS console, AWS CLI, Terraform, …; empty if unknown."),
    source_ip=value("string", "The IP address that the request came from, or a service."),
    is_reconciler=value("boolean", "A run of reconciler sent it, of this stack or of a different one."),
    link=value("string", "The event in the AWS console."),
)
ATTRIBUTION = members(
    "One field or resource.",
    address=ADDRESS,
    path=value(["string", NULL], "The field, as in `fields`; null: the resource as a whole."),
    result=choice(Trace, "found: the event set the live value. touched: the newest event did not set this value."),
    event={"anyOf": [TRAIL_EVENT, {"type": NULL}]},
)
WHO = value(
    ["object", NULL],
    "Who changed what, with --who; otherwise null.",
    required=["problem", "findings"],
    properties={
        "problem": value("string", "Why CloudTrail could not be read; empty if it could."),
        "findings": entries(ATTRIBUTION, "The answer for each drifted field, and for missing and foreign resources."),
    },
)
DRIFT = document(
    "drift",
    "The drift of a stack",
    "What `reconciler drift -o json` prints for one stack; for several, it is an array. Fields may be added.",
    **OF_STACK,
    summary=members("How many of each.", **counts(*TIERS, "unhealthy")),
    **{tier: entries(ref("change"), says) for tier, says in TIERS.items()},
    **{name: CONTENT[name] for name in ("unhealthy", "notes", "ignored")},
    who=WHO,
)
RESULT = members(
    address=ADDRESS,
    action=choice(ACTIONS.values(), "What was to happen to it."),
    state=choice(State, "What became of it."),
    message=value("string", "Why, where it did not go well; may be empty."),
    hint=value("string", "How to fix it; may be empty."),
    seconds=value("number", "How long it took.", minimum=0),
)
REST = members("The plan of remaining changes, without inputs.", **HEAD, document={"const": "plan"}, **CONTENT)
APPLY = document(
    "apply",
    "What became of a plan",
    "What `reconciler apply -o json` and `destroy -o json` print for one stack whose plan was run: the plan, and its "
    "results. Fields may be added.",
    {**DEFINITIONS, "result": RESULT},
    fingerprint=FINGERPRINT,
    **CONTENT,
    interrupted=value("boolean", "A signal stopped it before all changes were started."),
    results=entries(ref("result"), "What became of each change."),
    outcome=value("object", "The number of changes in each state.", additionalProperties=NUMBER),
    rest={**REST, "type": ["object", NULL]},
    doubt=value("string", "Why the remaining changes are unknown; empty if known."),
    smoke=entries(
        members(
            "One of them.",
            job=value("string", "Its name in the stack."),
            outcome=choice(SmokeOutcome, "What became of it."),
            reason=value(["string", NULL], "Why, where it did not succeed."),
            job_id=value(["string", NULL], "The id of its job; null if it was not submitted."),
            status=value(["string", NULL], "The status of its job, as it was last seen."),
            exit_code=value(["integer", NULL], "The exit code of its container; null if it has none."),
            last_lines=entries(value("string"), "The end of its log, where it did not succeed."),
        ),
        "The smoke tests that were run.",
    ),
)
STANDING = members(
    address=ADDRESS,
    kind=value("string", "The kind of resource: JobQueue."),
    name=value("string", "The physical name; the future one if the resource is missing."),
    arn=value(["string", NULL], "Null where it is not live."),
    health=value("string", "The status from AWS in capitals, or missing, foreign, live."),
    is_healthy=value("boolean", "It works, or is on its way."),
    sync=choice(Sync, "Whether it is as declared."),
    is_declared=value("boolean", "The stack declares it."),
    status=value(["string", NULL], "AWS's own word."),
    reason=value("string", "The status reason from AWS; may be empty."),
    about=value("string", "The reason for the health; may be empty."),
    jobs=value(["object", NULL], "Live jobs by status; null where they were not counted.", additionalProperties=NUMBER),
    created_at=value(["string", NULL], "When it was created, in UTC; null if AWS does not return it."),
    used=value(["number", NULL], "What of it is in use, as vCPUs."),
    most=value(["number", NULL], "How much of that there can be."),
    revision=value(["integer", NULL], "The newest revision of a job definition."),
    active_revisions=value(["integer", NULL], "How many revisions of a job definition are active."),
    **PLACE,
)
STATUS = document(
    "status",
    "The status of a stack",
    "What `reconciler status -o json` prints for one stack; for several, it is an array. Fields may be added.",
    {**DEFINITIONS, "standing": STANDING},
    **OF_STACK,
    is_healthy=value("boolean", "All resources are healthy."),
    summary=value("object", "How many resources are in each state.", additionalProperties=NUMBER),
    resources=entries(ref("standing"), "Those that are declared first, in the order of the files."),
    problems=PROBLEMS,
)
VALIDATION = document(
    "validation",
    "The validation of a stack",
    "What `reconciler validate -o json` prints for one stack; for several, it is an array. Fields may be added.",
    path=value("string", "The folder or file of the stack, as passed."),
    stack=value(["string", NULL], "The name of the stack; null where it is not valid."),
    valid=value("boolean", "There are no errors; warnings and notes do not count."),
    silenced=entries(
        members(
            rule=value("string", "The id of the rule."),
            reason=value("string", "Why it is switched off."),
            findings=value("integer", "How many findings it would have had.", minimum=0),
        ),
        "The rules that the stack has switched off.",
    ),
    problems=entries(ref("problem"), "Everything that is wrong with it."),
)
FINDING = members(
    address=ADDRESS,
    path=value("string", "The field, dotted; empty for the resource as a whole."),
    check=value("string", "The name of the check, as in docs/verify.md."),
    result=choice(("ok", "fail", "unknown"), "fail: AWS says so; unknown: it cannot be seen."),
    warning=value("boolean", "It is ok, and rarely meant."),
    message=value("string", "What was found."),
    hint=value("string", "How to fix it; may be empty."),
    **PLACE,
)
VERIFY = document(
    "verify",
    "Whether what a stack refers to exists and fits",
    "What `reconciler verify -o json` prints for one stack; for several, it is an array. Fields may be added.",
    {"finding": FINDING},
    **OF_STACK,
    summary=members(
        "How many of each; warnings are among those that are ok.", **counts("ok", "fail", "unknown", "warnings")
    ),
    findings=entries(ref("finding"), "By resource, in the order of the files."),
)
VERDICT = choice(Feasibility, "fits: a type surely holds a job; tight: it may; never: no type can.")
PAIR = members(
    "Whether jobs of a definition can start in one environment of a queue.",
    job_definition=value("string", "The logical name of the job definition."),
    job_queue=value("string", "The name of the queue."),
    compute_environment=value(["string", NULL], "The name of the environment; null where the queue decides."),
    verdict=VERDICT,
    code=value(["string", NULL], "The status reason that AWS shows for it; null if none is documented."),
    detail=value("string", "Why, as the end of a sentence about a job."),
    hint=value("string", "What to change; may be empty."),
    instance_type=value(
        ["string", NULL], "The type that holds a job, or the nearest one for never; null if neither is."
    ),
)
PLACEMENT = document(
    "placement",
    "Whether the jobs of a stack can ever start",
    "What `reconciler placement -o json` prints for one stack; for several, it is an array. Fields may be added.",
    {"pair": PAIR},
    stack=OF_STACK["stack"],
    catalogue=members(
        "The table of instance types.",
        date=value("string", "When it was made.", pattern=r"^\d{4}-\d{2}-\d{2}$"),
        source=value("string", "What it was made from."),
    ),
    pairs=entries(ref("pair"), "By job definition, queue and environment, in the order in which they are tried."),
    job_definitions=entries(
        members("One of them.", name=value("string", "Its logical name."), verdict=VERDICT),
        "The best verdict of each job definition.",
    ),
)
STOPPED = members(
    "What stopped the command.",
    kind=value("string", "What kind of error it is."),
    exit=value("integer", "The exit code for it."),
    message=value("string", "The problem."),
    hint=value("string", "How to fix it; may be empty."),
)
OF_CALL = {
    "operation": value("string", "The AWS operation that failed, if a call failed."),
    "code": value("string", "AWS's code for it; where a call failed."),
    "request_id": value(["string", NULL], "The request ID for AWS Support, if a call failed."),
}
REFUSED = members(
    "The plan that was not run, where there was one.",
    **HEAD,
    document={"const": "plan", "description": "It is a plan."},
    fingerprint=FINGERPRINT,
    **CONTENT,
    **SAVED_WITH,
)
ERROR = document(
    "error",
    "An error of reconciler",
    "What a command prints with `-o json`, in place of its own document, for a stack that it cannot finish. Fields "
    "may be added.",
    error={**STOPPED, "properties": {**STOPPED["properties"], **OF_CALL}},
    problems=entries(ref("problem"), "The findings behind it; may be empty."),
)
ERROR = {**ERROR, "properties": {**ERROR["properties"], "plan": REFUSED}, "$defs": PLAN["$defs"]}
REPORT = document(
    FLEET,
    "A command for many deployments",
    "What a command with `--all -o json` prints, and `report merge`. Fields may be added.",
    {**DEFINITIONS, "target": of_dataclass(DeploymentOutcome, "What became of one deployment.")},
    command=value("string", "The command that was run: drift."),
    file=value(["string", NULL], "The deployment file, as passed; null for several."),
    selection=of_dataclass(
        Selection,
        "Which of them were meant; everything empty for all. Null where it was merged from several selections, or is "
        "incomplete.",
        or_null=True,
    ),
    shard=of_dataclass(ShardPosition, "The share of them; null if there are no shares.", or_null=True),
    summary=members("How many of each.", **counts("targets", *WORDS)),
    notes=entries(ref("problem"), "What a merge left out, or is missing."),
    targets=entries(ref("target"), "In the order of the file; merged by name."),
)
INSTANT = value(["string", NULL], "A moment, in ISO 8601; null if it has not come.")
JOB_ID = value("string", "The id of the job; of a child of an array with `:INDEX`, of a node with `#INDEX`.")
JOB_NAME = value("string", "The name of the job in AWS.")
JOB_QUEUE = value("string", "The name of the queue in AWS.")
EXIT_CODE = value(["integer", NULL], "The exit code of the container; null if it has none (yet).")
STREAM: Mapping[str, Json] = {
    "group": value("string", "The log group."),
    "stream": value("string", "The log stream."),
    "attempt": value("integer", "The attempt, from 1.", minimum=1),
    "container": value(["string", NULL], "The container, where a job has several."),
}
JOB_STATE = members(
    "A job as AWS describes it; neither its parameters nor its environment.",
    job_id=JOB_ID,
    job_name=JOB_NAME,
    job_queue=JOB_QUEUE,
    job_definition=value(["string", NULL], "NAME:REVISION; null where AWS does not list it."),
    status=value("string", "SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED or FAILED."),
    status_reason=value(["string", NULL], "Why it has this status, in the words of AWS."),
    exit_code=EXIT_CODE,
    container_reason=value(["string", NULL], "Why the container ended."),
    created_at=INSTANT,
    started_at=INSTANT,
    stopped_at=INSTANT,
    attempts=value("integer", "Attempts that are over.", minimum=0),
    array_size=value(["integer", NULL], "The number of children, of the parent of an array."),
    children=value("object", "How many children have which status.", additionalProperties={"type": "integer"}),
    nodes=value(["integer", NULL], "The number of nodes of a multi-node job."),
    log_streams=entries(members("One of them.", **STREAM), "In the order of attempts."),
)
EXIT = value("integer", "The exit code of the command.")
SUBMISSION = document(
    "submission",
    "A job that was submitted",
    "What `reconciler submit -o json` prints. Fields may be added.",
    {"job": JOB_STATE},
    job_id=JOB_ID,
    job_arn=value(["string", NULL], "Its ARN."),
    job_name=JOB_NAME,
    job_queue=JOB_QUEUE,
    job_definition=value("string", "The definition as it was requested."),
    submitted_before=entries(
        members("One of them.", job_id=JOB_ID, job_name=JOB_NAME), "Jobs of the stack that it depends on."
    ),
    status=value("string", "SUBMITTED, or the last one that was seen by --wait."),
    job={"anyOf": [ref("job"), {"type": NULL}], "description": "The job after --wait; null without."},
    exit=EXIT,
)
WAIT = document(
    "wait",
    "Jobs that were waited for",
    "What `reconciler wait -o json` prints. Fields may be added.",
    {"job": JOB_STATE},
    jobs=entries(ref("job"), "In the order of the command line."),
    timed_out=value("boolean", "Whether --timeout was over before all had ended."),
    exit=EXIT,
)
JOB_LIST = document(
    "job-list",
    "Jobs of queues",
    "What `reconciler jobs -o json` prints. Fields may be added.",
    {"job": JOB_STATE},
    jobs=entries(ref("job"), "By queue, those that run first."),
    summary=value("object", "How many have which status.", additionalProperties={"type": "integer"}),
)
LOGS = document(
    "logs",
    "What a job has logged",
    "What `reconciler logs -o json` prints. Fields may be added.",
    {},
    job_id=JOB_ID,
    status=value("string", "Its status."),
    streams=entries(
        members(
            "One of them.",
            **STREAM,
            events=entries(
                members("A line.", timestamp=INSTANT, message=value("string", "Its text.")),
                "In the order of the stream.",
            ),
        ),
        "In the order of attempts.",
    ),
)
CANCELLATION = document(
    "cancellation",
    "Jobs that were ended",
    "What `reconciler cancel -o json` prints. Fields may be added.",
    {},
    jobs=entries(
        members(
            "One of them.",
            job_id=JOB_ID,
            job_name=JOB_NAME,
            done=choice(("cancelled", "terminated", "ended before"), "What was done to it."),
        ),
        "In the order of the command line.",
    ),
)
# By the word that a document says of itself.
DOCUMENTS: Mapping[str, Json] = {
    "plan": PLAN,
    "drift": DRIFT,
    "apply": APPLY,
    "status": STATUS,
    "validation": VALIDATION,
    "verify": VERIFY,
    "placement": PLACEMENT,
    "submission": SUBMISSION,
    "wait": WAIT,
    "job-list": JOB_LIST,
    "logs": LOGS,
    "cancellation": CANCELLATION,
    "error": ERROR,
    FLEET: REPORT,
}
# By the name that `schema` takes. That of `fleet` is of what users write.
PUBLISHED: Mapping[str, Json] = {("fleet-report" if kind == FLEET else kind): one for kind, one in DOCUMENTS.items()}

"""The JSON Schemas of the documents that commands read again, by their kind. Members are only added."""

import types
from collections.abc import Mapping
from typing import get_args, get_type_hints

from reconciler.apply import State
from reconciler.inspect.status import Sync
from reconciler.model import Json
from reconciler.report.fleet import FLEET, WORDS, Column, DeploymentOutcome, Selection, ShardPosition
from reconciler.report.plan_schema import (
    ADDRESS,
    CONTENT,
    DEFINITIONS,
    FINGERPRINT,
    HEAD,
    NULL,
    OF_STACK,
    PLACE,
    PLAN,
    SAVED_WITH,
    choice,
    document,
    entries,
    members,
    ref,
    value,
)
from reconciler.report.text.values import ACTIONS

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
    "changed": "Changes of what was applied: a declared member is different now.",
    "undeclared": "Changes of members alone that are not declared.",
    "missing": "Declared, and not live.",
    "foreign": "Live under a declared name, and owned by something else.",
    "pending": "Declared, and not applied yet: no drift.",
}
DRIFT = document(
    "drift",
    "The drift of a stack",
    "What `reconciler drift -o json` prints of one stack; of several it is an array. Members may be added.",
    **OF_STACK,
    summary=members("How many of each.", **counts(*TIERS, "unhealthy")),
    **{tier: entries(ref("change"), says) for tier, says in TIERS.items()},
    **{name: CONTENT[name] for name in ("unhealthy", "notes", "ignored")},
)
RESULT = members(
    address=ADDRESS,
    action=choice(ACTIONS.values(), "What was to happen to it."),
    state=choice(State, "What became of it."),
    message=value("string", "Why, where it did not go well; may be empty."),
    hint=value("string", "What to do about it; may be empty."),
    seconds=value("number", "How long it took.", minimum=0),
)
REST = members("The plan of what is left, without inputs.", **HEAD, document={"const": "plan"}, **CONTENT)
APPLY = document(
    "apply",
    "What became of a plan",
    "What `reconciler apply -o json` and `destroy -o json` print of one stack whose plan was run: the plan, and what "
    "became of it. Members may be added.",
    {**DEFINITIONS, "result": RESULT},
    fingerprint=FINGERPRINT,
    **CONTENT,
    interrupted=value("boolean", "A signal stopped it before all of it was begun."),
    results=entries(ref("result"), "What became of each change."),
    outcome=value("object", "How many changes came to each state.", additionalProperties=NUMBER),
    rest={**REST, "type": ["object", NULL]},
    doubt=value("string", "Why it is not known whether anything is left; empty where it is."),
)
STANDING = members(
    address=ADDRESS,
    kind=value("string", "The kind of resource: JobQueue."),
    name=value("string", "The physical name; what it will be where the resource is missing."),
    arn=value(["string", NULL], "Null where it is not live."),
    health=value("string", "The status that AWS gives in capitals, or missing, foreign, live."),
    is_healthy=value("boolean", "It works, or is on its way."),
    sync=choice(Sync, "Whether it is as declared."),
    is_declared=value("boolean", "The stack declares it."),
    status=value(["string", NULL], "AWS's own word."),
    reason=value("string", "What AWS says about it; may be empty."),
    about=value("string", "Why it is as it is; may be empty."),
    jobs=value(["object", NULL], "Live jobs by status; null where they were not counted.", additionalProperties=NUMBER),
    created_at=value(["string", NULL], "When it was created, in UTC; null where AWS does not say."),
    used=value(["number", NULL], "What of it is in use, as vCPUs."),
    most=value(["number", NULL], "How much of that there can be."),
    revision=value(["integer", NULL], "The newest revision of a job definition."),
    active_revisions=value(["integer", NULL], "How many revisions of a job definition are active."),
    **PLACE,
)
STATUS = document(
    "status",
    "The status of a stack",
    "What `reconciler status -o json` prints of one stack; of several it is an array. Members may be added.",
    {**DEFINITIONS, "standing": STANDING},
    **OF_STACK,
    is_healthy=value("boolean", "All of it works."),
    summary=value("object", "How many resources are in each state.", additionalProperties=NUMBER),
    resources=entries(ref("standing"), "Those that are declared first, in the order of the files."),
    problems=PROBLEMS,
)
VALIDATION = document(
    "validation",
    "The validation of a stack",
    "What `reconciler validate -o json` prints of one stack; of several it is an array. Members may be added.",
    path=value("string", "The folder or file of the stack, as it was given."),
    stack=value(["string", NULL], "The name of the stack; null where it is not valid."),
    valid=value("boolean", "It has no errors; warnings and notes are no errors."),
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
STOPPED = members(
    "What stopped the command.",
    kind=value("string", "What kind of error it is."),
    exit=value("integer", "The exit code that it stands for."),
    message=value("string", "What is wrong."),
    hint=value("string", "What to do about it; may be empty."),
)
OF_CALL = {
    "operation": value("string", "The operation of AWS that failed; where a call did."),
    "code": value("string", "AWS's code for it; where a call failed."),
    "request_id": value(["string", NULL], "What AWS's support asks for; where a call failed."),
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
    "What a command prints with `-o json`, in place of its own document, of a stack that it could not finish. Members "
    "may be added.",
    error={**STOPPED, "properties": {**STOPPED["properties"], **OF_CALL}},
    problems=entries(ref("problem"), "The findings behind it; may be empty."),
)
ERROR = {**ERROR, "properties": {**ERROR["properties"], "plan": REFUSED}, "$defs": PLAN["$defs"]}
REPORT = document(
    FLEET,
    "A command for many deployments",
    "What a command with `--all -o json` prints, and `report merge`. Members may be added.",
    {**DEFINITIONS, "target": of_dataclass(DeploymentOutcome, "What became of one deployment.")},
    command=value("string", "The command that was run: drift."),
    file=value(["string", NULL], "The file that names the deployments, as it was given; null for several."),
    selection=of_dataclass(
        Selection,
        "Which of them were meant; everything empty for all. Null where it was merged from several selections, or is "
        "incomplete.",
        or_null=True,
    ),
    shard=of_dataclass(ShardPosition, "The share of them; null where it is no share.", or_null=True),
    summary=members("How many of each.", **counts("targets", *WORDS)),
    notes=entries(ref("problem"), "What a merge left out, or what is missing in it."),
    targets=entries(ref("target"), "In the order of the file; merged by name."),
)
# By the word that a document says of itself.
DOCUMENTS: Mapping[str, Json] = {
    "plan": PLAN,
    "drift": DRIFT,
    "apply": APPLY,
    "status": STATUS,
    "validation": VALIDATION,
    "error": ERROR,
    FLEET: REPORT,
}
# By the name that `schema` takes. That of `fleet` is of what users write.
PUBLISHED: Mapping[str, Json] = {("fleet-report" if kind == FLEET else kind): one for kind, one in DOCUMENTS.items()}

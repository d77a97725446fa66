"""The JSON Schema of a plan's document, for programs that read it. There may be more: members are only added."""

from collections.abc import Iterable, Iterator, Mapping

from reconciler.model import Action, Cost, Json, Until
from reconciler.problems import Exit, Severity
from reconciler.report.json import FORMAT, TIME
from reconciler.report.saved_schema import INPUTS
from reconciler.report.text.values import ACTIONS

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
REQUEST = value("object", "The complete request; secrets are redacted, or sealed where a key was given.")
COUNTS = {
    "add": "Resources that are created.",
    "change": "Resources that are updated, repaired, or get a revision.",
    "replace": "Resources that are created anew.",
    "destroy": "Resources that are deleted.",
    "adopt": "Resources of nobody that are taken over.",
    "forget": "Resources that are let go and stay.",
    "prune": "Job definitions of which old revisions are deregistered.",
    "refused": "Changes that apply would not make.",
    "unchanged": "Resources that are as declared.",
}
PLACE: Mapping[str, Json] = {
    "file": value(["string", NULL], "The file that it is written in; null where it is in none."),
    "line": value(["integer", NULL], "The line there, from 1.", minimum=1),
    "column": value(["integer", NULL], "The column there, from 1.", minimum=1),
}
VALUE_BEFORE: Json = {"description": "The live value, canonical; null where it is absent."}
VALUE_AFTER: Json = {"description": "The value to be, canonical; null where it is to be absent."}
CLASS = choice(Cost, "What it costs, cheapest first: metadata is free, impossible is refused by the API.")

PROBLEM = members(
    code=value("string", "Its id, as PLAN001; `reconciler explain` knows those of rules."),
    severity=choice(Severity, "How bad it is."),
    message=value("string", "What is wrong."),
    hint=value("string", "What to do about it; may be empty."),
    **PLACE,
)
FIELD = members(
    path=value("string", "Dotted; entries of keyed lists are named by their key."),
    before=VALUE_BEFORE,
    after=VALUE_AFTER,
    why=value("string", "The rule behind a cost that surprises; may be empty."),
    drift=value("boolean", "Somebody else changed it since it was applied."),
    undeclared=value("boolean", "It is live, and nobody declared it."),
    noted=value("boolean", "It is left to the service; applying only takes note of it."),
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
    wait=choice(Until, "What is waited for."),
    timeout=value("number", "Seconds, at most."),
    says=value("string", "It in words."),
)
INTERRUPTS = value(
    ["object", NULL],
    "The running jobs that the change may end.",
    required=["at_once", "at_most", "queues"],
    properties={
        "at_once": value("boolean", "It waits for none of them."),
        "at_most": value(["integer", NULL], "Null where it is not known."),
        "queues": value("object", "Running jobs by the name of their queue.", additionalProperties=value("integer")),
    },
)
CHANGE = members(
    address=ADDRESS,
    kind=value("string", "The kind of resource: JobQueue."),
    name=value("string", "The physical name."),
    arn=value("string", "Empty where it is not known yet."),
    action=choice(ACTIONS.values(), "What happens to it."),
    sign=choice((action.value for action in Action), "The same, as the text shows it."),
    reasons=entries(value("string"), "Why it happens, in words."),
    losses=entries(
        value("string"), "Those of the reasons that say what is lost for good, such as jobs that are terminated."
    ),
    interrupts=INTERRUPTS,
    after=entries(ADDRESS, "The changes that are done first."),
    drift=value("boolean", "Somebody else changed one of its members."),
    fields=entries(ref("field"), "The members that change."),
    steps=entries({"anyOf": [ref("call"), ref("wait")]}, "What apply does, in this order."),
    refusals=entries(ref("problem"), "Why apply would not do it."),
    **{"class": {"enum": [*Cost, None], "description": "That of its dearest member; null where none is changed."}},
    **PLACE,
)
UNHEALTHY = members(
    address=ADDRESS,
    name=value("string", "The physical name."),
    status=value("string", "AWS's own word: INVALID."),
    reason=value("string", "What AWS says about it; may be empty."),
    cause=value("string", "What that comes from; empty where it is not known."),
    remedy=value("string", "What to do about it; empty where it is not known."),
)
IGNORED = members(
    address=ADDRESS,
    path=value("string", "Dotted, as that of a member that changes."),
    before=VALUE_BEFORE,
    after=VALUE_AFTER,
    why=value("string", "Why it is no change."),
)
PLANNING = {
    "path": "The folder or file of the stack, as it was given.",
    "variables": "Those of the command line, by name, but for secret ones.",
    "withheld": "The names of the secret ones: whoever applies gives them again.",
    "variable_files": "Files of variables, as they were given.",
    "sandbox": "The file of the sandbox; null for AWS itself.",
    "targets": "What --target named; empty for all.",
    "adopt": "To take over what nobody owns.",
    "allow_destroy": "What may be deleted, as KIND/NAME with * and ?.",
    "allow_replace": "To replace what cannot be changed in place.",
    "drain": "To wait until the jobs in queues that go have ended.",
    "cancel_jobs": "To terminate the jobs in queues that are deleted, also those that run.",
    "max_interrupted": "How many running jobs may end; null where nothing was said.",
    "max_destroy": "How much may be deleted, as 5 or 20%; null where nothing was said.",
}
HEAD: Mapping[str, Json] = {
    "format_version": value("string", "Within one major version members are only added.", pattern=rf"^{FORMAT[0]}\."),
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
    "refusals": entries(ref("problem"), "Why apply would refuse it; it would then change nothing."),
    "changes": entries(ref("change"), "In the order of execution."),
    "unhealthy": entries(ref("unhealthy"), "Live resources that do not work."),
    "notes": entries(ref("problem"), "What else there is to know."),
    "ignored": entries(ref("ignored"), "Members that differ and are no change, with the reason."),
}
FINGERPRINT = value("string", "What apply can be told to expect, by 16 digits or more.", pattern="^[0-9a-f]{64}$")
SAVED_WITH: Mapping[str, Json] = {
    "key": value("string", "The name of the key that secrets are sealed with; empty without secrets."),
    "inputs": members(
        "What it takes to plan again.",
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
    "What `reconciler plan -o json` prints of one stack; of several it is an array, in which a stack that could not be "
    "planned has a document of the kind `error` instead. Members may be added.",
    fingerprint=FINGERPRINT,
    **CONTENT,
    **SAVED_WITH,
)

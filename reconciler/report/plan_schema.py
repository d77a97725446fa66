"""The JSON Schema of a plan's document, for programs that read it. There may be more: members are only added."""

from collections.abc import Iterable, Mapping

from reconciler.model import Action, Cost, Json, Until
from reconciler.problems import Severity
from reconciler.report.documents import FORMAT
from reconciler.report.saved_schema import INPUTS
from reconciler.report.words import ACTIONS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NULL = "null"


def _is(type_: str | list[str], says: str = "", **more: Json) -> Json:
    return {"type": type_, **({"description": says} if says else {}), **more}


def _one_of(values: Iterable[str], says: str) -> Json:
    return {"enum": list(values), "description": says}


def _object(says: str = "", /, **members: Json) -> Json:
    return _is("object", says, required=list(members), properties=members)


def _list(item: Json, says: str = "") -> Json:
    return _is("array", says, items=item)


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


ADDRESS = _is("string", "Kind and logical name: JobQueue/pricing.", pattern="^[A-Za-z]+/")
REQUEST = _is("object", "The complete request; secrets are redacted, or sealed where a key was given.")
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
    "file": _is(["string", NULL], "The file that it is written in; null where it is in none."),
    "line": _is(["integer", NULL], "The line there, from 1.", minimum=1),
    "column": _is(["integer", NULL], "The column there, from 1.", minimum=1),
}
VALUE_BEFORE: Json = {"description": "The live value, canonical; null where it is absent."}
VALUE_AFTER: Json = {"description": "The value to be, canonical; null where it is to be absent."}
CLASS = _one_of(Cost, "What it costs, cheapest first: metadata is free, impossible is refused by the API.")

PROBLEM = _object(
    code=_is("string", "Its id, as PLAN001; `reconciler explain` knows those of rules."),
    severity=_one_of(Severity, "How bad it is."),
    message=_is("string", "What is wrong."),
    hint=_is("string", "What to do about it; may be empty."),
    **PLACE,
)
FIELD = _object(
    path=_is("string", "Dotted; entries of keyed lists are named by their key."),
    before=VALUE_BEFORE,
    after=VALUE_AFTER,
    why=_is("string", "The rule behind a cost that surprises; may be empty."),
    drift=_is("boolean", "Somebody else changed it since it was applied."),
    undeclared=_is("boolean", "It is live, and nobody declared it."),
    noted=_is("boolean", "It is left to the service; applying only takes note of it."),
    sensitive=_is("boolean", "Some of it is redacted."),
    **{"class": CLASS},
    **PLACE,
)
CALL = _object(
    operation=_is("string", "An operation of the AWS Batch API."), request=REQUEST, says=_is("string", "It in words.")
)
WAIT = _object(
    wait=_one_of(Until, "What is waited for."),
    timeout=_is("number", "Seconds, at most."),
    says=_is("string", "It in words."),
)
INTERRUPTS = _is(
    ["object", NULL],
    "The running jobs that the change may end.",
    required=["at_once", "at_most", "queues"],
    properties={
        "at_once": _is("boolean", "It waits for none of them."),
        "at_most": _is(["integer", NULL], "Null where it is not known."),
        "queues": _is("object", "Running jobs by the name of their queue.", additionalProperties=_is("integer")),
    },
)
CHANGE = _object(
    address=ADDRESS,
    kind=_is("string", "The kind of resource: JobQueue."),
    name=_is("string", "The physical name."),
    arn=_is("string", "Empty where it is not known yet."),
    action=_one_of(ACTIONS.values(), "What happens to it."),
    sign=_one_of((action.value for action in Action), "The same, as the text shows it."),
    reasons=_list(_is("string"), "Why it happens, in words."),
    interrupts=INTERRUPTS,
    after=_list(ADDRESS, "The changes that are done first."),
    drift=_is("boolean", "Somebody else changed one of its members."),
    fields=_list(_ref("field"), "The members that change."),
    steps=_list({"anyOf": [_ref("call"), _ref("wait")]}, "What apply does, in this order."),
    refusals=_list(_ref("problem"), "Why apply would not do it."),
    **{"class": {"enum": [*Cost, None], "description": "That of its dearest member; null where none is changed."}},
    **PLACE,
)
UNHEALTHY = _object(
    address=ADDRESS,
    name=_is("string", "The physical name."),
    status=_is("string", "AWS's own word: INVALID."),
    reason=_is("string", "What AWS says about it; may be empty."),
    cause=_is("string", "What that comes from; empty where it is not known."),
    remedy=_is("string", "What to do about it; empty where it is not known."),
)
IGNORED = _object(
    address=ADDRESS,
    path=_is("string", "Dotted, as that of a member that changes."),
    before=VALUE_BEFORE,
    after=VALUE_AFTER,
    why=_is("string", "Why it is no change."),
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
    "cancel_jobs": "To end the jobs in queues that go.",
    "max_interrupted": "How many running jobs may end; null where nothing was said.",
    "max_destroy": "How much may be deleted, as 5 or 20%; null where nothing was said.",
}
PLAN: Mapping[str, Json] = {
    "$schema": DIALECT,
    "title": "A plan of reconciler",
    **_object(
        "What `reconciler plan -o json` prints of one stack; of several it is an array. Members may be added.",
        format_version=_is("string", "Within one major version members are only added.", pattern=rf"^{FORMAT[0]}\."),
        tool=_object(
            "What has made it.",
            name={"const": "reconciler", "description": "Always the same."},
            version=_is("string", "The version of reconciler."),
        ),
        document={"const": "plan", "description": "What kind of document it is."},
        fingerprint=_is("string", "What apply can be told to expect, by 16 digits or more.", pattern="^[0-9a-f]{64}$"),
        stack=_is("string", "The name of the stack."),
        account=_is("string", "The AWS account, of 12 digits."),
        region=_is("string", "The AWS region."),
        is_empty=_is("boolean", "Nothing is to change."),
        summary=_object(
            "How many of each.", **{word: _is("integer", says, minimum=0) for word, says in COUNTS.items()}
        ),
        refusals=_list(_ref("problem"), "Why apply would refuse it; it would then change nothing."),
        changes=_list(_ref("change"), "In the order of execution."),
        unhealthy=_list(_ref("unhealthy"), "Live resources that do not work."),
        notes=_list(_ref("problem"), "What else there is to know."),
        ignored=_list(_ref("ignored"), "Members that differ and are no change, with the reason."),
        key=_is("string", "The name of the key that secrets are sealed with; empty without secrets."),
        inputs=_object(
            "What it takes to plan again.",
            **{name: {**given, "description": PLANNING[name]} for name, given in INPUTS["properties"].items()},
        ),
    ),
    "$defs": {
        "problem": PROBLEM,
        "field": FIELD,
        "call": CALL,
        "wait": WAIT,
        "change": CHANGE,
        "unhealthy": UNHEALTHY,
        "ignored": IGNORED,
    },
}

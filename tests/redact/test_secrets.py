"""What the user declared secret is shown nowhere, whatever the member is called."""

import base64
import json
import traceback
from dataclasses import replace
from urllib.parse import quote

import pytest

from reconciler.app.usecases import Finish
from reconciler.apply import Event, Outcome, Result, State
from reconciler.live.resolve import references_of
from reconciler.model import Action, Address, Call, Change, Cost, FieldChange, Json, Plan
from reconciler.problems import CloudError, Fault, InvalidStack, Problem
from reconciler.redact.presented import present, present_event, present_finish, present_references
from reconciler.redact.secrets import CHANGED, REDACTED, Secrets
from reconciler.report.json import finish_json, plan_json
from tests.builders import JQ, queue, stack
from tests.fakes import HERE

SECRETS = Secrets(frozenset({"s3cr3t-new", "7"}))


def change(before: Json, after: Json, path: str = "dsn") -> Change:
    return Change(
        action=Action.REVISION,
        address=Address("JobDefinition", "a"),
        name="a",
        fields=(FieldChange(path=(path,), before=before, after=after, cost=Cost.REVISION),),
        steps=(Call("RegisterJobDefinition", {"x": after}, "register"),),
    )


def shown(before: Json, after: Json) -> tuple[Json, Json]:
    (field,) = present(Plan("risk", HERE, (change(before, after),)), SECRETS).changes[0].fields
    return field.sides


def test_a_new_secret_hides_the_old_one() -> None:
    assert shown("s3cr3t-old", "s3cr3t-new") == (REDACTED, CHANGED)


def test_a_text_around_a_secret_is_hidden_with_it() -> None:
    assert shown(None, "user:s3cr3t-new@db") == (None, REDACTED)


def test_an_entry_of_a_list_that_a_secret_replaces_is_hidden() -> None:
    assert shown(["run", "s3cr3t-old"], ["run", "s3cr3t-new"]) == (["run", REDACTED], ["run", CHANGED])


def test_the_same_member_is_hidden_on_both_sides_of_a_structure() -> None:
    assert shown({"a": "s3cr3t-old", "b": 1}, {"a": "s3cr3t-new", "b": 2}) == (
        {"a": REDACTED, "b": 1},
        {"a": CHANGED, "b": 2},
    )


def test_a_member_with_a_secret_is_marked_sensitive() -> None:
    plan = present(Plan("risk", HERE, (change("s3cr3t-old", "s3cr3t-new"),)), SECRETS)
    assert plan_json(plan)["changes"][0]["fields"][0]["sensitive"] is True


def test_a_short_secret_is_hidden_as_a_whole_value_only() -> None:
    assert shown(None, ["7", 7, "17"]) == (None, [REDACTED, REDACTED, "17"])


def test_without_secrets_both_sides_are_shown() -> None:
    (field,) = present(Plan("risk", HERE, (change("a", "b"),))).changes[0].fields
    assert field.sides == ("a", "b")


def test_no_secret_is_in_what_apply_tells() -> None:
    one = change("s3cr3t-new", "s3cr3t-new")
    plan = Plan("risk", HERE, (replace(one, refusals=(Problem("A", "is s3cr3t-new"),)),))
    result = Result(one, State.FAILED, "bad s3cr3t-new", "not s3cr3t-new")
    finish = Finish(Outcome((result,)), plan)
    told = json.dumps(finish_json(present(plan, SECRETS), present_finish(finish, SECRETS)))
    event = present_event(Event(one, "waiting", "s3cr3t-new?"), SECRETS)
    assert ("s3cr3t-new" in told, event.detail) == (False, f"{REDACTED}?")


def test_what_came_of_a_plan_keeps_its_way_on_when_secrets_are_taken_out() -> None:
    finish = Finish(Outcome((), interrupted=True), None, way_on="The remaining work is a different plan: plan again.")
    shown = present_finish(finish, SECRETS)
    assert (shown.is_interrupted, shown.way_on) == (True, finish.way_on)


def test_what_stood_where_a_secret_stands_was_one_itself() -> None:
    declared = {"dsn": "db:s3cr3t-new", "run": ["--key", "s3cr3t-new"], "env": {"A": {"value": "s3cr3t-new"}}, "b": 1}
    older = {
        "dsn": "db:old",
        "run": ["--key", "old"],
        "env": {"A": {"value": "older"}, "B": {"value": "plain"}},
        "b": 2,
    }
    assert SECRETS.and_former(declared, [older]).texts == SECRETS.texts | {"db:old", "old", "older"}


def test_a_whole_that_has_become_something_else_hides_what_it_was() -> None:
    assert SECRETS.and_former({"a": "s3cr3t-new"}, [{"a": {"x": ["one", 2]}}, {}]).texts == SECRETS.texts | {"one", "2"}


KEY = '-----BEGIN KEY-----\nMIIE/vQ+IBADANBg"q?==\n-----END KEY-----'
FORMS = {
    "whole": KEY,
    "a line": KEY.splitlines()[1],
    "JSON": json.dumps(KEY),
    "a dictionary's error": str(KeyError(KEY)),
    "a URL": quote(KEY),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 in a URL": base64.urlsafe_b64encode(KEY.encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_however_it_is_spelled(form: str) -> None:
    secrets = Secrets(frozenset({KEY}))
    told = secrets.text(f"refused: {FORMS[form]}!")
    assert (told.startswith("refused: "), REDACTED in told, "MIIE" in told) == (True, True, False)
    assert secrets.value({"x": f"({FORMS[form]})"}) == {"x": REDACTED}


def test_an_error_leaves_a_block_without_secrets_and_is_the_same_error() -> None:
    def raised(error: Exception) -> Exception:
        with pytest.raises(type(error)) as caught, SECRETS.kept():
            raise error
        return caught.value

    cloud = raised(CloudError("Register", Fault.REFUSED, "ClientException", "no s3cr3t-new", hint="s3cr3t-new"))
    assert (str(cloud), cloud.hint) == (f"Register: ClientException: no {REDACTED}", REDACTED)  # type: ignore[attr-defined]
    invalid = raised(InvalidStack((Problem("A", "is s3cr3t-new"),), "found s3cr3t-new"))
    assert (invalid.message, invalid.problems[0].message) == (f"found {REDACTED}", f"is {REDACTED}")  # type: ignore[attr-defined]
    assert str(raised(ValueError("harmless"))) == "harmless"


def test_a_bug_that_repeats_a_secret_keeps_its_place_and_its_name() -> None:
    with pytest.raises(RuntimeError) as caught, SECRETS.kept():
        raise KeyError("s3cr3t-new")
    assert str(caught.value) == f"KeyError: '{REDACTED}'"
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value)).replace('raise KeyError("s3cr3t-new")', "")


def test_references_are_shown_without_secrets() -> None:
    of = references_of(stack({(JQ, "a"): queue("s3cr3t-new", "open")}))
    shown = present_references(of, SECRETS).edges[Address(JQ, "a")]
    assert {target.name for target in shown} == {REDACTED, "open"}

"""Hidden values count, and cannot be found."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Json, Plan
from reconciler.redact.presented import present
from reconciler.redact.secrets import REDACTED, Secrets
from reconciler.saved_plan.document import Inputs, saved_json, sealed_part
from reconciler.saved_plan.sealing import Seal
from tests.builders import JD, container, live, owned, planned, stack
from tests.laws import law
from tests.report.documented import KEYED, OPEN, document, fingerprint

PINS = [f"{number:04}" for number in range(10_000)]


def plan_with(pin: str, name: str = "DB_PASSWORD") -> Plan:
    return planned(stack({(JD, "job"): container(environment=[{"name": name, "value": pin}])}))


def text(plan: Plan, seal: Seal = OPEN) -> str:
    return json.dumps(document(plan, seal))


def test_another_hidden_value_makes_another_plan() -> None:
    assert fingerprint(plan_with("0815"), OPEN) != fingerprint(plan_with("4711"), OPEN)


def test_without_a_key_a_mark_fits_many_values() -> None:
    marks = [OPEN.mark(pin) for pin in PINS]
    assert min(marks.count(mark) for mark in set(marks)) >= 16
    assert len(set(marks)) == 256


def test_beside_the_mark_a_document_says_nothing_about_what_it_hides() -> None:
    """Neither the digest in the tag nor the fingerprint: of two values with one mark, nobody can tell which it was."""
    mark = OPEN.mark("0000")
    twin = next(pin for pin in PINS[1:] if OPEN.mark(pin) == mark)
    assert text(plan_with("0000")) == text(plan_with(twin))
    assert plan_with("0000") != plan_with(twin)


def test_that_holds_where_only_the_tags_are_written_too() -> None:
    """The declaration is live already, and only its record is out of date."""

    def tagging(pin: str) -> Plan:
        of = stack({(JD, "job"): container(environment=[{"name": "DB_PASSWORD", "value": pin}])})
        spec = next(iter(of.declared.values())).spec
        return planned(of, owned(stack({}), live(JD, "job", spec, revisions=(1,))))

    assert [step.operation for step in tagging("0000").changes[0].steps] == ["TagResource"]
    assert text(tagging("0000")) == text(tagging("0001"))
    assert tagging("0000") != tagging("0001")


def test_with_a_key_all_marks_differ_and_nobody_else_can_make_them() -> None:
    marks = {KEYED.mark(pin) for pin in PINS}
    assert len(marks) == len(PINS)
    assert not marks & {Seal(b"another key").mark(pin) for pin in PINS}


def test_keys_have_names_that_tell_them_apart() -> None:
    assert (OPEN.name, KEYED.name == Seal(b"another key").name, len(KEYED.name)) == ("", False, 8)


def test_a_document_names_its_key_if_it_hides_anything() -> None:
    hiding, plain = plan_with("x"), plan_with("x", "LEVEL")
    assert [document(plan, seal)["key"] for plan in (hiding, plain) for seal in (OPEN, KEYED)] == [
        "",
        KEYED.name,
        "",
        "",
    ]


def test_a_plan_that_hides_nothing_has_one_fingerprint_under_any_key() -> None:
    plan = plan_with("x", "LEVEL")
    assert fingerprint(plan, OPEN) == fingerprint(plan, KEYED)


def test_what_a_hidden_member_was_before_leaves_no_mark() -> None:
    old, new = (stack({(JD, "job"): container(environment=[{"name": "PGPASS", "value": v}])}) for v in ("old", "new"))
    spec = next(iter(old.declared.values())).spec
    plan = planned(new, owned(old, live(JD, "job", spec, revisions=(1,))))
    (field,) = document(plan)["changes"][0]["fields"]
    assert (field["before"], field["after"]) == (REDACTED, f"<redacted, changed {OPEN.mark('new')}>")


@law(100)
@given(st.text(min_size=4).filter(lambda secret: secret.isalnum()), st.sampled_from([OPEN, KEYED]))
def test_what_the_user_declared_secret_is_nowhere_in_the_document(secret: str, seal: Seal) -> None:
    secret = f"{secret}~"
    body = container(command=["run", f"--dsn=pg:{secret}@db"], environment=[{"name": "A", "value": secret}])
    plan = planned(stack({(JD, "job"): {**body, "parameters": {"p": secret}}}))
    shown = present(plan, Secrets(frozenset({secret})))
    told = json.dumps(saved_json(shown, sealed_part(plan, shown, Inputs(path="."), seal)), ensure_ascii=False)
    assert secret not in told
    marks = re.findall(r"<redacted ([0-9a-f]+)>", told)
    assert (len(marks), seal.mark(secret) in marks) == (6, True)  # three members, and the same in the request


def test_a_number_and_its_text_have_one_mark() -> None:
    assert OPEN.mark(7) == OPEN.mark("7")


def test_marks_stand_where_hiding_put_its_words() -> None:
    request: Json = {"a": ["x", {"b": "y"}], "c": None, "d": 3}
    shown = {"a": [REDACTED, {"b": REDACTED}], "c": None, "d": 3}
    assert OPEN._value(shown, request) == {
        "a": [f"<redacted {OPEN.mark('x')}>", {"b": f"<redacted {OPEN.mark('y')}>"}],
        "c": None,
        "d": 3,
    }

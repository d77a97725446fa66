"""No output shows a secret."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.live.ownership import AppliedRecord
from reconciler.model import Action, Address, Call, Change, Cost, FieldChange, Json, Plan
from reconciler.placeholders import is_secret_name
from reconciler.redact.presented import present, present_fields
from reconciler.redact.secrets import CHANGED, REDACTED, redacted, redacted_text
from reconciler.report.json import drift_json, plan_json
from reconciler.report.results import drift_of
from reconciler.report.text.drift import drift_page
from reconciler.report.text.plan import plan_page
from tests.fakes import HERE
from tests.laws import law

NAMES = ["DB_PASSWORD", "db.passwd", "apiKey", "API_KEY", "access-key", "GITHUB_TOKEN", "clientSecret", "private_key",
         "MY_CREDENTIALS", "splunk-token", "PGPASS", "dbPass", "passphrase"]  # fmt: skip
SECRET = st.text("0123456789abcdef", min_size=24, max_size=32)


@pytest.mark.parametrize("name", [*NAMES, "AWS_SECRET_ACCESS_KEY", "ssh_key"])
def test_a_name_that_sounds_secret_is_one(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["BUCKET", "compass", "passengers", "keyboard", "TOKENIZERS_PARALLELISM", "PATH"])
def test_an_innocent_name_is_shown(name: str) -> None:
    assert not is_secret_name(name)


def test_members_that_only_say_where_a_secret_is_are_shown() -> None:
    body = {
        "secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:db"}],
        "logConfiguration": {"secretOptions": [{"name": "splunk-token", "valueFrom": "/splunk"}]},
        "repositoryCredentials": {"credentialsParameter": "arn:aws:secretsmanager:us-east-1:123456789012:secret:r"},
        "imagePullSecrets": [{"name": "regcred"}],
        "volumes": [{"name": "tls", "secret": {"secretName": "tls-cert", "optional": False}}],
    }
    assert redacted(body) == body


def test_a_container_whose_name_sounds_secret_is_shown() -> None:
    body = {"containers": {"token-service": {"image": "busybox"}}}
    assert redacted(body) == body


def test_a_whole_environment_hides_its_secret_entries_alone() -> None:
    change = _field("containerProperties.environment", None, {"DB_PASSWORD": {"value": "x"}, "A": {"value": "1"}})
    assert shown(change) == (None, {"DB_PASSWORD": {"value": REDACTED}, "A": {"value": "1"}})


def test_that_a_secret_changed_is_still_seen() -> None:
    change = _field("containerProperties.environment.DB_PASSWORD.value", "one", "two")
    assert shown(change) == (REDACTED, CHANGED)


def test_a_secret_that_appears_or_goes_is_seen_as_such() -> None:
    path = "parameters.api_key"
    assert [shown(_field(path, None, "x")), shown(_field(path, "x", None))] == [
        (None, REDACTED),
        (REDACTED, None),
    ]


def test_a_password_in_a_url_is_hidden_anywhere() -> None:
    assert redacted({"command": ["psql", "postgres://u:pw@db/x"]}) == {"command": ["psql", REDACTED]}


def test_a_message_with_a_password_in_a_url_is_shown_without_it() -> None:
    assert redacted_text("cannot pull https://u:pw@registry/x now") == f"cannot pull {REDACTED} now"


def test_the_digest_of_a_declaration_is_hidden_since_a_short_secret_can_be_found_from_it() -> None:
    tags = {"reconciler:stack": "risk", "reconciler:applied": "0afd6f71dbd106740ddf:protect"}
    assert redacted({"tags": tags})["tags"]["reconciler:applied"] == "<digest>:protect"
    left = {"tags": {"reconciler:applied": "0afd:left=1afd:protect"}}
    assert redacted(left)["tags"]["reconciler:applied"] == "<digest>:protect"
    kept = AppliedRecord("0afd", frozenset({"protect"})).keeping({"state": "DISABLED"})
    assert redacted({"tags": {"reconciler:applied": str(kept)}})["tags"]["reconciler:applied"] == "<digest>:protect"
    assert redacted({"tags": {"reconciler:applied": "pending"}})["tags"]["reconciler:applied"] == "pending"


@pytest.mark.parametrize(
    ("before", "after", "sides"),
    [
        ("0afd", "1bfd", ("<digest>", "a different <digest>")),
        ("0afd", "1bfd:protect", ("<digest>", "<digest>:protect")),
        ("pending", "1bfd", ("pending", "<digest>")),
        ("rollback-7", "1bfd", ("rollback-7", "<digest>")),
        (None, "1bfd", (None, "<digest>")),
    ],
)
def test_that_the_digest_is_another_is_still_seen(before: str | None, after: str, sides: tuple[str, str]) -> None:
    assert shown(_field("tags.reconciler:applied", before, after)) == sides


@law(15)
@given(st.sampled_from(NAMES), SECRET, SECRET)
def test_no_secret_under_such_a_name_is_in_any_output(name: str, old: str, new: str) -> None:
    plan = Plan("risk", HERE, (_created(name, new), _revised(name, old, new)))
    outputs = [
        *(plan_page(present(plan), width, verbose).plain for width in (80, 200) for verbose in (0, 1, 2)),
        json.dumps(plan_json(present(plan))),
        drift_page(drift_of(present(plan)), 80).plain,
        json.dumps(drift_json(drift_of(present(plan)))),
    ]
    unfolded = ["".join(output.split()) for output in outputs]
    assert [secret for secret in (old, new) for output in unfolded if secret in output] == []


def _created(name: str, secret: str) -> Change:
    body = _body(name, secret)
    fields = tuple(_field(member, None, value) for member, value in body.items())
    return _change(Action.CREATE, "created", fields, {**body, "tags": {name: secret}})


def _revised(name: str, old: str, new: str) -> Change:
    fields = (
        _field(f"containerProperties.environment.{name}.value", old, new),
        _field(f"containerProperties.environment.{name}", None, {"value": new}),
        _field("containerProperties.environment", {name: {"value": old}}, {name: {"value": new}}),
        _field(f"parameters.{name}", old, new),
        _field(f"tags.{name}", old, None),
        _field("containerProperties.logConfiguration", {"options": {name: old}}, {"options": {name: new}}),
        _field("ecsProperties.taskProperties", [_body(name, old)], [_body(name, new)]),
    )
    return _change(Action.REVISION, "revised", fields, _body(name, new))


def _body(name: str, secret: str) -> dict[str, Json]:
    return {
        "containerProperties": {
            "environment": [{"name": "PLAIN", "value": "shown"}, {"name": name, "value": secret}],
            "logConfiguration": {"logDriver": "splunk", "options": {name: secret}},
            "command": ["run", f"https://user:{secret}@host/"],
        },
        "parameters": {name: secret},
        "eksProperties": {"podProperties": {"metadata": {"labels": {name: secret}}}},
    }


def _change(action: Action, name: str, fields: tuple[FieldChange, ...], request: Json) -> Change:
    call = Call("RegisterJobDefinition", request, f"register a revision of job-definition {name}")
    return Change(action=action, address=Address("JobDefinition", name), name=name, fields=fields, steps=(call,))


def shown(field: FieldChange) -> tuple[Json, Json]:
    return present_fields([field])[0].sides


def _field(path: str, before: Json, after: Json) -> FieldChange:
    return FieldChange(path=tuple(path.split(".")), before=before, after=after, cost=Cost.REVISION, drift=True)

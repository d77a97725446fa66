"""Sessions share what is costly, and nothing else."""

import pytest
from botocore.session import Session

from reconciler.service_models import closed_session, new_session

EVENT = "choose-signer.sts.AssumeRoleWithSAML"  # botocore does not sign this one


def test_a_session_has_the_handlers_of_botocore():
    own, shared = (
        session.get_component("event_emitter").emit(EVENT, context={}, signing_name="sts")
        for session in (Session(), new_session())
    )
    assert shared == own != []


def test_what_one_session_registers_no_other_one_has():
    told: list[str] = []
    first, second = new_session(), new_session()
    first.register(EVENT, lambda **_: told.append("first"))
    for session in (second, new_session(), Session()):
        session.get_component("event_emitter").emit(EVENT, context={}, signing_name="sts")
    assert told == []


def test_a_closed_session_reads_neither_the_environment_nor_files(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPRODUCTION")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    session = closed_session()
    assert session.get_credentials().access_key == "sandbox"
    assert session.get_config_variable("region") is None
    assert session.full_config["profiles"] == {}

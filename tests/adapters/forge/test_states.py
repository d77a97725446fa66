"""A state behind HTTP: one GET, credentials of the environment for its host alone, bounded in size."""

import base64
import gzip
from collections.abc import Mapping

import pytest

from reconciler.adapters.forge.states import fetch_state
from reconciler.ports import Missing
from reconciler.problems import CloudError, Denied, Fault, Stopped, WrongUsage
from tests.adapters.forge.hostile import Behaviour, answer, answering
from tests.fakes import InstantClock
from tests.tfstate.states import NETWORK, raw

USER = {"TF_HTTP_USERNAME": "ci", "TF_HTTP_PASSWORD": "hush-hush"}
BASIC = base64.b64encode(b"ci:hush-hush").decode()
STATE = answer(raw(NETWORK))


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "aws_ca_bundle", "requests_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def fetch(url: str, environment: Mapping[str, str] = USER, largest: int = 2**20) -> bytes:
    return fetch_state(url, InstantClock(), environment, largest)


class Recording:
    """Remembers the heads of requests and answers as told."""

    def __init__(self, behave: Behaviour) -> None:
        self.heads: list[str] = []
        self.behave = behave

    def __call__(self, connection: object, head: bytes) -> None:
        self.heads.append(head.decode().lower())
        self.behave(connection, head)


def test_a_state_is_read_by_one_get_with_the_credentials_of_the_environment() -> None:
    recording = Recording(STATE)
    with answering(recording) as server:
        assert fetch(f"{server.url}/state/prod?x=1") == raw(NETWORK)
        assert fetch(f"{server.url}/state/prod", {}) == raw(NETWORK)
    first, second = recording.heads
    assert first.startswith("get /state/prod?x=1 http/1.1\r\n")
    assert f"authorization: basic {BASIC}".lower() in first
    assert "authorization" not in second


@pytest.mark.parametrize(("is_same", "expected"), [(True, True), (False, False)])
def test_credentials_go_to_the_host_of_the_address_alone(is_same: bool, expected: bool) -> None:
    recording = Recording(STATE)
    with answering(recording) as server:
        address = f"{server.url}/other" if is_same else "https://states.example/prod"
        fetch(f"{server.url}/state", {**USER, "TF_HTTP_ADDRESS": address})
    assert ("authorization" in recording.heads[0]) is expected


def test_a_redirect_to_a_different_host_is_not_followed() -> None:
    elsewhere = Recording(STATE)
    with answering(elsewhere) as other:
        with (
            answering(answer(b"", "302 Found", f"Location: {other.url}/x")) as server,
            pytest.raises(Stopped) as caught,
        ):
            fetch(server.url)
        assert "to a different host" in caught.value.message
    assert elsewhere.heads == []


def test_an_answer_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(answer(b"[" + b" " * 100_000)) as server:
        assert len(fetch(server.url, largest=1000)) == 1001
    packed = answer(gzip.compress(b" " * 10_000_000), "200 OK", "Content-Encoding: gzip")
    with answering(packed) as server:
        assert len(fetch(server.url, largest=1000)) == 1001


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_no_state_is_missing(status: str) -> None:
    with answering(answer(b"", status)) as server, pytest.raises(Missing) as caught:
        fetch(f"{server.url}/state")
    assert str(caught.value) == f"the state {server.url}/state does not exist"


def test_no_content_is_an_empty_state() -> None:
    with answering(answer(b"", "204 No Content")) as server:
        assert fetch(server.url) == b""


@pytest.mark.parametrize(
    ("environment", "hint"),
    [
        ({}, "set TF_HTTP_USERNAME and TF_HTTP_PASSWORD"),
        (USER, "check TF_HTTP_USERNAME and TF_HTTP_PASSWORD"),
        ({**USER, "TF_HTTP_ADDRESS": "https://states.example"}, "are sent only to the host of TF_HTTP_ADDRESS"),
    ],
)
@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_what_is_denied_says_which_credentials_to_set(status: str, environment: Mapping[str, str], hint: str) -> None:
    body = b'{"message": "not with hush-hush"}'
    with answering(answer(body, status)) as server, pytest.raises(CloudError) as caught:
        fetch(server.url, environment)
    assert (caught.value.fault, hint in caught.value.hint) == (Fault.DENIED, True)
    assert environment == {} or "hush" not in caught.value.told


def test_a_broken_server_and_broken_credentials_stop_the_run() -> None:
    with answering(answer(b"", "500 Oops")) as server, pytest.raises(Stopped, match="responds 500") as caught:
        fetch(server.url)
    assert not isinstance(caught.value, Denied)
    with pytest.raises(WrongUsage, match="TF_HTTP_PASSWORD contains a space"):
        fetch("http://127.0.0.1:1/", {**USER, "TF_HTTP_PASSWORD": "x\n"})


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Recording(STATE)
    with answering(proxy) as server:
        monkeypatch.setenv("http_proxy", server.url)
        assert fetch("http://states.example/prod", {}) == raw(NETWORK)
    assert proxy.heads[0].startswith("get http://states.example/prod ")

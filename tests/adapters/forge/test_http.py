"""A request ends in time, says why it failed, goes by the proxy of the environment, and quotes no secret."""

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.adapters.forge import http
from reconciler.adapters.forge.github import GitHub
from reconciler.adapters.forge.http import Http
from reconciler.problems import Stopped, WrongUsage
from tests.adapters.forge.hostile import Behaviour, answer, answering, saying
from tests.fakes import InstantClock

TOKEN = "ghp_SECRETTOKEN"
LISTS = answer(b"[]")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "aws_ca_bundle", "requests_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def github(url: str, clock: InstantClock | None = None) -> GitHub:
    return GitHub(url, "team/batch", TOKEN, clock or InstantClock())


def failure(url: str) -> Stopped:
    """What is said of a listing that fails."""
    with pytest.raises(Stopped) as caught:
        list(github(url).comments(1))
    assert TOKEN not in f"{caught.value.message}{caught.value.hint}"
    return caught.value


def hang(connection: socket.socket, _head: bytes) -> None:
    connection.recv(1)


def trickle(connection: socket.socket, _head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.01)


@pytest.mark.parametrize("behave", [hang, trickle, lambda connection, head: hang(connection, connection.recv(0))])
def test_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch, behave: Behaviour) -> None:
    monkeypatch.setattr(http, "DEADLINE", 0.3)
    with answering(behave) as server:
        found = failure(server.url)
    assert f"no complete response within 0 s (127.0.0.1:{server.port})" in found.message


def test_the_time_is_for_all_requests_together() -> None:
    clock = InstantClock()
    with answering(LISTS) as server:
        one = github(server.url, clock)
        assert list(one.comments(1)) == []
        clock.sleep(http.DEADLINE)
        with pytest.raises(Stopped, match="no complete response"):
            list(one.comments(1))
        assert len(server.requests) == 1
        one.renew()
        assert list(one.comments(1)) == []


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (saying(b""), "the connection was closed without a response"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,"), "the response is cut off"),
        (saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "the response is cut off"),
        (saying(b"nonsense\r\n\r\n"), "the response is not valid HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n"), "the response is not valid HTTP"),
        (
            saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
            "cannot be decompressed",
        ),
        (answer(b"<html>login</html>", "200 OK", "Content-Type: text/html"), "responds 200 with text/html"),
        (answer(b"null"), "responds 200 with unexpected JSON instead of a list"),
        (answer(b'{"message": "x"}'), "with unexpected JSON"),
        (answer(b"[1]"), "with unexpected JSON instead of comments or issues"),
        (answer(b"[null]"), "with unexpected JSON"),
        (answer(b'[{"id": "x"}]'), "with unexpected JSON"),
        (answer(b'[{"id": true}]'), "with unexpected JSON"),
        (answer(b'[{"id": 1, "body": 2}]'), "with unexpected JSON"),
        (answer(b'[{"id": 1, "user": "me"}]'), "with unexpected JSON"),
        (answer(b"<html>", "502 Bad Gateway"), "GitHub responds 502: no reason given"),
        (answer(b'{"message": "you sent Bearer ghp_SECRETTOKEN"}', "422 No"), "you sent Bearer <redacted>"),
    ],
)
def test_the_cause_is_said(behave: Behaviour, said: str) -> None:
    with answering(behave) as server:
        assert said in failure(server.url).message


def test_a_port_where_nothing_listens_refuses() -> None:
    with answering(LISTS) as server:
        url = server.url
    assert "GitHub cannot be reached: connection refused" in failure(url).message


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nothing trusts."""
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
    signed = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(
        key, hashes.SHA256()
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_certificate_is_trusted_only_if_a_bundle_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = certificate(tmp_path)
    with answering(LISTS, lambda one: context.wrap_socket(one, server_side=True)) as server:
        url = f"https://localhost:{server.port}"
        found = failure(url)
        assert "its certificate is not trusted: self-signed certificate" in found.message
        assert "SSL_CERT_FILE or AWS_CA_BUNDLE" in found.hint
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "cert.pem"))
        assert list(github(url).comments(1)) == []
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "none.pem"))
    assert "the certificates in AWS_CA_BUNDLE cannot be read" in failure(url).message


def test_a_server_that_speaks_no_tls_is_named_as_such() -> None:
    def speaking_first(one: socket.socket) -> socket.socket:
        one.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        return one

    with answering(LISTS, speaking_first) as server:
        found = failure(f"https://127.0.0.1:{server.port}")
        assert "GitHub cannot be reached: TLS failed" in found.message
        assert "check the address and its port" in found.hint


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_gets_the_request_unless_the_host_needs_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(LISTS) as proxy:
        monkeypatch.setenv(name, f"http://user:p%40ss@127.0.0.1:{proxy.port}")
        assert list(github("http://hooks.invalid").comments(1)) == []
        (request,) = proxy.requests
        assert request.startswith(b"GET http://hooks.invalid/repos/team/batch/issues/1/comments?")
        assert b"authorization: Basic dXNlcjpwQHNz" in request.replace(b"Proxy-A", b"a")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        with answering(LISTS) as server:
            assert list(github(server.url).comments(1)) == []
        assert len(proxy.requests) == 1


def test_https_goes_through_a_tunnel_whose_refusal_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(answer(b"", "407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.port}")
        found = failure("https://api.github.invalid")
        assert proxy.requests[0].startswith(b"CONNECT api.github.invalid:443")
        assert TOKEN.encode() not in b"".join(proxy.requests)
    assert "GitHub cannot be reached: through the proxy: the proxy responds with 407" in found.message
    assert found.hint == "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"


def test_a_proxy_that_asks_for_a_password_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(answer(b"", "407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert "the proxy requires a user and a password" in failure("http://hooks.invalid").hint


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://[::1", "http://127.0.0.1:port"])
def test_a_proxy_that_cannot_be_one_is_wrong_usage(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    found = failure("http://127.0.0.1:1")
    assert isinstance(found, WrongUsage)
    assert ("the address of the proxy is not valid", "HTTP_PROXY" in found.hint) == (found.message, True)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_within_the_host_is_followed_with_the_same_request(status: str) -> None:
    def moved(connection: socket.socket, head: bytes) -> None:
        is_there = b"/repositories/" in head
        behave = (
            answer(b"[]") if is_there else answer(b"", status, "Location: /repositories/1/issues/1/comments?page=1")
        )
        behave(connection, head)

    with answering(moved) as server:
        assert list(github(server.url).comments(1)) == []
        assert [head.split()[0] for head in server.requests] == [b"GET", b"GET"]


def test_a_redirect_to_a_different_host_gets_no_token() -> None:
    with answering(LISTS) as other, answering(answer(b"", "301 Moved", f"Location: {other.url}/x")) as server:
        assert "to a different host" in failure(server.url).message
        assert other.requests == []


def test_redirects_in_a_circle_end() -> None:
    with answering(answer(b"", "307 Temporary", "Location: /again")) as server:
        assert "redirects more than 3 times" in failure(server.url).message


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://h:port", "http://h:99999", "ftp://h", "h", "", "http://", "http://h/ä", "http://h/a b", "http://h\n/x", "http://\ud800"]
)  # fmt: skip
def test_an_address_that_is_none_is_wrong_usage(url: str) -> None:
    with pytest.raises(WrongUsage, match="the address of GitHub is not a URL"):
        github(url)


def test_a_post_whose_answer_is_lost_is_sent_once_and_a_get_again() -> None:
    with answering(saying(b"")) as server:
        with pytest.raises(Stopped) as caught:
            Http("the webhook", InstantClock(), lost="it may be there twice").send("POST", server.url, {})
        assert (len(server.requests), caught.value.hint) == (1, "it may be there twice")
        failure(server.url)
        assert len(server.requests) == 1 + 1 + http.TRIES


@pytest.mark.parametrize(
    ("method", "status", "headers", "requests"),
    [
        ("GET", "503 Busy", (), 1 + http.TRIES),
        ("PATCH", "500 Oops", ("Retry-After: 1",), 1 + http.TRIES),
        ("POST", "503 Busy", (), 1),
        ("POST", "503 Busy", ("Retry-After: 1",), 1),
        ("POST", "429 Too Many", ("Retry-After: 1",), 1 + http.TRIES),
        ("POST", "403 Forbidden", ("Retry-After: 1",), 1 + http.TRIES),
        ("GET", "403 Forbidden", (), 1),
        ("GET", "422 No", ("Retry-After: 1",), 1),
    ],
)
def test_only_a_request_that_did_nothing_yet_is_repeated(
    method: str, status: str, headers: tuple[str, ...], requests: int
) -> None:
    with answering(answer(b"", status, *headers)) as server:
        with pytest.raises(Stopped):
            Http("the webhook", InstantClock()).send(method, server.url, {})
        assert len(server.requests) == requests


@pytest.mark.parametrize(("asked", "requests"), [("2", 4), ("3600", 1), ("soon", 1), ("9" * 5000, 1)])
def test_a_server_that_asks_for_time_gets_what_there_is(asked: str, requests: int) -> None:
    with answering(answer(b"", "429 Too Many", f"Retry-After: {asked}")) as server:
        assert "the rate limit is exceeded" in failure(server.url).hint
        assert len(server.requests) == requests


def test_no_thread_holds_the_process_up() -> None:
    before = threading.active_count()
    with answering(LISTS) as server:
        list(github(server.url).comments(1))
    assert all(thread.daemon for thread in threading.enumerate()[before:])

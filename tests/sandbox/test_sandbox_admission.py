"""What the served sandbox takes: requests of clients on this machine, of a form that it can read; never those of pages."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from reconciler.model import Json
from reconciler.sandbox.session import open_sandbox
from tests.serving import client_of, running

SCOPE = "Credential=x/20260101/us-east-1/{}/aws4_request"
POLICY = b'{"name": "made", "fairsharePolicy": {}}'
DEEP = b"[" * 100_000 + b"]" * 100_000
# A request of each part that answers: Batch by its path or signature, moto's services, the sandbox's own, the controls.
PARTS: dict[str, tuple[str, dict[str, str]]] = {
    "batch": ("POST /v1/createschedulingpolicy", {"content-type": "application/json"}),
    "batch, signed": ("POST /v1/createschedulingpolicy", {"authorization": SCOPE.format("batch")}),
    "sts": ("POST /", {"authorization": SCOPE.format("sts"), "content-type": "application/x-www-form-urlencoded"}),
    "tagging": ("POST /", {"authorization": SCOPE.format("tagging"), "content-type": "application/x-amz-json-1.1",
                           "x-amz-target": "ResourceGroupsTaggingAPI_20170126.GetResources"}),
    "ssm": ("POST /", {"authorization": SCOPE.format("ssm"), "content-type": "application/x-amz-json-1.1",
                       "x-amz-target": "AmazonSSM.GetParameter"}),
    "s3": (f"GET /?X-Amz-{SCOPE.format('s3').replace('/', '%2F')}", {}),
    "break": ("POST /_sandbox/break", {"content-type": "application/json"}),
    "tick": ("POST /_sandbox/tick", {"content-type": "application/json"}),
    "nothing": ("GET /", {}),
}  # fmt: skip
every_part = pytest.mark.parametrize("part", PARTS)


class Server:
    def __init__(self, url: str) -> None:
        self.url = url
        self.port = int(url.rpartition(":")[2])

    def raw(self, data: bytes) -> tuple[int, bytes, bool]:
        """Send bytes; return the status, the answer, and whether the connection was closed after it."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=20)) as line:
            line.sendall(data)
            with line.makefile("rb") as answer:
                status = int(answer.readline().split()[1])
                headers = {}
                while header := answer.readline().strip():
                    name, _, value = header.partition(b":")
                    headers[name.lower()] = value.strip()
                body = answer.read(int(headers[b"content-length"]))
                is_closed = headers.get(b"connection") == b"close" and answer.read(1) == b""
        assert not any(name.startswith(b"access-control") for name in headers)
        return status, body, is_closed

    def ask(self, part: str, body: bytes = b"", *, host: str = "", **headers: str) -> tuple[int, bytes, bool]:
        line, own = PARTS[part]
        given = {"host": host or f"127.0.0.1:{self.port}", "content-length": str(len(body)), **own}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{line} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items() if value)]
        return self.raw("\r\n".join([*lines, "", ""]).encode() + body)

    @property
    def made(self) -> list[Json]:
        return client_of(self.url).list_scheduling_policies()["schedulingPolicies"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(open_sandbox(None)) as url:
        yield Server(url)


@every_part
@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{}", "127.0.0.1.evil.example:{}", "localhost.evil.example:{}", "127.0.0.1", "127.0.0.1:1",
     "0.0.0.0:{}", "127.0.0.2:{}", "[::]:{}", "x@127.0.0.1:{}", "127.0.0.1:{}@evil.example", "2130706433:{}", "localhost:{}x",
     "localhost:{}, evil.example"],
)  # fmt: skip
def test_a_request_for_another_host_is_refused(part: str, host: str, server: Server) -> None:
    status, _, is_closed = server.ask(part, POLICY, host=host.format(server.port))
    assert (status, is_closed, server.made) == (403, True, [])


def test_a_request_for_two_hosts_or_none_is_refused(server: Server) -> None:
    for hosts in ("", f"host: 127.0.0.1:{server.port}\r\nhost: evil.example\r\n"):
        assert server.raw(f"GET / HTTP/1.1\r\n{hosts}\r\n".encode())[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "LocalHost:{}", "[::1]:{}"])
def test_a_request_for_this_machine_is_taken(host: str, server: Server) -> None:
    assert server.ask("tick", b'{"seconds": 0}', host=host.format(server.port))[0] == 200


@every_part
@pytest.mark.parametrize(
    "marks",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:{}"}, {"referer": "https://evil.example/"},
     {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}, {"sec_fetch_site": "same-origin"},
     {"origin": "https://evil.example", "content_type": "text/plain"}],
)  # fmt: skip
def test_a_request_of_a_web_page_is_refused(part: str, marks: dict[str, str], server: Server) -> None:
    given = {name: value.format(server.port) for name, value in marks.items()}
    status, _, is_closed = server.ask(part, POLICY, **given)
    assert (status, is_closed, server.made) == (403, True, [])


def test_a_page_that_asks_whether_it_may_is_refused(server: Server) -> None:
    asked = f"OPTIONS / HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\norigin: https://evil.example\r\n\r\n"
    assert server.raw(asked.encode())[0] == 403


def test_what_a_user_types_into_a_browser_is_answered(server: Server) -> None:
    status, body, _ = server.ask("nothing", sec_fetch_site="none")
    assert (status, b"no signature" in body) == (403, True)


@every_part
@pytest.mark.parametrize(
    ("length", "status"),
    [("abc", 400), ("-1", 400), ("1e3", 400), ("0x10", 400), ("+5", 400), ("1_0", 400), ("\u0661", 400), ("5, 5", 400), ("9" * 5000, 400),
     ("1e15", 400), ("1000000000000000", 400), ("999999999999999", 413), (str(64 * 1024 * 1024 + 1), 413)],
)  # fmt: skip
def test_a_length_that_is_none_or_too_large_is_refused(part: str, length: str, status: int, server: Server) -> None:
    assert server.ask(part, content_length=length)[::2] == (status, True)


@every_part
@pytest.mark.parametrize("encoding", ["chunked", "gzip, chunked", "identity"])
def test_a_body_in_chunks_is_refused_and_is_no_request_of_its_own(part: str, encoding: str, server: Server) -> None:
    inner = b"POST /v1/createschedulingpolicy HTTP/1.1\r\nhost: x\r\n\r\n"
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)
    status, _, is_closed = server.ask(part, body, content_length="", transfer_encoding=encoding)
    assert (status, is_closed, server.made) == (411, True, [])


def test_a_path_that_is_an_address_is_refused(server: Server) -> None:
    asked = f"GET http://evil.example/ HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n\r\n"
    assert server.raw(asked.encode())[0] == 400


@pytest.mark.parametrize("body", [DEEP, b'{"a":' * 100_000 + b"1" + b"}" * 100_000], ids=["lists", "maps"])
@pytest.mark.parametrize("part", ["batch", "batch, signed", "tagging", "ssm", "break", "tick"])
def test_what_is_nested_too_deeply_is_refused(part: str, body: bytes, server: Server) -> None:
    assert server.ask(part, body)[0] == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"1", b'"x"', b"{", b"\xff", b'{"a": NaN}', b'{"\\ud800": 1}'])
@pytest.mark.parametrize("part", ["batch", "batch, signed", "break", "tick"])
def test_a_body_that_is_no_request_is_refused(part: str, body: bytes, server: Server) -> None:
    assert server.ask(part, body)[0] == 400


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "1e308", "1e999", "-1", "1e12", '"5"', "true", "null", "[]", "1" + "0" * 400],
)
def test_a_number_that_no_clock_knows_is_refused(number: str, server: Server) -> None:
    for body in (f'{{"seconds": {number}}}',) * 2:
        assert server.ask("tick", body.encode())[0] == 400
    for member in ("settle", "lag"):
        if number != "null":
            mishap = {"repair": False, "roles_back": False, "missing_roles": [], "failing": [], "arns": []}
            body = json.dumps(mishap)[:-1] + f', "{member}": {number}}}'
            assert server.ask("break", body.encode())[0] == 400
    assert json.loads(server.ask("tick", b'{"seconds": 0}')[1])["ahead"] < 1e6


def test_weights_that_are_no_numbers_are_refused(server: Server) -> None:
    for number in ("NaN", "1e999"):
        body = f'{{"name": "a", "fairsharePolicy": {{"shareDistribution": [{{"shareIdentifier": "a", "weightFactor": {number}}}]}}}}'
        assert server.ask("batch", body.encode())[0] == 400

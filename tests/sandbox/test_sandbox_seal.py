"""Nothing leaves the process that serves the sandbox, whoever in it tries."""

import contextlib
import http.server
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from reconciler.sandbox.server.http import Sealed, sealed
from tests.serving import client_of

NOWHERE = ("192.0.2.1", 80)  # documentation space (RFC 5737): nobody is there


def in_a_thread(work: Callable[[], object]) -> None:
    caught: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except Sealed as no:
            caught.append(no)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    raise caught[0]


def connect(address: tuple[str, int] = NOWHERE, kind: int = socket.SOCK_STREAM) -> None:
    with contextlib.closing(socket.socket(socket.AF_INET, kind)) as line:
        line.connect(address)


def say() -> None:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as line:
        line.sendto(b"hello", NOWHERE)


def call_docker() -> None:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as line:
        line.connect("/var/run/docker.sock")


WAYS: dict[str, Callable[[], object]] = {
    "connection": connect,
    "datagram": say,
    "connected datagram": lambda: connect(kind=socket.SOCK_DGRAM),
    "name": lambda: socket.getaddrinfo("example.com", 80),
    "old name": lambda: socket.gethostbyname("example.com"),
    "name of an address": lambda: socket.gethostbyaddr("192.0.2.1"),
    "local socket": call_docker,
    "thread": lambda: in_a_thread(connect),
}


@pytest.mark.enable_socket
@pytest.mark.parametrize("way", WAYS)
def test_no_way_leads_out_while_it_is_sealed(way: str) -> None:
    with pytest.raises(Sealed, match="nothing leaves the sandbox: socket"), sealed():
        WAYS[way]()


def test_afterwards_it_is_open_again(listener: tuple[str, list[str]]) -> None:
    port = int(listener[0].rpartition(":")[2])
    with sealed(), sealed():
        pass
    connect(("127.0.0.1", port))


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A web server on this machine: its URL, and the requests that came."""
    heard: list[str] = []

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Ear) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()
        thread.join()


@pytest.fixture
def served(tmp_path) -> Iterator[str]:
    """`reconciler sandbox serve` as a process of its own."""
    pytest.importorskip("moto.server")
    command = [sys.executable, "-m", "reconciler", "sandbox", "serve", "--port", "0"]
    environment = {"PATH": os.environ["PATH"], "MOTO_EVENTS_INVOKE_HTTP": "true"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        yield process.stdout.readline().split()[-1]
        process.terminate()


def test_what_moto_would_deliver_to_a_subscriber_stays_inside(served: str, listener: tuple[str, list[str]]) -> None:
    url, heard = listener
    sns = client_of(served, "sns", "us-east-1")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)
    with pytest.raises(ClientError, match="nothing leaves the sandbox"):
        sns.publish(TopicArn=topic, Message="hello")
    assert heard == []


def test_what_eventbridge_would_call_is_not_called(served: str, listener: tuple[str, list[str]]) -> None:
    url, heard = listener
    events = client_of(served, "events", "us-east-1")
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "a", "ApiKeyValue": "b"}}
    connection = events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=key)["ConnectionArn"]
    destination = events.create_api_destination(
        Name="d", ConnectionArn=connection, InvocationEndpoint=url, HttpMethod="POST"
    )["ApiDestinationArn"]
    events.put_rule(Name="r", EventPattern='{"source": ["jobs"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": destination}])
    with pytest.raises(ClientError, match="nothing leaves the sandbox"):
        events.put_events(Entries=[{"Source": "jobs", "DetailType": "x", "Detail": "{}"}])
    assert heard == []


def test_the_listener_would_have_heard(listener: tuple[str, list[str]]) -> None:
    url, heard = listener
    with urllib.request.urlopen(f"{url}/hello", b""):
        pass
    assert heard == ["/hello"]

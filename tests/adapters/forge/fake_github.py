"""GitHub as far as comments and issues go, over HTTP on this machine; it refuses as GitHub does."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from reconciler.model import Json

TOKEN = "t0ken"
REPOSITORY = "team/batch"
LONGEST = 65_536


@dataclass
class FakeForge:
    """What a served forge has. `faults` are answered first, each once: a status with headers."""

    url: str = ""
    faults: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def answer(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Json
    ) -> tuple[int, Json]:
        raise NotImplementedError


Fake = TypeVar("Fake", bound=FakeForge)


@dataclass
class FakeGitHub(FakeForge):
    """`vanish` are comments that are gone when changed.

    `login` is whom the token belongs to: a job's token may not ask who it is, and an app writes by a name with [bot].
    """

    comments: dict[int, Json] = field(default_factory=dict)
    issues: dict[int, Json] = field(default_factory=dict)
    vanish: set[int] = field(default_factory=set)
    hooked: list[Json] = field(default_factory=list)
    count: int = 100
    login: str = "github-actions[bot]"

    @property
    def user(self) -> Json:
        return {"login": self.login, "type": "Bot" if self.login.endswith("[bot]") else "User"}

    def answer(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Json
    ) -> tuple[int, Json]:
        self.calls.append(f"{method} {path}")
        if path == "/hook":
            self.hooked.append(body)
            return 200, None
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}
        if path == "/user":
            is_app = self.login.endswith("[bot]")
            return (403, {"message": "Resource not accessible by integration"}) if is_app else (200, self.user)
        found = re.fullmatch(f"/repos/{REPOSITORY}/issues(.*)", path)
        if not found:
            return 404, {"message": "Not Found"}
        if body and len(body.get("body") or "") > LONGEST:
            return 422, {"message": "Validation Failed", "errors": [{"field": "body", "code": "custom"}]}
        return self.of_issues(method, found[1], query, body)

    def of_issues(self, method: str, rest: str, query: dict[str, str], body: Json) -> tuple[int, Json]:
        if (found := re.fullmatch(r"/comments/(\d+)", rest)) and method == "PATCH":
            number = int(found[1])
            if number in self.vanish or number not in self.comments:
                self.comments.pop(number, None)
                return 404, {"message": "Not Found"}
            self.comments[number].update(body)
            return 200, self.comments[number]
        if found := re.fullmatch(r"/(\d+)/comments", rest):
            return self.of_comments(method, int(found[1]), query, body)
        if (found := re.fullmatch(r"/(\d+)", rest)) and method == "PATCH":
            number = int(found[1])
            if number in self.vanish:
                return 410, {"message": "This issue was deleted"}
            self.issues[number].update(body)
            return 200, self.issues[number]
        if rest == "" and method == "POST":
            self.count += 1
            made = {"number": self.count, "state": "open", "html_url": f"{self.url}/issues/{self.count}",
                    "updated_at": "2999-01-01T00:00:00Z", "user": self.user, **body}  # fmt: skip
            self.issues[self.count] = made
            return 201, made
        label = query.get("labels", "")
        return 200, paged(
            [one for one in self.issues.values() if one["state"] == "open" and label in one["labels"]], query
        )

    def of_comments(self, method: str, number: int, query: dict[str, str], body: Json) -> tuple[int, Json]:
        if method == "GET":
            return 200, paged([one for one in self.comments.values() if one["issue"] == number], query)
        self.count += 1
        made = {
            "id": self.count,
            "issue": number,
            "html_url": f"{self.url}/{number}#{self.count}",
            "user": self.user,
            **body,
        }
        self.comments[self.count] = made
        return 201, made


def paged(items: list[Json], query: dict[str, str]) -> list[Json]:
    size, page = int(query["per_page"]), int(query["page"])
    return items[(page - 1) * size : page * size]


@contextmanager
def serving() -> Iterator[FakeGitHub]:
    with serving_of(FakeGitHub()) as fake:
        yield fake


@contextmanager
def serving_of(fake: Fake) -> Iterator[Fake]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            if fake.faults:
                status, more = fake.faults.pop(0)
                answer: Json = {"message": "a fault"}
            else:
                split = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(split.query).items()}
                headers = {name.lower(): text for name, text in self.headers.items()}
                (status, answer), more = (
                    fake.answer(self.command, split.path, query, headers, json.loads(raw) if raw else None),
                    {},
                )
            data = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            for name, text in {**more, "content-length": str(len(data))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = handle_any  # noqa: N815

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()

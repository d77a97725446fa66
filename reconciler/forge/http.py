"""Requests with JSON in both directions, and what their failures mean."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3

from reconciler import __version__
from reconciler.model import Json
from reconciler.ports import Clock
from reconciler.problems import Denied, Stopped, WrongUsage

TIMEOUT = urllib3.Timeout(connect=10, read=30)
TRIES = 4
PATIENCE = 60.0  # seconds: whoever asks us to wait longer is told about instead
LIMITED = (403, 429)
REPEATABLE = ("GET", "PATCH", "PUT")  # a POST whose answer was lost may have done its work
BROKEN = 500
GONE = (404, 410)


class Gone(Exception):  # noqa: N818 - names what happened
    """There is no such thing any more, or it is not ours to see."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Json

    @property
    def message(self) -> str:
        said = self.body.get("message") if isinstance(self.body, Mapping) else None
        errors = self.body.get("errors") if isinstance(self.body, Mapping) else None
        return f"{said or 'no reason given'}{f' {json.dumps(errors)}' if errors else ''}"


class Http:
    """`whom` stands for the address in messages: it may hold a secret."""

    def __init__(self, whom: str, clock: Clock, headers: Mapping[str, str] | None = None) -> None:
        self._whom = whom
        self._clock = clock
        self._pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT)
        self._headers = {"User-Agent": f"batch-reconciler/{__version__}", **(headers or {})}

    def send(self, method: str, url: str, body: Json = None) -> Answer:
        """Return the answer to a request that was accepted.

        Raises `Gone`, `Denied`, `WrongUsage` for an address that is none, and `Stopped` for everything else.
        """
        for tries in range(1, TRIES + 1):
            answer = self._once(method, url, body)
            pause = _pause(answer, tries) if answer else float(tries)
            may_repeat = method in REPEATABLE or (answer is not None and answer.status in LIMITED)
            if pause is None or tries == TRIES or not may_repeat:
                break
            self._clock.sleep(pause)
        if answer is None:
            raise Stopped(f"{self._whom} cannot be reached", hint="check the network and the address")
        return self._accepted(answer, method)

    def _once(self, method: str, url: str, body: Json) -> Answer | None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise WrongUsage(f"the address of {self._whom} is none: it begins with https://")
        try:
            found = self._pool.request(method, url, json=body, headers=self._headers, redirect=False)
        except urllib3.exceptions.LocationValueError as error:
            raise WrongUsage(f"the address of {self._whom} is none") from error
        except urllib3.exceptions.HTTPError:
            return None
        return Answer(found.status, {name.lower(): text for name, text in found.headers.items()}, _json(found.data))

    def _accepted(self, answer: Answer, method: str) -> Answer:
        if answer.status < 300:  # noqa: PLR2004 - accepted
            return answer
        said = f"{self._whom} answers {answer.status}: {answer.message}"
        if answer.status in GONE:
            raise Gone(said)
        if answer.status in LIMITED and _is_limited(answer):
            raise Stopped(said, hint="its limit of requests is used up: run it again later")
        if answer.status in (401, 403):
            raise Denied(said, hint="check the token and its permissions")
        if answer.status >= BROKEN and method not in REPEATABLE:
            raise Stopped(said, hint="it may have been done all the same: run it again, which looks first")
        raise Stopped(said)


def _pause(answer: Answer, tries: int) -> float | None:
    """Return how long to wait before the next try; None if there is no sense in one."""
    if answer.status >= BROKEN:
        return float(tries)
    if answer.status not in LIMITED or not _is_limited(answer):
        return None
    text = answer.headers.get("retry-after", "")
    asked = float(text) if text.isascii() and text.isdigit() else PATIENCE + 1
    return asked if asked <= PATIENCE else None


def _is_limited(answer: Answer) -> bool:
    return "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"


def _json(data: bytes) -> Json:
    try:
        return json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None

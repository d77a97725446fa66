"""Requests with JSON in both directions, and what their failures mean."""

import http.client
import json
import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Self
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3 import exceptions
from urllib3.exceptions import HTTPError, InvalidHeader, LocationValueError, MaxRetryError, ResponseError
from urllib3.util.retry import Retry
from urllib3.util.ssl_ import create_urllib3_context

from reconciler import __version__
from reconciler.model import Json
from reconciler.ports import Clock
from reconciler.problems import Denied, Stopped, WrongUsage

# Why a server cannot be reached, in our own words: those of urllib3 and http.client quote headers and addresses.

TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})")  # http.client says so in the text of an OSError alone
CUT = "the response is cut off"


def _of_certificate(error: BaseException) -> str:
    return f"its certificate is not trusted: {getattr(error, 'verify_message', '') or 'no details'}"


def _of_tls(error: BaseException) -> str:
    return f"TLS failed: {_words(getattr(error, 'reason', None))}"


def _words(text: object) -> str:
    return str(text or "no details").replace("_", " ").lower()


def _of_system(error: BaseException) -> str:
    tunnel = TUNNEL.search(str(error))
    if tunnel:
        return f"the proxy responds with {tunnel[1]}"
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if number else _words(type(error).__name__)


# The first row that fits any of an error's causes counts, so the special ones come first.
REASONS: tuple[tuple[tuple[type[BaseException], ...], Callable[[BaseException], str]], ...] = (
    ((ssl.SSLCertVerificationError,), _of_certificate),
    ((ssl.SSLError,), _of_tls),
    ((socket.gaierror,), lambda _: "the host name cannot be resolved"),
    ((ConnectionRefusedError,), lambda _: "connection refused"),
    ((http.client.IncompleteRead, exceptions.IncompleteRead, exceptions.InvalidChunkLength), lambda _: CUT),
    ((http.client.RemoteDisconnected,), lambda _: "the connection was closed without a response"),
    ((ConnectionError,), lambda _: "the connection was lost"),
    ((exceptions.ReadTimeoutError,), lambda _: "no response in time"),
    ((TimeoutError, exceptions.ConnectTimeoutError), lambda _: "no connection in time"),
    ((exceptions.DecodeError,), lambda _: "the response cannot be decompressed"),
    ((http.client.HTTPException, exceptions.InvalidHeader), lambda _: "the response is not valid HTTP"),
    ((OSError,), _of_system),
)


def reason_of(error: BaseException) -> str:
    causes = list(_causes(error))
    found = (says(cause) for types, says in REASONS for cause in causes if isinstance(cause, types))
    through = "through the proxy: " if any(isinstance(cause, exceptions.ProxyError) for cause in causes) else ""
    return f"{through}{next(found, _words(type(error).__name__))}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything that it wraps, the outermost first."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        wrapped = (getattr(one, name, None) for name in ("reason", "original_error", "__cause__", "__context__"))
        waiting += [*wrapped, *one.args]


DEADLINE = 50.0  # seconds for everything from the first request to the last answer, with all pauses
TIMEOUT = urllib3.Timeout(connect=5, read=15)
TRIES = 3
BACKOFF = 1.0
TOO_MANY = 429
LIMITED = (403, TOO_MANY)
REPEATABLE = ("GET", "PATCH", "PUT")  # a POST whose answer was lost may have done its work
BROKEN = range(500, 600)
PROXY_DENIES = 407
GONE = (404, 410)
MOVED = (301, 302, 307, 308)  # GitHub: repeat the same request there
REDIRECTS = 3
LONGEST = 300  # characters of a server's reason
PRINTABLE = range(0x21, 0x7F)  # of ASCII: what a token and an address consist of
BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")  # certificates of a company's proxy; SSL_CERT_FILE is OpenSSL's own
UNTRUSTED = f"if a proxy decrypts TLS, set SSL_CERT_FILE or {BUNDLES[0]} to its certificates"


class Gone(Exception):  # noqa: N818 - names what happened
    """There is no such thing any more, or it is not ours to see."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is None without one, or where it is no JSON, which `is_json` tells apart; `content` has its bytes."""

    status: int
    headers: Mapping[str, str]
    body: Json
    is_json: bool = True
    content: bytes = b""

    @property
    def message(self) -> str:
        body = self.body if isinstance(self.body, Mapping) else {}
        said, errors = body.get("message") or body.get("error"), body.get("errors")
        return f"{said or 'no reason given'}{f' {json.dumps(errors)}' if errors else ''}"[:LONGEST]


def plain(text: str) -> str | None:
    """Return a token or an address without the blanks around it; None where it could not go into a request."""
    text = text.strip()
    return text if all(ord(char) in PRINTABLE for char in text) else None


class Http:
    """One server. `whom` stands for it in messages, since an address may hold a secret; `secrets` are in none either.

    `server` is the part of the address that may be shown. `lost` is the hint where a request may have been accepted
    although no answer says so. Of an answer that has more than the `largest` number of bytes, one byte more is read.
    """

    def __init__(
        self,
        whom: str,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        *,
        server: str = "",
        secrets: Sequence[str] = (),
        lost: str = "the request may have succeeded",
        largest: int | None = None,
    ) -> None:
        self._whom = whom
        self._clock = clock
        self._headers = {"User-Agent": f"batch-reconciler/{__version__}", **(headers or {})}
        self._at = f" ({server})" if server else ""
        self._secrets = secrets
        self._lost = lost
        self._largest = largest
        self._pools: dict[tuple[str, str], urllib3.PoolManager] = {}
        self.renew()

    def renew(self) -> None:
        """Begin the time anew in which everything has to be done."""
        self._end = self._clock.now() + DEADLINE

    def send(self, method: str, url: str, body: Json = None) -> Answer:
        """Return the answer to a request that was accepted.

        Raises `Gone`, `Denied`, `WrongUsage` for an address that is none, and `Stopped` for everything else.
        """
        for _ in range(REDIRECTS + 1):
            answer = self._in_time(method, url, body)
            location = answer.headers.get("location", "")
            if answer.status not in MOVED or not location:
                return self._accepted(answer, method)
            there = urljoin(url, location)
            if origin_of(self._parts(there)) != origin_of(self._parts(url)):
                hint = "only redirects within one host are followed: use the new address"
                raise Stopped(f"{self._whom} redirects ({answer.status}) to a different host", hint=hint)
            url = there
        raise Stopped(f"{self._whom} redirects more than {REDIRECTS} times", hint="check the address")

    def strange(self, answer: Answer, wanted: str) -> Stopped:
        """Return what to raise for an answer that was accepted and is not what the API gives."""
        kind = answer.headers.get("content-type", "").partition(";")[0]
        there = "unexpected JSON" if answer.is_json else (kind or "content that is not JSON")
        message = self._masked(f"{self._whom} responds {answer.status} with {there} instead of {wanted}{self._at}")
        return Stopped(message, hint="check the API address, and for a proxy or a login page in between")

    def _parts(self, url: str) -> SplitResult:
        return checked_url(url, self._whom)

    def _in_time(self, method: str, url: str, body: Json) -> Answer:
        """Run it in a thread that can be abandoned: nothing else ends a hanging name server or a trickling body."""
        done: list[Answer | Stopped] = []
        left = self._end - self._clock.now()
        if left > 0:
            work = Thread(target=lambda: done.append(_caught(lambda: self._once(method, url, body))), daemon=True)
            work.start()
            work.join(left)
        if not done:
            hint = "check the network, the proxy and the address" if method in REPEATABLE else self._lost
            late = f"no complete response within {DEADLINE:.0f} s"
            raise Stopped(f"{self._whom} cannot be reached: {late}{self._at}", hint=hint)
        if isinstance(done[0], Stopped):
            raise done[0]
        return done[0]

    def _once(self, method: str, url: str, body: Json) -> Answer:
        pool, retries = self._pool(self._parts(url)), _Patience.of(method, self._clock, self._end)
        # In ASCII: urllib3's own `json` cannot encode half a character, which JSON can hold.
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, **({} if data is None else {"Content-Type": "application/json"})}
        try:
            found = pool.request(
                method,
                url,
                body=data,
                headers=headers,
                redirect=False,
                retries=retries,
                preload_content=self._largest is None,
            )
            content = found.data if self._largest is None else _beginning(found, self._largest)
        except LocationValueError as error:
            raise WrongUsage(f"the address of {self._whom} is not a URL") from error
        except (HTTPError, OSError, ValueError, ArithmeticError) as error:
            raise self._unreachable(error, method) from None  # the causes quote headers and addresses
        headers_ = {name.lower(): text for name, text in found.headers.items()}
        return Answer(found.status, headers_, *_json(content), content)

    def _unreachable(self, error: Exception, method: str) -> Stopped:
        reason = self._masked(reason_of(error))
        hint = "check the network and the address"
        if "certificate" in reason:
            hint = UNTRUSTED
        elif "proxy" in reason:
            hint = "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
        elif "TLS" in reason:
            hint = "check the address and its port: the server must support TLS"
        elif method not in REPEATABLE and "connection refused" not in reason and "resolved" not in reason:
            hint = self._lost
        return Stopped(f"{self._whom} cannot be reached: {reason}{self._at}", hint=hint)

    def _pool(self, parts: SplitResult) -> urllib3.PoolManager:
        origin = origin_of(parts)
        if origin not in self._pools:
            self._pools[origin] = _manager(parts)
        return self._pools[origin]

    def _accepted(self, answer: Answer, method: str) -> Answer:
        if answer.status < 300:  # noqa: PLR2004 - accepted
            return answer
        said = f"{self._whom} responds {answer.status}: {self._masked(answer.message)}"
        if answer.status in GONE:
            raise Gone(said)
        if answer.status == TOO_MANY or (answer.status in LIMITED and _is_limited(answer.headers)):
            raise Stopped(said, hint="the rate limit is exceeded: run it again later")
        if answer.status in (401, 403):
            raise Denied(said, hint="check the token and its permissions")
        if answer.status == PROXY_DENIES:
            raise Denied(said, hint="the proxy requires a user and a password: add both to HTTP_PROXY or HTTPS_PROXY")
        if answer.status in MOVED:
            raise Stopped(said, hint="the redirect has no location: check the address")
        if answer.status in BROKEN and method not in REPEATABLE:
            raise Stopped(said, hint=self._lost)
        raise Stopped(said)

    def _masked(self, text: str) -> str:
        for secret in filter(None, self._secrets):
            text = text.replace(secret, "<redacted>")
        return text


class _Patience(Retry):
    """What may be repeated, as urllib3 knows it, but by our clock, and never beyond the time that is left.

    A wait that a limit of requests asks for is respected for every method: the request was not even looked at.
    """

    RETRY_AFTER_STATUS_CODES = frozenset(LIMITED)
    clock: Clock
    end: float

    @classmethod
    def of(cls, method: str, clock: Clock, end: float) -> Self:
        # A connection that breaks while TLS or a proxy is at work is "other": whether a POST got through is not known.
        is_repeatable = method in REPEATABLE
        made = cls(
            total=TRIES,
            read=None if is_repeatable else 0,
            other=None if is_repeatable else 0,
            redirect=False,
            allowed_methods=None,
            status_forcelist=BROKEN if is_repeatable else (),
            backoff_factor=BACKOFF,
            raise_on_status=False,
        )
        made.clock, made.end = clock, end
        return made

    def new(self, **changed: Any) -> Self:
        made = super().new(**changed)
        made.clock, made.end = self.clock, self.end
        return made

    def increment(self, *args: Any, **known: Any) -> Self:
        response, error = known.get("response"), known.get("error")
        asked = self._asked(response) if response is not None else 0.0
        if asked >= self.end - self.clock.now():
            raise MaxRetryError(known["_pool"], "", error or ResponseError("the requested wait exceeds the time limit"))
        return super().increment(*args, **known)

    def sleep(self, response: Any = None) -> None:
        self.clock.sleep((self._asked(response) if response is not None else 0.0) or self.get_backoff_time())

    def _asked(self, response: Any) -> float:
        """Return the seconds that a server asks to be left alone for; what cannot be read is too long."""
        try:
            return self.get_retry_after(response) or 0.0
        except (InvalidHeader, ValueError, OverflowError):
            return float("inf")


def checked_url(url: str, whom: str) -> SplitResult:
    """Return the parts of an address. Raises `WrongUsage` without quoting it: it may hold a secret."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one or plain(url) != url:
        raise WrongUsage(f"the address of {whom} is not a URL: it must begin with https:// or http://")
    return parts


def origin_of(parts: SplitResult) -> tuple[str, str]:
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    return parts.scheme, f"{parts.hostname}:{port}"


def _manager(parts: SplitResult) -> urllib3.PoolManager:
    """Return connections to a host, by the proxy that the environment names for it."""
    context = _context() if parts.scheme == "https" else None
    _, host = origin_of(parts)
    proxies = getproxies()
    proxy = "" if proxy_bypass(host) else proxies.get(parts.scheme) or proxies.get("all") or ""
    if not proxy:
        return urllib3.PoolManager(timeout=TIMEOUT, ssl_context=context)
    try:
        address = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        user = f"{unquote(address.username)}:{unquote(address.password or '')}" if address.username else ""
        headers = urllib3.make_headers(proxy_basic_auth=user) if user else None
        there = f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
        return urllib3.ProxyManager(there, proxy_headers=headers, timeout=TIMEOUT, ssl_context=context)
    except (HTTPError, ValueError) as error:
        hint = f"set {parts.scheme.upper()}_PROXY to http://host:port or https://host:port"
        raise WrongUsage("the address of the proxy is not valid", hint=hint) from error


def _context() -> ssl.SSLContext | None:
    """Return what trusts the certificates of a bundle beside those of the system; None without a bundle."""
    name = next((name for name in BUNDLES if os.environ.get(name)), "")
    if not name:
        return None
    context, bundle = create_urllib3_context(), Path(os.environ[name])
    context.load_default_certs()
    try:
        context.load_verify_locations(**{"capath" if bundle.is_dir() else "cafile": str(bundle)})
    except (OSError, ValueError) as error:
        raise WrongUsage(f"the certificates in {name} cannot be read") from error
    return context


def _beginning(response: urllib3.BaseHTTPResponse, largest: int) -> bytes:
    """Return what an answer says, and of one that is too large one byte more than there may be."""
    try:
        return response.read(largest + 1)
    finally:
        response.close()


def _caught(work: Callable[[], Answer]) -> Answer | Stopped:
    try:
        return work()
    except Stopped as stopped:
        return stopped
    except Exception as error:  # noqa: BLE001 - what no library announces; a thread must not lose it, nor print it
        return Stopped(f"a request failed unexpectedly: {type(error).__name__}")


def _is_limited(headers: Mapping[str, str]) -> bool:
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"


def _json(data: bytes) -> tuple[Json, bool]:
    try:
        return (json.loads(data) if data else None), True
    except (ValueError, RecursionError):
        return None, False

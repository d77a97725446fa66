"""Comments and issues where code is reviewed: what the command line needs, and what the APIs of forges share."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlencode

from reconciler.adapters.forge.http import Answer, Gone, Http
from reconciler.model import Json
from reconciler.problems import WrongUsage

PAGE = 100  # of both APIs the most
CUT = "\n\n**Truncated:** the rest did not fit.\n"
LOST = "the request may have succeeded; run it again: it checks first"


@dataclass(frozen=True, slots=True)
class Post:
    """A comment, or an issue, whose `id` is then its number. `updated` is in ISO 8601."""

    id: int
    body: str
    url: str
    updated: str = ""
    author: str = ""
    is_bots: bool = False  # written by an app, not by a person


class Forge(Protocol):
    """One repository. `Gone` in an answer to a change means that what was to be changed is deleted."""

    def renew(self) -> None:
        """Begin the time anew in which the forge has to have answered everything."""

    def reference(self, number: int) -> str:
        """Return how the forge writes the number of a request for review."""

    def fitting(self, body: str) -> str:
        """Return a text as the forge accepts it: shorter, if it is too long."""

    def is_ours(self, post: Post) -> bool:
        """Whether the token's own account wrote a post: our mark can be copied into any."""

    def comments(self, number: int) -> Iterator[Post]: ...

    def comment(self, number: int, body: str) -> Post: ...

    def change_comment(self, number: int, comment: int, body: str) -> Post:
        """Raises `Gone` where it is deleted."""

    def open_issues(self, label: str) -> Iterator[Post]: ...

    def open_issue(self, title: str, body: str, label: str) -> Post: ...

    def change_issue(self, number: int, title: str, body: str) -> Post:
        """Raises `Gone` where it is deleted."""

    def close_issue(self, number: int, text: str, *, is_done: bool) -> Post:
        """Close an issue with a comment. Raises `Gone` where it is deleted."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The names under which an API gives the parts of a post."""

    number: str
    body: str
    url: str
    author: tuple[str, str]  # of the object, and of the name in it
    is_of_app: Callable[[Mapping[str, Json]], bool] = lambda _: False


class Api:
    """Posts of a repository. `root` is its address in the API, `hint` is for one that does not exist."""

    def __init__(self, http: Http, root: str, hint: str) -> None:
        self._http = http
        self._root = root
        self._hint = hint

    def pages(
        self, path: str, query: Mapping[str, Json], shape: Shape, is_meant: Callable[[Json], bool] = lambda _: True
    ) -> Iterator[Post]:
        page = 1
        while True:
            url = f"{self._root}/{path}?{urlencode({**query, 'per_page': PAGE, 'page': page})}"
            try:
                answer = self._http.send("GET", url)
            except Gone as gone:
                raise WrongUsage(str(gone), hint=self._hint) from gone
            if not isinstance(answer.body, list):
                raise self._http.strange(answer, "a list")
            posts = [(one, self._post(answer, one, shape)) for one in answer.body]
            yield from (post for one, post in posts if is_meant(one))
            if len(posts) < PAGE:
                return
            page += 1

    def create(self, path: str, body: Json, shape: Shape) -> Post:
        try:
            return self.send("POST", path, body, shape)
        except Gone as gone:
            raise WrongUsage(str(gone), hint=self._hint) from gone

    def send(self, method: str, path: str, body: Json, shape: Shape) -> Post:
        answer = self._http.send(method, f"{self._root}/{path}", body)
        return self._post(answer, answer.body, shape)

    def _post(self, answer: Answer, one: Json, shape: Shape) -> Post:
        """Return a post as the API gives it. Raises `Stopped` for anything else."""
        made = one if isinstance(one, Mapping) else {}
        author_name, login_name = shape.author
        author = made.get(author_name) or {}
        number, body = made.get(shape.number), made.get(shape.body) or ""
        url, updated = made.get(shape.url) or "", made.get("updated_at") or ""
        texts = all(isinstance(text, str) for text in (body, url, updated))
        if not texts or not isinstance(number, int) or isinstance(number, bool) or not isinstance(author, Mapping):
            raise self._http.strange(answer, "comments or issues")
        login = author.get(login_name)
        return Post(number, body, url, updated, login if isinstance(login, str) else "", shape.is_of_app(made))


def login_of(http: Http, root: str, name: str) -> str:
    """Return the login that a token belongs to. Raises `Denied`, `Gone` and `Stopped`."""
    answer = http.send("GET", f"{root}/user")
    login = answer.body.get(name) if isinstance(answer.body, Mapping) else None
    if not isinstance(login, str) or not login:
        raise http.strange(answer, "a user")
    return login


def cut(body: str, longest: int) -> str:
    """Return a text of at most that many characters: a longer one is cut where a line ends, and says so."""
    if len(body) <= longest:
        return body
    kept = body[: longest - len(CUT)]
    return kept[: kept.rfind("\n") + 1 or None].rstrip("\n") + CUT


def quoted(text: str) -> str:
    """Return a text as one part of a path."""
    return quote(text, safe="", errors="replace")

"""GitHub's REST API, as far as comments and issues need it (https://docs.github.com/en/rest, version 2022-11-28)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from reconciler.adapters.forge.http import Answer, Gone, Http, checked_url
from reconciler.model import Json
from reconciler.ports import Clock
from reconciler.problems import Denied, WrongUsage

PAGE = 100
LONGEST = 65_536  # characters of a comment or an issue; GitHub refuses longer ones with 422
CUT = "\n\n**Truncated:** the rest did not fit.\n"
WRITES = "check the repository, the number, and that the token has `pull-requests: write` and `issues: write`"
LOST = "the request may have succeeded; run it again: it checks first"
# The token of a job may not ask who it is (403). It writes as this, which no person can be called.
ACTIONS_BOT = "github-actions[bot]"
BOT = "Bot"


@dataclass(frozen=True, slots=True)
class Post:
    """A comment, or an issue, whose `id` is then its number. `updated` is in ISO 8601."""

    id: int
    body: str
    url: str
    updated: str = ""
    author: str = ""
    is_bots: bool = False  # written by an app, not by a person


class GitHub:
    """One repository. `Gone` in an answer to a write means that what was to be changed is deleted.

    `author` is the login whose posts are ours; empty for that of the token.
    """

    def __init__(self, base: str, repository: str, token: str, clock: Clock, author: str = "") -> None:
        owner, slash, name = repository.partition("/")
        if not (owner and slash and name) or "/" in name:
            raise WrongUsage(f"{repository} is not a repository name", hint="use the form owner/name")
        parts = checked_url(base, "GitHub")
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        server = parts.netloc.rpartition("@")[2]
        self._http = Http("GitHub", clock, headers, server=server, secrets=(token,), lost=LOST)
        self._root = base.rstrip("/")
        self._base = f"{self._root}/repos/{_quoted(owner)}/{_quoted(name)}"
        self._author = author

    def renew(self) -> None:
        """Begin the time anew in which GitHub has to have answered everything."""
        self._http.renew()

    def is_ours(self, post: Post) -> bool:
        """Whether the token's own account wrote a post: our mark can be copied into any."""
        if not self._author:
            self._author = self._login()
        is_app = self._author.endswith("[bot]")
        return post.author.lower() == self._author.lower() and (post.is_bots or not is_app)

    def comments(self, number: int) -> Iterator[Post]:
        return self._pages(f"issues/{number}/comments", {}, "id")

    def comment(self, number: int, body: str) -> Post:
        return self._write("POST", f"issues/{number}/comments", {"body": fitting(body)}, "id")

    def change_comment(self, comment: int, body: str) -> Post:
        """Raises `Gone` where it is deleted."""
        return self._sent("PATCH", f"issues/comments/{comment}", {"body": fitting(body)}, "id")

    def open_issues(self, label: str) -> Iterator[Post]:
        query = {"state": "open", "labels": label}
        return self._pages("issues", query, "number", lambda one: "pull_request" not in one)

    def open_issue(self, title: str, body: str, label: str) -> Post:
        return self._write("POST", "issues", {"title": title, "body": fitting(body), "labels": [label]}, "number")

    def change_issue(self, number: int, **members: Json) -> Post:
        """Raises `Gone` where it is deleted."""
        body = {**members, **({"body": fitting(members["body"])} if "body" in members else {})}
        return self._sent("PATCH", f"issues/{number}", body, "number")

    def _login(self) -> str:
        """https://docs.github.com/en/rest/users/users#get-the-authenticated-user: for tokens of users alone."""
        try:
            answer = self._http.send("GET", f"{self._root}/user")
        except (Denied, Gone):
            return ACTIONS_BOT
        login = answer.body.get("login") if isinstance(answer.body, Mapping) else None
        if not isinstance(login, str) or not login:
            raise self._http.strange(answer, "a user")
        return login

    def _pages(
        self, path: str, query: dict[str, Json], key: str, is_meant: Callable[[Json], bool] = lambda _: True
    ) -> Iterator[Post]:
        page = 1
        while True:
            url = f"{self._base}/{path}?{urlencode({**query, 'per_page': PAGE, 'page': page})}"
            try:
                answer = self._http.send("GET", url)
            except Gone as gone:
                raise WrongUsage(str(gone), hint=WRITES) from gone
            if not isinstance(answer.body, list):
                raise self._http.strange(answer, "a list")
            posts = [(one, self._post(answer, one, key)) for one in answer.body]
            yield from (post for one, post in posts if is_meant(one))
            if len(posts) < PAGE:
                return
            page += 1

    def _write(self, method: str, path: str, body: Json, key: str) -> Post:
        try:
            return self._sent(method, path, body, key)
        except Gone as gone:
            raise WrongUsage(str(gone), hint=WRITES) from gone

    def _sent(self, method: str, path: str, body: Json, key: str) -> Post:
        answer = self._http.send(method, f"{self._base}/{path}", body)
        return self._post(answer, answer.body, key)

    def _post(self, answer: Answer, one: Json, key: str) -> Post:
        """Return a post as the API gives it, whose id is under that key. Raises `Stopped` for anything else."""
        made = one if isinstance(one, Mapping) else {}
        user = made.get("user") or {}
        number, body = made.get(key), made.get("body") or ""
        url, updated = made.get("html_url") or "", made.get("updated_at") or ""
        texts = all(isinstance(text, str) for text in (body, url, updated))
        if not texts or not isinstance(number, int) or isinstance(number, bool) or not isinstance(user, Mapping):
            raise self._http.strange(answer, "comments or issues")
        login, is_bots = user.get("login"), user.get("type") == BOT or bool(made.get("performed_via_github_app"))
        return Post(number, body, url, updated, login if isinstance(login, str) else "", is_bots)


def fitting(body: str) -> str:
    """Return a text that GitHub takes: what is too long is cut where a line ends, and says so."""
    if len(body) <= LONGEST:
        return body
    kept = body[: LONGEST - len(CUT)]
    return kept[: kept.rfind("\n") + 1 or None].rstrip("\n") + CUT


def _quoted(text: str) -> str:
    return quote(text, errors="replace")

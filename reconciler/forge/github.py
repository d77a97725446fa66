"""GitHub's REST API, as far as comments and issues need it (https://docs.github.com/en/rest, version 2022-11-28)."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from reconciler.forge.http import Gone, Http
from reconciler.model import Json
from reconciler.ports import Clock
from reconciler.problems import WrongUsage

PAGE = 100
LONGEST = 65_536  # characters of a comment or an issue; GitHub refuses longer ones with 422
CUT = "\n\n**Not complete:** the rest did not fit here.\n"
WRITES = "the token needs `pull-requests: write` and `issues: write`, and the repository and the number must exist"


@dataclass(frozen=True, slots=True)
class Post:
    """A comment, or an issue, whose `id` is then its number. `updated` is in ISO 8601."""

    id: int
    body: str
    url: str
    updated: str = ""


class GitHub:
    """One repository. `Gone` in an answer to a write means that somebody deleted what was to be changed."""

    def __init__(self, base: str, repository: str, token: str, clock: Clock) -> None:
        owner, slash, name = repository.partition("/")
        if not (owner and slash and name) or "/" in name:
            raise WrongUsage(f"{repository} is no repository", hint="as in owner/name")
        self._http = Http("GitHub", clock, {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        })  # fmt: skip
        self._base = f"{base.rstrip('/')}/repos/{quote(owner)}/{quote(name)}"

    def comments(self, number: int) -> Iterator[Post]:
        return (_post(one, one["id"]) for one in self._pages(f"issues/{number}/comments", {}))

    def comment(self, number: int, body: str) -> Post:
        made = self._write("POST", f"issues/{number}/comments", {"body": fitting(body)})
        return _post(made, made["id"])

    def change_comment(self, comment: int, body: str) -> Post:
        """Raises `Gone` where somebody has deleted it."""
        made = self._http.send("PATCH", f"{self._base}/issues/comments/{comment}", {"body": fitting(body)}).body
        return _post(made, made["id"])

    def open_issues(self, label: str) -> Iterator[Post]:
        found = self._pages("issues", {"state": "open", "labels": label})
        return (_post(one, one["number"]) for one in found if "pull_request" not in one)

    def open_issue(self, title: str, body: str, label: str) -> Post:
        made = self._write("POST", "issues", {"title": title, "body": fitting(body), "labels": [label]})
        return _post(made, made["number"])

    def change_issue(self, number: int, **members: Json) -> Post:
        """Raises `Gone` where somebody has deleted it."""
        body = {**members, **({"body": fitting(members["body"])} if "body" in members else {})}
        made = self._http.send("PATCH", f"{self._base}/issues/{number}", body).body
        return _post(made, made["number"])

    def _pages(self, path: str, query: dict[str, Json]) -> Iterator[Json]:
        page = 1
        while True:
            try:
                found = self._http.send(
                    "GET", f"{self._base}/{path}?{urlencode({**query, 'per_page': PAGE, 'page': page})}"
                )
            except Gone as gone:
                raise WrongUsage(str(gone), hint=WRITES) from gone
            yield from found.body or ()
            if len(found.body or ()) < PAGE:
                return
            page += 1

    def _write(self, method: str, path: str, body: Json) -> Json:
        try:
            return self._http.send(method, f"{self._base}/{path}", body).body
        except Gone as gone:
            raise WrongUsage(str(gone), hint=WRITES) from gone


def fitting(body: str) -> str:
    """Return a text that GitHub takes: what is too long is cut where a line ends, and says so."""
    if len(body) <= LONGEST:
        return body
    kept = body[: LONGEST - len(CUT)]
    return kept[: kept.rfind("\n") + 1 or None].rstrip("\n") + CUT


def _post(made: Json, id_: int) -> Post:
    return Post(id_, made.get("body") or "", made.get("html_url", ""), made.get("updated_at", ""))

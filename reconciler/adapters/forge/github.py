"""GitHub's REST API, as far as comments and issues need it (https://docs.github.com/en/rest, version 2022-11-28)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.adapters.forge.http import Gone, Http, checked_url
from reconciler.adapters.forge.posts import LOST, Api, Post, Shape, cut, login_of, quoted
from reconciler.model import Json
from reconciler.ports import Clock
from reconciler.problems import Denied, WrongUsage

LONGEST = 65_536  # characters of a comment or an issue; GitHub refuses longer ones with 422
WRITES = "check the repository, the number, and that the token has `pull-requests: write` and `issues: write`"
# The token of a job may not ask who it is (403). It writes as this, which no person can be called.
ACTIONS_BOT = "github-actions[bot]"


def _is_of_app(post: Mapping[str, Json]) -> bool:
    return (post.get("user") or {}).get("type") == "Bot" or bool(post.get("performed_via_github_app"))


COMMENT = Shape(number="id", body="body", url="html_url", author=("user", "login"), is_of_app=_is_of_app)
ISSUE = replace(COMMENT, number="number")


class GitHub:
    """One repository. `author` is the login whose posts are ours; empty for that of the token."""

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
        self._api = Api(self._http, f"{self._root}/repos/{quoted(owner)}/{quoted(name)}", WRITES)
        self._author = author

    def renew(self) -> None:
        self._http.renew()

    def reference(self, number: int) -> str:
        return f"#{number}"

    def fitting(self, body: str) -> str:
        return cut(body, LONGEST)

    def is_ours(self, post: Post) -> bool:
        if not self._author:
            self._author = self._login()
        is_app = self._author.endswith("[bot]")
        return post.author.lower() == self._author.lower() and (post.is_bots or not is_app)

    def comments(self, number: int) -> Iterator[Post]:
        return self._api.pages(f"issues/{number}/comments", {}, COMMENT)

    def comment(self, number: int, body: str) -> Post:
        return self._api.create(f"issues/{number}/comments", {"body": self.fitting(body)}, COMMENT)

    def change_comment(self, number: int, comment: int, body: str) -> Post:  # noqa: ARG002 - GitHub needs no number
        return self._api.send("PATCH", f"issues/comments/{comment}", {"body": self.fitting(body)}, COMMENT)

    def open_issues(self, label: str) -> Iterator[Post]:
        query = {"state": "open", "labels": label}
        return self._api.pages("issues", query, ISSUE, lambda one: "pull_request" not in one)

    def open_issue(self, title: str, body: str, label: str) -> Post:
        return self._api.create("issues", {"title": title, "body": self.fitting(body), "labels": [label]}, ISSUE)

    def change_issue(self, number: int, title: str, body: str) -> Post:
        return self._api.send("PATCH", f"issues/{number}", {"title": title, "body": self.fitting(body)}, ISSUE)

    def close_issue(self, number: int, text: str, *, is_done: bool) -> Post:
        self.comment(number, text)
        reason = "completed" if is_done else "not_planned"
        return self._api.send("PATCH", f"issues/{number}", {"state": "closed", "state_reason": reason}, ISSUE)

    def _login(self) -> str:
        """https://docs.github.com/en/rest/users/users#get-the-authenticated-user: for tokens of users alone."""
        try:
            return login_of(self._http, self._root, "login")
        except (Denied, Gone):
            return ACTIONS_BOT

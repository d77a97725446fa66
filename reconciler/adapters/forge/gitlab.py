"""GitLab's REST API, as far as notes and issues need it (https://docs.gitlab.com/api/notes and /api/issues)."""

import re
from collections.abc import Iterator

from reconciler.adapters.forge.http import Http, checked_url
from reconciler.adapters.forge.posts import LOST, Api, Post, Shape, cut, login_of, quoted
from reconciler.ports import Clock

LONGEST = 1_000_000  # characters of a note
WRITES = "check the project, the number, and that the token has the scope `api`: the token of a job writes no notes"
NOTE = Shape(number="id", body="body", url="", author=("author", "username"))
ISSUE = Shape(number="iid", body="description", url="web_url", author=("author", "username"))
# A line that begins with a slash is an order: https://docs.gitlab.com/user/project/quick_actions
QUICK_ACTION = re.compile(r"^/", re.MULTILINE)


class GitLab:
    """One project, by number or path. `author` is the user whose posts are ours; empty for that of the token."""

    def __init__(self, base: str, project: str, token: str, clock: Clock, author: str = "") -> None:
        server = checked_url(base, "GitLab").netloc.rpartition("@")[2]
        headers = {"Accept": "application/json", "PRIVATE-TOKEN": token}
        self._http = Http("GitLab", clock, headers, server=server, secrets=(token,), lost=LOST)
        self._root = base.rstrip("/")
        self._api = Api(self._http, f"{self._root}/projects/{quoted(project)}", WRITES)
        self._author = author

    def renew(self) -> None:
        self._http.renew()

    def reference(self, number: int) -> str:
        return f"!{number}"

    def fitting(self, body: str) -> str:
        return cut(QUICK_ACTION.sub(r"\\/", body), LONGEST)

    def is_ours(self, post: Post) -> bool:
        if not self._author:
            self._author = login_of(self._http, self._root, "username")
        return post.author.lower() == self._author.lower()

    def comments(self, number: int) -> Iterator[Post]:
        query = {"sort": "asc", "order_by": "created_at"}
        return self._api.pages(f"merge_requests/{number}/notes", query, NOTE, lambda one: not one.get("system"))

    def comment(self, number: int, body: str) -> Post:
        return self._api.create(f"merge_requests/{number}/notes", {"body": self.fitting(body)}, NOTE)

    def change_comment(self, number: int, comment: int, body: str) -> Post:
        path = f"merge_requests/{number}/notes/{comment}"
        return self._api.send("PUT", path, {"body": self.fitting(body)}, NOTE)

    def open_issues(self, label: str) -> Iterator[Post]:
        return self._api.pages("issues", {"state": "opened", "labels": label, "scope": "all"}, ISSUE)

    def open_issue(self, title: str, body: str, label: str) -> Post:
        return self._api.create("issues", {"title": title, "description": self.fitting(body), "labels": label}, ISSUE)

    def change_issue(self, number: int, title: str, body: str) -> Post:
        return self._api.send("PUT", f"issues/{number}", {"title": title, "description": self.fitting(body)}, ISSUE)

    def close_issue(self, number: int, text: str, *, is_done: bool) -> Post:  # noqa: ARG002 - GitLab keeps no reason
        self._api.create(f"issues/{number}/notes", {"body": self.fitting(text)}, NOTE)
        return self._api.send("PUT", f"issues/{number}", {"state_event": "close"}, ISSUE)

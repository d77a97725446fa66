"""GitLab as far as notes and issues go, as its REST API documents them; it refuses as GitLab does.

https://docs.gitlab.com/api/notes, /api/issues, /api/rest/troubleshooting and /ci/jobs/ci_job_token. A note keeps no
blanks around it, and a line that begins with a slash is an order (/user/project/quick_actions).
"""

import re
from dataclasses import dataclass, field

from reconciler.model import Json
from tests.adapters.forge.fake_github import FakeForge, paged

TOKEN = "glpat-t0ken"
JOB_TOKEN = "glcbt-64_job"
PROJECT = "team/batch"
LONGEST = 1_000_000


@dataclass
class FakeGitLab(FakeForge):
    """`notes` are of merge requests and issues, by their number; an issue has its description, not a body."""

    notes: dict[int, Json] = field(default_factory=dict)
    issues: dict[int, Json] = field(default_factory=dict)
    vanish: set[int] = field(default_factory=set)
    count: int = 300
    username: str = "project_5_bot_4ffca233d8298ea1"

    @property
    def user(self) -> Json:
        return {"id": 1, "username": self.username, "name": "plans", "state": "active"}

    def answer(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Json
    ) -> tuple[int, Json]:
        self.calls.append(f"{method} {path}")
        token = headers.get("private-token")
        if token not in (TOKEN, JOB_TOKEN):
            return 401, {"message": "401 Unauthorized"}
        if path == "/api/v4/user":
            return 200, self.user
        found = re.fullmatch(r"/api/v4/projects/(5|team%2Fbatch)/(.*)", path)
        if not found:
            return 404, {"message": "404 Project Not Found"}
        if token == JOB_TOKEN and method != "GET":
            return 403, {"error": "insufficient_scope", "scope": "api"}
        return self.of_project(method, found[2], query, body)

    def of_project(self, method: str, rest: str, query: dict[str, str], body: Json) -> tuple[int, Json]:
        text = (body or {}).get("body") or (body or {}).get("description") or ""
        if len(text) > LONGEST:
            return 400, {"message": {"note": ["is too long (maximum is 1000000 characters)"]}}
        if orders := re.findall(r"^/\w+", text, re.MULTILINE):
            return 202, {"commands_changes": {}, "summary": orders}
        if found := re.fullmatch(r"(merge_requests|issues)/(\d+)/notes(?:/(\d+))?", rest):
            return self.of_notes(method, (found[1], int(found[2])), found[3], query, body)
        if found := re.fullmatch(r"issues(?:/(\d+))?", rest):
            return self.of_issues(method, found[1], query, body)
        return 404, {"error": "404 Not Found"}

    def of_notes(
        self, method: str, there: tuple[str, int], note: str | None, query: dict[str, str], body: Json
    ) -> tuple[int, Json]:
        if method == "GET":
            return 200, paged([one for one in self.notes.values() if one["there"] == there], query)
        if method == "PUT":
            if int(note or 0) in self.vanish:
                return 404, {"message": "404 Not found"}
            self.notes[int(note or 0)]["body"] = body["body"].strip()
            return 200, self.notes[int(note or 0)]
        return 201, self.add_note(there, body["body"].strip())

    def add_note(self, there: tuple[str, int], text: str, **more: Json) -> Json:
        self.count += 1
        made = {"id": self.count, "there": there, "body": text, "author": self.user, "system": False,
                "updated_at": "2013-10-02T10:22:45Z", "noteable_iid": there[1], **more}  # fmt: skip
        self.notes[self.count] = made
        return made

    def of_issues(self, method: str, number: str | None, query: dict[str, str], body: Json) -> tuple[int, Json]:
        if method == "GET":
            meant = [
                one for one in self.issues.values() if one["state"] == "opened" and query["labels"] in one["labels"]
            ]
            return 200, paged(meant, query)
        if method == "PUT":
            issue = self.issues[int(number or 0)]
            if body.pop("state_event", "") == "close":
                issue["state"] = "closed"
            issue.update(body)
            return 200, issue
        self.count += 1
        made = {"id": self.count * 10, "iid": self.count, "state": "opened", "author": self.user, "labels": [],
                "web_url": f"{self.url}/issues/{self.count}", "updated_at": "2999-01-01T00:00:00Z"}  # fmt: skip
        self.issues[self.count] = {**made, **body, "labels": body["labels"].split(",")}
        return 201, self.issues[self.count]

"""`reconciler comment`."""

import os
import re
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.options import add_output, parse_count, parse_duration
from reconciler.cli.output import Output, read_drift_document
from reconciler.problems import Denied, Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.adapters.forge.posts import Forge, Post
    from reconciler.report.comments import Issue, IssueMark
    from reconciler.report.fleet import Fleet
    from reconciler.report.text.page import Page

    MarkedPost = tuple[Post, IssueMark]

EXAMPLES = """\
  reconciler plan --all -o markdown=plan.md
  reconciler comment plan plan.md --number 17           creates or updates the comment
  reconciler comment plan plan.md --only-update         updates it only if it exists
  reconciler drift --all -o json=drift.json
  reconciler comment drift drift.json --interval 6h     opens, updates and closes issues

GitHub: the token is read from GITHUB_TOKEN or GH_TOKEN. It needs `pull-requests: write` for a plan, `issues: write` for
drift. In GitHub Actions, the number of the pull request and the repository are found automatically.

GitLab, in a job of GitLab or with --gitlab-url: the token is read from GITLAB_TOKEN. It needs the scope `api`: the
token of a job writes no notes. In a pipeline for a merge request, its number and the project are found automatically.
"""
DAY = 24 * 3600.0
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
GITLAB_TOKENS = ("GITLAB_TOKEN",)
PUBLIC = "https://api.github.com"
GITLAB_PUBLIC = "https://gitlab.com/api/v4"
OF_PULL_REQUEST = re.compile(r"refs/pull/([0-9]+)/")  # GITHUB_REF in a run for a pull request
PROJECTS = ("CI_MERGE_REQUEST_PROJECT_ID", "CI_PROJECT_ID")  # a pipeline of a fork runs in the project of the fork


def add(parser: ArgumentParser) -> None:
    parser.add_argument("about", choices=("plan", "drift"), help="plan: a comment; drift: issues")
    parser.add_argument(
        "file", metavar="FILE", help="plan: the Markdown to post; drift: the document of `drift -o json`"
    )
    parser.add_argument(
        "--number", type=parse_count, metavar="N",
        help="number of the pull request or merge request (default: that of GITHUB_REF, or CI_MERGE_REQUEST_IID)",
    )  # fmt: skip
    parser.add_argument("--key", default="plan", help="one comment for each key (default: plan)")
    parser.add_argument("--only-update", action="store_true", help="update the comment, but do not create one")
    parser.add_argument("--label", default="reconciler-drift", help="label of the issues (default: reconciler-drift)")
    parser.add_argument(
        "--interval", type=parse_duration, default=DAY, metavar="TIME",
        help="update an issue of this age even if its drift is unchanged (default: 24h)",
    )  # fmt: skip
    group = parser.add_argument_group("GitHub and GitLab")
    group.add_argument(
        "--repo", metavar="OWNER/NAME", help="the repository or project (default: GITHUB_REPOSITORY, or CI_PROJECT_ID)"
    )
    where = group.add_mutually_exclusive_group()
    where.add_argument(
        "--github-url", metavar="URL", help=f"where GitHub's API is (default: GITHUB_API_URL, or {PUBLIC})"
    )
    where.add_argument(
        "--gitlab-url", metavar="URL",
        help=f"where GitLab's API is, used in its jobs (default: CI_API_V4_URL, or {GITLAB_PUBLIC})",
    )  # fmt: skip
    group.add_argument(
        "--author",
        default="",
        metavar="LOGIN",
        help="edit only comments and issues of this account (default: the token's, github-actions[bot] on GitHub)",
    )
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    if args.about == "plan":
        text, number = _read(args.file), args.number or _number(is_gitlab=is_gitlab_of(args))
        done = _plan(forge_of(args), number, args.key, text, only_update=args.only_update)
    else:
        fleet = read_drift_document(args.file)
        done = _drift(forge_of(args), fleet, args.label, args.interval)
    out.publish(
        lambda width: _page(done, width), lambda: [{"what": what, "did": did, "url": url} for what, did, url in done]
    )
    return Exit.DONE


Done = list[tuple[str, str, str]]  # of what, what was done, and where it is


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"cannot read {file}") from error


def is_gitlab_of(args: Namespace) -> bool:
    is_github = args.github_url or os.environ.get("GITHUB_REPOSITORY")
    return bool(args.gitlab_url or (os.environ.get("GITLAB_CI") and not is_github))


def forge_of(args: Namespace) -> "Forge":
    """Return the repository that is meant. Raises `WrongUsage`, and `Denied` without a token that can be one."""
    from reconciler.adapters.forge.github import GitHub
    from reconciler.adapters.forge.gitlab import GitLab
    from reconciler.adapters.machine import WallClock

    if is_gitlab_of(args):
        project = args.repo or next(filter(None, map(os.environ.get, PROJECTS)), "")
        if not project:
            raise WrongUsage("no project is known", hint="give --repo group/project, or set CI_PROJECT_ID")
        base = args.gitlab_url or os.environ.get("CI_API_V4_URL") or GITLAB_PUBLIC
        return GitLab(base, project, _token("GitLab", GITLAB_TOKENS), WallClock(), args.author)
    repository = args.repo or os.environ.get("GITHUB_REPOSITORY", "")
    if not repository:
        raise WrongUsage("no repository is known", hint="give --repo owner/name, or set GITHUB_REPOSITORY")
    base = args.github_url or os.environ.get("GITHUB_API_URL") or PUBLIC
    return GitHub(base, repository, _token("GitHub", TOKENS), WallClock(), args.author)


def _token(forge: str, names: tuple[str, ...]) -> str:
    from reconciler.adapters.forge.http import plain

    name = next((name for name in names if os.environ.get(name, "").strip()), "")
    if not name:
        raise Denied(f"no token for {forge}", hint=f"set {' or '.join(names)}; it is never taken from the command line")
    token = plain(os.environ[name])
    if token is None:
        message = f"{name} contains a character that no token has, such as a blank, a line break or an accent"
        raise Denied(message, hint="copy it again; it is not shown, and nothing was sent")
    return token


def _number(*, is_gitlab: bool) -> int:
    if is_gitlab:
        number = os.environ.get("CI_MERGE_REQUEST_IID", "")
        if not number.isdecimal():
            raise WrongUsage("no merge request is known", hint="give its --number; CI_MERGE_REQUEST_IID names none")
        return int(number)
    reference = OF_PULL_REQUEST.match(os.environ.get("GITHUB_REF", ""))
    if not reference:
        raise WrongUsage("no pull request is known", hint="give its --number; GITHUB_REF names none")
    return int(reference[1])


def _plan(forge: "Forge", number: int, key: str, text: str, *, only_update: bool) -> Done:
    from reconciler.report.comments import mark, marked

    body = forge.fitting(marked(key, text))
    did, post = _upsert(forge, number, f"{mark(key)} ", body, only_update=only_update)
    return [(f"comment {key} of {forge.reference(number)}", did, post.url if post else "")]


def _upsert(forge: "Forge", number: int, beginning: str, body: str, *, only_update: bool) -> tuple[str, "Post | None"]:
    from reconciler.adapters.forge.http import Gone

    marked = (post for post in forge.comments(number) if post.body.startswith(beginning))
    ours = next(filter(forge.is_ours, marked), None)
    if ours and ours.body.rstrip() == body.rstrip():  # of the blanks at the end a forge may keep none
        return "unchanged", ours
    try:
        if ours:
            return "updated", forge.change_comment(number, ours.id, body)
    except Gone:  # deleted since we looked
        ours = None
    return ("left out", None) if only_update else ("created", forge.comment(number, body))


def _drift(forge: "Forge", fleet: "Fleet", label: str, interval: float) -> Done:
    from reconciler.report.comments import claims, drift_issue, is_known

    there = _issues(forge, label)
    claimed, gone = claims(fleet.outcomes, [mark for _, mark in there])
    each = [
        (outcome, [there[number] for number in numbers])
        for outcome, numbers in zip(fleet.outcomes, claimed, strict=True)
    ]
    # New ones come first, then the open ones, in the order of `there`: those that were left alone for longest.
    each.sort(key=lambda pair: there.index(pair[1][0]) if pair[1] else -1)
    done = [
        _issue(forge, drift_issue(outcome), issues, label, interval) for outcome, issues in each if is_known(outcome)
    ]
    done += [(outcome.target, "left alone: its check failed", "") for outcome, _ in each if not is_known(outcome)]
    return [*done, *_close_gone(forge, fleet, [there[number] for number in gone])]


def _issues(forge: "Forge", label: str) -> "list[MarkedPost]":
    """Return our open issues with their marks, those first that were not looked after for longest."""
    from reconciler.report.comments import issue_mark

    marked = [(post, mark) for post in forge.open_issues(label) if (mark := issue_mark(post.body))]
    return sorted((one for one in marked if forge.is_ours(one[0])), key=lambda one: one[0].updated)


def _issue(
    forge: "Forge", issue: "Issue", posts: "list[MarkedPost]", label: str, interval: float
) -> tuple[str, str, str]:
    from reconciler.adapters.forge.http import Gone

    forge.renew()
    try:
        if not issue.is_open:
            closed = [forge.close_issue(post.id, "The drift is gone.", is_done=True).url for post, _ in posts]
            return issue.target, "closed" if closed else "no drift", closed[0] if closed else ""
        if not posts:
            return issue.target, "opened", forge.open_issue(issue.title, issue.body, label).url
        (ours, mark), *twins = posts
        for twin, _ in twins:
            forge.close_issue(twin.id, f"This drift is reported in #{ours.id}.", is_done=False)
        if mark.deployment and mark.digest == issue.digest and _age(ours.updated) < interval:
            return issue.target, "unchanged", ours.url
        return issue.target, "updated", forge.change_issue(ours.id, issue.title, issue.body).url
    except Gone:
        return issue.target, "its issue was deleted; the next run opens a new one", ""


def _close_gone(forge: "Forge", fleet: "Fleet", there: "list[MarkedPost]") -> Done:
    """Close the issues of deployments that are no more, if the document has all that there are."""
    from reconciler.adapters.forge.http import Gone

    done: Done = []
    for post, mark in there if fleet.is_whole else ():
        if mark.deployment and mark.deployment.file != fleet.file:
            continue  # of a different file, whose own run closes it
        forge.renew()
        try:
            text = f"{mark.name} is no longer a deployment of {fleet.file}."
            closed = forge.close_issue(post.id, text, is_done=False)
            done.append((mark.name, "closed: no longer a deployment", closed.url))
        except Gone:
            continue  # deleted since we looked, which is as good
    return done


def _age(updated: str) -> float:
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(updated)).total_seconds()
    except (ValueError, TypeError):
        return float("inf")


def _page(done: Done, width: int) -> "Page":
    from reconciler.report.text.page import Page

    page = Page(width)
    for what, did, url in done:
        page.line((what, "bold"), f": {did}", (f"  {url}" if url else "", "dim"))
    return page

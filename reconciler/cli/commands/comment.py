"""`reconciler comment`."""

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.options import add_output, count, duration
from reconciler.cli.output import Output
from reconciler.cli.posting import add_github, drift_in, github_of, number_of_pull_request
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.forge.github import GitHub, Post
    from reconciler.report.page import Page
    from reconciler.report.posts import Issue

HELP = "keep one comment in a pull request, or one issue for each target that has drifted"
EXAMPLES = """\
  reconciler plan --all -o markdown=plan.md
  reconciler comment plan plan.md --number 17           writes the comment, or writes it anew
  reconciler comment plan plan.md --only-update         none if there was none: nothing has changed
  reconciler drift --all -o json=drift.json
  reconciler comment drift drift.json --interval 6h     opens, updates and closes issues

The token is that of GITHUB_TOKEN or GH_TOKEN, and needs `pull-requests: write` for a plan, `issues: write` for drift.
In a run of GitHub Actions for a pull request, its number and the repository are known.
"""
DAY = 24 * 3600.0


def add(parser: ArgumentParser) -> None:
    parser.add_argument("about", choices=("plan", "drift"), help="plan: a comment; drift: issues")
    parser.add_argument(
        "file", metavar="FILE", help="for plan the Markdown to post, for drift what `drift -o json` wrote"
    )
    parser.add_argument("--number", type=count, metavar="N", help="of the pull request (default: that of GITHUB_REF)")
    parser.add_argument("--key", default="plan", help="tells several comments apart: one for each key (default: plan)")
    parser.add_argument("--only-update", action="store_true", help="write no comment where there is none yet")
    parser.add_argument("--label", default="reconciler-drift", help="of the issues (default: reconciler-drift)")
    parser.add_argument(
        "--interval", type=duration, default=DAY, metavar="TIME",
        help="write an issue anew that is as old, though nothing is new (default: 24h)",
    )  # fmt: skip
    add_github(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    done = _plan(args) if args.about == "plan" else _drift(args)
    out.publish(
        lambda width: _page(done, width), lambda: [{"what": what, "did": did, "url": url} for what, did, url in done]
    )
    return Exit.DONE


Done = list[tuple[str, str, str]]  # of what, what was done, and where it is


def _plan(args: Namespace) -> Done:
    from reconciler.report.posts import marked

    try:
        text = Path(args.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"cannot read {args.file}") from error
    number = args.number or number_of_pull_request()
    github = github_of(args)
    did, post = _upsert(github, number, args.key, marked(args.key, text), only_update=args.only_update)
    return [(f"comment {args.key} of #{number}", did, post.url if post else "")]


def _upsert(github: "GitHub", number: int, key: str, body: str, *, only_update: bool) -> tuple[str, "Post | None"]:
    from reconciler.forge.http import Gone
    from reconciler.report.posts import mark

    marked = (post for post in github.comments(number) if post.body.startswith(f"{mark(key)} "))
    ours = next(filter(github.is_ours, marked), None)
    if ours and ours.body == body:
        return "unchanged", ours
    try:
        if ours:
            return "updated", github.change_comment(ours.id, body)
    except Gone:  # deleted since we looked
        ours = None
    return ("left out", None) if only_update else ("created", github.comment(number, body))


def _drift(args: Namespace) -> Done:
    from reconciler.report.posts import MARK, drift_issue, is_known

    outcomes = drift_in(args.file)
    github = github_of(args)
    marked = (post for post in github.open_issues(args.label) if post.body.startswith(MARK))
    there = sorted(filter(github.is_ours, marked), key=lambda post: post.updated)
    oldest = [post.body for post in there]  # those that nobody has looked after for longest come first
    wanted = sorted((drift_issue(one) for one in outcomes if is_known(one)), key=lambda issue: _rank(issue, oldest))
    done = [_issue(github, issue, there, args) for issue in wanted]
    return [*done, *((one.target, "left alone: its check failed", "") for one in outcomes if not is_known(one))]


def _rank(issue: "Issue", bodies: list[str]) -> int:
    """New ones come first, then the open ones in the order of their age."""
    from reconciler.report.posts import mark

    return next((index for index, body in enumerate(bodies) if body.startswith(f"{mark(issue.target)} ")), -1)


def _issue(github: "GitHub", issue: "Issue", there: "list[Post]", args: Namespace) -> tuple[str, str, str]:
    from reconciler.forge.http import Gone
    from reconciler.report.posts import digest_in, mark, marked

    ours = next((post for post in there if post.body.startswith(f"{mark(issue.target)} ")), None)
    body = marked(issue.target, issue.body, issue.digest)
    try:
        if ours is None:
            opened = github.open_issue(issue.title, body, args.label) if issue.is_open else None
            return issue.target, "opened" if opened else "no drift", opened.url if opened else ""
        if not issue.is_open:
            github.comment(ours.id, "The drift is gone.")
            return issue.target, "closed", github.change_issue(ours.id, state="closed", state_reason="completed").url
        if digest_in(ours.body) == issue.digest and _age(ours.updated) < args.interval:
            return issue.target, "unchanged", ours.url
        return issue.target, "updated", github.change_issue(ours.id, body=body).url
    except Gone:
        return issue.target, "gone: somebody has deleted its issue; the next run opens another", ""


def _age(updated: str) -> float:
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(updated)).total_seconds()
    except (ValueError, TypeError):
        return float("inf")


def _page(done: Done, width: int) -> "Page":
    from reconciler.report.page import Page

    page = Page(width)
    for what, did, url in done:
        page.line((what, "bold"), f": {did}", (f"  {url}" if url else "", "dim"))
    return page

"""What the commands share that tell others: where GitHub is, with which token, and the documents that they read."""

import os
import re
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.problems import Denied, WrongUsage

if TYPE_CHECKING:
    from reconciler.forge.github import GitHub
    from reconciler.report.fleet import Fleet

TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
PUBLIC = "https://api.github.com"
OF_PULL_REQUEST = re.compile(r"refs/pull/([0-9]+)/")  # GITHUB_REF in a run for a pull request


def add_github(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("GitHub")
    group.add_argument("--repo", metavar="OWNER/NAME", help="the repository (default: GITHUB_REPOSITORY)")
    group.add_argument("--github-url", metavar="URL", help=f"where its API is (default: GITHUB_API_URL, or {PUBLIC})")
    group.add_argument(
        "--author",
        default="",
        metavar="LOGIN",
        help="edit only what this account has written (default: the token's own, github-actions[bot] in a job)",
    )


def github_of(args: Namespace) -> "GitHub":
    """Return the repository that is meant. Raises `WrongUsage`, and `Denied` without a token that can be one."""
    from reconciler.aws.clock import WallClock
    from reconciler.forge.github import GitHub
    from reconciler.forge.http import plain

    repository = args.repo or os.environ.get("GITHUB_REPOSITORY", "")
    if not repository:
        raise WrongUsage("no repository is known", hint="give --repo owner/name, or set GITHUB_REPOSITORY")
    name = next((name for name in TOKENS if os.environ.get(name, "").strip()), "")
    if not name:
        raise Denied("no token for GitHub", hint=f"set {' or '.join(TOKENS)}; it is never taken from the command line")
    token = plain(os.environ[name])
    if token is None:
        message = f"{name} contains a character that no token has, such as a blank, a line break or an accent"
        raise Denied(message, hint="copy it again; it is not shown, and nothing was sent")
    base = args.github_url or os.environ.get("GITHUB_API_URL") or PUBLIC
    return GitHub(base, repository, token, WallClock(), args.author)


def number_of_pull_request() -> int:
    found = OF_PULL_REQUEST.match(os.environ.get("GITHUB_REF", ""))
    if not found:
        raise WrongUsage("no pull request is known", hint="give its --number; GITHUB_REF names none")
    return int(found[1])


def drift_in(file: str) -> "Fleet":
    """Return what a file of `drift -o json=FILE` says of each deployment. Raises `WrongUsage`."""
    from reconciler.report.reading import Unreadable, parsed, read_drift

    try:
        return read_drift(parsed(Path(file).read_bytes()))
    except OSError as error:
        raise WrongUsage(f"cannot read {file}: {error.strerror}") from error
    except Unreadable as error:
        hint = "it takes what `drift -o json=FILE` writes"
        raise WrongUsage(f"{file} tells of no drift: {error}", hint=hint) from error

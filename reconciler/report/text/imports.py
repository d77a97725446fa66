"""What an import has written, and what it has not, for people and programs."""

import difflib
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from itertools import groupby

from reconciler.fmt import Formatted
from reconciler.importers.live import Coverage, Owner, OwnerShare
from reconciler.kinds import KINDS
from reconciler.model import Identity, Json
from reconciler.problems import Where
from reconciler.redact.presented import PresentedAuthors, PresentedLeftOut, PresentedPlan, PresentedProblem
from reconciler.report.json import place_json, plan_json, problems_json
from reconciler.report.results import Formatting, Import
from reconciler.report.text.page import Page, problems_page
from reconciler.report.text.plan import write_changes
from reconciler.report.text.values import number_of, plural
from reconciler.report.who import authors_json, write_authors

MANY = 5  # of what is left out for one reason, so many are named


def import_page(imported: Import, contents: str, width: int) -> Page:
    """`contents` says what the stack holds."""
    page = Page(width)
    for file in imported.files:
        page.whole(("wrote", "green"), f" {file}")
    page.line(f"Imported as stack {imported.stack}: {contents}")
    page.add(plan_verdict(imported, width))
    return page


def plan_verdict(imported: Import, width: int) -> Page:
    """Say what an adoption would do, and what of that keeps it from being one; or what must be given first."""
    page = Page(width)
    if imported.unset:
        page.line(f"Set these with --var, --var-file or a default: {', '.join(imported.unset)}")
        page.line("Until then, validate, render, graph and --sandbox use their examples.")
    plan = imported.plan
    if plan is None:
        return page
    if imported.changing:
        page.blank()
        write_changes(page, imported.changing)
        count = number_of(len(imported.changing), "change")
        page.whole(("The plan is not empty", "bold red"), f": {count} beyond adoption.")
    else:
        page.whole(("The plan is empty", "bold green"), f" but for adoption: {_to_adopt(plan)}.")
    return page


def left_out_page(imported: Import, width: int) -> Page:
    """Name the problems, and what was left out, with the reason."""
    page = problems_page(imported.problems, width)
    for names, why in _by_reason(imported.left_out):
        page.line(("left out", "yellow"), f": {names}: {why}")
    return page


def import_json(imported: Import) -> dict[str, Json]:
    left_out = [{"what": entry.subject, "why": entry.reason, **place_json(entry.where)} for entry in imported.left_out]
    return problems_json(
        imported.problems,
        document="import",
        stack=imported.stack,
        files=list(imported.files),
        resources=[str(address) for address in imported.addresses],
        left_out=left_out,
        unset=list(imported.unset),
        changing=[str(change.address) for change in imported.changing],
        plan=plan_json(imported.plan) if imported.plan else None,
    )


def _to_adopt(plan: PresentedPlan) -> str:
    count = len(plan.changes)
    return f"{number_of(count, 'resource')} to tag, nothing else to change" if count else "nothing is left to adopt"


def _by_reason(left_out: tuple[PresentedLeftOut, ...]) -> Iterator[tuple[str, str]]:
    """Yield what is left out for one reason, in short, and the reason."""
    ordered = sorted(left_out, key=lambda entry: entry.reason)
    for reason, group in groupby(ordered, key=lambda entry: entry.reason):
        named = [f"{entry.where}: {entry.subject}" if entry.where else entry.subject for entry in group]
        more = f" and {len(named) - MANY} more" if len(named) > MANY else ""
        yield f"{', '.join(named[:MANY])}{more}", reason


# Who owns what is live in a region, for people and programs.

STYLES = {Owner.STACK: "green", Owner.CLOUDFORMATION: "yellow", Owner.MARK: "yellow", Owner.NOBODY: "red"}
GAP = 2

Problems = tuple[PresentedProblem, ...]


def coverage_page(
    coverage: Coverage,
    place: Identity,
    unread: Problems,
    width: int,
    verbose: int,
    authors: PresentedAuthors | None = None,
) -> Page:
    """`unread` are warnings of kinds; `verbose` names each resource; `authors` are those of unowned ones, if asked.

    The last line is the one that scripts look for.
    """
    page = problems_page(unread, width)
    page.line((f"account {place.account}, region {place.region}", "dim"))
    page.blank()
    widest = max((len(str(share)) for share in coverage.shares), default=0)
    for share in coverage.shares:
        name = f"{share!s:<{widest + GAP}}"
        page.line((name, STYLES[share.owner]), f"{len(share.resources):>4}  {_kinds(share)}", hang=widest + GAP + 6)
        for address, _ in share.resources if verbose else ():
            page.line(str(address), indent=4)
    if coverage.excluded:
        page.line((f"{number_of(coverage.excluded, 'resource')} excluded by name", "dim"))
    page.blank()
    write_authors(page, authors, verbose, "Created by")
    share_of_total = f"{coverage.covered} of {number_of(coverage.total, 'resource')}"
    page.whole((f"Coverage: {share_of_total} ({coverage.percent} %) in a stack.", "bold"))
    return page


def coverage_json(
    coverage: Coverage, place: Identity, unread: Problems, authors: PresentedAuthors | None = None
) -> dict[str, Json]:
    return problems_json(
        unread,
        document="coverage",
        account=place.account,
        region=place.region,
        total=coverage.total,
        covered=coverage.covered,
        percent=coverage.percent,
        excluded=coverage.excluded,
        owners=[_share(share) for share in coverage.shares],
        who=authors_json(authors),
    )


def _share(share: OwnerShare) -> dict[str, Json]:
    return {
        "owner": share.owner.name.lower(),
        "name": share.name,
        "count": len(share.resources),
        "resources": [{"address": str(address), "arn": arn} for address, arn in share.resources],
    }


def _kinds(share: OwnerShare) -> str:
    counts = Counter(address.kind for address, _ in share.resources)
    return ", ".join(plural(counts[kind.name], kind.noun) for kind in KINDS.values() if counts[kind.name])


# What formatting did, for people: on stdout the files, on stderr the words, and the difference for `patch`.

NO_NEWLINE = "\n\\ No newline at end of file\n"


def files_page(formatting: Formatting, width: int) -> Page:
    """Name the files that are or would be changed, and count all of them."""
    page = Page(width)
    done = "formatted" if formatting.is_done else "would format"
    for file in formatting.changed:
        page.whole((done, "yellow"), f" {file.name}")
    page.line(f"{formatting.path}: {_counts(formatting)}")
    return page


def words_page(formatting: Formatting, width: int) -> Page:
    """Tell each word that is or would be another one, a line each, where it stood."""
    page = Page(width)
    done = "changed" if formatting.is_done else "would change"
    for file in formatting.changed:
        for word in file.respelled:
            line, column = word.place
            place = Where(file.name, line + 1, column + 1)
            page.whole((f"{place}: ", "dim"), f"{done} {word.before} to {word.after}")
    return page


def difference(file: Formatted) -> str:
    """Return what is different, as `diff -u` writes and `patch` reads it."""
    before, after = (list(StringIO(text.decode("utf-8-sig"))) for text in (file.before, file.after))
    lines = difflib.unified_diff(before, after, file.name, file.name)
    return "".join(line if line.endswith("\n") else line + NO_NEWLINE for line in lines)


def _counts(formatting: Formatting) -> str:
    changed, broken = len(formatting.changed), sum(bool(file.problems) for file in formatting.files)
    counts = {
        "formatted" if formatting.is_done else "to format": changed,
        "unchanged": len(formatting.files) - changed - broken,
        "with problems": broken,
    }
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no YAML files"

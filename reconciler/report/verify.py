"""Whether what a stack refers to exists and fits: as text, JSON and Markdown."""

from collections.abc import Iterable, Iterator, Sequence

from reconciler.model import Json
from reconciler.redact.presented import PresentedFinding, PresentedVerification
from reconciler.report.json import frame, place_json
from reconciler.report.text.page import Page
from reconciler.report.text.values import number_of
from reconciler.verify.base import VerifyResult

STYLES = {VerifyResult.FAIL: "bold red", VerifyResult.UNKNOWN: "magenta", VerifyResult.OK: "green"}
WARNING, WARNING_STYLE = "warning", "bold yellow"
LABEL = 9  # the width of a result's column
NAMED = 3  # resources with one and the same finding that are named
RANKS = ("fail", "unknown", WARNING, "ok")  # of the words for results, the gravest first


def verify_page(verification: PresentedVerification, width: int, verbose: int = 0) -> Page:
    """Return the findings by resource. What is ok is shown if verbose; else, what several resources share stands once.

    A thing that many definitions use is missing once.
    """
    page = Page(width)
    shown = [each for each in verification.findings if verbose or each.is_news]
    alike = _alike(shown, verbose=verbose)
    last = ""
    hints: set[str] = set()  # those that are shown: one permission may be missing for many findings
    for first, others in alike:
        address = str(first.address)
        if address != last:
            place = f"  {first.where.file}" if first.where and first.where.file != "<memory>" else ""
            page.line((address, "bold"), (place, "dim"))
            last = address
        _write(page, first, others, has_hint=bool(verbose) or first.hint not in hints)
        hints.add(first.hint)
    if shown:
        page.blank()
    page.whole((verify_line(verification), "bold"))
    return page


def verify_line(verification: PresentedVerification) -> str:
    """Return the last line of a report."""
    counts = verification.counts
    each = ", ".join(f"{counts[result]} {result}" for result in VerifyResult)
    warnings = f" ({number_of(verification.warnings, 'warning')})" if verification.warnings else ""
    return f"Verify: {each}{warnings}."


def verify_json(verification: PresentedVerification) -> dict[str, Json]:
    return {
        **frame("verify"),
        "stack": verification.stack,
        "account": verification.identity.account,
        "region": verification.identity.region,
        "summary": {str(result): count for result, count in verification.counts.items()}
        | {"warnings": verification.warnings},
        "findings": [_finding(each) for each in verification.findings],
    }


def _finding(finding: PresentedFinding) -> dict[str, Json]:
    return {
        "address": str(finding.address),
        "path": finding.path,
        "check": finding.check,
        "result": str(finding.result),
        "warning": finding.is_warning,
        "message": finding.message,
        "hint": finding.hint,
        **place_json(finding.where),
    }


def word_of(finding: PresentedFinding) -> str:
    return WARNING if finding.is_warning else str(finding.result)


def _write(page: Page, finding: PresentedFinding, others: Sequence[PresentedFinding], *, has_hint: bool) -> None:
    style = WARNING_STYLE if finding.is_warning else STYLES[finding.result]
    line = f", line {finding.where.line}" if finding.where and finding.where.line else ""
    where = f"{finding.path}: " if finding.path else ""
    page.line(
        (f"{word_of(finding):<{LABEL}}", style),
        f"{where}{finding.message}",
        (f"  ({finding.check}{line})", "dim"),
        indent=2,
        hang=LABEL,
    )
    if others:
        page.line(f"the same in {_named(others)}", indent=2 + LABEL, hang=2)
    if finding.hint and has_hint:
        page.line(("hint: ", "dim"), finding.hint, indent=2 + LABEL, hang=2)


def _named(findings: Sequence[PresentedFinding]) -> str:
    names = list(dict.fromkeys(str(each.address) for each in findings))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def _alike(
    findings: Iterable[PresentedFinding], *, verbose: int = 0
) -> Iterator[tuple[PresentedFinding, Sequence[PresentedFinding]]]:
    """Yield each finding with those of other resources that say the same, which stand nowhere else."""
    groups: dict[Json, list[PresentedFinding]] = {}
    for number, each in enumerate(findings):
        key = (each.check, each.result, each.is_warning, each.message, each.hint)
        groups.setdefault(number if verbose else key, []).append(each)
    yield from ((first, others) for first, *others in groups.values())

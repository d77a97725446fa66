"""Whether jobs can ever start: as text, JSON and Markdown; and what is known of instance types."""

from collections import Counter
from collections.abc import Iterable

from reconciler.model import Json
from reconciler.placement.catalogue import Candidates, Catalogue, InstanceType, size_of
from reconciler.placement.needs import EC2
from reconciler.placement.offers import capacities
from reconciler.placement.verdicts import BEST_FIRST, Feasibility
from reconciler.redact.presented import PresentedDefinition, PresentedPair, PresentedPlacement, PresentedVerdict
from reconciler.report.json import frame
from reconciler.report.markdown import code, prose
from reconciler.report.text.page import Page
from reconciler.report.text.values import number_of

STYLES = {
    Feasibility.NEVER: "red",
    Feasibility.UNKNOWN: "magenta",
    Feasibility.TIGHT: "yellow",
    Feasibility.FITS: "green",
}
LABEL = 8  # the width of a verdict's column


def placement_page(placement: PresentedPlacement, width: int, verbose: int = 0) -> Page:
    """Return the verdicts, the worst first. A definition that fits is shown with one environment, unless verbose."""
    page = Page(width)
    for definition in _worst_first(placement.definitions):
        outcome = definition.verdict.outcome
        page.line((f"{outcome:<{LABEL}}", STYLES[outcome]), (f"JobDefinition/{definition.name}", "bold"))
        if not definition.pairs:
            page.line(definition.verdict.detail, indent=LABEL, hang=2)
        for pair in _shown(definition, verbose):
            verdict = pair.verdict
            where = f"{pair.queue} -> {verdict.environment}" if verdict.environment else pair.queue
            page.line(f"{where}: {_text(verdict, outcome)}", indent=LABEL, hang=2)
            if verdict.code:
                page.line(f"AWS shows {verdict.code}", indent=LABEL + 2)
            if hint := verdict.hint:
                page.line(f"hint: {hint}", indent=LABEL + 2)
    page.blank()
    page.line((f"Instance types as of {placement.date}.", "dim"))
    page.whole((placement_line(placement), "bold"))
    return page


def placement_line(placement: PresentedPlacement) -> str:
    """Return the last line of a report."""
    counts = Counter(definition.verdict.outcome for definition in placement.definitions)
    of_each = ", ".join(f"{counts[outcome]} {outcome}" for outcome in reversed(BEST_FIRST))
    return f"Placement: {number_of(len(placement.definitions), 'job definition')}: {of_each}."


def placement_json(placement: PresentedPlacement) -> dict[str, Json]:
    return {
        **frame("placement"),
        "stack": placement.stack,
        "catalogue": {"date": placement.date, "source": placement.source},
        "pairs": [_pair(definition.name, pair) for definition in placement.definitions for pair in definition.pairs],
        "job_definitions": [
            {"name": definition.name, "verdict": str(definition.verdict.outcome)}
            for definition in placement.definitions
        ],
    }


def placement_markdown(placement: PresentedPlacement) -> str:
    """Return a table of everything that is not sure to fit."""
    lines = [f"### {prose(placement_line(placement))}", ""]
    rows = [
        _row(definition.name, queue, verdict)
        for definition in _worst_first(placement.definitions)
        if definition.is_refused or definition.verdict.outcome is not Feasibility.FITS
        for queue, verdict in _verdicts(definition)
    ]
    if rows:
        lines += ["| | job definition | queue | environment | why |", "|---|---|---|---|---|", *rows]
    return "\n".join([*lines, "", f"Instance types as of {placement.date}.", ""])


def _verdicts(definition: PresentedDefinition) -> Iterable[tuple[str, PresentedVerdict]]:
    """Return the verdicts by queue; without a queue, that of the definition."""
    return [(pair.queue, pair.verdict) for pair in definition.pairs] or [("", definition.verdict)]


def _row(name: str, queue: str, verdict: PresentedVerdict) -> str:
    cells = (code(each) if each else "" for each in (name, queue, verdict.environment))
    aws = f"<br>{code(verdict.code)}" if verdict.code else ""
    hint = f"<br>{prose(verdict.hint)}" if verdict.hint else ""
    return f"| {verdict.outcome} | {' | '.join(cells)} | {prose(verdict.detail)}{aws}{hint} |"


def _pair(name: str, pair: PresentedPair) -> dict[str, Json]:
    verdict = pair.verdict
    return {
        "job_definition": name,
        "job_queue": pair.queue,
        "compute_environment": verdict.environment or None,
        "verdict": str(verdict.outcome),
        "code": verdict.code or None,
        "detail": verdict.detail,
        "hint": verdict.hint,
        "instance_type": verdict.instance_type or None,
    }


def _worst_first(definitions: Iterable[PresentedDefinition]) -> list[PresentedDefinition]:
    def rank(each: PresentedDefinition) -> tuple[bool, int, str]:
        return not each.is_refused, -BEST_FIRST.index(each.verdict.outcome), each.name

    return sorted(definitions, key=rank)


def _shown(definition: PresentedDefinition, verbose: int) -> Iterable[PresentedPair]:
    if verbose or definition.is_refused or definition.verdict.outcome is not Feasibility.FITS:
        return definition.pairs
    return [next(pair for pair in definition.pairs if pair.verdict.outcome is Feasibility.FITS)]


def _text(verdict: PresentedVerdict, of_definition: Feasibility) -> str:
    """Return why, after the verdict if it is not that of the definition."""
    is_said = verdict.outcome in (of_definition, Feasibility.FITS)
    return verdict.detail if is_said else f"{verdict.outcome}: {verdict.detail}"


COLUMNS = ("type", "vCPUs", "MiB", "for jobs", "GPUs", "architecture", "EKS pods", "")
UNKNOWN = "?"


def instances_page(candidates: Candidates, catalogue: Catalogue, width: int) -> Page:
    """Return a row for each type, the smallest first; the sets of families of a bundle are one table."""
    page = Page(width)
    types = sorted({each.name: each for each in candidates}.values(), key=size_of)
    rows = [COLUMNS, *(_cells(each) for each in types)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for index, row in enumerate(rows):
        cells = "  ".join(f"{cell:<{room}}" for cell, room in zip(row, widths, strict=True)).rstrip()
        page.line((cells, "" if index else "dim"))
    for name in candidates.unknown:
        page.line(f"{name}: not known")
    page.blank()
    page.line((f"As of {catalogue.date}. Source: {catalogue.source}.", "dim"))
    page.line(("The system reserves a part of the memory. How much is known as a band: what jobs have on ECS.", "dim"))
    return page


def instances_json(candidates: Candidates, catalogue: Catalogue) -> dict[str, Json]:
    types = sorted({each.name: each for each in candidates}.values(), key=size_of)
    return {
        **frame("instance-types"),
        "catalogue": {"date": catalogue.date, "source": catalogue.source},
        "instance_types": [
            {
                "name": each.name,
                "vcpus": each.vcpus,
                "memory_mib": each.memory,
                "gpus": each.gpus,
                "architectures": list(each.architectures),
                "eks_pods": each.pods,
                "efa": each.efa,
                "previous_generation": each.previous,
            }
            for each in types
        ],
        "unknown": list(candidates.unknown),
    }


def _cells(each: InstanceType) -> tuple[str, ...]:
    least, most = capacities(each, EC2)
    band = UNKNOWN if each.memory is None else f"{least.memory:,}-{most.memory:,}"
    flags = (("EFA", each.efa), ("previous generation", each.previous))
    return (
        each.name,
        *map(_amount, (each.vcpus, each.memory)),
        band,
        _amount(each.gpus),
        ", ".join(each.architectures) or UNKNOWN,
        _amount(each.pods),
        ", ".join(flag for flag, is_set in flags if is_set),
    )


def _amount(amount: int | None) -> str:
    return UNKNOWN if amount is None else f"{amount:,}"

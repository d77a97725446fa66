"""Who owns what is live in a region, for people and programs."""

from collections import Counter
from collections.abc import Mapping

from reconciler.adopt.coverage import Coverage, Owner, OwnerShare
from reconciler.kinds import KINDS
from reconciler.model import Identity, Json
from reconciler.problems import CloudError, Problem, Severity
from reconciler.report.documents import problems_json
from reconciler.report.page import Page
from reconciler.report.problems_text import problems_page
from reconciler.report.words import number_of, plural

STYLES = {Owner.STACK: "green", Owner.CLOUDFORMATION: "yellow", Owner.MARK: "yellow", Owner.NOBODY: "red"}
GAP = 2

Unread = Mapping[str, CloudError]  # by the name of the kind


def coverage_page(found: Coverage, place: Identity, unread: Unread, width: int, verbose: int) -> Page:
    """`verbose` names each resource. The last line is the one that scripts look for."""
    page = problems_page(uncounted(unread), width)
    page.line((f"account {place.account}, region {place.region}", "dim"))
    page.blank()
    widest = max((len(str(share)) for share in found.shares), default=0)
    for share in found.shares:
        name = f"{share!s:<{widest + GAP}}"
        page.line((name, STYLES[share.owner]), f"{len(share.live):>4}  {_kinds(share)}", hang=widest + GAP + 6)
        for live in share.live if verbose else ():
            page.line(str(live.address), indent=4)
    if found.excluded:
        page.line((f"{number_of(found.excluded, 'resource')} excluded by name", "dim"))
    page.blank()
    what = f"{found.covered} of {number_of(found.total, 'resource')}"
    page.whole((f"Coverage: {what} ({found.percent} %) in a stack.", "bold"))
    return page


def coverage_json(found: Coverage, place: Identity, unread: Unread) -> dict[str, Json]:
    return problems_json(
        uncounted(unread),
        document="coverage",
        account=place.account,
        region=place.region,
        total=found.total,
        covered=found.covered,
        percent=found.percent,
        excluded=found.excluded,
        owners=[_share(share) for share in found.shares],
    )


def uncounted(unread: Unread) -> tuple[Problem, ...]:
    """Warn of kinds that could not be read."""
    return tuple(
        Problem("IMP006", f"{KINDS[name].section} could not be read ({error})", severity=Severity.WARNING)
        for name, error in unread.items()
    )


def _share(share: OwnerShare) -> dict[str, Json]:
    return {
        "owner": share.owner.name.lower(),
        "name": share.name,
        "count": len(share.live),
        "resources": [{"address": str(live.address), "arn": live.arn} for live in share.live],
    }


def _kinds(share: OwnerShare) -> str:
    counts = Counter(live.address.kind for live in share.live)
    return ", ".join(plural(counts[kind.name], kind.noun) for kind in KINDS.values() if counts[kind.name])

"""What others need to know of a stack: ARNs and names, for people, for scripts and for shells."""

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.kinds import KINDS
from reconciler.model import Address, Json, own_name
from reconciler.redact.presented import PresentedResource, PresentedStatus
from reconciler.report.json import frame
from reconciler.report.text.page import Page

GAP = "  "
# Where a name in camel case has a new word: JobQueue, HTTPQueue, queue2Go.
WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
PLAIN = re.compile(r"[A-Za-z0-9_./:@-]+")


@dataclass(frozen=True, slots=True)
class Exported:
    """One value under the name that a shell knows it by."""

    variable: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceOutputs:
    """What is given of one live resource. `unversioned` is the ARN of a definition without its revision."""

    address: Address
    name: str
    arn: str
    revision: int | None
    unversioned: str

    @property
    def exported(self) -> Iterator[Exported]:
        start = variable_of(self.address)
        yield Exported(f"{start}_ARN", self.arn)
        yield Exported(f"{start}_NAME", self.name)
        if self.revision is not None:
            yield Exported(f"{start}_REVISION", str(self.revision))
            yield Exported(f"{start}_ARN_LATEST", self.unversioned)


def given_of(status: PresentedStatus) -> tuple[ResourceOutputs, ...]:
    """Return what is given of each declared resource that is live and the stack's own."""
    return tuple(_given(one) for one in _declared(status) if one.is_ours)


def missing(status: PresentedStatus) -> tuple[str, ...]:
    """Return the addresses of declared resources of which nothing can be given."""
    return tuple(str(one.address) for one in _declared(status) if not one.is_ours)


def clashing(given: Sequence[ResourceOutputs]) -> tuple[str, ...]:
    """Return the names of variables that several resources would have."""
    counts = Counter(exported.variable for one in given for exported in one.exported)
    return tuple(sorted(variable for variable, count in counts.items() if count > 1))


def variable_of(address: Address) -> str:
    """Return how names of variables begin: JobQueue/RenderingQueue gives JOB_QUEUE_RENDERING_QUEUE."""
    words = [word for text in (address.kind, address.name) for word in WORDS.split(text) if word]
    return "_".join(words).upper()


def outputs_page(stack: str, given: Sequence[ResourceOutputs], width: int) -> Page:
    page = Page(width)
    page.line(("Stack ", "bold"), (stack, "bold"))
    page.blank()
    widest = max((len(str(one.address)) for one in given), default=0)
    for one in given:
        page.whole((f"{one.address!s:<{widest}}", "bold"), GAP, one.arn)
    if not given:
        page.line("Nothing that is declared is live.")
    return page


def outputs_json(status: PresentedStatus, given: Sequence[ResourceOutputs]) -> dict[str, Json]:
    return {
        **frame("outputs"),
        "stack": status.stack,
        "account": status.identity.account,
        "region": status.identity.region,
        "outputs": [_entry(one) for one in given],
        "missing": list(missing(status)),
    }


def dotenv(given: Sequence[ResourceOutputs]) -> str:
    """Return lines NAME=value, as files have them that `docker --env-file` and their like read."""
    return "".join(f"{one.variable}={_quoted(one.value)}\n" for each in given for one in each.exported)


def exports(given: Sequence[ResourceOutputs]) -> str:
    """Return lines that a shell evaluates; no value can end its quotes."""
    return "".join(f"export {one.variable}={shlex.quote(one.value)}\n" for each in given for one in each.exported)


def _declared(status: PresentedStatus) -> Iterator[PresentedResource]:
    """Yield one for each declared resource: of two that replace one another, the one that stands."""
    declared: dict[Address, PresentedResource] = {}
    for resource in status.resources:
        if resource.is_declared and (resource.address not in declared or resource.is_standing):
            declared[resource.address] = resource
    yield from declared.values()


def _given(resource: PresentedResource) -> ResourceOutputs:
    assert resource.arn is not None
    has_revisions = KINDS[resource.address.kind].revisions and resource.revisions
    number = resource.revisions[-1] if has_revisions else None
    return ResourceOutputs(
        address=resource.address,
        name=own_name(resource.name),
        arn=resource.arn,
        revision=number,
        unversioned=resource.arn.removesuffix(f":{number}") if number is not None else "",
    )


def _entry(one: ResourceOutputs) -> dict[str, Json]:
    return {
        "address": str(one.address),
        "kind": one.address.kind,
        "name": one.name,
        "arn": one.arn,
        "revision": one.revision,
        "arn_latest": one.unversioned or None,
        "variables": {exported.variable: exported.value for exported in one.exported},
    }


def _quoted(value: str) -> str:
    return value if PLAIN.fullmatch(value) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

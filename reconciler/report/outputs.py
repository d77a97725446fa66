"""The outputs of a stack, ARNs and names of its resources: for people, for scripts and for shells."""

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
    """The outputs of one live resource. `unversioned` is the ARN of a definition without its revision."""

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


def live_outputs(status: PresentedStatus) -> tuple[ResourceOutputs, ...]:
    """Return the outputs of each declared resource that is live and that the stack owns."""
    return tuple(_outputs_of(resource) for resource in _declared(status) if resource.is_ours)


def missing(status: PresentedStatus) -> tuple[str, ...]:
    """Return the addresses of declared resources of which nothing can be given."""
    return tuple(str(resource.address) for resource in _declared(status) if not resource.is_ours)


def clashing(given: Sequence[ResourceOutputs]) -> tuple[str, ...]:
    """Return the names of variables that several resources would have."""
    counts = Counter(exported.variable for outputs in given for exported in outputs.exported)
    return tuple(sorted(variable for variable, count in counts.items() if count > 1))


def variable_of(address: Address) -> str:
    """Return how names of variables begin: JobQueue/RenderingQueue gives JOB_QUEUE_RENDERING_QUEUE."""
    words = [word for text in (address.kind, address.name) for word in WORDS.split(text) if word]
    return "_".join(words).upper()


def outputs_page(stack: str, given: Sequence[ResourceOutputs], width: int) -> Page:
    page = Page(width)
    page.line(("Stack ", "bold"), (stack, "bold"))
    page.blank()
    widest = max((len(str(outputs.address)) for outputs in given), default=0)
    for outputs in given:
        page.whole((f"{outputs.address!s:<{widest}}", "bold"), GAP, outputs.arn)
    if not given:
        page.line("Nothing that is declared is live.")
    return page


def outputs_json(status: PresentedStatus, given: Sequence[ResourceOutputs]) -> dict[str, Json]:
    return {
        **frame("outputs"),
        "stack": status.stack,
        "account": status.identity.account,
        "region": status.identity.region,
        "outputs": [_entry(outputs) for outputs in given],
        "missing": list(missing(status)),
    }


def dotenv(given: Sequence[ResourceOutputs]) -> str:
    """Return lines NAME=value, as files have them that `docker --env-file` and their like read."""
    return "".join(
        f"{exported.variable}={_quoted(exported.value)}\n" for outputs in given for exported in outputs.exported
    )


def exports(given: Sequence[ResourceOutputs]) -> str:
    """Return lines that a shell evaluates; no value can end its quotes."""
    return "".join(
        f"export {exported.variable}={shlex.quote(exported.value)}\n"
        for outputs in given
        for exported in outputs.exported
    )


def _declared(status: PresentedStatus) -> Iterator[PresentedResource]:
    """Yield one for each declared resource: of two that replace one another, the one that stands."""
    declared: dict[Address, PresentedResource] = {}
    for resource in status.resources:
        if resource.is_declared and (resource.address not in declared or resource.is_standing):
            declared[resource.address] = resource
    yield from declared.values()


def _outputs_of(resource: PresentedResource) -> ResourceOutputs:
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


def _entry(outputs: ResourceOutputs) -> dict[str, Json]:
    return {
        "address": str(outputs.address),
        "kind": outputs.address.kind,
        "name": outputs.name,
        "arn": outputs.arn,
        "revision": outputs.revision,
        "arn_latest": outputs.unversioned or None,
        "variables": {exported.variable: exported.value for exported in outputs.exported},
    }


def _quoted(value: str) -> str:
    return value if PLAIN.fullmatch(value) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

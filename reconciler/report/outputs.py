"""What others need to know of a stack: ARNs and names, for people, for scripts and for shells."""

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.inspect.status import ResourceStatus, StackStatus
from reconciler.kinds import KINDS
from reconciler.model import Address, Json, own_name
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


def given_of(found: StackStatus) -> tuple[ResourceOutputs, ...]:
    """Return what is given of each declared resource that is live and the stack's own."""
    return tuple(_given(one) for one in _declared(found) if one.is_ours and one.live)


def missing(found: StackStatus) -> tuple[str, ...]:
    """Return the addresses of declared resources of which nothing can be given."""
    return tuple(str(one.address) for one in _declared(found) if not (one.is_ours and one.live))


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


def outputs_json(found: StackStatus, given: Sequence[ResourceOutputs]) -> dict[str, Json]:
    return {
        **frame("outputs"),
        "stack": found.stack,
        "account": found.identity.account,
        "region": found.identity.region,
        "outputs": [_entry(one) for one in given],
        "missing": list(missing(found)),
    }


def dotenv(given: Sequence[ResourceOutputs]) -> str:
    """Return lines NAME=value, as files have them that `docker --env-file` and their like read."""
    return "".join(f"{one.variable}={_quoted(one.value)}\n" for each in given for one in each.exported)


def exports(given: Sequence[ResourceOutputs]) -> str:
    """Return lines that a shell evaluates; no value can end its quotes."""
    return "".join(f"export {one.variable}={shlex.quote(one.value)}\n" for each in given for one in each.exported)


def _declared(found: StackStatus) -> Iterator[ResourceStatus]:
    """Yield one standing for each declared resource: of two that replace one another, the one that stands."""
    seen: dict[Address, ResourceStatus] = {}
    for one in found.each:
        if one.desired and (one.address not in seen or (one.live and one.name == one.desired.name)):
            seen[one.address] = one
    yield from seen.values()


def _given(one: ResourceStatus) -> ResourceOutputs:
    assert one.live is not None
    kind, live = KINDS[one.address.kind], one.live
    number = live.revisions[-1] if kind.revisions and live.revisions else None
    return ResourceOutputs(
        address=one.address,
        name=own_name(live.address.name),
        arn=live.arn,
        revision=number,
        unversioned=live.arn.removesuffix(f":{number}") if number is not None else "",
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

"""All checks, and the verification of a stack by them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model import Identity, Json, Stack
from reconciler.placement.catalogue import Catalogue
from reconciler.placement.queues import pool_of_stack
from reconciler.ports import ReadOnlyServices
from reconciler.verify.asking import Inquiry, Question, Reply, ask
from reconciler.verify.base import Finding, Judgement, LiveCheck, Reference, Verified, VerifyResult
from reconciler.verify.clusters import CLUSTERS
from reconciler.verify.containers import CONTAINERS
from reconciler.verify.freshness import FRESHNESS
from reconciler.verify.images import IMAGES
from reconciler.verify.instances import INSTANCES
from reconciler.verify.network import NETWORK
from reconciler.verify.quotas import QUOTA_CHECKS
from reconciler.verify.rights import RIGHTS
from reconciler.verify.roles import ROLES
from reconciler.verify.routes import ROUTES
from reconciler.verify.storage import STORAGE

CHECKS: tuple[LiveCheck, ...] = (
    *ROLES,
    *NETWORK,
    *ROUTES,
    *INSTANCES,
    *FRESHNESS,
    *CLUSTERS,
    *IMAGES,
    *CONTAINERS,
    *STORAGE,
    *RIGHTS,
    *QUOTA_CHECKS,
)


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found, by resource in the order of the stack."""

    stack: str
    identity: Identity
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> Mapping[VerifyResult, int]:
        found = Counter(each.result for each in self.findings)
        return {result: found[result] for result in VerifyResult}

    @property
    def warnings(self) -> int:
        """How many of what is ok are warnings."""
        return sum(each.is_warning for each in self.findings)

    def is_refused(self, *, strict: bool = False) -> bool:
        """Whether anything fails; `strict`: or is unknown."""
        return bool(self.counts[VerifyResult.FAIL] or (strict and self.counts[VerifyResult.UNKNOWN]))


@dataclass(frozen=True, slots=True)
class _Case:
    """A check of one field of one resource."""

    check: LiveCheck
    reference: Reference


def verify_stack(
    stack: Stack,
    identity: Identity,
    services: ReadOnlyServices,
    catalogue: Catalogue,
    checks: Iterable[LiveCheck] = CHECKS,
    *,
    has_everything: bool = True,
) -> Verification:
    """Ask AWS for everything that a stack refers to, each thing once, and judge the replies.

    Where a question follows from a reply, as for the AMI of a launch template, there is one more round of calls.
    Unless the services have everything, all but AWS Batch is unknown.
    """
    cases = list(_cases(stack, identity, catalogue, list(checks)))
    judged: list[Sequence[Judgement]] = [()] * len(cases)
    replies: dict[Question, Reply] = {}
    waiting = list(range(len(cases)))
    while waiting:
        wanted: dict[Question, None] = {}
        later = []
        for index in waiting:
            outcome = cases[index].check.judgements(cases[index].reference, replies)
            if isinstance(outcome, Sequence):
                judged[index] = outcome
            else:
                wanted |= outcome.wanted
                later.append(index)
        replies |= ask(wanted, services, has_everything=has_everything)
        waiting = later
    findings = (finding for case, each in zip(cases, judged, strict=True) for finding in _findings(case, each))
    return Verification(stack.name, identity, tuple(findings))


def inquiries_of(
    stack: Stack, identity: Identity, catalogue: Catalogue, checks: Iterable[LiveCheck] = CHECKS
) -> tuple[Inquiry, ...]:
    """Return what is asked for a stack, without asking it."""
    cases = _cases(stack, identity, catalogue, list(checks))
    return tuple(dict.fromkeys(inquiry for case in cases for inquiry in case.check.asks_of(case.reference)))


def _cases(stack: Stack, identity: Identity, catalogue: Catalogue, checks: Sequence[LiveCheck]) -> Iterator[_Case]:
    pool, shared = pool_of_stack(stack, catalogue), dict[str, Json]()
    for address, declared in stack.declared.items():
        verified = Verified(address, declared.spec, stack, identity, catalogue, pool, shared)
        for check in checks:
            for reference in check.references(verified):
                yield _Case(check, reference)


def _findings(case: _Case, judgements: Iterable[Judgement]) -> Iterator[Finding]:
    of = case.reference.of
    places = of.stack.declared[of.address].places
    for each in judgements:
        where = places.find(each.path)
        yield Finding(
            of.address, each.path, case.check.id, each.result, each.message, each.hint, each.is_warning, where
        )

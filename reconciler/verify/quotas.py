"""Quotas of the account: whether AWS lets its environments have all the vCPUs that they may grow to, and their number.

AWS Batch starts no more than a quota allows, jobs beyond wait in RUNNABLE, and no reason says so (AWS Batch User Guide,
'Jobs stuck in RUNNABLE status'). A quota is found by the dimensions of its usage metric, and by no table of codes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.live.ownership import is_ours
from reconciler.model import Address, Json, Live, Spec
from reconciler.placeholders import withhold
from reconciler.placement.catalogue import Catalogue
from reconciler.placement.needs import EC2, EKS, FARGATE
from reconciler.placement.offers import offer_of
from reconciler.verify.asking import Inquiry, Key, everything
from reconciler.verify.base import Ask, Judgements, LiveCheck, Reference, Verified, of_reply, unknown, warn

ENVIRONMENT = "ComputeEnvironment"
OF_EC2, OF_FARGATE = "ec2", "fargate"  # services, as Service Quotas names them
ON_DEMAND, SPOT = "OnDemand", "Spot"
STANDARD = "Standard"
# What the classes of quotas are called, by the letters with which families begin: 'Running On-Demand Standard (A, C, D,
# H, I, M, R, T, Z) instances', 'Running On-Demand G and VT instances'. All others are called after their letters.
CLASSES = {**dict.fromkeys("acdhimrtz", STANDARD), "im": STANDARD, "is": STANDARD, "vt": "G", "gr": "G"}
LEAVING = ("DELETING", "DELETED")
# The User Guide, 'AWS Batch service quotas', says of this and of the numbers that they cannot be changed. For some
# accounts AWS has raised the number of environments of a queue (hashicorp/terraform-provider-aws issue 20764), which
# the same table has: so more than these are a warning.
MOST_IN_CLUSTER = 5


def _every_quota(response: Mapping[str, Json], keys: Sequence[Key]) -> Mapping[Key, Json]:
    return {keys[0]: response.get("Quotas") or []}


QUOTAS = Inquiry(
    noun="quotas",
    service="service-quotas",
    operation="ListServiceQuotas",
    request=lambda keys: {"ServiceCode": keys[0][0], "MaxResults": 100},
    read=_every_quota,
    listed="Quotas",
)


def _listing(kind: Kind) -> Inquiry:
    """Return how all live resources of a kind are listed, whoever owns them."""
    return Inquiry(
        noun=f"{kind.noun}s",
        service="batch",
        operation=kind.read.operation,
        request=lambda _keys: {"maxResults": 100},
        read=lambda response, keys: {keys[0]: response.get(kind.read.result) or []},
        together=everything,
        listed=kind.read.result,
        marks=("nextToken", "nextToken"),
    )


COUNTED = tuple(kind for kind in KINDS.values() if kind.default_quota)
LISTINGS = {kind.name: _listing(kind) for kind in COUNTED}
ALL = "all"


@dataclass(frozen=True, slots=True)
class QuotaClaim:
    """The vCPUs that an environment may take of a quota; of several, of any of them."""

    service: str
    classes: frozenset[str]  # as usage metrics have them: Standard/Spot
    vcpus: int


def claim_of(name: str, body: Spec, catalogue: Catalogue) -> QuotaClaim | None:
    """Return what an environment may take of the quotas; None if that is not known."""
    capacity = KINDS[ENVIRONMENT].capacity
    offer = offer_of(name, body, catalogue)
    if capacity is None or offer.why_unknown or offer.unknown:
        return None
    _, vcpus = capacity(body)
    how = SPOT if offer.type.endswith("SPOT") else ON_DEMAND
    if vcpus.unknown:
        return None
    if offer.platform == FARGATE:
        return QuotaClaim(OF_FARGATE, frozenset((f"{STANDARD}/{how}",)), vcpus.at_most)
    classes = frozenset(f"{class_of(size.type.family)}/{how}" for size in offer.every_size)
    return QuotaClaim(OF_EC2, classes, vcpus.at_most) if offer.platform in (EC2, EKS) and classes else None


def class_of(family: str) -> str:
    """Return the class of quotas that a family of instance types counts for: Standard for c6i, G for g5 and vt1."""
    letters = family[: next((index for index, each in enumerate(family) if not each.isalpha()), len(family))]
    return CLASSES.get(letters) or letters.capitalize()


def quotas_of(quotas: Iterable[Mapping[str, Json]], classes: Iterable[str]) -> dict[str, Mapping[str, Json]]:
    """Return the quota of vCPUs of each class, as far as there is one."""
    found: dict[str, Mapping[str, Json]] = {}
    wanted = {each.lower(): each for each in classes}
    for quota in quotas:
        dimensions = (quota.get("UsageMetric") or {}).get("MetricDimensions") or {}
        name = wanted.get(str(dimensions.get("Class", "")).lower())
        if name and dimensions.get("Resource", "vCPU") == "vCPU":
            found[name] = quota
    return found


def total_vcpus(claims: Iterable[QuotaClaim], of: QuotaClaim) -> int:
    """Return the vCPUs of all environments that can take from no other quota than this one can."""
    return sum(each.vcpus for each in claims if each.service == of.service and each.classes <= of.classes)


def _vcpus(reference: Reference, ask: Ask) -> Judgements:
    of, path = reference.of, reference.path
    claim = claim_of(of.address.name, withhold(of.body), of.catalogue)
    if claim is None:
        yield unknown(path, "which quotas it counts for is not known, as its instance types or its size are not")
        return
    reply, quotas = ask(LISTINGS[ENVIRONMENT], ALL), ask(QUOTAS, claim.service)
    for each, thing in ((reply, "the environments of the account"), (quotas, f"the quotas of {claim.service}")):
        if not each.is_found:
            yield from of_reply(path, each, thing)
            return
    known = quotas_of(quotas.value, claim.classes)
    named = " and ".join(sorted(claim.classes))
    if len(known) < len(claim.classes):
        yield unknown(path, f"{claim.service} lists no quota of vCPUs for {named}")
        return
    total = total_vcpus(of.of_stack("claims", lambda: _claims(of, reply.value)), claim)
    allowed = sum(float(each["Value"]) for each in known.values())
    if total > allowed:
        codes = ", ".join(str(each["QuotaCode"]) for each in known.values())
        message = (
            f"the environments of the account may take {total} vCPUs of {claim.service} {named}, and the quota is "
            f"{allowed:g} ({codes}): jobs beyond that wait in RUNNABLE, and AWS Batch does not say why"
        )
        yield warn(path, message, f"request a higher quota ({codes}), or lower maxvCpus")


def _claims(of: Verified, live: Iterable[Mapping[str, Json]]) -> list[QuotaClaim]:
    """Return the claims of all environments, those of the stack as it declares them."""
    kind = KINDS[ENVIRONMENT]
    declared = [(address.name, each.spec) for address, each in of.stack.declared.items() if address.kind == kind.name]
    others = [(str(each[kind.name_member]), each) for each in _others(of, kind, live)]
    claims = (claim_of(name, withhold(body), of.catalogue) for name, body in (*declared, *others))
    return [claim for claim in claims if claim]


def _others(of: Verified, kind: Kind, live: Iterable[Mapping[str, Json]]) -> Iterator[Mapping[str, Json]]:
    """Yield the live resources that the stack neither declares nor owns."""
    stack = of.stack
    declared = {f"{stack.name_prefix}{address.name}" for address in stack.declared if address.kind == kind.name}
    for each in live:
        name = str(each.get(kind.name_member))
        resource = Live(Address(kind.name, name), {}, str(each.get(kind.arn_member)), each.get("tags") or {})
        is_own = name in declared or is_ours(resource, stack.name, stack.name_prefix)
        if not is_own and each.get("status") not in LEAVING:
            yield each


def _number(reference: Reference, ask: Ask) -> Judgements:
    of = reference.of
    kind = KINDS[of.address.kind]
    reply = ask(LISTINGS[kind.name], ALL)
    if not reply.is_found:
        yield from of_reply(reference.path, reply, f"the {kind.section} of the account")
        return
    declared = sum(address.kind == kind.name for address in of.stack.declared)
    count = declared + sum(1 for _ in _others(of, kind, reply.value))
    if kind.default_quota and count > kind.default_quota:
        message = (
            f"with this stack, the region has {count} {kind.section}, and AWS Batch allows {kind.default_quota}, "
            "unless the quota of the account was raised"
        )
        yield warn(reference.path, message, "request a higher quota of AWS Batch, or remove some")


def _in_cluster(reference: Reference, ask: Ask) -> Judgements:
    of, kind, cluster = reference.of, KINDS[ENVIRONMENT], str(reference.value)
    reply = ask(LISTINGS[ENVIRONMENT], ALL)
    if not reply.is_found:
        yield from of_reply(reference.path, reply, "the environments of the account")
        return
    declared = (each.spec for address, each in of.stack.declared.items() if address.kind == kind.name)
    count = sum(_cluster(body) == cluster for body in (*declared, *_others(of, kind, reply.value)))
    if count > MOST_IN_CLUSTER:
        message = f"with this stack, {count} environments use the cluster, and AWS Batch allows {MOST_IN_CLUSTER}"
        yield warn(reference.path, message, "use a different cluster, or remove environments of this one")


def _cluster(body: Spec) -> str:
    configuration = body.get("eksConfiguration")
    return str(configuration.get("eksClusterArn")) if isinstance(configuration, Mapping) else ""


def _is_first(reference: Reference) -> bool:
    """Whether it is the first of its kind in the stack: what is said of all is said once."""
    address = reference.of.address
    return address == next(each for each in reference.of.stack.declared if each.kind == address.kind)


def _has_quota(reference: Reference) -> bool:
    """Whether its capacity counts for a quota that is known: that of managed instances is not documented."""
    type_ = str((reference.of.body.get("computeResources") or {}).get("type", "")).upper()
    return type_ in ("EC2", "SPOT", "FARGATE", "FARGATE_SPOT")


QUOTA_CHECKS = (
    LiveCheck(
        id="vcpu-quota",
        kind=ENVIRONMENT,
        fields=("computeResources.maxvCpus",),
        holds="is within the quota of the account, together with all other environments",
        asks=(QUOTAS, LISTINGS[ENVIRONMENT]),
        judge=_vcpus,
        applies=_has_quota,
        warns="all environments of the account and region together may take more vCPUs of their class than the quota",
    ),
    LiveCheck(
        id="eks-environments",
        kind=ENVIRONMENT,
        fields=("eksConfiguration.eksClusterArn",),
        holds=f"is used by no more than {MOST_IN_CLUSTER} environments",
        asks=(LISTINGS[ENVIRONMENT],),
        judge=_in_cluster,
        warns=f"more than {MOST_IN_CLUSTER} environments of the account use the cluster",
    ),
    *(
        LiveCheck(
            id=f"{kind.noun}-number",
            kind=kind.name,
            fields=("",),
            holds=f"the account may have as many {kind.section}",
            asks=(LISTINGS[kind.name],),
            judge=_number,
            applies=_is_first,
            warns=f"more than {kind.default_quota} in the account and region, the quota unless it was raised",
        )
        for kind in COUNTED
    ),
)

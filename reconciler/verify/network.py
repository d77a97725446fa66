"""Subnets and security groups: whether they exist, are in one VPC, and let the instances of an environment work."""

from collections.abc import Mapping, Sequence

from reconciler.model import Address, Json, Path
from reconciler.placeholders import withhold
from reconciler.placement.needs import FARGATE, job_need
from reconciler.placement.offers import offer_of
from reconciler.placement.queues import ENVIRONMENT
from reconciler.verify.asking import FILTER_VALUES, Inquiry, by, everything, filtered
from reconciler.verify.base import (
    Ask,
    Judgements,
    LiveCheck,
    Reference,
    Verified,
    fail,
    of_reply,
    warn,
)

SUBNET = Inquiry(
    noun="subnet",
    service="ec2",
    operation="DescribeSubnets",
    request=filtered("subnet-id"),
    read=by("Subnets", "SubnetId"),
    together=everything,
    most=FILTER_VALUES,
    listed="Subnets",
)
GROUP = Inquiry(
    noun="security group",
    service="ec2",
    operation="DescribeSecurityGroups",
    request=filtered("group-id"),
    read=by("SecurityGroups", "GroupId"),
    together=everything,
    most=FILTER_VALUES,
    listed="SecurityGroups",
)
SUBNETS = ("computeResources.subnets", "networkConfiguration.subnets")
GROUPS = ("computeResources.securityGroupIds", "networkConfiguration.securityGroups")
HTTPS = 443
LARGEST_TASK = 16  # vCPUs of a task on Fargate ('ResourceRequirement' in the API reference of AWS Batch)


def subnet_ids(of: Verified) -> list[str]:
    """Return the subnets of an environment."""
    return [each for end in SUBNETS for _, listed in of.fields(end) for each in listed]


def found_subnets(of: Verified, ask: Ask) -> list[Mapping[str, Json]] | None:
    """Return the descriptions of an environment's subnets; None unless all are known."""
    replies = ask.all(SUBNET, [(each,) for each in subnet_ids(of)])
    return [reply.value for reply in replies] if all(reply.is_found for reply in replies) else None


def _subnets(reference: Reference, ask: Ask) -> Judgements:
    path, ids = reference.path, [str(each) for each in reference.value]
    replies = ask.all(SUBNET, [(each,) for each in reference.value])
    found: list[Mapping[str, Json]] = []
    for index, (id_, reply) in enumerate(zip(ids, replies, strict=True)):
        if not reply.is_found:
            where = reference.of.identity
            hint = f"correct the id: there is no such subnet in account {where.account}, {where.region}"
            yield from of_reply((*path, index), reply, f"subnet {id_}", hint)
            continue
        found.append(reply.value)
        if str(reply.value.get("State")) != "available":
            yield fail((*path, index), f"subnet {id_} is {reply.value.get('State')}, not available", "use one that is")
    yield from _one_vpc(path, found)
    if found and len(found) == len(ids):
        yield from _addresses(path, found, reference.of)


def _one_vpc(path: Path, subnets: Sequence[Mapping[str, Json]]) -> Judgements:
    vpcs: dict[str, list[str]] = {}
    for each in subnets:
        vpcs.setdefault(str(each.get("VpcId")), []).append(str(each.get("SubnetId")))
    if len(vpcs) > 1:
        places = "; ".join(f"{', '.join(ids)} in {vpc}" for vpc, ids in vpcs.items())
        yield fail(path, f"the subnets are in {len(vpcs)} VPCs: {places}", "use subnets of one VPC")


def _addresses(path: Path, subnets: Sequence[Mapping[str, Json]], of: Verified) -> Judgements:
    """Warn only where even the largest instances, or tasks, would need more addresses than are free."""
    free = sum(int(each.get("AvailableIpAddressCount") or 0) for each in subnets)
    needed = _least_instances(of)
    if needed is not None and needed > free:
        message = f"the subnets have {free} free addresses, and maxvCpus takes at least {needed} instances or tasks"
        yield warn(path, message, "add subnets, or lower maxvCpus")


def _least_instances(of: Verified) -> int | None:
    """Return how many instances or tasks an environment needs at least to have all of its vCPUs; None if unknown."""
    offer = offer_of(of.address.name, withhold(of.body), of.catalogue)
    sizes = [each.type.vcpus or 0 for each in offer.every_size]
    largest = LARGEST_TASK if offer.platform == FARGATE else max(sizes, default=0)
    if offer.max_vcpus is None or offer.unknown or not largest:
        return None
    return -(-offer.max_vcpus // largest)


def environments_of(of: Verified) -> list[Verified]:
    """Return the environments that a job of a definition may run in; none if not all of them are in the stack."""
    queues = of.pool.queues_for(job_need(withhold(of.body)), of.stack.declared[of.address].lifecycle.runs_on)
    addresses = [Address(ENVIRONMENT, offer.name) for queue in queues for offer in queue.offers]
    declared = [of.stack.declared.get(address) for address in dict.fromkeys(addresses)]
    return [of.beside(each) for each in declared if each] if all(declared) else []


def _groups(reference: Reference, ask: Ask) -> Judgements:
    path, ids = reference.path, [str(each) for each in reference.value]
    replies = ask.all(GROUP, [(each,) for each in reference.value])
    subnets = found_subnets(reference.of, ask)
    vpcs = {str(each.get("VpcId")) for each in subnets or ()}
    found: list[Mapping[str, Json]] = []
    for index, (id_, reply) in enumerate(zip(ids, replies, strict=True)):
        if not reply.is_found:
            where = reference.of.identity
            hint = f"correct the id: there is no such group in account {where.account}, {where.region}"
            yield from of_reply((*path, index), reply, f"security group {id_}", hint)
            continue
        found.append(reply.value)
        vpc = str(reply.value.get("VpcId"))
        if len(vpcs) == 1 and vpc not in vpcs:
            message = f"security group {id_} is in {vpc}, and the subnets are in {', '.join(vpcs)}"
            yield fail((*path, index), message, "use a security group of the subnets' VPC")
    if found and len(found) == len(ids) and not any(map(_reaches_https, found)):
        message = "no security group allows outgoing HTTPS: instances reach neither AWS nor a registry"
        yield warn(path, message, "allow outgoing TCP 443")


def _reaches_https(group: Mapping[str, Json]) -> bool:
    return any(has_port(rule, HTTPS) for rule in group.get("IpPermissionsEgress") or ())


def has_port(rule: Mapping[str, Json], port: int) -> bool:
    protocol = str(rule.get("IpProtocol"))
    if protocol == "-1":
        return True
    first, last = rule.get("FromPort"), rule.get("ToPort")
    return protocol in ("tcp", "6") and isinstance(first, int) and isinstance(last, int) and first <= port <= last


NETWORK = (
    LiveCheck(
        id="subnets",
        kind="ComputeEnvironment",
        fields=SUBNETS,
        holds="exist, are available, and are in one VPC",
        asks=(SUBNET,),
        judge=_subnets,
        fails="a subnet does not exist in the account and region, or is not available; the subnets are in several VPCs",
        warns="fewer free addresses than the instances that maxvCpus takes at least",
    ),
    LiveCheck(
        id="security-groups",
        kind="ComputeEnvironment",
        fields=GROUPS,
        holds="exist, and are in the VPC of the subnets",
        asks=(GROUP, SUBNET),
        judge=_groups,
        fails="a group does not exist in the account and region, or is in a different VPC than the subnets",
        warns="no group allows outgoing TCP 443",
    ),
)

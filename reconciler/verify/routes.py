"""Whether what runs in the subnets of an environment can reach AWS: through a route out, or through endpoints."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from reconciler.model import Json, Path
from reconciler.verify.asking import FILTER_VALUES, Inquiry, everything, filtered, grouped_by
from reconciler.verify.base import (
    NOT_JUDGED,
    Ask,
    Judgement,
    Judgements,
    LiveCheck,
    Reference,
    fail,
    note,
    unknown,
    warn,
)
from reconciler.verify.instances import TEMPLATE, template_key
from reconciler.verify.network import SUBNET, SUBNETS, found_subnets

ROUTE_TABLES = Inquiry(
    noun="route tables",
    service="ec2",
    operation="DescribeRouteTables",
    request=filtered("vpc-id"),
    read=grouped_by("RouteTables", "VpcId"),
    together=everything,
    most=FILTER_VALUES,
    listed="RouteTables",
)
ENDPOINTS = Inquiry(
    noun="endpoints",
    service="ec2",
    operation="DescribeVpcEndpoints",
    request=filtered("vpc-id"),
    read=grouped_by("VpcEndpoints", "VpcId"),
    together=everything,
    most=FILTER_VALUES,
    listed="VpcEndpoints",
)
ANYWHERE = "0.0.0.0/0"
# Without a route out, instances register at ECS, and images and logs go, through these (Developer Guides of ECS and of
# ECR, 'interface VPC endpoints').
REGISTERING = ("ecs", "ecs-agent")
ON_INSTANCES = (*REGISTERING, "ecs-telemetry")
ALWAYS = ("ecr.api", "ecr.dkr", "logs", "s3")
LOCAL = "local"


def _routes(reference: Reference, ask: Ask) -> Judgements:
    subnets = found_subnets(reference.of, ask)
    vpcs = sorted({str(each.get("VpcId")) for each in subnets or ()})
    if not subnets or len(vpcs) != 1:
        yield NOT_JUDGED
        return
    tables, endpoints = ask(ROUTE_TABLES, *vpcs), ask(ENDPOINTS, *vpcs)
    for reply, what in ((tables, "route tables"), (endpoints, "endpoints")):
        if not reply.is_found:
            yield unknown(reference.path, f"{what} of {vpcs[0]}: {reply.unknown or reply.absent}", reply.hint)
            return
    has_public = _has_public_addresses(reference, ask)
    names = {str(each.get("ServiceName", "")) for each in endpoints.value}
    for subnet in subnets:
        id_ = str(subnet.get("SubnetId"))
        routes = list(_routes_of(id_, tables.value))
        yield from _subnet(reference, subnet, routes, names, has_public=has_public)


def _subnet(
    reference: Reference,
    subnet: Mapping[str, Json],
    routes: Sequence[Mapping[str, Json]],
    endpoints: set[str],
    *,
    has_public: bool | None,
) -> Judgements:
    id_, path, is_fargate = str(subnet.get("SubnetId")), reference.path, _is_fargate(reference)
    is_ecs = not is_fargate and not reference.of.body.get("eksConfiguration")
    missing = [each for each in (*(ON_INSTANCES if is_ecs else ()), *ALWAYS) if not _has(endpoints, each)]
    if not missing:
        return
    # Instances must register at ECS. Jobs on Fargate or EKS may live from a registry within the VPC.
    is_cut_off = is_ecs and set(REGISTERING) & set(missing) and not _may_have_proxy(reference) and not _has_ipv6(routes)
    bad = fail if is_cut_off else warn
    hint = f"add a route to a NAT gateway, or the endpoints that are missing: {', '.join(missing)}"
    out = next((each for each in routes if each.get("DestinationCidrBlock") == ANYWHERE), None)
    if out is None and _leads_elsewhere(routes):
        yield unknown(path, f"subnet {id_} has no route to {ANYWHERE}, and its other routes lead out of the VPC")
    elif out is None:
        message = f"subnet {id_} has no route to {ANYWHERE}, and its VPC lacks the endpoints {', '.join(missing)}"
        yield bad(path, message, hint)
    elif out.get("State") == "blackhole":
        yield bad(path, f"the route of subnet {id_} to {ANYWHERE} is a blackhole", hint)
    elif str(out.get("GatewayId", "")).startswith("igw-") and is_fargate:
        message = f"subnet {id_} is public: jobs get out only with networkConfiguration.assignPublicIp ENABLED"
        yield note(path, message)
    elif str(out.get("GatewayId", "")).startswith("igw-") and not subnet.get("MapPublicIpOnLaunch"):
        yield from _public(path, id_, bad, has_public=has_public)


def _public(path: Path, id_: str, bad: Callable[[Path, str, str], Judgement], *, has_public: bool | None) -> Judgements:
    """Behind an internet gateway, only instances with a public address get out."""
    if has_public is None:
        yield unknown(path, f"subnet {id_} is public, and the launch template cannot be seen")
    elif not has_public:
        message = f"subnet {id_} is public, but neither it nor a launch template gives instances a public address"
        hint = f"aws ec2 modify-subnet-attribute --subnet-id {id_} --map-public-ip-on-launch, or use private subnets"
        yield bad(path, message, hint)


def _is_fargate(reference: Reference) -> bool:
    resources = reference.of.body.get("computeResources") or {}
    return str(resources.get("type", "")).upper().startswith("FARGATE")


def _has_template(reference: Reference) -> bool:
    return bool((reference.of.body.get("computeResources") or {}).get("launchTemplate"))


def _may_have_proxy(reference: Reference) -> bool:
    """Whether user data or an image of one's own may lead instances out through a proxy."""
    resources = reference.of.body.get("computeResources") or {}
    own_image = any(each.get("imageIdOverride") for each in resources.get("ec2Configuration") or ())
    return bool(resources.get("launchTemplate") or resources.get("imageId") or own_image)


def _leads_elsewhere(routes: Sequence[Mapping[str, Json]]) -> bool:
    """Whether there are routes but those within the VPC and to gateway endpoints."""
    targets = [str(each.get("GatewayId", "")) for each in routes]
    return any(target != LOCAL and not target.startswith("vpce-") for target in targets)


def _has_public_addresses(reference: Reference, ask: Ask) -> bool | None:
    """Whether a launch template gives instances a public address; None if that is not known."""
    resources = reference.of.body.get("computeResources") or {}
    template = resources.get("launchTemplate") or {}
    keys = [key for each in (template, *(template.get("overrides") or ())) if (key := template_key(each))[1]]
    if not keys:
        return False
    replies = ask.all(TEMPLATE, keys)
    if not all(reply.is_found for reply in replies):
        return None
    interfaces = [
        each
        for reply in replies
        for each in (reply.value.get("LaunchTemplateData") or {}).get("NetworkInterfaces") or ()
    ]
    return any(each.get("AssociatePublicIpAddress") for each in interfaces)


def _has_ipv6(routes: Sequence[Mapping[str, Json]]) -> bool:
    return any(each.get("DestinationIpv6CidrBlock") == "::/0" for each in routes)


def _has(endpoints: set[str], service: str) -> bool:
    return any(name.endswith(f".{service}") for name in endpoints)


def _routes_of(subnet: str, tables: Sequence[Mapping[str, Json]]) -> Iterator[Mapping[str, Json]]:
    """Yield the routes of a subnet: those of its own table, or of the main one of the VPC."""
    own = [table for table in tables if any(each.get("SubnetId") == subnet for each in table.get("Associations") or ())]
    main = [table for table in tables if any(each.get("Main") for each in table.get("Associations") or ())]
    for table in own or main:
        yield from table.get("Routes") or ()


ROUTES = (
    LiveCheck(
        id="routes",
        kind="ComputeEnvironment",
        fields=SUBNETS,
        holds="reach AWS, through a route out or endpoints",
        asks=(ROUTE_TABLES, ENDPOINTS, SUBNET, TEMPLATE),
        judge=_routes,
        asks_if={TEMPLATE: _has_template},
        fails="ECS instances reach neither 0.0.0.0/0 nor endpoints of ECS: no route, a blackhole, or an internet "
        "gateway for instances without public addresses",
        warns="the same on Fargate and EKS, for other endpoints, and where user data or an image may set a proxy",
        unknown="routes to a transit gateway, a peering connection or the like",
    ),
)

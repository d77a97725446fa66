"""What moto lacks of the services around Batch, answered from the state of the sandbox: a table of operations."""

import importlib
import json
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from reconciler.calls import is_read
from reconciler.model import Json, partition_of
from reconciler.sandbox.core.iam import ALLOWED, USER, Need, Policy, decision
from reconciler.sandbox.core.model import Response
from reconciler.sandbox.core.service import Simulator
from reconciler.sandbox.server.protocol import Request


class OwnRefusal(Exception):  # noqa: N818 - names what happened
    """The service says no: an error with this code and message."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


# With the account of the caller. None: moto may know.
OwnOperation = Callable[[Simulator, Request, str], Response | None]
EVERYTHING = Policy({"Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]})


def answer_own(simulator: Simulator, request: Request, account: str) -> Response | None:
    """Return the answer to a request that is ours to answer, or None."""
    named = (each for (service, name), each in OPERATIONS.items() if service == request.service
             and fnmatchcase(request.operation, name))  # fmt: skip
    operation = next(named, None)
    if operation is None:
        return None
    try:
        _check_allowed(simulator, request)
        return operation(simulator, request, account)
    except OwnRefusal as no:
        return request.error(no.status, no.code, str(no))
    except (ValueError, TypeError, RecursionError) as wrong:
        return request.error(400, "SerializationException", f"the request cannot be read: {wrong}")


def _check_allowed(simulator: Simulator, request: Request) -> None:
    """Refuse a read that the policy of the sandbox does not allow. What prepares the sandbox is allowed."""
    action = f"{request.service}:{request.operation}"
    if not simulator.policy or not is_read(request.operation):
        return
    if decision(simulator.policy.document["Statement"], Need(action)) != ALLOWED:
        message = f"User: {USER} is not authorized to perform: {action}"
        raise OwnRefusal("AccessDeniedException", message, 403)


# CloudTrail: what the sandbox remembers of requests to AWS Batch (LookupEvents).

MOST_EVENTS = 50  # a page
FOUND_BY = {"EventId": "EventId", "EventName": "EventName", "EventSource": "EventSource", "Username": "Username",
            "ReadOnly": "ReadOnly"}  # fmt: skip
FINDS_NOTHING = ("AccessKeyId", "ResourceName", "ResourceType")  # the events of AWS Batch have no such thing


def lookup_events(simulator: Simulator, request: Request, account: str) -> Response:
    data: Mapping[str, Json] = request.data()
    attributes = data.get("LookupAttributes") or []
    if len(attributes) > 1:
        raise OwnRefusal("InvalidLookupAttributesException", "You can only use one lookup attribute")
    most = data.get("MaxResults", MOST_EVENTS)
    if not 1 <= most <= MOST_EVENTS:
        raise OwnRefusal("InvalidMaxResultsException", f"MaxResults must be between 1 and {MOST_EVENTS}")
    found = [event for event in simulator.trail(account, request.region) if _is_chosen(event, data)]
    for attribute in attributes:
        key, value = attribute["AttributeKey"], attribute["AttributeValue"]
        if key not in (*FOUND_BY, *FINDS_NOTHING):
            raise OwnRefusal("InvalidLookupAttributesException", f"{key} is not a lookup attribute")
        found = [event for event in found if key in FOUND_BY and event[FOUND_BY[key]] == value]
    return request.answer(_page(found, "Events", data, most))


def _is_chosen(event: Mapping[str, Json], data: Mapping[str, Json]) -> bool:
    start, end = data.get("StartTime", float("-inf")), data.get("EndTime", float("inf"))
    return bool(start <= event["EventTime"] <= end)


def _page(items: list[Mapping[str, Json]], result: str, data: Mapping[str, Json], most: int) -> Json:
    """Return a page of a list. Its token is where the next one begins."""
    token = data.get("NextToken") or "0"
    if not str(token).isdigit():
        raise OwnRefusal("InvalidNextTokenException", "The token is invalid")
    start = int(token)
    more = {"NextToken": str(start + most)} if start + most < len(items) else {}
    return {result: items[start : start + most], **more}


# Service Quotas, as a new account has them: by the class of vCPUs in the dimensions of their usage metrics. Names,
# codes and defaults: 'Amazon EC2 service quotas' and 'AWS Fargate service quotas' in the AWS General Reference.

NEW_ACCOUNT: tuple[tuple[str, str, str, str, float], ...] = (
    ("ec2", "L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", "Standard/OnDemand", 5),
    ("ec2", "L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", "Standard/Spot", 5),
    ("ec2", "L-DB2E81BA", "Running On-Demand G and VT instances", "G/OnDemand", 0),
    ("ec2", "L-3819A6DF", "All G and VT Spot Instance Requests", "G/Spot", 0),
    ("ec2", "L-417A185B", "Running On-Demand P instances", "P/OnDemand", 0),
    ("ec2", "L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests", "P/Spot", 0),
    ("ec2", "L-1945791B", "Running On-Demand Inf instances", "Inf/OnDemand", 0),
    ("ec2", "L-B5D1601B", "All Inf Spot Instance Requests", "Inf/Spot", 0),
    ("ec2", "L-6E869C2A", "Running On-Demand DL instances", "DL/OnDemand", 0),
    ("ec2", "L-7295265B", "Running On-Demand X instances", "X/OnDemand", 0),
    ("ec2", "L-74FC7D96", "Running On-Demand F instances", "F/OnDemand", 0),
    ("fargate", "L-3032A538", "Fargate On-Demand vCPU resource count", "Standard/OnDemand", 6),
    ("fargate", "L-36FBB829", "Fargate Spot vCPU resource count", "Standard/Spot", 6),
)
QUOTAS = ".quotas"
MOST_QUOTAS = 100  # a page
SERVICE_NAMES = {"ec2": ("Amazon Elastic Compute Cloud (Amazon EC2)", "EC2"), "fargate": ("AWS Fargate", "Fargate")}


def list_quotas(simulator: Simulator, request: Request, account: str) -> Response | None:
    data: Mapping[str, Json] = request.data()
    quotas = _quotas(simulator, request, account, data)
    if quotas is None:
        return None
    return request.answer(_page(quotas, "Quotas", data, data.get("MaxResults", MOST_QUOTAS)))


def get_quota(simulator: Simulator, request: Request, account: str) -> Response | None:
    data: Mapping[str, Json] = request.data()
    quotas = _quotas(simulator, request, account, data)
    return None if quotas is None else request.answer({"Quota": _named_quota(quotas, data)})


def raise_quota(simulator: Simulator, request: Request, account: str) -> Response | None:
    """Grant a request for a higher quota at once."""
    data: Mapping[str, Json] = request.data()
    quotas = _quotas(simulator, request, account, data)
    if quotas is None:
        return None
    quota, value = _named_quota(quotas, data), float(data["DesiredValue"])
    if value <= quota["Value"]:
        raise OwnRefusal("IllegalArgumentException", "The desired value must be greater than the current value")
    simulator.keep(account, request.region, QUOTAS, quota["QuotaCode"], value)
    named = {member: quota[member] for member in ("ServiceCode", "QuotaCode", "QuotaName")}
    return request.answer({"RequestedQuota": {**named, "DesiredValue": value, "Status": "APPROVED"}})


def _quotas(
    simulator: Simulator, request: Request, account: str, data: Mapping[str, Json]
) -> list[Mapping[str, Json]] | None:
    """Return the quotas of a service; None for those of which moto may know some."""
    service = str(data.get("ServiceCode", ""))
    if service not in SERVICE_NAMES:
        return None
    full_name, metric = SERVICE_NAMES[service]
    raised = simulator.kept(account, request.region, QUOTAS)
    place = f"arn:{partition_of(request.region)}:servicequotas:{request.region}:{account}:{service}"
    return [
        {
            "ServiceCode": service,
            "ServiceName": full_name,
            "QuotaArn": f"{place}/{code}",
            "QuotaCode": code,
            "QuotaName": name,
            "Value": float(raised.get(code, default)),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
            "UsageMetric": {
                "MetricNamespace": "AWS/Usage",
                "MetricName": "ResourceCount",
                "MetricDimensions": {"Class": class_, "Resource": "vCPU", "Service": metric, "Type": "Resource"},
                "MetricStatisticRecommendation": "Maximum",
            },
        }
        for of, code, name, class_, default in NEW_ACCOUNT
        if of == service
    ]


def _named_quota(quotas: Iterable[Mapping[str, Json]], data: Mapping[str, Json]) -> Mapping[str, Json]:
    found = next((quota for quota in quotas if quota["QuotaCode"] == data.get("QuotaCode")), None)
    if found is None:
        raise OwnRefusal("NoSuchResourceException", f"There is no quota {data.get('QuotaCode')} of this service")
    return found


# IAM: what the policies of a principal decide (SimulatePrincipalPolicy). Its policies are those that moto has; the
# caller of the sandbox is allowed what the policy of the sandbox allows, or everything.


def simulate_policy(simulator: Simulator, request: Request, account: str) -> Response:
    form = request.form
    source = "".join(form.get("PolicySourceArn", ()))
    statements = _statements(simulator, source, account)
    resources = _members(form, "ResourceArns") or ["*"]
    keys = _members(form, "ContextEntries", "ContextKeyName")
    context = {
        key: "".join(_members(form, f"ContextEntries.member.{n}.ContextKeyValues")[:1]) for n, key in enumerate(keys, 1)
    }
    needs = [Need(action, resource, context) for action in _members(form, "ActionNames") for resource in resources]
    results = "".join(
        f"<member><EvalActionName>{escape(need.action)}</EvalActionName><EvalResourceName>{escape(need.resource)}"
        f"</EvalResourceName><EvalDecision>{decision(statements, need)}</EvalDecision><MatchedStatements/>"
        "<MissingContextValues/></member>"
        for need in needs
    )
    name, namespace = "SimulatePrincipalPolicy", "https://iam.amazonaws.com/doc/2010-05-08/"
    return _xml(
        f'<{name}Response xmlns="{namespace}"><{name}Result><IsTruncated>false</IsTruncated>'
        f"<EvaluationResults>{results}</EvaluationResults></{name}Result>"
        f"<ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata></{name}Response>"
    )


def _statements(simulator: Simulator, source: str, account: str) -> list[Mapping[str, Json]]:
    """Return the statements of the policies of a user or a role. Raises `OwnRefusal` if there is no such principal."""
    path = source.partition(f"::{account}:")[2]
    noun, name = path.partition("/")[0], path.rpartition("/")[2]
    if (noun, name) == ("user", USER):
        return list((simulator.policy or EVERYTHING).document["Statement"])
    held = _moto_principal(noun, name, source, account)
    if held is None:
        raise OwnRefusal("NoSuchEntity", f"The principal {source} cannot be found.", 404)
    documents = [*held.policies.values(), *(policy.document for policy in held.managed_policies.values())]
    return [statement for document in documents for statement in _statements_in(document)]


def _moto_principal(noun: str, name: str, source: str, account: str) -> Any:
    """Return a user or a role that moto has, or None."""
    backend: Any = importlib.import_module("moto.backends").get_backend("iam")[account][source.split(":")[1]]
    known = {"role": backend.roles, "user": backend.users}.get(noun, {})
    return next((each for each in known.values() if each.name == name), None)


def _statements_in(document: Json) -> list[Mapping[str, Json]]:
    content = json.loads(document) if isinstance(document, str) else document
    statements = content["Statement"]
    return [statements] if isinstance(statements, dict) else list(statements)


def _members(form: Mapping[str, list[str]], name: str, inner: str = "") -> list[str]:
    """Return a list of the query protocol: `Name.member.1`, `Name.member.2`."""
    found: list[str] = []
    while (key := f"{name}.member.{len(found) + 1}{f'.{inner}' if inner else ''}") in form:
        found.append("".join(form[key]))
    return found


# EC2: placement groups. EKS: access entries. What clients create is kept.

GROUPS, ENTRIES = ".placement-groups", ".access-entries"


def create_placement_group(simulator: Simulator, request: Request, account: str) -> Response:
    name = "".join(request.form.get("GroupName", ()))
    if name in simulator.kept(account, request.region, GROUPS):
        raise OwnRefusal("InvalidPlacementGroup.Duplicate", f"The Placement Group '{name}' already exists.")
    strategy = "".join(request.form.get("Strategy", ("cluster",)))
    simulator.keep(account, request.region, GROUPS, name, {"strategy": strategy})
    return _ec2_answer(
        "CreatePlacementGroup", f"<placementGroup>{_group(name, strategy, request, account)}</placementGroup>"
    )


def describe_placement_groups(simulator: Simulator, request: Request, account: str) -> Response:
    form, rows = request.form, simulator.kept(account, request.region, GROUPS)
    named = [value for key, values in form.items() if key.startswith("GroupName.") for value in values]
    if lost := [name for name in named if name not in rows]:
        raise OwnRefusal("InvalidPlacementGroup.Unknown", f"The Placement Group '{lost[0]}' is unknown.")
    wanted = set(named or rows)
    for number in range(1, 1 + sum(key.endswith(".Name") for key in form)):
        values = [each for key, given in form.items() if key.startswith(f"Filter.{number}.Value.") for each in given]
        if form.get(f"Filter.{number}.Name") == ["group-name"]:
            wanted &= set(values)
    items = "".join(
        f"<item>{_group(name, row['strategy'], request, account)}</item>"
        for name, row in rows.items()
        if name in wanted
    )
    return _ec2_answer("DescribePlacementGroups", f"<placementGroupSet>{items}</placementGroupSet>")


def delete_placement_group(simulator: Simulator, request: Request, account: str) -> Response:
    name = "".join(request.form.get("GroupName", ()))
    if name not in simulator.kept(account, request.region, GROUPS):
        raise OwnRefusal("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")
    simulator.keep(account, request.region, GROUPS, name, None)
    return _ec2_answer("DeletePlacementGroup", "<return>true</return>")


def _group(name: str, strategy: str, request: Request, account: str) -> str:
    arn = f"arn:{partition_of(request.region)}:ec2:{request.region}:{account}:placement-group/{name}"
    return (
        f"<groupName>{escape(name)}</groupName><strategy>{escape(strategy)}</strategy><state>available</state>"
        f"<groupId>pg-sandbox</groupId><groupArn>{escape(arn)}</groupArn>"
    )


def _ec2_answer(operation: str, inner: str) -> Response:
    namespace = "http://ec2.amazonaws.com/doc/2016-11-15/"
    return _xml(f'<{operation}Response xmlns="{namespace}"><requestId>sandbox</requestId>{inner}</{operation}Response>')


def _xml(text: str) -> Response:
    return Response(200, {"content-type": "text/xml"}, text.encode())


def create_access_entry(simulator: Simulator, request: Request, account: str) -> Response:
    data: Mapping[str, Json] = request.data()
    cluster, principal = _entry_path(request)[0], str(data.get("principalArn", ""))
    key = f"{cluster} {principal}"
    if key in simulator.kept(account, request.region, ENTRIES):
        raise OwnRefusal("ResourceInUseException", "The specified access entry resource is already in use.", 409)
    place = f"arn:{partition_of(request.region)}:eks:{request.region}:{account}:access-entry/{cluster}"
    entry = {
        "clusterName": cluster,
        "principalArn": principal,
        "kubernetesGroups": data.get("kubernetesGroups", []),
        "accessEntryArn": f"{place}/role/{account}/{principal.rpartition('/')[2]}/sandbox",
        "username": data.get("username", principal),
        "type": data.get("type", "STANDARD"),
        "tags": data.get("tags", {}),
    }
    simulator.keep(account, request.region, ENTRIES, key, entry)
    return request.answer({"accessEntry": entry})


def describe_access_entry(simulator: Simulator, request: Request, account: str) -> Response:
    return request.answer({"accessEntry": _entry(simulator, request, account)})


def delete_access_entry(simulator: Simulator, request: Request, account: str) -> Response:
    entry = _entry(simulator, request, account)
    simulator.keep(account, request.region, ENTRIES, f"{entry['clusterName']} {entry['principalArn']}", None)
    return request.answer({})


def _entry(simulator: Simulator, request: Request, account: str) -> Mapping[str, Json]:
    cluster, principal = _entry_path(request)
    entry: Mapping[str, Json] | None = simulator.kept(account, request.region, ENTRIES).get(f"{cluster} {principal}")
    if entry is None:
        raise OwnRefusal("ResourceNotFoundException", f"The access entry of {principal} was not found", 404)
    return entry


def _entry_path(request: Request) -> tuple[str, str]:
    """Return the cluster and the principal of `/clusters/NAME/access-entries/ARN`."""
    _, _, cluster, _, *rest = urlsplit(request.path).path.split("/")
    return unquote(cluster), unquote("/".join(rest))


# ECR: which repositories a registry fetches from a different one when they are first pulled.

CACHE_RULES = ".cache-rules"


def create_cache_rule(simulator: Simulator, request: Request, account: str) -> Response:
    data: Mapping[str, Json] = request.data()
    prefix = str(data.get("ecrRepositoryPrefix", ""))
    rule = {"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": data.get("upstreamRegistryUrl", "")}
    simulator.keep(account, request.region, CACHE_RULES, prefix, rule)
    return request.answer({**rule, "registryId": account})


def describe_cache_rules(simulator: Simulator, request: Request, account: str) -> Response:
    rules = simulator.kept(account, request.region, CACHE_RULES).values()
    return request.answer({"pullThroughCacheRules": [{**each, "registryId": account} for each in rules]})


# By service and operation, as requests name it; a path is a pattern.
OPERATIONS: Mapping[tuple[str, str], OwnOperation] = {
    ("cloudtrail", "LookupEvents"): lookup_events,
    ("servicequotas", "ListServiceQuotas"): list_quotas,
    ("servicequotas", "GetServiceQuota"): get_quota,
    ("servicequotas", "RequestServiceQuotaIncrease"): raise_quota,
    ("iam", "SimulatePrincipalPolicy"): simulate_policy,
    ("ec2", "CreatePlacementGroup"): create_placement_group,
    ("ec2", "DescribePlacementGroups"): describe_placement_groups,
    ("ec2", "DeletePlacementGroup"): delete_placement_group,
    ("ecr", "CreatePullThroughCacheRule"): create_cache_rule,
    ("ecr", "DescribePullThroughCacheRules"): describe_cache_rules,
    ("eks", "POST /clusters/*/access-entries"): create_access_entry,
    ("eks", "GET /clusters/*/access-entries/*"): describe_access_entry,
    ("eks", "DELETE /clusters/*/access-entries/*"): delete_access_entry,
}

"""Short ways to build stacks and live resources for tests."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.diff import first_record
from reconciler.kinds import KINDS
from reconciler.live.facts import LiveRegion
from reconciler.live.ownership import AppliedRecord, ownership_tags
from reconciler.live.resolve import index_live, resolve
from reconciler.model import Address, Declared, Json, Lifecycle, Live, Plan, Stack, own_name
from reconciler.plan import AS_DECLARED, PlanOptions, build, decide
from tests.fakes import HERE

CE, JQ, SP, JD = "ComputeEnvironment", "JobQueue", "SchedulingPolicy", "JobDefinition"
CR, SE, QS = "ConsumableResource", "ServiceEnvironment", "QuotaShare"
SLR = "arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"


def ec2(**resources: Json) -> dict[str, Json]:
    whole = {"type": "EC2", "allocationStrategy": "BEST_FIT_PROGRESSIVE", "minvCpus": 0, "maxvCpus": 16,
             "instanceTypes": ["m5"], "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"],
             "instanceRole": "ecsInstanceRole", **resources}  # fmt: skip
    return {"type": "MANAGED", "computeResources": {k: v for k, v in whole.items() if v is not None}}


def queue(*environments: str, **members: Json) -> dict[str, Json]:
    order = [{"order": n, "computeEnvironment": name} for n, name in enumerate(environments, 1)]
    return {"priority": 1, "computeEnvironmentOrder": order, **members}


def container(**members: Json) -> dict[str, Json]:
    return {"type": "container", "containerProperties": {"image": "busybox", "vcpus": 1, "memory": 512, **members}}


def fair(**members: Json) -> dict[str, Json]:
    return {"fairsharePolicy": {"shareDecaySeconds": 60, **members}}


def quota() -> dict[str, Json]:
    return {"quotaSharePolicy": {"idleResourceAssignmentStrategy": "FIFO"}}


def consumable(quantity: int = 10, **members: Json) -> dict[str, Json]:
    return {"totalQuantity": quantity, **members}


def service(**capacity: int) -> dict[str, Json]:
    """A service environment; without limits of its own with eight instances of one type."""
    return {"serviceEnvironmentType": "SAGEMAKER_TRAINING", "capacityLimits": limits(**capacity or {"m5": 8})}


def training(environment: str, **members: Json) -> dict[str, Json]:
    order = [{"order": 1, "serviceEnvironment": environment}]
    return {"priority": 1, "jobQueueType": "SAGEMAKER_TRAINING", "serviceEnvironmentOrder": order, **members}


def share(of: str, **members: Json) -> dict[str, Json]:
    return {"jobQueue": of, "capacityLimits": limits(m5=4), "preemptionConfiguration": {"inSharePreemption": "ENABLED"},
            "resourceSharingConfiguration": {"strategy": "LEND"}, **members}  # fmt: skip


def limits(**capacity: int) -> list[dict[str, Json]]:
    return [{"capacityUnit": f"ml.{unit}.large", "maxCapacity": most} for unit, most in capacity.items()]


def stack(
    resources: Mapping[tuple[str, str], Mapping[str, Json]],
    *,
    lifecycles: Mapping[tuple[str, str], Lifecycle] | None = None,
    name: str = "risk",
    prefix: str = "",
    tags: Mapping[str, str] | None = None,
) -> Stack:
    declared = {
        Address(*key): Declared(Address(*key), spec, (lifecycles or {}).get(key, Lifecycle()))
        for key, spec in resources.items()
    }
    return Stack(name, declared, tags=tags or {}, name_prefix=prefix)


def live(
    kind: str,
    name: str,
    spec: Mapping[str, Json],
    *,
    tags: Mapping[str, str] | None = None,
    status: str = "VALID",
    reason: str = "",
    revisions: tuple[int, ...] = (),
) -> Live:
    arn = KINDS[kind].arn(HERE, name) + (f":{revisions[-1]}" if revisions else "")
    return Live(Address(kind, name), spec, arn, tags or {}, status, reason, revisions)


def owned(of: Stack, live_: Live) -> Live:
    """Return `live_` tagged as if this stack had applied its present declaration of it."""
    desired, problems = resolve(of, HERE, index_live([live_], of))
    mine = next((d for d in desired if d.address.kind == live_.address.kind and d.name == live_.address.name), None)
    known = first_record(KINDS[live_.address.kind], mine, HERE) if mine and not problems else None
    digest = known.digest if known else "0"
    logical = own_name(live_.address.name).removeprefix(of.name_prefix)
    tags = ownership_tags(of.name, of.name_prefix, logical, live_.address.name, AppliedRecord(digest))
    return Live(
        live_.address, live_.spec, live_.arn, {**live_.tags, **tags}, live_.status, live_.reason, live_.revisions
    )


def planned(of: Stack, *world: Live, wanted: PlanOptions = AS_DECLARED, guards: bool = False) -> Plan:
    """Return the plan without what AWS would have to be asked, and, unless there are `guards`, any missing consent."""
    return build(decide(of, LiveRegion(HERE, world), replace(wanted, guards=guards)))


def told(plan: Plan) -> list[str]:
    """A plan in one line a change: the sign and the address."""
    return [f"{change.action.value} {change.address}" for change in plan.changes]


def calls(plan: Plan) -> list[tuple[str, Json]]:
    """Every request of a plan, waits as their goal."""
    return [
        (step.operation, step.request) if hasattr(step, "operation") else ("wait", str(step.until))
        for change in plan.changes
        for step in change.steps
    ]

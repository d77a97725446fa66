"""Plans made by hand that have everything a report must be able to show."""

from reconciler.app.usecases import Finish
from reconciler.apply import Outcome, Result, State
from reconciler.model import (
    Action,
    Address,
    Call,
    Change,
    Cost,
    FieldChange,
    Ignored,
    Json,
    Plan,
    Repeat,
    Unhealthy,
    Until,
    Wait,
)
from reconciler.problems import Problem, Severity, Where
from tests.fakes import HERE

CE, JQ, JD, SP = "ComputeEnvironment", "JobQueue", "JobDefinition", "SchedulingPolicy"
FILE = "stacks/prod/stack.yaml"
ARN = f"arn:aws:batch:{HERE.region}:{HERE.account}"


def member(path: str, before: Json, after: Json, cost: Cost = Cost.SCALING, line: int = 0, **more: Json) -> FieldChange:
    return FieldChange(
        path=tuple(path.split(".")),
        before=before,
        after=after,
        cost=cost,
        where=Where(FILE, line, 5) if line else None,
        **more,
    )


SPOT = Change(
    action=Action.CREATE,
    address=Address(CE, "spot"),
    name="prod-spot",
    arn=f"{ARN}:compute-environment/prod-spot",
    fields=(
        member("type", None, "MANAGED", line=20),
        member(
            "computeResources",
            None,
            {
                "type": "SPOT",
                "allocationStrategy": "SPOT_PRICE_CAPACITY_OPTIMIZED",
                "maxvCpus": 256,
                "instanceTypes": ["c6i", "c7i", "m6i"],
                "subnets": ["subnet-0a1b2c3d4e5f60718", "subnet-0b1c2d3e4f5061728", "subnet-0c1d2e3f405162738"],
                "securityGroupIds": ["sg-0a1b2c3d4e5f60718"],
                "launchTemplate": {"launchTemplateId": "lt-0a1b2c3d4e5f60718", "version": "3"},
            },
        ),
        member("tags.team", None, "risk"),
    ),
    steps=(
        Call(
            "CreateComputeEnvironment",
            {"computeEnvironmentName": "prod-spot", "type": "MANAGED", "tags": {"team": "risk"}},
            "create compute-environment prod-spot",
            Repeat.LOOK_FIRST,
        ),
        Wait(Until.VALID, 900, "wait until it is VALID"),
    ),
    where=Where(FILE, 19, 3),
)
PRICING = Change(
    action=Action.UPDATE,
    address=Address(JQ, "pricing"),
    name="prod-pricing",
    arn=f"{ARN}:job-queue/prod-pricing",
    fields=(
        member("priority", 10, 20, line=41),
        member(
            "computeEnvironmentOrder",
            [f"{ARN}:compute-environment/prod-old"],
            [f"{ARN}:compute-environment/prod-spot"],
            line=42,
        ),
        member("tags.owner", "somebody", None, Cost.METADATA, drift=True, undeclared=True),
    ),
    steps=(
        Call("UpdateJobQueue", {"jobQueue": "prod-pricing", "priority": 20}, "update job-queue prod-pricing: priority"),
        Wait(Until.VALID, 300, "wait until it is VALID"),
    ),
    after=(SPOT.address,),
    where=Where(FILE, 40, 3),
)
SIMULATE = Change(
    action=Action.REVISION,
    address=Address(JD, "simulate"),
    name="simulate",
    arn=f"{ARN}:job-definition/simulate:7",
    fields=(
        member("containerProperties.environment.DB_PASSWORD.value", "hunter1", "hunter2", Cost.REVISION, line=61),
        member(
            "containerProperties.image",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/risk/simulate:2024-11-01",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/risk/simulate:2024-12-01",
            Cost.REVISION,
            line=55,
        ),
        member(
            "containerProperties.command",
            ["python", "-m", "simulate", "--paths", "100000", "--bucket", "Ref::bucket"],
            ["python", "-m", "simulate", "--paths", "250000", "--bucket", "Ref::bucket", "--strict"],
            Cost.REVISION,
            line=57,
        ),
        member("parameters.bucket", None, "risk-results", Cost.REVISION, line=53),
        member(
            "retryStrategy", None, {"attempts": "3", "evaluateOnExit": [{"action": "RETRY", "onReason": "Host EC2*"}]}, Cost.REVISION,
        ),
    ),
    steps=(
        Call(
            "RegisterJobDefinition",
            {
                "jobDefinitionName": "simulate",
                "containerProperties": {"environment": [{"name": "DB_PASSWORD", "value": "hunter2"}]},
            },
            "register a revision of job-definition simulate",
            Repeat.LOOK_FIRST,
            7,
        ),
    ),
    where=Where(FILE, 50, 3),
)  # fmt: skip
GPU = Change(
    action=Action.UPDATE,
    address=Address(CE, "gpu"),
    name="gpu",
    arn=f"{ARN}:compute-environment/gpu",
    fields=(
        member("computeResources.maxvCpus", 64, 128, line=31, drift=True),
        member(
            "computeResources.instanceTypes",
            ["g5.xlarge"],
            ["g5.2xlarge", "g5.xlarge"],
            Cost.INFRASTRUCTURE,
            line=32,
            drift=True,
            why="instances are replaced as updatePolicy says (UpdateComputeEnvironment)",
        ),
    ),
    steps=(
        Call("UpdateComputeEnvironment", {"computeEnvironment": "gpu"}, "update compute-environment gpu"),
        Wait(Until.VALID, 5400, "wait until it is VALID"),
    ),
    where=Where(FILE, 30, 3),
)
LEGACY = Change(
    action=Action.REPLACE,
    address=Address(CE, "legacy"),
    name="legacy",
    arn=f"{ARN}:compute-environment/legacy",
    fields=(member("type", "UNMANAGED", "MANAGED", Cost.REPLACE, line=70, why="UpdateComputeEnvironment"),),
    refusals=(
        Problem(
            "PLAN001",
            "ComputeEnvironment/legacy: type cannot be changed in place: UpdateComputeEnvironment",
            Where(FILE, 70, 5),
            "declare it under a new name, move references to legacy to it, and remove the old one; "
            "apply then creates, moves and deletes in this order",
        ),
    ),
    where=Where(FILE, 69, 3),
)
OLD = Change(
    action=Action.DELETE,
    address=Address(CE, "old"),
    name="prod-old",
    arn=f"{ARN}:compute-environment/prod-old",
    reasons=("no longer declared in this stack",),
    steps=(
        Call("DeleteComputeEnvironment", {"computeEnvironment": "prod-old"}, "delete compute-environment prod-old"),
        Wait(Until.GONE, 900, "wait until prod-old is gone"),
    ),
    after=(PRICING.address,),
)
FAIR = Change(
    action=Action.ADOPT,
    address=Address(SP, "fair"),
    name="fair",
    arn=f"{ARN}:scheduling-policy/fair",
    fields=(member("fairsharePolicy.shareDecaySeconds", 600, 3600, line=81),),
    reasons=("not owned by a stack; adopted by this stack",),
)
SHARED = Change(
    action=Action.ADOPT,
    address=Address(JQ, "shared"),
    name="shared",
    arn=f"{ARN}:job-queue/shared",
    refusals=(
        Problem(
            "PLAN003",
            "JobQueue/shared: shared belongs to stack billing",
            Where(FILE, 88, 3),
            "rename it here, or release it first with `reconciler forget` in its stack",
        ),
    ),
    where=Where(FILE, 88, 3),
)
REPORTS = Change(
    action=Action.FORGET,
    address=Address(JQ, "reports"),
    name="reports",
    arn=f"{ARN}:job-queue/reports",
    reasons=("no longer declared in this stack", "onRemove: orphan keeps the resource"),
)
BUSY = Change(
    action=Action.WAIT,
    address=Address(JQ, "busy"),
    name="busy",
    arn=f"{ARN}:job-queue/busy",
    reasons=("it is UPDATING",),
    steps=(Wait(Until.SETTLED, 300, "wait until busy is no longer UPDATING"),),
)

EVERYTHING = Plan(
    stack="risk",
    identity=HERE,
    changes=(FAIR, SPOT, GPU, LEGACY, BUSY, PRICING, SHARED, REPORTS, SIMULATE, OLD),
    unchanged=12,
    unhealthy=(Unhealthy(Address(CE, "gpu"), "INVALID", "CLIENT_ERROR - The request uses the same client token"),),
    notes=(
        Problem("PLAN006", "not changed: 4 of stack risk under the name prefix 'dev-'", severity=Severity.NOTE),
    ),
    ignored={
        Address(CE, "gpu"): (
            Ignored(("computeResources", "desiredvCpus"), 48, None, "owned by the autoscaler: never sent and never compared"),
            Ignored(("computeResources", "maxvCpus"), 512, 256, "the night shift scales by hand (until 2027-03-31)"),
        ),
        Address(CE, "spot"): (
            Ignored(("computeResources", "desiredvCpus"), 0, None, "owned by the autoscaler: never sent and never compared"),
        ),
    },
)  # fmt: skip
NOTHING = Plan(stack="risk", identity=HERE, unchanged=5)
LEFT = Plan(stack="risk", identity=HERE, changes=(PRICING,), unchanged=4)

PARTLY = Finish(
    Outcome(
        (
            Result(SPOT, State.DONE, seconds=12.4),
            Result(
                PRICING,
                State.FAILED,
                "UpdateJobQueue: AccessDeniedException: User: arn:aws:iam::123456789012:user/ci is not authorized",
                "the caller needs permission for UpdateJobQueue",
                0.3,
            ),
            Result(GPU, State.UNHEALTHY, "CLIENT_ERROR - The launch template does not exist", seconds=3725),
            Result(OLD, State.SKIPPED, "needs JobQueue/pricing"),
        )
    ),
    LEFT,
)
CONVERGED = Finish(Outcome((Result(SPOT, State.DONE, seconds=95),)), NOTHING)

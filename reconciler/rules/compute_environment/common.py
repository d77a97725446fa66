"""What managed and unmanaged environments have and do not have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.kinds.compute_environment import SERVICE_LINKED_ROLE
from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Evidence, Example, Findings, Rule, Subject, documented, measured
from reconciler.rules.instance_names import known_instance_types
from reconciler.rules.shared import forms, placeholders

# Compute environments as rules read them, and as their examples are written.

FARGATE = ("FARGATE", "FARGATE_SPOT")
INSTANCES = ("EC2", "SPOT")
MANAGED_INSTANCES = "ECS_MANAGED_INSTANCES"

ROLE = "arn:aws:iam::123456789012:role/service-role/AWSBatchServiceRole"
SERVICE_LINKED = "arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
CLUSTER = "arn:aws:eks:us-east-1:123456789012:cluster/research"
ON_EKS: Spec = {"eksClusterArn": CLUSTER, "kubernetesNamespace": "batch"}
NETWORK: Spec = {"subnets": ["subnet-0a1b2c3d"], "securityGroupIds": ["sg-0a1b2c3d"]}
_EC2: Spec = {
    **NETWORK,
    "type": "EC2",
    "allocationStrategy": "BEST_FIT_PROGRESSIVE",
    "minvCpus": 0,
    "maxvCpus": 16,
    "instanceTypes": ["m6i"],
    "instanceRole": "ecsInstanceRole",
}
_TEMPLATE: Spec = {
    "ec2InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/ecsInstanceRole",
    "networkConfiguration": {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]},
}


def resources_of(subject: Subject) -> Spec:
    resources: Spec = subject.body.get("computeResources", {})
    return resources


def type_of(subject: Subject) -> str:
    """Return where a managed environment runs its jobs: EC2, SPOT, FARGATE, …; empty for unmanaged ones."""
    return str(resources_of(subject).get("type", "")) if subject.body["type"] == "MANAGED" else ""


def is_given(value: Json) -> bool:
    """Whether a member says something: absent, empty text, empty list and empty map do not."""
    return value is not None and value not in ("", [], {})


def ec2(**members: Json) -> Example:
    """Write an environment of EC2 instances; members replace those of computeResources, None takes one away."""
    return _managed({**_EC2, **members})


def spot(**members: Json) -> Example:
    return ec2(**{"type": "SPOT", "allocationStrategy": "SPOT_PRICE_CAPACITY_OPTIMIZED", **members})


def fargate(**members: Json) -> Example:
    return _managed({**NETWORK, "type": "FARGATE", "maxvCpus": 16, **members})


def eks(*, namespace: str = "batch", cluster: str = CLUSTER, **members: Json) -> Example:
    return beside(ec2(**members), eksConfiguration={"eksClusterArn": cluster, "kubernetesNamespace": namespace})


def managed_instances(*, template: Mapping[str, Json] | None = None, **members: Json) -> Example:
    """Write an environment of ECS managed instances; `template` adds to its instanceLaunchTemplate."""
    provider = {
        "infrastructureRoleArn": "arn:aws:iam::123456789012:role/ecsInfrastructureRole",
        "instanceLaunchTemplate": {**_TEMPLATE, **(template or {})},
    }
    return _managed({"type": MANAGED_INSTANCES, "maxvCpus": 16, "managedInstancesProvider": provider, **members})


def unmanaged(**members: Json) -> Example:
    return beside(Example({"type": "UNMANAGED", "serviceRole": ROLE}), **members)


def beside(example: Example, **members: Json) -> Example:
    """Return the example with other members beside its computeResources; None takes one away."""
    return Example(_without_none({**example.body, **members}))


def _managed(resources: Spec) -> Example:
    return Example({"type": "MANAGED", "computeResources": _without_none(resources)})


def _without_none(members: Spec) -> Spec:
    return {name: value for name, value in members.items() if value is not None}


# Rules of one shape: a member that some types of environment need, do not have, or give only some values.


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbiddenFields:
    """Members of computeResources that environments of some types do not have."""

    types: Sequence[str]
    whose: str  # the types, in prose
    keeps: Example  # a valid environment of such a type
    evidence: Callable[[str], Evidence]  # of a member
    hint: str

    def rule(self, id_: str, member: str, value: Json, severity: Severity = Severity.ERROR) -> Rule:
        """Return the rule against one member, of which `value` is an example."""

        def check(subject: Subject) -> Findings:
            if type_of(subject) in self.types and is_given(resources_of(subject).get(member)):
                yield ("computeResources", member), f"is not supported for {self.whose}"

        resources = {**self.keeps.body["computeResources"], member: value}
        return Rule(
            id=id_,
            says=f"{member} is not supported for {self.whose}.",
            check=check,
            hint=self.hint,
            severity=severity,
            evidence=self.evidence(member),
            fails=beside(self.keeps, computeResources=resources),
            passes=self.keeps,
        )


def required(id_: str, member: str, types: Sequence[str], keeps: Example, evidence: Evidence) -> Rule:
    """Return the rule that environments of some types need a member; an empty list counts as none."""
    whose = ", ".join(types)

    def check(subject: Subject) -> Findings:
        if type_of(subject) in types and not is_given(resources_of(subject).get(member)):
            yield ("computeResources", member), f"is missing: {whose} environments require it"

    others = {name: value for name, value in keeps.body["computeResources"].items() if name != member}
    return Rule(
        id=id_,
        says=f"{whose} environments require {member}.",
        check=check,
        evidence=evidence,
        fails=beside(keeps, computeResources=others),
        passes=keeps,
    )


def one_of(id_: str, path: Path, choices: Sequence[str], fails: Example, passes: Example, evidence: Evidence) -> Rule:
    """Return the rule that a text is one of some words, in any case; a warning: the service model leaves it open."""

    def check(subject: Subject) -> Findings:
        value = _at(subject.body, path)
        if value is not None and str(value).upper() not in choices:
            yield path, f"is {value}, which is not one of {', '.join(choices)}"

    says = f"{path[-1]} is one of {', '.join(choices)}."
    hint = "AWS may accept values that this version of reconciler does not know: it is sent as written"
    return Rule(
        id=id_,
        says=says,
        check=check,
        hint=hint,
        severity=Severity.WARNING,
        evidence=evidence,
        fails=fails,
        passes=passes,
    )


def _at(value: Json, path: Path) -> Json:
    for step in path:
        value = (value or {}).get(step)
    return value


UPDATE_POLICY = {"terminateJobsOnUpdate": True}
LATEST = {"launchTemplateName": "batch", "version": "$Latest"}


def is_service_linked(role: str) -> bool:
    return role.rsplit("/", 1)[-1] == SERVICE_LINKED_ROLE


def _is_unmanaged(subject: Subject) -> bool:
    return bool(subject.body["type"] == "UNMANAGED")


def _managed_has_resources(subject: Subject) -> Findings:
    if not _is_unmanaged(subject) and "computeResources" not in subject.body:
        yield ("computeResources",), "is missing: a MANAGED environment needs it"


def _unmanaged_has_none(subject: Subject) -> Findings:
    if _is_unmanaged(subject) and is_given(subject.body.get("computeResources")):
        yield ("computeResources",), "is not for UNMANAGED environments: you start the instances"


def _unmanaged_has_a_role(subject: Subject) -> Findings:
    if _is_unmanaged(subject) and not _has_cluster(subject) and not subject.body.get("serviceRole"):
        yield ("serviceRole",), "is missing: an UNMANAGED environment needs a role of your own"


def _unmanaged_role_is_own(subject: Subject) -> Findings:
    is_linked = is_service_linked(str(subject.body.get("serviceRole", "")))
    if _is_unmanaged(subject) and not _has_cluster(subject) and is_linked:
        yield ("serviceRole",), f"is {SERVICE_LINKED_ROLE}, which is for MANAGED environments only"


def _managed_has_no_unmanaged_cpus(subject: Subject) -> Findings:
    if not _is_unmanaged(subject) and "unmanagedvCpus" in subject.body:
        yield ("unmanagedvCpus",), "is for UNMANAGED environments; MANAGED ones have computeResources.maxvCpus"


def _unmanaged_has_no_updates(subject: Subject) -> Findings:
    if _is_unmanaged(subject) and is_given(subject.body.get("updatePolicy")):
        yield ("updatePolicy",), "is not for UNMANAGED environments: Batch never replaces their instances"


def _has_cluster(subject: Subject) -> bool:
    return is_given(subject.body.get("eksConfiguration"))


def _nodes_are_own(subject: Subject) -> Findings:
    if _is_unmanaged(subject) and _has_cluster(subject):
        yield ("type",), "is UNMANAGED, on EKS: AWS Batch starts no nodes, and runs jobs on those that you label"


def _most_is_not_below_least(subject: Subject) -> Findings:
    least, most = resources_of(subject).get("minvCpus", 0), resources_of(subject).get("maxvCpus", 0)
    if type_of(subject) in INSTANCES and most < least:
        yield ("computeResources", "maxvCpus"), f"is {most}, less than minvCpus {least}"


RULES = (
    Rule(
        id="CE001",
        says="A MANAGED environment has computeResources.",
        check=_managed_has_resources,
        evidence=measured(
            "CreateComputeEnvironment", "computeResources is missing but required on a managed compute environment"
        ),
        fails=beside(ec2(), computeResources=None),
        passes=ec2(),
    ),
    Rule(
        id="CE002",
        says="An UNMANAGED environment has no computeResources.",
        check=_unmanaged_has_none,
        hint="set type: MANAGED, or remove computeResources",
        evidence=measured(
            "CreateComputeEnvironment",
            "Cannot create an UNMANAGED Fargate Compute Environment.",
            "of other types, see terraform-provider-aws, issue 12543",
        ),
        fails=beside(ec2(), type="UNMANAGED", serviceRole=ROLE),
        passes=unmanaged(),
    ),
    Rule(
        id="CE003",
        says="An UNMANAGED environment names its serviceRole.",
        check=_unmanaged_has_a_role,
        hint="Batch makes its service-linked role for MANAGED environments only",
        evidence=measured("CreateComputeEnvironment", "ServiceRole is required."),
        fails=unmanaged(serviceRole=None),
        passes=unmanaged(),
    ),
    Rule(
        id="CE004",
        says="An UNMANAGED environment cannot have the service-linked role.",
        check=_unmanaged_role_is_own,
        hint="use a role with the policy AWSBatchServiceRole",
        evidence=measured(
            "CreateComputeEnvironment", "Service Linked Role cannot be used with UNMANAGED Compute Environment"
        ),
        fails=unmanaged(serviceRole=SERVICE_LINKED),
        passes=unmanaged(),
    ),
    Rule(
        id="CE005",
        says="unmanagedvCpus is for UNMANAGED environments.",
        check=_managed_has_no_unmanaged_cpus,
        evidence=measured(
            "CreateComputeEnvironment", "unmanagedvCpus is not applicable for managed Compute Environments"
        ),
        fails=beside(ec2(), unmanagedvCpus=8),
        passes=unmanaged(unmanagedvCpus=8),
    ),
    Rule(
        id="CE006",
        says="updatePolicy is for MANAGED environments.",
        check=_unmanaged_has_no_updates,
        evidence=documented(
            "UpdatePolicy", "applies only to Amazon EC2 managed compute environments", "it is never sent"
        ),
        severity=Severity.WARNING,
        fails=unmanaged(updatePolicy=UPDATE_POLICY),
        passes=beside(ec2(), updatePolicy=UPDATE_POLICY),
    ),
    Rule(
        id="CE007",
        says="Nodes of an UNMANAGED environment on EKS are started and labelled by you.",
        check=_nodes_are_own,
        hint="label them batch.amazonaws.com/compute-environment, or make the environment MANAGED",
        evidence=documented(
            "AWS Batch User Guide, 'Unmanaged compute environments'",
            "You are responsible for provisioning and configuring your Amazon EKS nodes",
        ),
        severity=Severity.NOTE,
        advice=True,
        fails=unmanaged(eksConfiguration=ON_EKS),
        passes=beside(ec2(), eksConfiguration=ON_EKS),
    ),
    forms("CE021", ec2(subnets=["sbnet-1"]), ec2(subnets=["subnet-1", "subnet-0a1b2c3d4e5f60718"])),
    known_instance_types("CE222", ec2(instanceTypes=["c5.2xlrage"]), ec2(instanceTypes=["c5.2xlarge", "m6i"])),
    placeholders("CE020", ec2(instanceRole="${INSTANCE_ROLE}"), ec2(launchTemplate=LATEST)),
    required(
        "CE010", "minvCpus", INSTANCES, ec2(), measured("CreateComputeEnvironment", "Resource minvCpus is required.")
    ),
    required(
        "CE011",
        "instanceTypes",
        INSTANCES,
        ec2(),
        measured("CreateComputeEnvironment", "Resource instanceTypes are required."),
    ),
    required(
        "CE012", "instanceRole", INSTANCES, ec2(), measured("CreateComputeEnvironment", "Instance role is required.")
    ),
    required(
        "CE013",
        "subnets",
        (*INSTANCES, *FARGATE),
        fargate(),
        documented(
            "ComputeResource.subnets", "required for compute environments using EC2, SPOT, FARGATE, or FARGATE_SPOT"
        ),
    ),
    Rule(
        id="CE015",
        says="maxvCpus is not below minvCpus.",
        check=_most_is_not_below_least,
        evidence=measured("CreateComputeEnvironment", "maxvCpus should be greater than or equal to minvCpus."),
        fails=ec2(minvCpus=8, maxvCpus=4),
        passes=ec2(minvCpus=4, maxvCpus=4),
    ),
)

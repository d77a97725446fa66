"""What managed and unmanaged environments have and do not have."""

from reconciler.kinds.updating import SERVICE_LINKED_ROLE
from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule, Subject
from reconciler.rules.compute_environment.bodies import (
    FARGATE,
    INSTANCES,
    ON_EKS,
    ROLE,
    SERVICE_LINKED,
    beside,
    ec2,
    fargate,
    is_given,
    resources_of,
    type_of,
    unmanaged,
)
from reconciler.rules.compute_environment.members import required
from reconciler.rules.evidence import documented, measured
from reconciler.rules.forms import forms
from reconciler.rules.instance_names import known_instance_types
from reconciler.rules.placeholders import placeholders

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
        hint="make it MANAGED, or leave computeResources out",
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
        hint="give it a role with the policy AWSBatchServiceRole",
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

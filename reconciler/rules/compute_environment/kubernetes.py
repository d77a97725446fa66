"""Environments on EKS."""

import re
from collections.abc import Mapping

from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, inferred, measured
from reconciler.rules.compute_environment.common import (
    CLUSTER,
    INSTANCES,
    ON_EKS,
    ROLE,
    SERVICE_LINKED,
    beside,
    eks,
    fargate,
    is_service_linked,
    resources_of,
    type_of,
)

NAMESPACE = ("eksConfiguration", "kubernetesNamespace")
LONGEST = 63
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
CLUSTER_ARN = re.compile(r"arn:[^:]+:eks:(?P<region>[^:]+):\d{12}:cluster/[^/]+")
MOST_ON_A_CLUSTER = 5


def _is_managed_eks(subject: Subject) -> bool:
    return "eksConfiguration" in subject.body and type_of(subject) != ""


def _namespace(subject: Subject) -> str | None:
    configuration = subject.body.get("eksConfiguration")
    return str(configuration["kubernetesNamespace"]) if configuration else None


def _has_a_strategy(subject: Subject) -> Findings:
    wants = _is_managed_eks(subject) and type_of(subject) in INSTANCES
    if wants and "allocationStrategy" not in resources_of(subject):
        yield ("computeResources", "allocationStrategy"), "is missing: an EKS environment needs it"


def _not_best_fit(subject: Subject) -> Findings:
    if _is_managed_eks(subject) and resources_of(subject).get("allocationStrategy") == "BEST_FIT":
        yield ("computeResources", "allocationStrategy"), "is BEST_FIT, which is not for EKS"


def _on_instances(subject: Subject) -> Findings:
    if _is_managed_eks(subject) and type_of(subject) not in INSTANCES:
        yield ("computeResources", "type"), f"is {type_of(subject)}; on EKS it can be EC2 or SPOT"


def _namespace_is_own(subject: Subject) -> Findings:
    if _namespace(subject) == "default":
        yield NAMESPACE, "is default"


def _namespace_is_not_reserved(subject: Subject) -> Findings:
    if (name := _namespace(subject)) and name.startswith("kube-"):
        yield NAMESPACE, f"is {name}; names that begin with kube- belong to Kubernetes"


def _namespace_is_a_label(subject: Subject) -> Findings:
    name = _namespace(subject)
    if name is not None and not LABEL.fullmatch(name):
        yield NAMESPACE, f"is {name or 'empty'}; it can have small letters, digits and inner hyphens"


def _namespace_is_short(subject: Subject) -> Findings:
    if (name := _namespace(subject)) and len(name) > LONGEST:
        yield NAMESPACE, f"has {len(name)} characters; at most {LONGEST} are allowed"


def _names_a_cluster(subject: Subject) -> Findings:
    arn = str(subject.body.get("eksConfiguration", ON_EKS)["eksClusterArn"])
    if not CLUSTER_ARN.fullmatch(arn):
        yield ("eksConfiguration", "eksClusterArn"), f"is {arn}, which is not the ARN of an EKS cluster"


def _cluster_is_near(subject: Subject) -> Findings:
    match = CLUSTER_ARN.fullmatch(str(subject.body.get("eksConfiguration", {}).get("eksClusterArn", "")))
    if match and subject.region not in ("", match["region"]):
        yield ("eksConfiguration", "eksClusterArn"), f"is in {match['region']}, and the stack is in {subject.region}"


def _few_on_a_cluster(subject: Subject) -> Findings:
    cluster = _wanted_entry(subject.body.get("eksConfiguration"))
    environments = subject.every(subject.address.kind) if cluster else ()
    wanted = ((name, _wanted_entry(body.get("eksConfiguration"))) for name, body in environments)
    names = sorted(name for name, other in wanted if cluster and other and other[0] == cluster[0])
    if subject.address.name in names[MOST_ON_A_CLUSTER:]:
        path = ("eksConfiguration", "eksClusterArn")
        yield path, f"has {len(names)} environments; a cluster supports {MOST_ON_A_CLUSTER}"


def _role_is_service_linked(subject: Subject) -> Findings:
    role = subject.body.get("serviceRole")
    if _is_managed_eks(subject) and role and not is_service_linked(str(role)):
        yield ("serviceRole",), "is a role of your own; on EKS Batch works with its service-linked role"


def _wanted_entry(configuration: Json) -> tuple[str, str] | None:
    """Return a cluster and what is wanted of its access entry; None if it is no configuration."""
    if not isinstance(configuration, Mapping) or "eksClusterArn" not in configuration:
        return None
    entry = configuration.get("accessEntry")
    state = entry.get("desiredState") if isinstance(entry, Mapping) else None
    return str(configuration["eksClusterArn"]), str(state or "INHERIT_FROM_CLUSTER")


def _clusters_agree(subject: Subject) -> Findings:
    mine = _wanted_entry(subject.body.get("eksConfiguration"))
    if mine is None:
        return
    for name, body in subject.every(subject.address.kind):
        other = _wanted_entry(body.get("eksConfiguration"))
        if other and other[0] == mine[0] and other[1] != mine[1]:
            address = f"{subject.address.kind}/{name}"
            yield ("eksConfiguration", "accessEntry"), f"requires {mine[1]}, but {address} requires {other[1]}"


def _entry(state: str) -> Example:
    return beside(eks(), eksConfiguration={**ON_EKS, "accessEntry": {"desiredState": state}})


def _crowded(count: int) -> Example:
    others = {("ComputeEnvironment", f"a-{number}"): eks().body for number in range(count - 1)}
    return Example(eks().body, others)


RULES = (
    Rule(
        id="CE501",
        says="An EKS environment sets allocationStrategy.",
        check=_has_a_strategy,
        hint="BEST_FIT_PROGRESSIVE on EC2, SPOT_PRICE_CAPACITY_OPTIMIZED on SPOT",
        evidence=measured("CreateComputeEnvironment", "allocationStrategy is required for EKS Compute Environments."),
        fails=eks(allocationStrategy=None),
        passes=eks(),
    ),
    Rule(
        id="CE502",
        says="BEST_FIT is not supported for EKS.",
        check=_not_best_fit,
        hint="BEST_FIT_PROGRESSIVE is the usual strategy on EC2",
        evidence=documented(
            "ComputeResource.allocationStrategy",
            "This parameter is required for Amazon EKS compute environments. For Amazon ECS compute "
            "environments, if this parameter isn't specified, the BEST_FIT allocation strategy is "
            "used by default.",
            "aws-cdk rejects BEST_FIT on EKS; whether AWS rejects it is unknown",
        ),
        severity=Severity.WARNING,
        fails=eks(allocationStrategy="BEST_FIT"),
        passes=eks(allocationStrategy="BEST_FIT_PROGRESSIVE"),
    ),
    Rule(
        id="CE503",
        says="An EKS environment is of the type EC2 or SPOT.",
        check=_on_instances,
        evidence=measured(
            "CreateComputeEnvironment", "Supported compute types for EKS compute environments are [EC2, SPOT]"
        ),
        fails=beside(fargate(), eksConfiguration=ON_EKS),
        passes=eks(),
    ),
    Rule(
        id="CE504",
        says="The namespace of an EKS environment is not default.",
        check=_namespace_is_own,
        hint="make a namespace for Batch in the cluster",
        evidence=measured("CreateComputeEnvironment", "kubernetesNamespace cannot be the default Kubernetes namespace"),
        fails=eks(namespace="default"),
        passes=eks(namespace="batch"),
    ),
    Rule(
        id="CE505",
        says="The namespace of an EKS environment does not begin with kube-.",
        check=_namespace_is_not_reserved,
        evidence=measured(
            "CreateComputeEnvironment", "kubernetesNamespace cannot be a reserved Kubernetes system namespace"
        ),
        fails=eks(namespace="kube-batch"),
        passes=eks(namespace="batch-kube"),
    ),
    Rule(
        id="CE506",
        says="The namespace of an EKS environment is a name that Kubernetes allows.",
        check=_namespace_is_a_label,
        evidence=measured("CreateComputeEnvironment", "kubernetesNamespace must be a valid Kubernetes namespace."),
        fails=eks(namespace="Batch_jobs"),
        passes=eks(namespace="batch-jobs"),
    ),
    Rule(
        id="CE507",
        says="The namespace of an EKS environment has at most 63 characters.",
        check=_namespace_is_short,
        evidence=measured("CreateComputeEnvironment", "kubernetesNamespace must less than or equal to 63 characters"),
        fails=eks(namespace="b" * 64),
        passes=eks(namespace="b" * 63),
    ),
    Rule(
        id="CE508",
        says="eksClusterArn is the full ARN of an EKS cluster.",
        check=_names_a_cluster,
        hint=f"write it like {CLUSTER}",
        evidence=measured("CreateComputeEnvironment", "eksClusterArn must be an EKS cluster ARN."),
        fails=eks(cluster="research"),
        passes=eks(),
    ),
    Rule(
        id="CE509",
        says="An EKS environment uses the service-linked role.",
        check=_role_is_service_linked,
        hint="remove serviceRole",
        evidence=inferred(
            "AWS Batch User Guide, 'Getting started with AWS Batch on Amazon EKS'",
            "only the service-linked role gets permissions in the cluster; whether AWS rejects other roles is unknown",
        ),
        severity=Severity.NOTE,
        advice=True,
        fails=beside(eks(), serviceRole=ROLE),
        passes=beside(eks(), serviceRole=SERVICE_LINKED),
    ),
    Rule(
        id="CE510",
        says="All environments of a cluster set the same desiredState of its access entry.",
        check=_clusters_agree,
        hint="the entry is created if all are ENABLED, and removed if all are DISABLED",
        severity=Severity.WARNING,
        evidence=documented("EksAccessEntry", "set desiredState consistently across all of them to avoid uncertainty"),
        fails=Example(_entry("ENABLED").body, {("ComputeEnvironment", "other"): eks().body}),
        passes=Example(_entry("ENABLED").body, {("ComputeEnvironment", "other"): _entry("ENABLED").body}),
    ),
    Rule(
        id="CE511",
        says="An EKS environment and its cluster are in one region.",
        check=_cluster_is_near,
        evidence=measured(
            "CreateComputeEnvironment", "eksClusterArn must be in the same AWS region as the compute environment"
        ),
        fails=Example(eks().body, region="eu-west-1"),
        passes=Example(eks().body, region="us-east-1"),
    ),
    Rule(
        id="CE512",
        says=f"A cluster has at most {MOST_ON_A_CLUSTER} environments.",
        check=_few_on_a_cluster,
        severity=Severity.WARNING,
        evidence=documented(
            "AWS Batch User Guide, 'Service quotas'", "Maximum number of compute environments per Amazon EKS cluster."
        ),
        fails=_crowded(MOST_ON_A_CLUSTER + 1),
        passes=_crowded(MOST_ON_A_CLUSTER),
    ),
)

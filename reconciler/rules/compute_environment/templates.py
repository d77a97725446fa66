"""Launch templates and their overrides."""

from collections.abc import Iterator

from reconciler.model import Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, measured
from reconciler.rules.compute_environment.common import INSTANCES, ec2, eks, resources_of, type_of
from reconciler.rules.compute_environment.instance_types import BUNDLES, covers

TEMPLATE = ("computeResources", "launchTemplate")
AMI = "ami-0a1b2c3d4e5f60718"


def templates(subject: Subject) -> Iterator[tuple[Path, Spec]]:
    """Yield the launch template and its overrides."""
    template = resources_of(subject).get("launchTemplate")
    if template and type_of(subject) in INSTANCES:
        yield TEMPLATE, template
        yield from _overrides(subject)


def _overrides(subject: Subject) -> Iterator[tuple[Path, Spec]]:
    if type_of(subject) in INSTANCES:
        overrides = resources_of(subject).get("launchTemplate", {}).get("overrides", ())
        yield from (((*TEMPLATE, "overrides", index), override) for index, override in enumerate(overrides))


def _targets(subject: Subject) -> Iterator[tuple[Path, str]]:
    for path, override in _overrides(subject):
        for index, target in enumerate(override.get("targetInstanceTypes", ())):
            yield (*path, "targetInstanceTypes", index), str(target)


def _names(template: Spec) -> int:
    return bool(template.get("launchTemplateId")) + bool(template.get("launchTemplateName"))


def _one_name(subject: Subject) -> Findings:
    template = resources_of(subject).get("launchTemplate", {})
    count = _names(template)
    if type_of(subject) in INSTANCES and template and (count > 1 or (not count and not template.get("overrides"))):
        yield TEMPLATE, _wrong_names(count)


def _one_name_an_override(subject: Subject) -> Findings:
    for path, override in _overrides(subject):
        if (count := _names(override)) != 1:
            yield path, _wrong_names(count)


def _wrong_names(count: int) -> str:
    return "has both launchTemplateId and launchTemplateName" if count else "names no launch template"


def _override_has_targets(subject: Subject) -> Findings:
    for path, override in _overrides(subject):
        if not override.get("targetInstanceTypes"):
            yield (*path, "targetInstanceTypes"), "is missing: say which instance types the override is for"


def _targets_are_no_bundles(subject: Subject) -> Findings:
    for path, target in _targets(subject):
        if target in BUNDLES:
            yield path, f"is {target}; an override is for types or families"


def _targets_are_chosen(subject: Subject) -> Findings:
    chosen = [str(name) for name in resources_of(subject).get("instanceTypes", ())]
    if not chosen or any(name in BUNDLES for name in chosen):  # what a bundle has is not told, and changes
        return
    for path, target in _targets(subject):
        if target not in BUNDLES and not any(covers(name, target) for name in chosen):
            yield path, f"is {target}, which is not among instanceTypes"


def _targets_are_apart(subject: Subject) -> Findings:
    seen: list[str] = []
    for path, target in _targets(subject):
        if twin := next((other for other in seen if covers(other, target) or covers(target, other)), None):
            yield path, f"is {target}, and another target is {twin}: a type is for one override"
        seen.append(target)


def _user_data_on_eks(subject: Subject) -> Findings:
    if "eksConfiguration" in subject.body:
        return
    for path, template in templates(subject):
        if "userdataType" in template:
            yield (*path, "userdataType"), "is for nodes of EKS, and this environment is on ECS"


def _new_nodes_need_nodeadm(subject: Subject) -> Findings:
    images = resources_of(subject).get("ec2Configuration", ())
    own = [each["imageType"] for each in images if "imageIdOverride" in each and "_AL2023" in each["imageType"]]
    for path, template in templates(subject):
        if own and template.get("userdataType") == "EKS_BOOTSTRAP_SH":
            yield (*path, "userdataType"), f"is EKS_BOOTSTRAP_SH; an image of type {own[0]} wants EKS_NODEADM"


def _with(*overrides: Spec) -> Example:
    return ec2(instanceTypes=["m6i", "c6i"], launchTemplate={"launchTemplateName": "batch", "overrides": [*overrides]})


def _for(*targets: str) -> Spec:
    return {"launchTemplateName": "other", "targetInstanceTypes": [*targets]}


def _node(userdata: str) -> Example:
    return eks(
        ec2Configuration=[{"imageType": "EKS_AL2023", "imageIdOverride": AMI}],
        launchTemplate={"launchTemplateName": "node", "userdataType": userdata},
    )


RULES = (
    Rule(
        id="CE301",
        says="A launch template is named by its id or by its name, or has only overrides.",
        check=_one_name,
        evidence=measured(
            "CreateComputeEnvironment",
            "One of LaunchTemplateId and LaunchTemplateName or LaunchTemplate.overrides should be provided",
        ),
        fails=ec2(launchTemplate={"launchTemplateId": "lt-0a1b2c3d", "launchTemplateName": "batch"}),
        passes=ec2(launchTemplate={"overrides": [_for("m6i.large")]}),
    ),
    Rule(
        id="CE302",
        says="An override names its launch template by id or by name.",
        check=_one_name_an_override,
        evidence=measured(
            "CreateComputeEnvironment",
            "LaunchTemplate.overrides should have either LaunchTemplateId or LaunchTemplateName",
        ),
        fails=_with({"targetInstanceTypes": ["c6i"]}),
        passes=_with(_for("c6i")),
    ),
    Rule(
        id="CE303",
        says="An override says which instance types it is for.",
        check=_override_has_targets,
        evidence=measured("CreateComputeEnvironment", "LaunchTemplate.overrides.targetInstanceTypes[] is required"),
        fails=_with(_for()),
        passes=_with(_for("c6i")),
    ),
    Rule(
        id="CE304",
        says="An override is for types or families, not for a bundle such as optimal.",
        check=_targets_are_no_bundles,
        evidence=documented(
            "LaunchTemplateSpecificationOverride.targetInstanceTypes",
            "The following Batch InstanceTypes are not allowed: optimal, default_x86_64, and default_arm64.",
        ),
        fails=_with(_for("optimal")),
        passes=_with(_for("c6i")),
    ),
    Rule(
        id="CE305",
        says="An override is for types that the environment may start.",
        check=_targets_are_chosen,
        hint="a target is one of instanceTypes, or a size of a family there",
        evidence=measured(
            "CreateComputeEnvironment", "LaunchTemplate.overrides have targetInstanceTypes that do not match"
        ),
        fails=_with(_for("g5.xlarge")),
        passes=_with(_for("m6i.large")),
    ),
    Rule(
        id="CE306",
        says="An instance type is for one override at most.",
        check=_targets_are_apart,
        hint="a family has all its sizes: m5 and m5.large overlap",
        evidence=measured("CreateComputeEnvironment", "LaunchTemplate.overrides have duplicate targetInstanceTypes"),
        fails=_with(_for("c6i"), _for("c6i.large")),
        passes=_with(_for("c6i.xlarge"), _for("c6i.large")),
    ),
    Rule(
        id="CE307",
        says="userdataType is for EKS.",
        check=_user_data_on_eks,
        severity=Severity.WARNING,
        evidence=documented("LaunchTemplateSpecification.userdataType", "The EKS node initialization process to use."),
        fails=ec2(launchTemplate={"launchTemplateName": "node", "userdataType": "EKS_NODEADM"}),
        passes=_node("EKS_NODEADM"),
    ),
    Rule(
        id="CE308",
        says="An image of your own for EKS_AL2023 is set up by EKS_NODEADM.",
        check=_new_nodes_need_nodeadm,
        severity=Severity.WARNING,
        evidence=documented("LaunchTemplateSpecification.userdataType", "then you must choose EKS_NODEADM"),
        fails=_node("EKS_BOOTSTRAP_SH"),
        passes=_node("EKS_NODEADM"),
    ),
)

"""Roles and instance profiles: whether they exist as they are written, and trust the service that uses them."""

from collections.abc import Mapping
from functools import partial

from reconciler.model import Json, Path
from reconciler.verify.asking import Inquiry, of_one
from reconciler.verify.base import (
    Arn,
    Ask,
    Judgements,
    LiveCheck,
    Reference,
    VerifyResult,
    fail,
    note,
    of_reply,
    unknown,
    warn,
)
from reconciler.verify.trust import trust_for

ROLE = Inquiry(
    noun="role",
    service="iam",
    operation="GetRole",
    request=lambda keys: {"RoleName": keys[0][0]},
    read=of_one("Role"),
)
PROFILE = Inquiry(
    noun="instance profile",
    service="iam",
    operation="GetInstanceProfile",
    request=lambda keys: {"InstanceProfileName": keys[0][0]},
    read=of_one("InstanceProfile"),
)
POLICIES = Inquiry(
    noun="attached policies",
    service="iam",
    operation="ListAttachedRolePolicies",
    request=lambda keys: {"RoleName": keys[0][0]},
    read=lambda response, keys: {keys[0]: [each["PolicyArn"] for each in response.get("AttachedPolicies") or ()]},
)
SERVICE_LINKED = "AWSServiceRoleForBatch"
SERVICE_LINKED_PATH = "aws-service-role/"
TRUST_HINT = (
    "add a statement to its trust policy: Effect Allow, Principal Service {0}.amazonaws.com, Action sts:AssumeRole"
)


def _role(reference: Reference, ask: Ask, service: str, policies: tuple[str, ...]) -> Judgements:
    """Judge a role that a service assumes; one of the `policies` of AWS is what it usually has."""
    path, text, here = reference.path, str(reference.value), reference.of.identity
    arn = Arn.of(text)
    if arn.account and arn.account != here.account:
        yield unknown(path, f"role {text} is in a different account, where it cannot be looked at")
        return
    if arn.account and not arn.resource.startswith("role/"):
        yield fail(path, f"{text} is not the ARN of a role", "write arn:aws:iam::ACCOUNT:role/NAME")
        return
    name = arn.name
    role = ask(ROLE, name)
    if not role.is_found:
        yield from of_reply(path, role, f"role {text}", f"create the role {name}, or correct its name")
        return
    actual = str(role.value.get("Arn", ""))
    written = arn.resource.removeprefix("role/").lstrip("/")
    if Arn.of(actual).resource.removeprefix("role/") != written:
        # CreateComputeEnvironment, serviceRole: a role whose path is not / is named with its path, or by its ARN.
        is_certain = bool(arn.account) or path == ("serviceRole",)
        message = f"role {text} does not exist: {name} has a path, and is {actual}"
        yield (fail if is_certain else warn)(path, message, f"write {actual}")
        return
    yield from _trust(path, f"role {name}", role.value, service, reference)
    if policies and not arn.resource.startswith(f"role/{SERVICE_LINKED_PATH}"):
        yield from _policies(path, name, policies, ask)


def _trust(path: Path, thing: str, role: Mapping[str, Json], service: str, reference: Reference) -> Judgements:
    trust = trust_for(service, role.get("AssumeRolePolicyDocument"), reference.of.identity)
    if trust.is_given is None:
        yield unknown(path, f"{thing} {trust.why}")
    elif not trust.is_given:
        yield fail(path, f"{thing} {trust.why}", TRUST_HINT.format(service))


def _policies(path: Path, role: str, usual: tuple[str, ...], ask: Ask) -> Judgements:
    """A role may have the same rights by other policies: only one with no policy at all is worth a word."""
    attached = ask(POLICIES, role)
    if not attached.is_found:
        yield from of_reply(path, attached, f"the policies of role {role}")
    elif not attached.value:
        names = " or ".join(usual)
        yield warn(
            path, f"role {role} has no managed policy", f"attach {names}, unless an inline policy allows the same"
        )


def _fleet_role(reference: Reference, ask: Ask) -> Judgements:
    """Only with BEST_FIT does an environment start its instances through a Spot Fleet, which needs the role."""
    resources = reference.of.body.get("computeResources") or {}
    strategy = str(resources.get("allocationStrategy") or "BEST_FIT").upper()
    is_used = strategy == "BEST_FIT" and str(resources.get("type", "")).upper() == "SPOT"
    for each in _role(reference, ask, "spotfleet", ("AmazonEC2SpotFleetTaggingRole",)):
        is_unused_failure = not is_used and each.result is VerifyResult.FAIL
        yield (
            warn(each.path, f"{each.message}; allocationStrategy is {strategy}", each.hint)
            if is_unused_failure
            else each
        )


def _profile(reference: Reference, ask: Ask, policies: tuple[str, ...]) -> Judgements:
    path, text, here = reference.path, str(reference.value), reference.of.identity
    arn = Arn.of(text)
    if arn.account and arn.account != here.account:
        yield unknown(path, f"instance profile {text} is in a different account, where it cannot be looked at")
        return
    if arn.account and not arn.resource.startswith("instance-profile/"):
        hint = "write the name of the instance profile, or its ARN"
        yield fail(path, f"{text} is not the ARN of an instance profile", hint)
        return
    name = arn.name
    profile = ask(PROFILE, name)
    if not profile.is_found:
        hint = f"create the instance profile {name}, with a role that trusts ec2.amazonaws.com"
        yield from of_reply(path, profile, f"instance profile {text}", hint)
        return
    actual = str(profile.value.get("Arn", ""))
    if arn.account and actual != text:
        yield fail(path, f"instance profile {text} does not exist: {name} is {actual}", f"write {actual}")
        return
    roles = profile.value.get("Roles") or ()
    if not roles:
        hint = f"aws iam add-role-to-instance-profile --instance-profile-name {name} --role-name ROLE"
        yield fail(path, f"instance profile {name} has no role", hint)
        return
    role = str(roles[0].get("RoleName", ""))
    yield from _trust(path, f"role {role} of instance profile {name}", roles[0], "ec2", reference)
    yield from _policies(path, role, policies, ask)


def _service_linked(_reference: Reference, ask: Ask) -> Judgements:
    """Without a role of its own, an environment has the service-linked one, which its creation may have to create."""
    role = ask(ROLE, SERVICE_LINKED)
    if role.absent:
        yield note((), f"{SERVICE_LINKED} does not exist yet: apply needs iam:CreateServiceLinkedRole")
    elif role.unknown:
        yield unknown((), f"{SERVICE_LINKED}: {role.unknown}", role.hint)


def _is_service_linked(reference: Reference) -> bool:
    body = reference.value
    return not body.get("serviceRole") and str(body.get("type", "")).upper() != "UNMANAGED"


def _role_check(
    id_: str, kind: str, fields: tuple[str, ...], service: str, policies: tuple[str, ...] = ()
) -> LiveCheck:
    return LiveCheck(
        id=id_,
        kind=kind,
        fields=fields,
        holds=f"exists and trusts {service}.amazonaws.com",
        asks=(ROLE, POLICIES) if policies else (ROLE,),
        judge=partial(_role, service=service, policies=policies),
        fails=f"the role does not exist, has a different path, or does not trust {service}.amazonaws.com",
        warns="the role has no managed policy" if policies else "",
        unknown="a different account; a condition in the trust policy that depends on the caller",
    )


def _profile_check(id_: str, field: str, policies: tuple[str, ...]) -> LiveCheck:
    return LiveCheck(
        id=id_,
        kind="ComputeEnvironment",
        fields=(field,),
        holds="exists, and its role trusts ec2.amazonaws.com",
        asks=(PROFILE, POLICIES),
        judge=partial(_profile, policies=policies),
        fails="the instance profile does not exist, has no role, or its role does not trust ec2.amazonaws.com",
        warns="its role has no managed policy",
        unknown="a different account; a condition in the trust policy that depends on the caller",
    )


ROLES = (
    _role_check("service-role", "ComputeEnvironment", ("serviceRole",), "batch", ("AWSBatchServiceRole",)),
    LiveCheck(
        id="service-linked-role",
        kind="ComputeEnvironment",
        fields=("",),
        holds=f"{SERVICE_LINKED} exists",
        asks=(ROLE,),
        judge=_service_linked,
        applies=_is_service_linked,
    ),
    _profile_check(
        "instance-profile",
        "computeResources.instanceRole",
        ("AmazonEC2ContainerServiceforEC2Role", "on EKS the policies of a worker node"),
    ),
    _profile_check(
        "managed-instance-profile", "ec2InstanceProfileArn", ("AmazonECSInstanceRolePolicyForManagedInstances",)
    ),
    LiveCheck(
        id="spot-fleet-role",
        kind="ComputeEnvironment",
        fields=("spotIamFleetRole",),
        holds="exists and trusts spotfleet.amazonaws.com",
        asks=(ROLE, POLICIES),
        judge=_fleet_role,
        fails="the role does not exist, has a different path, or does not trust spotfleet.amazonaws.com, and the "
        "environment uses it (SPOT with BEST_FIT)",
        warns="the same, and the environment does not use it; the role has no managed policy",
        unknown="a different account; a condition in the trust policy that depends on the caller",
    ),
    _role_check("infrastructure-role", "ComputeEnvironment", ("infrastructureRoleArn",), "ecs"),
    _role_check("job-role", "JobDefinition", ("jobRoleArn", "taskRoleArn"), "ecs-tasks"),
    _role_check(
        "execution-role",
        "JobDefinition",
        ("executionRoleArn",),
        "ecs-tasks",
        ("AmazonECSTaskExecutionRolePolicy",),
    ),
)

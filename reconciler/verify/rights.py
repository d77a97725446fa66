"""Whether roles have the rights that AWS needs of them: what starts a container, and who passes roles.

IAM simulates the policies of a role or user. It sees neither policies of resources nor those of an organization, so
only a denial that nothing else could lift is a failure.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from reconciler.kinds.tasks import EcsTask, containers_of, ecs_tasks, platform
from reconciler.model import Json, Spec
from reconciler.placement.needs import FARGATE
from reconciler.verify.asking import Inquiry, Key
from reconciler.verify.base import (
    NOT_JUDGED,
    Arn,
    Ask,
    Judgements,
    LiveCheck,
    Reference,
    Verified,
    fail,
    is_known,
    unknown,
    warn,
)
from reconciler.verify.containers import AWSLOGS, GROUP, REGION, SECRETS_MANAGER, SSM
from reconciler.verify.images import EcrImage
from reconciler.verify.roles import ROLE

CALLER = Inquiry(
    noun="caller",
    service="sts",
    operation="GetCallerIdentity",
    request=lambda _keys: {},
    read=lambda response, keys: {keys[0]: response},
)
MOST_RESOURCES = 50  # of one simulation, so that its results are few pages
PASSED_TO = "iam:PassedToService"


def _request(keys: Sequence[Key]) -> Mapping[str, Json]:
    principal, action, passed_to, _ = keys[0]
    context = [{"ContextKeyName": PASSED_TO, "ContextKeyValues": [passed_to], "ContextKeyType": "string"}]
    return {
        "PolicySourceArn": principal,
        "ActionNames": [action],
        "ResourceArns": [resource for _, _, _, resource in keys],
        **({"ContextEntries": context} if passed_to else {}),
    }


def _read(response: Mapping[str, Json], keys: Sequence[Key]) -> Mapping[Key, Json]:
    results = {each.get("EvalResourceName"): each for each in response.get("EvaluationResults") or ()}
    return {key: results[key[3]] for key in keys if key[3] in results}


# Of a principal, an action, the service that a role is passed to, and a resource.
SIMULATION = Inquiry(
    noun="decision",
    service="iam",
    operation="SimulatePrincipalPolicy",
    request=_request,
    read=_read,
    together=lambda key: key[:3],
    most=MOST_RESOURCES,
    listed="EvaluationResults",
    marks=("Marker", "Marker"),
)
ALLOWED, DENIED = "allowed", "explicitDeny"  # of AWS; the third is implicitDeny
OPEN = "open"  # a policy that IAM has not seen may allow it
ALL = "*"


class _Need(NamedTuple):
    """A right on a resource. `can_be_granted`: a policy of the resource may give it, too."""

    action: str
    resource: str
    can_be_granted: bool = False

    @property
    def text(self) -> str:
        return self.action if self.resource == ALL else f"{self.action} on {self.resource}"


def _rights(reference: Reference, ask: Ask) -> Judgements:
    task = next(each for each in ecs_tasks(reference.of.body) if (*each.path, "executionRoleArn") == reference.path)
    role = ask(ROLE, Arn.of(str(reference.value)).name)
    needs = list(dict.fromkeys(_needs(task, reference)))
    if not role.is_found or not needs:
        yield NOT_JUDGED
        return
    arn, name = str(role.value.get("Arn")), str(role.value.get("RoleName"))
    replies = ask.all(SIMULATION, [(arn, need.action, "", need.resource) for need in needs])
    if unseen := next((reply for reply in replies if not reply.is_found), None):
        yield unknown(reference.path, f"rights of role {name}: {unseen.unknown or unseen.absent}", unseen.hint)
        return
    decisions: dict[str, list[str]] = {}
    for need, reply in zip(needs, replies, strict=True):
        decisions.setdefault(_decision(need, reply.value), []).append(need.text)
    for decision, rights in decisions.items():
        listed = ", ".join(rights)
        if decision == DENIED:
            yield fail(reference.path, f"role {name} denies {listed}", f"remove the denial from {name}")
        elif decision == OPEN:
            message = f"role {name} does not allow {listed}; a policy of the resource, or a condition, may"
            yield unknown(reference.path, message, f"allow it in a policy of {name}")
        elif decision != ALLOWED:
            yield fail(reference.path, f"role {name} does not allow {listed}", f"allow it in a policy of {name}")


def _decision(need: _Need, result: Mapping[str, Json]) -> str:
    decision = str(result.get("EvalDecision"))
    is_open = need.can_be_granted or result.get("MissingContextValues")
    return OPEN if is_open and decision not in (ALLOWED, DENIED) else decision


def _needs(task: EcsTask, reference: Reference) -> Iterator[_Need]:
    """Yield what ECS does with the execution role before a container runs.

    On EC2, the role of the instances may pull the image and write the logs instead (ECS Developer Guide, 'Amazon ECS
    task execution IAM role').
    """
    here = reference.of.identity
    place = f"{here.region}:{here.account}"
    is_fargate = platform(reference.of.body) == FARGATE
    for _, container, _ in containers_of(task):
        image = EcrImage.of(str(container.get("image", "")))
        if is_fargate and image and image.account == here.account:
            repository = f"arn:{here.partition}:ecr:{image.region}:{image.account}:repository/{image.repository}"
            yield _Need("ecr:GetAuthorizationToken", ALL)
            yield _Need("ecr:BatchGetImage", repository, can_be_granted=True)
            yield _Need("ecr:GetDownloadUrlForLayer", repository, can_be_granted=True)
        log = container.get("logConfiguration") or {}
        options = log.get("options") or {}
        is_logged = str(log.get("logDriver", "")).lower() == AWSLOGS and options.get(GROUP)
        if is_fargate and is_logged and all(map(is_known, options.values())):
            stream = _log_stream(reference.of, container, options)
            yield from (_Need(f"logs:{each}", stream) for each in ("CreateLogStream", "PutLogEvents"))
        for entry in (*(container.get("secrets") or ()), *(log.get("secretOptions") or ())):
            text = entry.get("valueFrom") or ""
            if not is_known(text):
                continue
            arn = Arn.of(text)
            if arn.service == SECRETS_MANAGER:
                secret = ":".join(text.split(":")[:7])
                yield _Need("secretsmanager:GetSecretValue", secret, can_be_granted=True)
            elif arn.service == SSM:
                yield _Need("ssm:GetParameters", text)
            elif text and not arn.service:
                yield _Need("ssm:GetParameters", f"arn:{here.partition}:ssm:{place}:parameter/{text.lstrip('/')}")


def _log_stream(of: Verified, container: Spec, options: Mapping[str, Json]) -> str:
    """Return the ARN of a stream as a job of the definition has it (AWS Batch User Guide, 'Use the awslogs driver')."""
    here = of.identity
    place = f"arn:{here.partition}:logs:{options.get(REGION) or here.region}:{here.account}"
    prefix = options.get("awslogs-stream-prefix") or f"{of.stack.name_prefix}{of.address.name}"
    stream = f"{prefix}/{container.get('name') or 'default'}/0"
    return f"{place}:log-group:{options[GROUP]}:log-stream:{stream}"


# PassRole of who runs this.


def _passed(reference: Reference, ask: Ask, service: str) -> Judgements:
    """Only a warning: those who verify, as in a pull request, need not be those who apply."""
    path, here = reference.path, reference.of.identity
    arn = Arn.of(str(reference.value))
    if arn.account and arn.account != here.account:
        yield NOT_JUDGED
        return
    role = ask(ROLE, arn.name)
    caller = ask(CALLER)
    if not role.is_found:
        yield NOT_JUDGED
        return
    if not caller.is_found:
        yield unknown(path, f"whether the caller may pass the role: {caller.unknown or caller.absent}", caller.hint)
        return
    principal = _principal(str(caller.value.get("Arn", "")), ask)
    if not principal:
        yield NOT_JUDGED
        return
    resource = str(role.value.get("Arn"))
    reply = ask(SIMULATION, principal, "iam:PassRole", f"{service}.amazonaws.com", resource)
    if not reply.is_found:
        yield unknown(path, f"whether {principal} may pass the role: {reply.unknown or reply.absent}", reply.hint)
    elif reply.value.get("EvalDecision") != ALLOWED:
        message = f"{principal} may not pass role {arn.name} to {service}.amazonaws.com, which apply needs"
        yield warn(path, message, "allow iam:PassRole to who applies: `reconciler iam-policy --for apply`")


def _principal(arn: str, ask: Ask) -> str:
    """Return the user or role behind a caller; empty for the root user, and for a role that cannot be seen."""
    kind, _, rest = Arn.of(arn).resource.partition("/")
    if kind == "user":
        return arn
    if kind != "assumed-role":
        return ""
    role = ask(ROLE, rest.partition("/")[0])  # a session does not name the path of its role
    return str(role.value.get("Arn", "")) if role.is_found else ""


def _pass_check(id_: str, kind: str, fields: tuple[str, ...], service: str) -> LiveCheck:
    return LiveCheck(
        id=id_,
        kind=kind,
        fields=fields,
        holds=f"the caller may pass it to {service}.amazonaws.com",
        asks=(SIMULATION, CALLER, ROLE),
        judge=partial(_passed, service=service),
        warns="the caller has no `iam:PassRole` for the role, which `apply` needs",
        unknown="policies of the organization are not evaluated",
    )


RIGHTS = (
    _pass_check("pass-service-role", "ComputeEnvironment", ("serviceRole",), "batch"),
    _pass_check("pass-job-roles", "JobDefinition", ("jobRoleArn", "taskRoleArn", "executionRoleArn"), "ecs-tasks"),
    LiveCheck(
        id="execution-rights",
        kind="JobDefinition",
        fields=("executionRoleArn",),
        holds="allows what the containers need: pull the image, write logs, read secrets",
        asks=(SIMULATION, ROLE),
        judge=_rights,
        fails="a policy of the role denies it; no policy allows it, and none of the resource can",
        unknown="no policy of the role allows it, and one of the repository or secret may; conditions",
    ),
)

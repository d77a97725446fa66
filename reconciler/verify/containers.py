"""What containers are given: secrets and parameters, of which only the existence is asked, and log groups."""

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model import Json
from reconciler.verify.asking import Inquiry, Key, by, everything
from reconciler.verify.base import (
    NOT_LOOKED_UP,
    Arn,
    Ask,
    Judgements,
    LiveCheck,
    Reference,
    fail,
    is_known,
    note,
    of_reply,
    unknown,
)

SECRET = Inquiry(
    noun="secret",
    service="secretsmanager",
    operation="DescribeSecret",
    request=lambda keys: {"SecretId": keys[0][0]},
    read=lambda response, keys: {keys[0]: response},
)


def _named(keys: Sequence[Key]) -> Mapping[str, Json]:
    return {"ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": [key[0] for key in keys]}]}


# Unlike GetParameters, it returns no value of any parameter.
PARAMETER = Inquiry(
    noun="parameter",
    service="ssm",
    operation="DescribeParameters",
    request=_named,
    read=by("Parameters", "Name"),
    together=everything,
    most=50,  # values of a ParameterStringFilter
    listed="Parameters",
)
LOG_GROUP = Inquiry(
    noun="log group",
    service="logs",
    operation="DescribeLogGroups",
    request=lambda keys: {"logGroupNamePrefix": keys[0][0]},  # the one of exactly this name is the first of its page
    read=by("logGroups", "logGroupName"),
)
PARTS = 7  # of the ARN of a secret; JSON key, version stage and version may follow
SECRETS_MANAGER, SSM = "secretsmanager", "ssm"
AWSLOGS, GROUP, REGION, CREATE = "awslogs", "awslogs-group", "awslogs-region", "awslogs-create-group"


def _is_parameter(reference: Reference) -> bool:
    """Without an ARN, valueFrom is the name of a parameter."""
    arn = Arn.of(str(reference.value))
    return arn.service == SSM or not arn.service


def _secret(reference: Reference, ask: Ask) -> Judgements:
    path, text = reference.path, str(reference.value)
    id_ = ":".join(text.split(":")[:PARTS])
    arn = Arn.of(id_)
    shown = f"secret {arn.resource.removeprefix('secret:')}"
    reply = ask(SECRET, id_, region=reference.of.elsewhere(arn.region) if arn.region else "")
    if reply.absent and arn.account and arn.account != reference.of.identity.account:
        yield unknown(path, f"{shown} is not seen in account {arn.account} ({reply.absent})")
    elif not reply.is_found:
        yield from of_reply(path, reply, shown, "create it, or correct its name, account and region")
    elif deleted := reply.value.get("DeletedDate"):
        hint = f"aws secretsmanager restore-secret --secret-id {id_}"
        yield fail(path, f"{shown} is scheduled for deletion since {deleted}", hint)


def _parameter(reference: Reference, ask: Ask) -> Judgements:
    path, text, here = reference.path, str(reference.value), reference.of.identity
    arn = Arn.of(text)
    if arn.account and arn.account != here.account:
        yield unknown(path, f"parameter {text} is in a different account, where it cannot be looked at")
        return
    region = reference.of.elsewhere(arn.region) if arn.region else ""
    replies = ask.all(PARAMETER, [(name,) for name in _names(text)], region)
    if not any(reply.is_found for reply in replies):
        hint = "create it, or correct its name and region; a name without an ARN is one of the stack's region"
        yield from of_reply(path, replies[-1], f"parameter {text}", hint)


def _names(text: str) -> Iterator[str]:
    """Yield the names that a parameter can have: its ARN lacks the slash that a name with a path begins with."""
    arn = Arn.of(text)
    if not arn.account:
        yield text
        return
    name = arn.resource.removeprefix("parameter/")
    yield from (f"/{name}",) if "/" in name else (f"/{name}", name)


def _has_log_group(reference: Reference) -> bool:
    """Without a group, the events are in that of AWS Batch, /aws/batch/job, which it creates."""
    driver = str(reference.value.get("logDriver", "")).lower()
    return driver == AWSLOGS and bool((reference.value.get("options") or {}).get(GROUP))


def _log_group(reference: Reference, ask: Ask) -> Judgements:
    options = reference.value["options"]
    path = (*reference.path, "options", GROUP)
    name, region = options[GROUP], options.get(REGION) or reference.of.identity.region
    if not is_known(region):
        yield unknown((*reference.path, "options", REGION), NOT_LOOKED_UP)
        return
    reply = ask(LOG_GROUP, name, region=reference.of.elsewhere(region))
    creates = str(options.get(CREATE, "")).lower() == "true"
    if reply.absent and creates:
        yield note(path, f"log group {name} does not exist yet: the first job creates it ({CREATE})")
    elif not reply.is_found:
        hint = f"aws logs create-log-group --region {region} --log-group-name {name}, or set {CREATE}"
        yield from of_reply(path, reply, f"log group {name} in {region}", hint)
    elif not reply.value.get("retentionInDays"):
        yield note(path, f"log group {name} keeps its events forever", "aws logs put-retention-policy limits that")


CONTAINERS = (
    LiveCheck(
        id="secrets",
        kind="JobDefinition",
        fields=("secrets.valueFrom", "secretOptions.valueFrom"),
        holds="exists; its value is not read",
        asks=(SECRET,),
        judge=_secret,
        applies=lambda reference: not _is_parameter(reference),
        fails="the secret does not exist in its region, or is scheduled for deletion",
        unknown="a different account shows nothing; JSON keys in the secret are not looked at",
    ),
    LiveCheck(
        id="parameters",
        kind="JobDefinition",
        fields=("secrets.valueFrom", "secretOptions.valueFrom"),
        holds="exists; its value is not read",
        asks=(PARAMETER,),
        judge=_parameter,
        applies=_is_parameter,
        fails="the parameter does not exist in its region",
        unknown="a parameter of a different account",
    ),
    LiveCheck(
        id="registry-credentials",
        kind="JobDefinition",
        fields=("repositoryCredentials.credentialsParameter",),
        holds="exists; its value is not read",
        asks=(SECRET,),
        judge=_secret,
        fails="the secret does not exist in its region, or is scheduled for deletion",
        unknown="a different account that shows nothing",
    ),
    LiveCheck(
        id="log-group",
        kind="JobDefinition",
        fields=("logConfiguration",),
        holds="the log group exists, or AWS Batch creates it",
        asks=(LOG_GROUP,),
        judge=_log_group,
        applies=_has_log_group,
        fails="awslogs-group does not exist in awslogs-region, and awslogs-create-group is not true",
    ),
)

"""IAM, as far as it stands before AWS Batch: which actions a call takes on which resources, and what a policy allows.

Service Authorization Reference, "Actions, resources, and condition keys for AWS Batch"; the simulator's own reading of
it, and not that of the policies which reconciler writes.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from xml.sax.saxutils import escape

from reconciler.kinds import KINDS
from reconciler.kinds.base import Form, Kind, Row, Rows
from reconciler.model import Identity, Json, partition_of
from reconciler.problems import WrongUsage
from reconciler.sandbox.core.faults import breakage_of
from reconciler.sandbox.core.model import Response
from reconciler.sandbox.core.state import AccountState, noun_of
from reconciler.sandbox.core.store import Store

SCOPED = ("DescribeConsumableResource", "DescribeQuotaShare", "ListQuotaShares", "ListTagsForResource")
TAGS = "aws:ResourceTag/"
PASSED = "iam:PassedToService"
# Who takes a role; where several would do, a policy may name any of them.
ROLE_USERS = {"executionRoleArn": "ecs-tasks", "jobRoleArn": "ecs-tasks", "taskRoleArn": "ecs-tasks",
          "infrastructureRoleArn": "ecs", "serviceRole": "batch", "spotIamFleetRole": "spotfleet",
          "instanceRole": "ec2", "ec2InstanceProfileArn": "ec2"}  # fmt: skip
NO_UPDATE = ("serviceEnvironmentOrder",)  # UpdateJobQueue has no service environment among its resources


class AccessDenied(Exception):  # noqa: N818 - names what happened
    """No statement allows it; the message is AWS's own."""


@dataclass(frozen=True, slots=True)
class Need:
    """An action on a resource, with what conditions can ask for."""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document; what it does not allow is forbidden."""

    document: Mapping[str, Json]

    def check(self, account_state: AccountState, operation: str, request: Mapping[str, Json]) -> None:
        """Raise `AccessDenied` for the first permission that a call needs and no statement allows."""
        for need in needs(account_state, operation, request):
            if not any(_allows(statement, need) for statement in self.document["Statement"]):
                partition, account = partition_of(account_state.region), account_state.account
                who = f"arn:{partition}:sts::{account}:assumed-role/reconciler/batch-reconciler"
                message = f"User: {who} is not authorized to perform: {need.action} on resource: {need.resource}"
                raise AccessDenied(f"{message} because no identity-based policy allows the {need.action} action")


def read_policy(file: str) -> Policy:
    """Return the policy that a file has: one, several, or one with who may take the role. Raises `WrongUsage`."""
    try:
        document = json.loads(Path(file).read_text(encoding="utf-8-sig"))
        inner = document["policy"] if isinstance(document, dict) and "policy" in document else document
        statements = [
            statement for each in (inner if isinstance(inner, list) else [inner]) for statement in each["Statement"]
        ]
        listed = [
            {**statement, **{key: _listed(statement[key]) for key in ("Action", "Resource")}}
            for statement in statements
            if statement["Effect"]
        ]
    except OSError as error:
        raise WrongUsage(f"cannot read {file}: {error.strerror}") from error
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        hint = "use a file that `reconciler iam-policy -o json=FILE` writes"
        raise WrongUsage(f"{file} is not an IAM policy", hint=hint) from error
    return Policy({"Statement": listed})


def needs(account_state: AccountState, operation: str, request: Mapping[str, Json]) -> Iterator[Need]:
    identity = Identity(account_state.account, account_state.region)
    for kind in KINDS.values():
        if operation == kind.create.operation:
            yield from _of_create(account_state, kind, identity, request)
        elif call := next((call for call in (kind.update, kind.delete) if call and call.operation == operation), None):
            arn = _arn(kind, identity, str(request[call.id_member]))
            yield Need(f"batch:{operation}", arn, _tags(account_state, arn))
            skipped = NO_UPDATE if call is kind.update else ()
            yield from _of_references(
                account_state, operation, kind, identity, {k: v for k, v in request.items() if k not in skipped}
            )
            yield from _of_roles(kind.rows, request, identity)
        else:
            continue
        return
    arn = _resource_of(operation, request, identity)
    yield Need(f"batch:{operation}", arn, _tags(account_state, arn) if arn != "*" else {})


def _of_create(
    account_state: AccountState, kind: Kind, identity: Identity, request: Mapping[str, Json]
) -> Iterator[Need]:
    row = kind.parent_row
    arn = kind.arn(identity, kind.name_within(str(request[row.name]) if row else "", str(request[kind.name_member])))
    yield Need(f"batch:{kind.create.operation}", arn)
    if request.get("tags"):
        yield Need("batch:TagResource", arn)
    if not kind.revisions:
        yield from _of_references(account_state, kind.create.operation, kind, identity, request)
    yield from _of_roles(kind.rows, request, identity)


def _of_references(
    account_state: AccountState, operation: str, kind: Kind, identity: Identity, request: Mapping[str, Json]
) -> Iterator[Need]:
    for referred, value in _references(kind.rows, request):
        arn = _arn(referred, identity, value)
        yield Need(f"batch:{operation}", arn, _tags(account_state, arn))


def _references(rows: Sequence[Row], body: Json) -> Iterator[tuple[Kind, str]]:
    for row in Rows.of(rows).fields:
        value = body.get(row.name) if isinstance(body, Mapping) else None
        if row.form is Form.REFERENCE and isinstance(value, str):
            yield KINDS[row.refers_to], value
        for inner in value if isinstance(value, list) else (value,):
            if row.fields and isinstance(inner, Mapping):
                yield from _references(row.fields, inner)


def _of_roles(rows: Sequence[Row], body: Json, identity: Identity) -> Iterator[Need]:
    for row in Rows.of(rows).fields:
        value = body.get(row.name) if isinstance(body, Mapping) else None
        if row.name in ROLE_USERS and isinstance(value, str) and value:
            name = value.partition(":instance-profile/")[2] or value
            arn = (
                name
                if name.startswith("arn:")
                else f"arn:{identity.partition}:iam::{identity.account}:role/{name.lstrip('/')}"
            )
            yield Need("iam:PassRole", arn, {PASSED: f"{ROLE_USERS[row.name]}.amazonaws.com"})
        for inner in value if isinstance(value, list) else (value,):
            if row.fields and isinstance(inner, Mapping):
                yield from _of_roles(row.fields, inner, identity)


def _arn(kind: Kind, identity: Identity, value: str) -> str:
    return value if value.startswith("arn:") else kind.arn(identity, value)


def _resource_of(operation: str, request: Mapping[str, Json], identity: Identity) -> str:
    if operation in ("TagResource", "UntagResource", "ListTagsForResource"):
        return str(request["resourceArn"])
    if operation not in SCOPED:
        return "*"
    member, noun = {
        "DescribeConsumableResource": ("consumableResource", "consumable-resource"),
        "DescribeQuotaShare": ("quotaShareArn", ""),
        "ListQuotaShares": ("jobQueue", "job-queue"),
    }[operation]
    value = str(request[member])
    place = f"arn:{identity.partition}:batch:{identity.region}:{identity.account}"
    return value if value.startswith("arn:") else f"{place}:{noun}/{value}"


def _tags(account_state: AccountState, arn: str) -> Mapping[str, str]:
    record = account_state.see(noun_of(arn), arn)
    return {f"{TAGS}{key}": value for key, value in record.tags.items()} if record else {}


def _allows(statement: Mapping[str, Json], need: Need) -> bool:
    return (
        statement["Effect"] == "Allow"
        and any(fnmatchcase(need.action, action) for action in statement["Action"])
        and any(fnmatchcase(need.resource, resource) for resource in statement["Resource"])
        and all(_holds(test, values, need) for test, values in statement.get("Condition", {}).items())
    )


ALLOWED, EXPLICIT_DENY, IMPLICIT_DENY = "allowed", "explicitDeny", "implicitDeny"


def decision(statements: Iterable[Mapping[str, Json]], need: Need) -> str:
    """Return what policies decide on a need, as SimulatePrincipalPolicy says it: a denial wins."""
    effects = {statement["Effect"] for statement in statements if _applies(statement, need)}
    return EXPLICIT_DENY if "Deny" in effects else ALLOWED if "Allow" in effects else IMPLICIT_DENY


def _applies(statement: Mapping[str, Json], need: Need) -> bool:
    return (
        _matches(statement, "Action", need.action.lower(), str.lower)
        and _matches(statement, "Resource", need.resource, str)
        and all(_holds(test, values, need) for test, values in statement.get("Condition", {}).items())
    )


def _matches(statement: Mapping[str, Json], member: str, value: str, form: Callable[[str], str]) -> bool:
    if f"Not{member}" in statement:
        return not any(fnmatchcase(value, form(each)) for each in _listed(statement[f"Not{member}"]))
    return any(fnmatchcase(value, form(each)) for each in _listed(statement.get(member, "*")))


def _listed(value: Json) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _holds(test: str, values: Mapping[str, Json], need: Need) -> bool:
    """StringEquals and StringLike are all that our policies have; anything else is held against them."""
    if test not in ("StringEquals", "StringLike"):
        return False
    return all(
        key in need.context
        and any(
            need.context[key] == value if test == "StringEquals" else fnmatchcase(need.context[key], value)
            for value in _listed(wanted)
        )
        for key, wanted in values.items()
    )


# GetCallerIdentity of STS, which every AWS tool calls first, and the roles that callers assumed.

USER = "sandbox"
ACCESS_KEY = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
ASSUMED = re.compile(rb"<Arn>(arn:[\w-]+:sts::(\d+):assumed-role/[^<]+)</Arn>")


class Roles:
    """The roles behind access keys, learned from the responses of AssumeRole and the like."""

    def __init__(self) -> None:
        self._arns: dict[str, tuple[str, str]] = {}

    def learn(self, answer: Response) -> None:
        key, arn = ACCESS_KEY.search(answer.body), ASSUMED.search(answer.body)
        if key and arn:
            self._arns[key[1].decode()] = (arn[1].decode(), arn[2].decode())

    def account(self, key: str) -> str:
        """Return the account of the role that a key stands for, or nothing."""
        return self._arns.get(key, ("", ""))[1]

    def arn(self, key: str) -> str:
        return self._arns.get(key, ("", ""))[0]


def caller_identity(account: str, region: str, role: str = "") -> Response:
    """Return the answer to GetCallerIdentity in the query protocol; `role`: the ARN of an assumed one."""
    arn = role or f"arn:{partition_of(region)}:iam::{account}:user/{USER}"
    body = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>{escape(arn)}</Arn><UserId>AIDASANDBOX</UserId><Account>{account}</Account></GetCallerIdentityResult>"
        "<ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
    return Response(200, {"content-type": "text/xml"}, body.encode())


# Roles: the service-linked one that appears by itself, and the missing ones that make an environment INVALID.

SERVICE_LINKED_PATH = "aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
MISSING = ".missing-roles"

# Texts of the User Guide's troubleshooting page and of hashicorp/terraform-provider-aws issues 8549 and 11699.
NOT_AUTHORIZED = "CLIENT_ERROR - User: batch.amazonaws.com is not authorized to perform: sts:AssumeRole"


def service_linked_role(account_state: AccountState) -> str:
    return f"arn:{partition_of(account_state.region)}:iam::{account_state.account}:role/{SERVICE_LINKED_PATH}"


def role_arn(account_state: AccountState, role: str) -> str:
    """A bare name is taken to have the path `/`, whatever the role's real path is (CreateComputeEnvironment)."""
    return (
        role
        if role.startswith("arn:")
        else f"arn:{partition_of(account_state.region)}:iam::{account_state.account}:role/{role}"
    )


def is_service_linked(role: str) -> bool:
    return role.endswith(f":role/{SERVICE_LINKED_PATH}")


def set_missing_roles(store: Store, account: str, roles: Iterable[str]) -> None:
    store.put(account, MISSING, "names", sorted({_name(role) for role in roles}))


def service_role_illness(account_state: AccountState, body: Mapping[str, Json]) -> str:
    """Return why Batch cannot act with the environment's service role, or nothing."""
    role = body.get("serviceRole", "")
    # A wrong path to the service-linked role is a role that does not exist (aws/aws-cdk issue 20727).
    misplaced = _name(role) == _name(SERVICE_LINKED_PATH) and not is_service_linked(role)
    return NOT_AUTHORIZED if misplaced or _is_missing(account_state, role) else ""


def illness(account_state: AccountState, body: Mapping[str, Json]) -> str:
    """Return why the environment cannot become VALID, or nothing."""
    resources = body.get("computeResources", {})
    profile, fleet = resources.get("instanceRole", ""), resources.get("spotIamFleetRole", "")
    if reason := service_role_illness(account_state, body):
        return reason
    if _is_missing(account_state, profile):
        return f"CLIENT_ERROR - Instance profile {profile} does not exist"
    if _is_missing(account_state, fleet):
        return "CLIENT_ERROR - Parameter: SpotFleetRequestConfig.IamFleetRole is invalid."
    return ""


def _is_missing(account_state: AccountState, role: str) -> bool:
    if not role:
        return False
    missing = (*account_state.account_fact(MISSING, "names", ()), *breakage_of(account_state.store).missing_roles)
    return _name(role) in map(_name, missing)


def _name(role: str) -> str:
    return role.rsplit("/", 1)[-1]

"""The least rights: what a command needs for a stack, as statements of an IAM policy.

Derived from the tables of the kinds. What IAM can restrict to resources, and by which tags, is documented in the
Service Authorization Reference, "Actions, resources, and condition keys for AWS Batch".
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.jobs.states import GROUP
from reconciler.kinds import KINDS, batch_kinds
from reconciler.kinds.base import Field, Form, Kind, ReplacementMethod, Rights, Row, Rows
from reconciler.kinds.jobs import TRAINING
from reconciler.live.ownership import OWNER
from reconciler.live.resolve import index_live, physical_name, references, without_revision
from reconciler.model import Address, Declared, Identity, Json, Stack, StatePlace
from reconciler.placeholders import Unknown

VERSION = "2012-10-17"
ANY = "*"
LARGEST = 6_144  # characters of a managed policy, blanks not counted (IAM User Guide, "IAM and AWS STS quotas")
ANYWHERE = Identity(ANY, ANY)
SUCCESSOR = "-??????"  # the end of the name of one that takes another's place
BATCH = "batch:"
LOOKUPS = {
    "ssm": ("ssm:GetParameter", "ssm:{region}:{account}:parameter/{name}"),
    "cfn": ("cloudformation:DescribeStacks", "cloudformation:{region}:{account}:stack/{name}/*"),
    "secret": ("secretsmanager:GetSecretValue", "secretsmanager:{region}:{account}:secret:{name}-??????"),
}
STATES = "tfstate"
SECRET = "secret"  # noqa: S105 - a tag, which `verify` does not look up
LOCKS = {
    "s3": (("s3:GetObject", "s3:PutObject", "s3:DeleteObject"), "s3:::{place}/*"),
    "dynamodb": (
        ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"),
        "dynamodb:{region}:{account}:table/{place}",
    ),
}


class Purpose(StrEnum):
    PLAN = "plan"
    VERIFY = "verify"
    DRIFT = "drift"
    APPLY = "apply"
    IMPORT = "import"
    ADOPT = "adopt"
    FORGET = "forget"
    SUBMIT = "submit"
    JOBS = "jobs"  # submit, wait, logs, jobs, cancel, and smoke tests
    SCHEDULES = "schedules"  # not of a caller: of the role that Scheduler takes


@dataclass(frozen=True, slots=True)
class Statement:
    """What is allowed on which resources. `condition` is as in a policy."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Json]:
        condition = {"Condition": self.condition} if self.condition else {}
        return {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": sorted(set(self.actions)),
            "Resource": sorted(set(self.resources)),
            **condition,
        }


TRAIL = Statement("ReadTrail", ("cloudtrail:LookupEvents",), (ANY,))  # of `drift --who`; it has no resources


def statements(
    stack: Stack, purpose: Purpose, place: Identity = ANYWHERE, lookups: Iterable[tuple[str, str]] = ()
) -> tuple[Statement, ...]:
    """Return what a command needs; `lookups` are the tags and arguments of those that the stack has.

    `place` may have `*` where the account or the region is not known.
    """
    rights = _Rights(stack, place)
    seen = tuple(lookups)
    needs: Mapping[Purpose, Callable[[], tuple[Statement, ...]]] = {
        Purpose.PLAN: lambda: (*rights.reads(), *rights.looks(seen)),
        Purpose.DRIFT: lambda: (*rights.reads(), *rights.looks(seen), TRAIL),
        Purpose.VERIFY: lambda: (
            rights.verifies(),
            *rights.looks([(tag, name) for tag, name in seen if tag != SECRET]),
        ),
        Purpose.IMPORT: lambda: tuple(rights.reads()),
        Purpose.APPLY: lambda: (
            *rights.reads(),
            *rights.looks(seen),
            *rights.writes(),
            *rights.roles(),
            *rights.locks(),
        ),
        Purpose.ADOPT: lambda: (
            *rights.reads(),
            *rights.looks(seen),
            *rights.tags(),
            *rights.beside("Write", lambda of: of.write),
            *rights.locks(),
        ),
        Purpose.FORGET: lambda: (
            *rights.reads(),
            *rights.looks(seen),
            rights.owned(["UntagResource"]),
            *rights.beside("Write", lambda of: of.write),
            *rights.locks(),
        ),
        Purpose.SUBMIT: lambda: tuple(rights.submits()),
        Purpose.JOBS: lambda: (*rights.submits(), *rights.runs()),
        Purpose.SCHEDULES: lambda: tuple(rights.scheduled()),
    }
    return tuple(statement for statement in needs[purpose]() if statement.actions and statement.resources)


def _log_groups(body: Json) -> Iterator[str]:
    """Yield the groups that the containers of a definition log to, where it names any."""
    if isinstance(body, Mapping):
        if isinstance(group := body.get("awslogs-group"), str):
            yield group
        for inner in body.values():
            yield from _log_groups(inner)
    elif isinstance(body, list):
        for inner in body:
            yield from _log_groups(inner)


def policy(each: Iterable[Statement]) -> dict[str, Json]:
    return {"Version": VERSION, "Statement": [statement.document for statement in each]}


def policies(each: Iterable[Statement]) -> list[dict[str, Json]]:
    """Return the statements as policies of which none is larger than IAM takes, as far as no statement is by itself."""
    out: list[list[Statement]] = [[]]
    for statement in each:
        if out[-1] and size_of(policy([*out[-1], statement])) > LARGEST:
            out.append([])
        out[-1].append(statement)
    return [policy(group) for group in out]


def size_of(document: Json) -> int:
    return len(json.dumps(document, separators=(",", ":")))


@dataclass(frozen=True, slots=True)
class _Rights:
    stack: Stack
    place: Identity

    def reads(self) -> Iterator[Statement]:
        """What `*` stands for is read as a whole: nobody knows beforehand what of a stack is live."""
        unscoped: list[str] = []
        for kind in batch_kinds():
            reading = kind.read
            unscoped += [
                operation
                for operation in (reading.operation, reading.listing)
                if operation and operation not in reading.scoped
            ]
            unscoped += [holding.operation for holding in _holdings(kind)]
        yield Statement("Read", _batch(unscoped), (ANY,))
        for kind in batch_kinds():
            for operation in kind.read.scoped:
                of = kind if operation == kind.read.operation else _parent(kind)
                yield Statement(f"Read{operation}", _batch([operation]), (self.arn(of, ANY),))
        yield from self.beside("Read", lambda rights: rights.read)

    def beside(self, verb: str, side: Callable[[Rights], Mapping[str, tuple[str, ...]]]) -> Iterator[Statement]:
        """What other services have to allow, of which the stack declares something."""
        declared = {address.kind for address in self.stack.declared}
        for kind in KINDS.values():
            if kind.rights is None or kind.scope is None or kind.name not in declared:
                continue
            group = kind.scope(self.stack.name).removesuffix("/")
            here = f"{kind.service}:{self.place.region}:{self.place.account}"
            for number, (on, actions) in enumerate(side(kind.rights).items(), 1):
                arn = ANY if on == ANY else self.elsewhere(f"{here}:{on.format(group=group)}")
                named = tuple(f"{kind.service}:{action}" for action in actions)
                yield Statement(f"{verb}{kind.name}{number}", named, (arn,))

    def verifies(self) -> Statement:
        """Return the actions of the checks that the stack needs. Most of them IAM restricts to no resource."""
        from reconciler.placement.catalogue import catalogue  # noqa: PLC0415 - one purpose needs it
        from reconciler.verify.checks import inquiries_of  # noqa: PLC0415

        asked = inquiries_of(self.stack, self.place, catalogue())
        return Statement("Verify", tuple(each.action for each in asked if each.action), (ANY,))

    def looks(self, lookups: Iterable[tuple[str, str]]) -> Iterator[Statement]:
        for tag, (action, resource) in LOOKUPS.items():
            arns = [self.elsewhere(resource, name=_named(tag, name)) for looked_up, name in lookups if looked_up == tag]
            yield Statement(f"LookUp{tag.title()}", (action,), tuple(arns))
        named = dict.fromkeys(_named(tag, argument) for tag, argument in lookups if tag == STATES)
        yield from self.looks_at([self.stack.states[name] for name in named if name in self.stack.states])

    def looks_at(self, states: Iterable[StatePlace]) -> Iterator[Statement]:
        """A state in S3 is read by the caller, or by the role that is assumed for it, whose rights are its own."""
        in_s3 = [place for place in states if place.scheme == "s3"]
        roles = dict.fromkeys(place.role_arn for place in in_s3 if place.role_arn)
        own = [place for place in in_s3 if not place.role_arn]
        objects = [self.elsewhere(f"s3:::{_literal(place.bucket)}/{_literal(place.key)}") for place in own]
        yield Statement("LookUpTfstate", ("s3:GetObject",), tuple(objects))
        buckets: dict[str, list[str]] = {}
        for place in own:
            buckets.setdefault(place.bucket, []).append(place.key)
        # Without it, GetObject says of a missing object 403 and not 404 (S3 API Reference, GetObject, "Permissions").
        for number, (bucket, keys) in enumerate(buckets.items()):
            condition = {"StringEquals": {"s3:prefix": keys}}
            yield Statement(
                f"SeeTfstate{number or ''}", ("s3:ListBucket",), (self.elsewhere(f"s3:::{bucket}"),), condition
            )
        yield Statement("AssumeToLookUp", ("sts:AssumeRole",), tuple(roles))

    def writes(self) -> Iterator[Statement]:
        """By its tag, what the stack owns may be changed; by its name, what is declared may be created."""
        for kind in batch_kinds():
            own = [declared for declared in self.stack.declared.values() if declared.address.kind == kind.name]
            arns = [arn for declared in own for arn in self.arns(kind, declared)]
            others = [arn for declared in own for arn in self.referred(declared, kind.rows)]
            yield Statement(f"Create{kind.name}", _batch([kind.create.operation]), (*arns, *others) if arns else ())
            if kind.update:
                rows = [row for row in kind.fields if row.name in kind.update.refers_to]
                used = [arn for declared in own for arn in self.referred(declared, rows)]
                yield Statement(f"Use{kind.name}", _batch([kind.update.operation]) if used else (), tuple(used))
        yield from self.tags()
        changes = [call.operation for kind in batch_kinds() for call in (kind.update, kind.delete) if call]
        yield self.owned([*changes, "TagResource", "UntagResource"])
        yield from self.beside("Write", lambda rights: rights.write)

    def tags(self) -> Iterator[Statement]:
        """What is declared may be tagged, whoever owns it: what becomes the stack's has no tag of its yet."""
        for kind in batch_kinds():
            own = [declared for declared in self.stack.declared.values() if declared.address.kind == kind.name]
            arns = [arn for declared in own for arn in self.arns(kind, declared)]
            tagged = [f"{arn}:*" for arn in arns] if kind.revisions else arns
            yield Statement(f"Tag{kind.name}", _batch(["TagResource"]), (*tagged, *arns) if arns else ())

    def owned(self, operations: Iterable[str]) -> Statement:
        condition = {"StringEquals": {f"aws:ResourceTag/{OWNER}": self.stack.name}}
        resource = (self.elsewhere("batch:{region}:{account}:*"),)
        return Statement("ChangeOwned", _batch(operations), resource, condition)

    def roles(self) -> Iterator[Statement]:
        passed: dict[str, list[str]] = {}
        for declared in self.stack.declared.values():
            for row, value in _roles(KINDS[declared.address.kind].rows, declared.spec):
                passed.setdefault(row.passed_to, []).extend(self.role_arns(row, value))
        for service, arns in passed.items():
            condition = {"StringEquals": {"iam:PassedToService": service}} if service else {}
            sid = "PassRole" + "".join(word.title() for word in service.partition(".")[0].split("-"))
            yield Statement(sid, ("iam:PassRole",), tuple(arns), condition)
        if any(KINDS[address.kind].create.service_linked for address in self.stack.declared):
            role = self.elsewhere("iam::{account}:role/aws-service-role/*")
            condition_ = {"StringLike": {"iam:AWSServiceName": "*batch.amazonaws.com"}}
            yield Statement("CreateServiceLinkedRole", ("iam:CreateServiceLinkedRole",), (role,), condition_)

    def locks(self) -> Iterator[Statement]:
        lock = self.stack.lock
        if lock is None:
            return
        actions, resource = LOCKS[lock.service]
        yield Statement("Lock", actions, (self.elsewhere(resource, place=lock.place),))
        if lock.service == "s3":
            bucket, slash, prefix = lock.place.partition("/")
            condition = {"StringLike": {"s3:prefix": f"{prefix}{slash}*"}}
            # Without it, GetObject says of a missing lock 403 and not 404 (S3 API Reference, GetObject, "Permissions").
            yield Statement("SeeLocks", ("s3:ListBucket",), (self.elsewhere(f"s3:::{bucket}"),), condition)

    def submits(self) -> Iterator[Statement]:
        """SubmitJob looks at the queue and at the definition, of which a caller may leave the revision away."""
        queues = [declared for declared in self.stack.declared.values() if _takes_jobs(KINDS[declared.address.kind])]
        training = [declared for declared in queues if declared.spec.get("jobQueueType") == TRAINING]
        definitions = [declared for declared in self.stack.declared.values() if KINDS[declared.address.kind].revisions]
        named = [arn for declared in definitions for arn in self.arns(KINDS[declared.address.kind], declared)]
        plain = [
            arn
            for declared in queues
            if declared not in training
            for arn in self.arns(KINDS[declared.address.kind], declared)
        ]
        if plain and named:
            yield Statement("SubmitJob", _batch(["SubmitJob"]), (*plain, *named, *(f"{arn}:*" for arn in named)))
        arns = [arn for declared in training for arn in self.arns(KINDS[declared.address.kind], declared)]
        yield Statement("SubmitServiceJob", _batch(["SubmitServiceJob"]), tuple(arns))

    def scheduled(self) -> Iterator[Statement]:
        """What the schedules submit: a definition without a revision is looked at by its bare name, too.

        AWS's example has `job-definition/NAME:*` alone; a submission without a revision was refused on
        `job-definition/NAME` (aws/aws-sdk-js issue 4280).
        """
        arns: list[str] = []
        for declared in self.stack.declared.values():
            kind = KINDS[declared.address.kind]
            rows = [row for row in kind.fields if row.named_in]
            for row in rows:
                body = declared.spec.get(row.name)
                for _, inner, value in references(row.fields, body if isinstance(body, Mapping) else {}):
                    arns += self.submitted(KINDS[inner.refers_to], value)
        yield Statement("SubmitJob", _batch(["SubmitJob"]), tuple(dict.fromkeys(arns)))

    def submitted(self, kind: Kind, value: str) -> list[str]:
        name = value if value.startswith("arn:") else value.partition(":")[0]
        other = self.stack.declared.get(Address(kind.name, name))
        arns = self.arns(kind, other) if other else [name if name.startswith("arn:") else self.arn(kind, name)]
        bare = [without_revision(arn) for arn in arns]
        return [*bare, *(f"{arn}:*" for arn in bare)] if kind.revisions else arns

    def runs(self) -> Iterator[Statement]:
        """Yield what follows jobs to their end. Reads of jobs have no resources (Service Authorization Reference)."""
        reads = ["DescribeJobs", "ListJobs", "DescribeJobQueues", "DescribeComputeEnvironments"]
        yield Statement("ReadJobs", _batch(reads), (ANY,))
        queues = [declared for declared in self.stack.declared.values() if _takes_jobs(KINDS[declared.address.kind])]
        arns = [arn for declared in queues for arn in self.arns(KINDS[declared.address.kind], declared)]
        yield Statement("SeeQueues", _batch(["GetJobQueueSnapshot"]), tuple(arns))
        job = self.elsewhere("batch:{region}:{account}:job/*")
        yield Statement("EndJobs", _batch(["CancelJob", "TerminateJob", "TagResource"]), (job,))
        definitions = (each.spec for each in self.stack.declared.values() if KINDS[each.address.kind].revisions)
        groups = sorted({GROUP, *(group for spec in definitions for group in _log_groups(spec))})
        streams = "logs:{region}:{account}:log-group:{place}:log-stream:*"
        yield Statement(
            "ReadLogs", ("logs:GetLogEvents",), tuple(self.elsewhere(streams, place=group) for group in groups)
        )

    def arns(self, kind: Kind, declared: Declared) -> list[str]:
        """Return the ARNs that a declared resource may have: its own, and that of one that takes its place."""
        arn = self.arn(kind, physical_name(self.stack, declared, index_live((), self.stack)))
        return [arn, f"{arn}{SUCCESSOR}"] if kind.replacement is ReplacementMethod.BLUE_GREEN else [arn]

    def referred(self, declared: Declared, rows: Iterable[Row]) -> Iterator[str]:
        for _, row, value in references(rows, declared.spec):
            other = self.stack.declared.get(Address(row.refers_to, value))
            if other:
                yield from self.arns(KINDS[row.refers_to], other)
            elif isinstance(value, Unknown):
                yield self.arn(KINDS[row.refers_to], ANY)
            else:
                yield value if value.startswith("arn:") else self.arn(KINDS[row.refers_to], value)

    def arn(self, kind: Kind, name: str) -> str:
        return kind.arn(self.place, f"{ANY}/{ANY}" if kind.parent and name == ANY else name)

    def role_arns(self, row: Field, value: str) -> list[str]:
        """Return what has to be passed: of an instance profile its role, which mostly has the same name."""
        if isinstance(value, Unknown):
            return [self.elsewhere("iam::{account}:role/*")]
        name = value.partition(":role/")[2] or value.partition(":instance-profile/")[2] or value
        role = value if ":role/" in value else self.elsewhere("iam::{account}:role/{name}", name=name.lstrip("/"))
        profile = self.elsewhere("iam::{account}:instance-profile/{name}", name=name.lstrip("/"))
        return [role, profile] if row.form is Form.PROFILE else [role]

    def elsewhere(self, resource: str, **more: str) -> str:
        name_of_resource = resource.format(account=self.place.account, region=self.place.region, **more)
        return f"arn:{self.place.partition}:{name_of_resource}"


def _holdings(kind: Kind) -> Iterator[Json]:
    """Yield the ways in which jobs are listed, for whatever a resource of the kind may hold."""
    if kind.jobs:
        yield from (kind.jobs.listing(body) for body in ({}, {"jobQueueType": TRAINING}))


def _takes_jobs(kind: Kind) -> bool:
    return kind.jobs is not None and not kind.parent


def _parent(kind: Kind) -> Kind:
    row = kind.parent_row
    return KINDS[row.refers_to] if row else kind


def _roles(rows: Iterable[Row], body: Json) -> Iterator[tuple[Field, str]]:
    """Yield every role and instance profile in a body."""
    for row in Rows.of(rows).fields:
        value = body.get(row.name) if isinstance(body, Mapping) else None
        if row.form in (Form.ROLE, Form.PROFILE) and isinstance(value, str) and value:
            yield row, value
        for inner in value if isinstance(value, list | tuple) else (value,):
            if row.fields and isinstance(inner, Mapping):
                yield from _roles(row.fields, inner)


def _named(tag: str, argument: str) -> str:
    """Return what of a look-up names a resource: an output's stack, the secret of a key, the state of an address."""
    name = argument.partition({"cfn": ".", "secret": "#", STATES: ":"}.get(tag, "\0"))[0]
    return name.lstrip("/") if tag == "ssm" else name


def _literal(text: str) -> str:
    """Return a text in which nothing is a pattern, nor a place for what `elsewhere` knows."""
    return re.sub(r"[*?$]", r"${\g<0>}", text).replace("{", "{{").replace("}", "}}")


def _batch(operations: Iterable[str]) -> tuple[str, ...]:
    return tuple(BATCH + operation for operation in operations if operation)


# Who may take a role, as a policy: a pipeline by its token, so that no key is kept anywhere, or a service.

TRUST_VERSION = "2012-10-17"
OIDC = {
    "github": ("token.actions.githubusercontent.com", "sts.amazonaws.com", "repo:{who}"),
    "gitlab": ("gitlab.com", "https://gitlab.com", "project_path:{who}"),
}


def trust_of(provider: str, who: str, account: str, partition: str) -> dict[str, Json]:
    """Return who may take a role by a token of GitHub or GitLab: `owner/repo:ref:refs/heads/main`; * and ? match."""
    issuer, audience, subject = OIDC[provider]
    return _trusting(
        {"Federated": f"arn:{partition}:iam::{account}:oidc-provider/{issuer}"},
        "sts:AssumeRoleWithWebIdentity",
        {
            "StringEquals": {f"{issuer}:aud": audience},
            "StringLike": {f"{issuer}:sub": subject.format(who=who)},
        },
    )


def trust_in(principal: str) -> dict[str, Json]:
    """Return who may take a role: a service such as states.amazonaws.com, or the ARN of an account, role or user."""
    kind = "AWS" if principal.startswith("arn:") or principal.isdecimal() else "Service"
    return _trusting({kind: principal}, "sts:AssumeRole", {})


def _trusting(principal: Mapping[str, str], action: str, condition: Mapping[str, Json]) -> dict[str, Json]:
    statement = {"Effect": "Allow", "Principal": dict(principal), "Action": action}
    return {"Version": TRUST_VERSION, "Statement": [{**statement, **({"Condition": condition} if condition else {})}]}

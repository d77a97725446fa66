"""Resources of AWS Batch in stacks of CloudFormation: moto keeps the stacks, the simulator has these resources.

moto resolves the functions of a template and orders its resources. The rest is what this program has for its own work
anyway: how a template is read, what differs, and the requests that create, update and delete.
"""

import importlib
import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, NoReturn

from reconciler.apply.waits import WaitFailed, wait
from reconciler.diff import Context, compare
from reconciler.importers.cloudformation import ImportInputs, imported
from reconciler.importers.cloudformation.evaluate import property_name
from reconciler.importers.model import has_tagged
from reconciler.kinds import batch_kinds
from reconciler.kinds.base import Kind
from reconciler.live.ownership import CLOUDFORMATION, AppliedRecord
from reconciler.live.read import read_one
from reconciler.model import Call, Cost, Desired, Identity, Json, Live, Step, dotted, own_name
from reconciler.plan.requests import create_steps, delete_steps, prune_steps, update_steps
from reconciler.problems import CloudError, Severity
from reconciler.sandbox.core.model import service_document
from reconciler.sandbox.core.service import SimulatedCloud, Simulator

OURS = "AWS::Batch::"
# Types without tags of CloudFormation's own: cloudFormationSystemTags in their schemas (cloudformation describe-type).
UNLABELED = ("ComputeEnvironment",)
IN_PLACE = (Cost.METADATA, Cost.SCALING, Cost.INFRASTRUCTURE)
# In whose Batch the resources of stacks are while one request is answered: what moto knows holds for the process.
_SERVED: ContextVar[Simulator] = ContextVar("served")


@contextmanager
def stacks_in(simulator: Simulator) -> Iterator[None]:
    """Let the stacks of moto have their resources of AWS Batch in this simulator."""
    _teach_moto()
    token = _SERVED.set(simulator)
    try:
        yield
    finally:
        _SERVED.reset(token)


@cache
def _teach_moto() -> None:
    """Tell moto of our types, and that any parameter may change a resource of them.

    It looks for `Ref` alone, and misses `Fn::Sub` and conditions.
    """
    parsing: Any = importlib.import_module("moto.cloudformation.parsing")
    parsing.get_model_map().update({f"{OURS}{kind.name}": StackResources(kind) for kind in batch_kinds()})
    parsing.get_name_type_map().update(
        {f"{OURS}{kind.name}": property_name(kind.name_member) for kind in batch_kinds()}
    )
    parsing.get_references_from_template = partial(_references, otherwise=parsing.get_references_from_template)


def _references(template: Json, otherwise: Callable[[Json], list[str]]) -> Container[str]:
    """Return the parameters that a template may refer to; moto itself has to see to one with a condition of its own."""
    type_ = template.get("Type") if isinstance(template, Mapping) else None
    is_ours = isinstance(type_, str) and type_.startswith(OURS) and "Condition" not in template
    return _Any() if is_ours else otherwise(template)


class _Any(Container[str]):
    """Contains every name."""

    def __contains__(self, _name: object) -> bool:
        return True


@dataclass(slots=True)
class StackResource:
    """One resource of a stack, as moto reads it. The last two attributes are set by moto."""

    kind: Kind
    name: str
    properties: Json  # as they were applied last, without functions
    physical_resource_id: str  # an ARN, of job definitions with the revision
    stack: str  # its ARN
    cf_resource_type: str = ""
    logical_resource_id: str = ""

    def is_created(self) -> bool:
        return True

    def get_cfn_attribute(self, attribute: str) -> str:
        if not _has_attribute(self.kind, attribute):
            raise importlib.import_module("moto.cloudformation.exceptions").UnformattedGetAttTemplateException
        return self.physical_resource_id

    def delete(self, account: str, region: str) -> None:
        """Delete it; what something else in the stack still uses is refused, and moto tries that again later."""
        with _refused_in_words(self.name):
            _Batch.of(account, region).delete(self)


@dataclass(frozen=True, slots=True)
class StackResources:
    """All resources of one type: what moto takes for a class of models."""

    kind: Kind

    def cloudformation_type(self) -> str:
        return f"{OURS}{self.kind.name}"

    def has_cfn_attr(self, attribute: str) -> bool:
        return _has_attribute(self.kind, attribute)

    def create_from_cloudformation_json(
        self,
        resource_name: str,
        cloudformation_json: Mapping[str, Json],
        account_id: str,
        region_name: str,
        **more: str,
    ) -> StackResource:
        batch, properties = _Batch.of(account_id, region_name), cloudformation_json["Properties"]
        with _refused_in_words(resource_name):
            desired = batch.desired(self.kind, resource_name, cloudformation_json)
            return batch.create(self.kind, desired, properties, stack=more["StackId"], logical=more["LogicalId"])

    def update_from_cloudformation_json(
        self,
        original_resource: StackResource,
        new_resource_name: str,
        cloudformation_json: Mapping[str, Json],
        account_id: str,
        region_name: str,
    ) -> StackResource:
        """A resource without a name in the template keeps its name: moto would generate a new one."""
        batch = _Batch.of(account_id, region_name)
        if cloudformation_json["Properties"] == original_resource.properties:
            return original_resource
        is_named = property_name(self.kind.name_member) in cloudformation_json["Properties"]
        name = new_resource_name if is_named else own_name(original_resource.name)
        with _refused_in_words(name):
            desired = batch.desired(self.kind, name, cloudformation_json)
            if desired.name != original_resource.name:
                raise _NotServed(f"its name is {original_resource.name}, and cannot be changed to {desired.name}")
            if self.kind.revisions:
                return batch.revise(original_resource, desired, cloudformation_json["Properties"])
            batch.update(original_resource, desired)
            return replace(original_resource, properties=cloudformation_json["Properties"])


class _NotServed(Exception):  # noqa: N818 - names what happened
    """What these stacks cannot do."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """AWS Batch in one account and region, behind the stacks there."""

    simulator: Simulator
    cloud: SimulatedCloud

    @classmethod
    def of(cls, account: str, region: str) -> "_Batch":
        simulator = _SERVED.get()
        return cls(simulator, SimulatedCloud(simulator, Identity(account, region)))

    def desired(self, kind: Kind, name: str, resource: Mapping[str, Json]) -> Desired:
        """Return what a template declares, as an import reads it. moto has resolved the functions in it."""
        properties = {**resource["Properties"], property_name(kind.name_member): own_name(name)}
        template = {"Resources": {"It": {"Type": resource["Type"], "Properties": properties}}}
        raw = json.dumps(template, default=str).encode()  # a date that YAML reads is a text to CloudFormation
        read = imported("template.json", raw, ImportInputs(stack_name="sandbox"), service_document())
        wrong = [problem.message for problem in read.problems if problem.severity is Severity.ERROR]
        if wrong:
            raise _NotServed("; ".join(wrong))
        [change] = read.resources
        if has_tagged(change.body):
            raise _NotServed("the sandbox does not resolve dynamic references in AWS Batch resources")
        body = {member: value for member, value in change.body.items() if member != "tags"}
        arn = kind.arn(self.cloud.identity(), change.address.name)
        return Desired(
            address=change.address, name=change.address.name, arn=arn, spec=body, tags=change.body.get("tags", {})
        )

    def read(self, kind: Kind, name: str) -> Live | None:
        return read_one(self.cloud, kind, self.cloud.identity(), name)

    def run(self, kind: Kind, name: str, steps: Iterable[Step]) -> Mapping[str, Json]:
        """Make the calls and wait as the steps say; return the first answer."""
        answers: list[Mapping[str, Json]] = []
        for step in steps:
            if isinstance(step, Call):
                answers.append(self.cloud.call(step.operation, step.request))
            else:
                wait(step, kind, name, self.cloud, self.simulator.clock, _say_nothing)
        return answers[0] if answers else {}

    def create(self, kind: Kind, desired: Desired, properties: Json, *, stack: str, logical: str) -> StackResource:
        answer = self.run(kind, desired.name, create_steps(kind, desired, desired.tags, AppliedRecord()))
        made = StackResource(kind, desired.name, properties, answer[kind.arn_member], stack)
        if kind.name not in UNLABELED:
            identity = self.cloud.identity()
            self.simulator.label(identity.account, identity.region, made.physical_resource_id, _labels(stack, logical))
        return made

    def revise(self, former: StackResource, desired: Desired, properties: Json) -> StackResource:
        logical = former.logical_resource_id
        made = self.create(former.kind, desired, properties, stack=former.stack, logical=logical)
        if not _keeps_former(properties):
            self.delete(former)
        return made

    def update(self, resource: StackResource, desired: Desired) -> None:
        live = self.read(resource.kind, resource.name)
        if live is None:
            raise _NotServed(f"{resource.name} does not exist")
        difference = compare(resource.kind, desired, live, Context(identity=self.cloud.identity()))
        stuck = [dotted(change.path) for change in difference.fields if change.cost not in IN_PLACE]
        if stuck:
            raise _NotServed(f"the sandbox cannot replace resources, and {', '.join(stuck)} cannot be changed in place")
        self.run(resource.kind, resource.name, update_steps(resource.kind, live, difference))

    def delete(self, resource: StackResource) -> None:
        kind, name = resource.kind, resource.name
        if kind.revisions:
            number = int(resource.physical_resource_id.rpartition(":")[2])
            live = self.read(kind, name)
            self.run(kind, name, prune_steps(kind, live, [number]) if live and number in live.revisions else ())
        elif live := self.read(kind, name):
            self._delete(kind, live)

    def _delete(self, kind: Kind, live: Live) -> None:
        name = live.address.name
        try:
            self.run(kind, name, delete_steps(kind, live))
        except CloudError:  # a queue that is gone counts as one that uses an environment for a while
            self.simulator.clock.sleep(self.simulator.timings.relationship_grace)
            now = self.read(kind, name)
            self.run(kind, name, delete_steps(kind, now) if now else ())


@contextmanager
def _refused_in_words(name: str) -> Iterator[None]:
    """Answer what goes wrong as CloudFormation answers what it refuses."""
    try:
        yield
    except CloudError as error:
        _refuse(f"{name}: {error.message}")
    except (_NotServed, WaitFailed) as error:
        _refuse(f"{name}: {error}")


def _refuse(message: str) -> NoReturn:
    raise importlib.import_module("moto.cloudformation.exceptions").ValidationError(message=message)


def _labels(stack: str, logical: str) -> dict[str, str]:
    """Return the tags that CloudFormation gives; `stack` is `arn:…:stack/NAME/ID`."""
    return {
        CLOUDFORMATION: stack.split("/")[1],
        "aws:cloudformation:stack-id": stack,
        "aws:cloudformation:logical-id": logical,
    }


def _has_attribute(kind: Kind, attribute: str) -> bool:
    return attribute == property_name(kind.arn_member)


def _keeps_former(properties: Mapping[str, Json]) -> bool:
    policy = properties.get("ResourceRetentionPolicy") or {}
    return str(policy.get("SkipDeregisterOnUpdate", "")).lower() == "true"


def _say_nothing(_status: str) -> None:
    """Nobody watches."""

"""What is known while a template is read: the template itself, what was given, and the names of its resources."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.adopt.cloudformation.parameters import Variables
from reconciler.adopt.cloudformation.template import Template
from reconciler.load.findings import Findings
from reconciler.model import partition_of

STACK_ARN = re.compile(r"arn:([^:]+):cloudformation:([^:]+):([^:]+):stack/([^/]+)/.+")


@dataclass(frozen=True, slots=True)
class LiveStack:
    """The stack that a template was deployed as: values of parameters, physical ids by logical id.

    `exports` are those of all stacks beside it, by name. `versions` are numbers of launch templates, by the logical id
    and the attribute that tells them.
    """

    name: str
    id: str  # an ARN
    parameters: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportInputs:
    """What was said beside the template. `called` is the name of the stack that it becomes; `region` may be empty."""

    called: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    region: str = ""
    live: LiveStack | None = None


@dataclass(frozen=True, slots=True)
class TemplateReference:
    """A reference to a resource of AWS Batch in the template: by name or by ARN, as its place wants it."""

    logical: str


@dataclass(frozen=True, slots=True)
class TemplateContext:
    """`arns` are those of the template's resources of AWS Batch, with `${account}` and its like in them.

    `absent` are those that are left out, with the reason. `naming` are other resources whose names are resolved now.
    `decided` are the parameters whose usual values stand in what is written, with the first thing that has it so: a
    parameter is followed everywhere or nowhere.
    """

    template: Template
    given: ImportInputs
    variables: Variables
    findings: Findings
    arns: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    naming: list[str] = field(default_factory=list)
    decided: dict[str, str] = field(default_factory=dict)

    def decide(self, names: Iterable[str], what: str) -> None:
        """Note that something written depends on the usual values of parameters: they are no variables then."""
        for name in names:
            if name in self.variables.parameters and self.variables.parameters[name].is_shown:
                self.decided.setdefault(name, what)

    @property
    def pseudo(self) -> dict[str, str]:
        """Return what is known of the place, by the names of pseudo parameters."""
        found = STACK_ARN.fullmatch(self.given.live.id) if self.given.live else None
        if found:
            names = ("AWS::Partition", "AWS::Region", "AWS::AccountId", "AWS::StackName")
            known = dict(zip(names, map(str, found.groups()), strict=True))
            return {**known, "AWS::StackId": found[0], **self.given.parameters}
        region = self.given.region or self.given.parameters.get("AWS::Region", "")
        place = {"AWS::Region": region, "AWS::Partition": partition_of(region)} if region else {}
        return {**place, **self.given.parameters}

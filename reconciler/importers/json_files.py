"""JSON as a source: what `aws batch describe-*` prints, and what the AWS CLI takes with --cli-input-json."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from reconciler.importers.model import Imported, ImportedResource, LeftOut, import_live
from reconciler.kinds import batch_kinds
from reconciler.kinds.base import Kind
from reconciler.live.read import live_from
from reconciler.load.files import EmbeddedLanguage, decoded, spoken_in_name, spoken_in_text
from reconciler.load.resources import NAME, NAME_HINT
from reconciler.model import Address, Json
from reconciler.ports import Takes
from reconciler.problems import Problem
from reconciler.syntax.diagnostics import Findings, listed
from reconciler.syntax.nodes import Broken, MappingNode, Node, SequenceNode, SourceMark, value_of, where_of
from reconciler.syntax.parse import compose_json

PULUMI = "Pulumi"
FROM_PULUMI = "Pulumi state is not supported: use `import --live` to read the resources from AWS"
NOT_CURRENT = "it is {status}, or not the newest revision in the input"
LAST_WINS = "the AWS CLI and the import use the last one"
NEITHER = "this JSON is neither output of `aws batch describe-*` nor input of --cli-input-json"
SERVICES: MappingABC[str, str] = {  # keys that only the answers of other services have
    "clusters": "Amazon ECS or EKS",
    "services": "Amazon ECS",
    "taskDefinition": "Amazon ECS",
    "taskDefinitions": "Amazon ECS",
    "Reservations": "Amazon EC2",
    "Subnets": "Amazon EC2",
    "Stacks": "AWS CloudFormation",
    "StackResources": "AWS CloudFormation",
    "Resources": "AWS CloudFormation (a template)",
    "Functions": "AWS Lambda",
    "Roles": "IAM",
    "deployment": PULUMI,
}
OTHER_TOOLS: MappingABC[str, str] = {PULUMI: FROM_PULUMI}
LOWERCASE_HINT = "fields begin with a lowercase letter"
MEMBERS = frozenset(
    name for kind in batch_kinds() for name in (kind.name_member, kind.read.result, *(row.name for row in kind.rows))
)


def imported(files: Iterable[tuple[str, bytes]], takes: Takes) -> Imported:
    """Return what JSON files describe; `files` are names, as messages call them, and contents."""
    reader = _JsonReader(takes)
    for name, raw in files:
        reader.read_file(name, raw)
    resources = (*reader.requested, *reader.live_resources())
    return Imported(resources=resources, left_out=tuple(reader.left_out), problems=reader.problems)


@dataclass(frozen=True, slots=True)
class _Item:
    kind: Kind
    body: MappingABC[str, Json]
    mark: SourceMark


@dataclass(slots=True)
class _JsonReader:
    takes: Takes
    findings: Findings = field(default_factory=Findings)
    requested: list[ImportedResource] = field(default_factory=list)
    described: list[_Item] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    other_problems: list[Problem] = field(default_factory=list)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*self.findings.in_file_order(), *self.other_problems)

    def read_file(self, name: str, raw: bytes) -> None:
        text = decoded(name, raw, self.findings)
        root = self.parse_root(name, text) if text is not None else None
        if root is not None:
            self.read_node(root)
        elif text is not None:
            self.other_problems.append(
                Problem(
                    "IMP001", f"{name} is empty", hint="write the output of an `aws batch describe-*` command to it"
                )
            )

    def parse_root(self, name: str, text: str) -> Node | None:
        findings = Findings()
        root = compose_json(name, text, findings, last_wins=LAST_WINS).root
        if findings.found and (spoken := spoken_in_text(name, text, findings.found, is_json=True)):
            self.report_not_rendered(spoken)
            return Broken(spoken.mark)
        self.findings.found.update(findings.found)
        return root

    def report_not_rendered(self, spoken: EmbeddedLanguage) -> None:
        self.add_problem("YML013", spoken.message, spoken.mark, spoken.language.way_out)

    def read_node(self, node: Node) -> None:
        match node:
            case Broken():
                return
            case SequenceNode(items):
                for item in items:
                    self.read_node(item)
            case MappingNode() if pages := list(_pages(node)):
                for kind, page in pages:
                    self.read_page(kind, page)
            case MappingNode() if own_kind := _kind_of(node):
                self.read_resource(own_kind, node)
            case _:
                self.report_unsupported(node)

    def read_page(self, kind: Kind, items: SequenceNode) -> None:
        """Read the output of a describe command. List commands print ARNs without bodies."""
        for item in items.items:
            if isinstance(item, MappingNode) and _kind_of(item) is kind:
                self.read_resource(kind, item)
            else:
                self.add_problem(
                    "IMP002", f"this is not a description of a {kind.noun}", item.mark, _describe_hint(kind)
                )

    def read_resource(self, kind: Kind, node: MappingNode) -> None:
        body = {member: value for member, value in value_of(node).items() if value is not None}
        name = body.get(kind.name_member)
        if spoken := spoken_in_name(node.entries[kind.name_member][1]):
            self.report_not_rendered(spoken)
        elif not isinstance(name, str) or not NAME.fullmatch(name):
            message = f"AWS rejects the {kind.noun} name {name}" if name else f"{kind.name_member} is empty"
            self.add_problem("IMP003", message, node.mark, NAME_HINT)
        elif kind.arn_member in body and not _is_complete(kind, body):
            self.add_problem(
                "IMP002", f"this is not a complete description of a {kind.noun}", node.mark, _describe_hint(kind)
            )
        elif kind.arn_member in body:
            self.described.append(_Item(kind, body, node.mark))
        else:
            self.requested.append(self.resource_of_request(kind, name, body, node.mark))

    def resource_of_request(
        self, kind: Kind, name: str, body: MappingABC[str, Json], mark: SourceMark
    ) -> ImportedResource:
        """Fields of descriptions are dropped. Unknown fields are kept: they may be typos."""
        apart = (kind.name_member, *kind.read.response_only)
        members = _without_nulls({key: value for key, value in body.items() if key not in apart})
        row = kind.parent_row
        physical = kind.name_within(str(members.get(row.name, "")) if row else "", name)
        return ImportedResource(Address(kind.name, physical), members, where=where_of(mark), is_declared=True)

    def live_resources(self) -> Iterator[ImportedResource]:
        """Yield the described resources, of several revisions the newest; the others are reported as left out."""
        for kind in batch_kinds():
            items = [item for item in self.described if item.kind is kind]
            current = {live.arn: live for live in live_from(kind, [item.body for item in items])}
            for item in items:
                live = current.pop(item.body[kind.arn_member], None)
                if live is not None:
                    yield import_live(live, self.takes, where_of(item.mark))
                else:
                    reason = NOT_CURRENT.format(status=item.body.get("status", "gone"))
                    name = item.body[kind.arn_member].rpartition("/")[2]
                    self.left_out.append(LeftOut(f"{kind.name}/{name}", reason, where_of(item.mark)))

    def report_unsupported(self, node: Node) -> None:
        keys = node.entries if isinstance(node, MappingNode) else {}
        service = next((SERVICES[key] for key in keys if key in SERVICES), "")
        message = f"this JSON is from {service}, not from AWS Batch" if service else NEITHER
        if way_out := OTHER_TOOLS.get(service, ""):
            self.add_problem("IMP002", message, node.mark, way_out)
            return
        slips = {key: member for key in keys if (member := _lower_first(key)) in MEMBERS and key not in MEMBERS}
        if slips:
            key, member = next(iter(slips.items()))
            self.add_problem("IMP002", f"{key} is not a request field", node.mark, f"{LOWERCASE_HINT}: {member}")
            return
        creates = listed(f"{kind.name_member} ({kind.create.operation})" for kind in batch_kinds())
        self.add_problem("IMP002", message, node.mark, f"a resource requires {creates}, and at least one other field")

    def add_problem(self, code: str, message: str, mark: SourceMark, hint: str) -> None:
        self.other_problems.append(Problem(code, message, where_of(mark), hint))


def _lower_first(key: str) -> str:
    return f"{key[:1].lower()}{key[1:]}"


def _pages(node: MappingNode) -> Iterator[tuple[Kind, SequenceNode]]:
    for kind in batch_kinds():
        for name in dict.fromkeys((kind.read.result, kind.read.listed)):
            _, items = node.entries.get(name, (None, None))
            if isinstance(items, SequenceNode):
                yield kind, items


def _kind_of(node: MappingNode) -> Kind | None:
    """The name field of a body determines its kind; it is plain `name` for some, so a second field is required."""
    for kind in batch_kinds():
        members = {kind.arn_member, *(row.name for row in kind.rows), *(row.response_name for row in kind.fields)}
        if kind.name_member in node.entries and members & node.entries.keys():
            return kind
    return None


def _is_complete(kind: Kind, body: MappingABC[str, Json]) -> bool:
    """Whether a description has the fields that identify a resource."""
    row = kind.parent_row
    texts = [body[kind.arn_member], *([body.get(row.response_name)] if row else [])]
    is_numbered = not kind.revisions or str(body.get("revision", "")).isdecimal()
    is_tagged = isinstance(body.get("tags", {}), MappingABC)
    return is_numbered and is_tagged and all(isinstance(text, str) and text for text in texts)


def _without_nulls(value: Json) -> Json:
    """Return a request as the AWS CLI sends it: a skeleton has null for whatever was not filled in."""
    if isinstance(value, MappingABC):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(item) for item in value if item is not None] if isinstance(value, list) else value


def _describe_hint(kind: Kind) -> str:
    return f"import the output of `aws batch {kind.read.command}`"

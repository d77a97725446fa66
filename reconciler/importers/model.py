"""What every source of an import returns, and the writer accepts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.kinds import KINDS
from reconciler.live.ownership import users_tags
from reconciler.load.expand import IN_TEXT
from reconciler.model import Address, Json, Live, Path, Spec
from reconciler.placeholders import Unknown
from reconciler.plan.requests import taken
from reconciler.ports import Takes
from reconciler.problems import Problem, Where


@dataclass(frozen=True, slots=True)
class TaggedValue:
    """A value that is substituted when the stack is read: `!var image`, `!cfn network.Subnets`, `!sub "${stage}-x"`.

    `like` is a value of the type that it will have, where that is known: with it, rules can look at what is around it.
    """

    tag: str  # with its exclamation mark
    text: str
    like: Json = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader of the YAML should know: becomes a comment above the field at `path`."""

    path: Path  # from the body inwards; empty for the resource as a whole
    text: str


@dataclass(frozen=True, slots=True)
class ImportedResource:
    """A resource as a source describes it. The name in the address is the physical one.

    `body` is the API's create request without the name, and with the user's tags. References to resources of the same
    import may be names or ARNs; values may be `TaggedValue`. `logical` is the key in the YAML if it differs from the
    name. `is_declared`: every field was written on purpose, as in a template or a create request; of a live resource,
    the service has filled in some fields.
    """

    address: Address
    body: Spec
    logical: str = ""
    notes: tuple[Note, ...] = ()
    where: Where | None = None
    lifecycle: Spec = field(default_factory=dict)  # as the YAML has it beside the body
    is_declared: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that a source contains and the YAML does not, with the reason, which is always reported."""

    subject: str  # as the source calls it: `Bucket (AWS::S3::Bucket)`
    reason: str
    where: Where | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Everything that one source contains. `variables` are declarations of a stack's `variables`, by name.

    `problems` are errors, which keep a resource from being imported, and warnings. `name_prefix` is in front of the
    physical names, and not of the logical ones; it may be a `TaggedValue`. `notes` are comments on the stack.
    """

    resources: tuple[ImportedResource, ...] = ()
    variables: Mapping[str, Spec] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    problems: tuple[Problem, ...] = ()
    name_prefix: Json = ""
    notes: tuple[str, ...] = ()


def has_tagged(value: Json) -> bool:
    if isinstance(value, (dict, Mapping)):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return isinstance(value, TaggedValue)
    return any(not isinstance(inner, str) and has_tagged(inner) for inner in value)  # most are texts


def without_tagged(value: Json) -> Json:
    """Return a value as it is read offline: what is substituted is not known."""
    return replace_tagged(value, lambda tagged: Unknown(f"<unknown: {tagged.tag} {tagged.text}>"))


def with_samples(value: Json) -> Json:
    """Return a value with samples in place of what is substituted: itself, where there is none."""
    return replace_tagged(value, lambda tagged: tagged if tagged.like is None else tagged.like)


def replace_tagged(value: Json, replacement: Callable[[TaggedValue], Json]) -> Json:
    """Return a value with something else for each that is substituted; itself, where there is none."""
    if not has_tagged(value):
        return value
    if isinstance(value, Mapping):
        return {key: replace_tagged(inner, replacement) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [replace_tagged(inner, replacement) for inner in value]
    return replacement(value)


def variables_in(value: Json) -> Iterator[str]:
    """Yield the names of the variables that are substituted in a value."""
    match value:
        case TaggedValue("!var", name):
            yield name
        case TaggedValue("!sub", text):
            yield from (match[2].strip() for match in IN_TEXT.finditer(text) if not match[1])
        case Mapping():
            for inner in value.values():
                yield from variables_in(inner)
        case list() | tuple():
            for inner in value:
                yield from variables_in(inner)


# Every problem that an import can have beside those of the stack that it makes. Codes are stable; messages are not.

CODES: Mapping[str, str] = {
    "IMP001": "a file to import from is empty",
    "IMP002": "a file to import from contains nothing that can be imported",
    "IMP003": "a resource to import has no valid name",
    "IMP004": "an imported value looks like a secret",
    "IMP005": "the stack's folder contains a file that the import did not write",
    "IMP006": "a kind could not be read and is not counted",
    "IMP007": "a resource to import is not completely known",
}


# Live resources as a source: what a region has, or what `aws batch describe-*` printed.


def import_live(live: Live, takes: Takes, where: Where | None = None) -> ImportedResource:
    """Return a live resource without what only a description has. Empties stay: few mean something, `emptyDir: {}`."""
    body = taken(KINDS[live.address.kind], live.spec, takes)
    tags = users_tags(live.tags)
    return ImportedResource(live.address, {**body, "tags": tags} if tags else body, where=where)

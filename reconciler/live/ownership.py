"""Who owns a resource, under which logical name, and what was last applied to it: all kept in three tags."""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.model import Lifecycle, Live, Spec, own_name

OWNER = "reconciler:stack"
NAME = "reconciler:name"
APPLIED = "reconciler:applied"
PREFIX = "reconciler:"
CLOUDFORMATION = "aws:cloudformation:stack-name"

PENDING = "pending"  # created, but members that only an update can set are still to come
DIGEST = "<digest>"
ORPHAN = "orphan"  # leave it in place when the stack drops it
PROTECT = "protect"  # refuse to delete it
LEFT = "left="  # in front of the digest of what the service filled in, and nobody declares
KEPT = "kept="  # in front of values that a description does not show while a replacement is under way
ASKS = "asks="  # in front of a service beside Batch, in which the stack has had resources
ROLLBACK = "rollback-"  # in place of a digest: an older revision, whose number follows, stands again


# No tool marks what it manages by itself, but people do: `ManagedBy = "terraform"` among the default tags of the AWS
# provider, `terraform = true`. Keys and values are compared by their letters, in lower case.
SAID_UNDER = frozenset({"managedby", "provisionedby", "createdby", "deployedby", "provisioner", "iac", "iactool"})
TOOLS = {
    "terraform": "Terraform",
    "opentofu": "OpenTofu",
    "terragrunt": "Terragrunt",
    "pulumi": "Pulumi",
    "cdktf": "CDK for Terraform",
}


@dataclass(frozen=True, slots=True)
class ToolTag:
    """A tag by which people say which tool manages a resource. It proves nothing."""

    tool: str
    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.tool} (tag {self.key}={self.value})"


@dataclass(frozen=True, slots=True)
class AppliedRecord:
    """The content of the applied tag: a digest of the last applied declaration, and flags that outlive the YAML."""

    digest: str = ""
    flags: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return ":".join((self.digest, *sorted(self.flags)))

    @property
    def left(self) -> str:
        """The digest of what is left to the service; empty if nothing is."""
        return next((flag.removeprefix(LEFT) for flag in self.flags if flag.startswith(LEFT)), "")

    @property
    def without_left(self) -> "AppliedRecord":
        return AppliedRecord(self.digest, frozenset(flag for flag in self.flags if not flag.startswith(LEFT)))

    @property
    def kept(self) -> Spec:
        """The fields that a resource has but for the replacement under way, as `keeping` has written them."""
        text = next((flag.removeprefix(KEPT) for flag in self.flags if flag.startswith(KEPT)), "")
        try:
            body = json.loads(base64.urlsafe_b64decode(text)) if text else {}
        except (binascii.Error, ValueError):  # somebody else wrote the tag
            return {}
        return body if isinstance(body, dict) else {}

    def keeping(self, body: Spec) -> "AppliedRecord":
        """Return the record with these fields in the place of those it keeps. Values of tags have few characters."""
        others = frozenset(flag for flag in self.flags if not flag.startswith(KEPT))
        text = base64.urlsafe_b64encode(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).decode()
        return AppliedRecord(self.digest, others | {f"{KEPT}{text}"} if body else others)

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> "AppliedRecord":
        digest, *flags = tags.get(APPLIED, "").split(":")
        return cls(digest, frozenset(flags))

    @property
    def rolled_back_to(self) -> str:
        """The number of the revision that was registered again; empty if a declaration was applied last."""
        return self.digest.removeprefix(ROLLBACK) if self.digest.startswith(ROLLBACK) else ""


def without_digest(record: str) -> str:
    """Return what an applied tag says besides its digests and the values that it keeps during a replacement.

    Of a short secret in the declaration, a digest is as good as the secret: values can be tried until one fits. The
    values that it keeps are live ones, encoded and not encrypted.
    """
    applied = AppliedRecord.of({APPLIED: record}).without_left.keeping({})
    is_plain = applied.digest in ("", PENDING) or applied.rolled_back_to
    return str(AppliedRecord(applied.digest if is_plain else DIGEST, applied.flags))


def with_kept_fields(live: Live) -> Spec:
    """Return the body of a live resource; while one that is ours is replaced, with what its record keeps of it."""
    return {**live.spec, **AppliedRecord.of(live.claims).kept} if OWNER in live.claims else live.spec


def flags_of(lifecycle: Lifecycle) -> frozenset[str]:
    kept = (
        flag for flag, on in ((ORPHAN, lifecycle.on_remove == "orphan"), (PROTECT, lifecycle.prevent_destroy)) if on
    )
    return frozenset((*kept, *(f"{ASKS}{service}" for service in lifecycle.asks)))


def ownership_tags(stack: str, prefix: str, logical: str, physical: str, applied: AppliedRecord) -> dict[str, str]:
    """Return our tags. The logical name is written only where it differs from the physical one."""
    named = {} if logical == own_name(physical) and not prefix else {NAME: f"{prefix}/{logical}" if prefix else logical}
    return {OWNER: stack, **named, APPLIED: str(applied)}


def owner_of(tags: Mapping[str, str]) -> str | None:
    """Name the owner in words, or None if nobody claims the resource."""
    if OWNER in tags:
        return f"stack {tags[OWNER]}"
    if CLOUDFORMATION in tags:
        return f"CloudFormation stack {tags[CLOUDFORMATION]}"
    return None


def released(tags: Mapping[str, str], stacks: Iterable[str]) -> bool:
    """Whether only the tags of a CloudFormation stack are left that has let go: nobody can take those off.

    A resource that its template retains may keep them
    (aws-cloudformation/cloudformation-coverage-roadmap issue 1049).
    """
    return OWNER not in tags and tags.get(CLOUDFORMATION) in tuple(stacks)


def tool_tag_of(tags: Mapping[str, str]) -> ToolTag | None:
    """Return the tag by which people say that another tool manages a resource, if there is one."""
    for key, value in sorted(tags.items()):
        word = _letters(key) if _letters(value) == "true" else _letters(value) if _letters(key) in SAID_UNDER else ""
        if word in TOOLS:
            return ToolTag(TOOLS[word], key, value)
    return None


def is_ours(live: Live, stack: str, prefix: str) -> bool:
    """Whether the resource belongs to this stack under this name prefix.

    One stack name may be used with several prefixes (one an environment); each is an owner of its own.
    """
    return owns(live.claims, live.address.name, stack, prefix)


def owns(tags: Mapping[str, str], physical: str, stack: str, prefix: str) -> bool:
    """Whether these tags, of a resource or of one of its revisions, are this stack's."""
    return tags.get(OWNER) == stack and _name(tags, physical)[0] == prefix


def logical_name(live: Live) -> str:
    return _name(live.claims, live.address.name)[1]


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return only our tags."""
    return {key: value for key, value in tags.items() if key.startswith(PREFIX)}


def users_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that users write: neither ours nor those that AWS reserves."""
    return {key: value for key, value in tags.items() if not key.startswith((PREFIX, "aws:"))}


def other_prefixes(live: Iterable[Live], stack: str, prefix: str) -> dict[str, int]:
    """Count the stack's resources under other name prefixes."""
    return {other: count for other, count in prefixes_of(live, stack).items() if other != prefix}


def prefixes_of(live: Iterable[Live], stack: str) -> dict[str, int]:
    """Count the stack's resources by their name prefixes."""
    owned = (resource for resource in live if resource.claims.get(OWNER) == stack)
    return dict(Counter(_name(resource.claims, resource.address.name)[0] for resource in owned))


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _name(tags: Mapping[str, str], physical: str) -> tuple[str, str]:
    prefix, _, logical = tags.get(NAME, own_name(physical)).rpartition("/")
    return prefix, logical

"""What has to be written although it is a default: AWS refuses to create without it."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.adopt.found import holds_tagged
from reconciler.diff import at, is_absent
from reconciler.kinds.base import Kind
from reconciler.model import Address, Json, Path, Spec
from reconciler.rules import RULES, Subject
from reconciler.validate.walk import Readers


@dataclass(frozen=True, slots=True)
class Needs:
    """`stack` has every body, by its address in the YAML: rules look at what a resource refers to."""

    readers: Readers
    stack: Mapping[Address, Spec]

    def kept(self, kind: Kind, address: Address, whole: Spec, bare: Spec) -> Spec:
        """Return `bare` with the members of `whole` that rules miss in it; `whole` where that does not please them."""
        missed = self.findings(kind, address, bare)
        if not missed:
            return bare
        accepted = self.findings(kind, address, whole)
        out = bare
        for path in missed - accepted:
            value = at(whole, map(str, path))
            out = _put(out, path, value) if not is_absent(value) and at(bare, map(str, path)) is None else out
        return out if self.findings(kind, address, out) <= accepted else whole

    def findings(self, kind: Kind, address: Address, body: Spec) -> frozenset[Path]:
        """Return where rules find something; nothing where they do not look, since the schema has complaints."""
        if holds_tagged(body):
            return frozenset()
        typed, is_doubtful = self.readers.read(kind.create, body)
        if is_doubtful:
            return frozenset()
        subject = Subject(address, typed, self.stack)
        return frozenset(path for rule in RULES[kind.name] if not rule.advice for path, _ in rule.check(subject))


def _put(body: Json, path: Path, value: Json) -> Json:
    if not path:
        return value
    step, *rest = path
    inside = body.get(step) if isinstance(body, Mapping) else None
    return {**(body if isinstance(body, Mapping) else {}), step: _put(inside, tuple(rest), value)}

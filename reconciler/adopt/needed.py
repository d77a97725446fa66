"""What has to be written although it is a default: AWS refuses to create without it."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.adopt.found import sampled, without_tagged
from reconciler.diff import is_absent
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
        """Return `bare` with what rules miss in it of `whole`; all of that where it does not please them."""
        missed = self.findings(kind, address, bare)
        if not missed:
            return bare
        accepted = self.findings(kind, address, whole)
        out = bare
        for path in sorted(missed - accepted, key=str):
            value = _at(whole, path)
            if not is_absent(value):
                better = _put(out, path, value)
                out = better if path not in self.findings(kind, address, better) else out
        return out if self.findings(kind, address, out) <= accepted else whole

    def findings(self, kind: Kind, address: Address, body: Spec) -> frozenset[Path]:
        """Return where rules find something; nothing where they do not look, since the schema has problems."""
        typed, is_doubtful = self.readers.read(kind.create, without_tagged(sampled(body)))
        if is_doubtful:
            return frozenset()
        subject = Subject(address, typed, self.stack)
        return frozenset(path for rule in RULES[kind.name] if not rule.advice for path, _ in rule.check(subject))


def _at(body: Json, path: Path) -> Json:
    for step in path:
        if isinstance(body, Mapping):
            body = body.get(step)
        elif isinstance(body, list) and isinstance(step, int) and step < len(body):
            body = body[step]
        else:
            return None
    return body


def _put(body: Json, path: Path, value: Json) -> Json:
    if not path:
        return value
    step, *rest = path
    inside = _put(_at(body, (step,)), tuple(rest), value)
    if isinstance(body, list):
        return [inside if index == step else item for index, item in enumerate(body)]
    return {**(body if isinstance(body, Mapping) else {}), step: inside}

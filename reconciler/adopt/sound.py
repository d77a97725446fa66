"""Which bodies can be tidied at all: those that the schema has nothing against; with values in the API's own types."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.adopt.found import ImportedResource, TaggedValue, without_tagged
from reconciler.diff import compact
from reconciler.fmt.tidy import Language
from reconciler.kinds import KINDS
from reconciler.model import Declared, Json
from reconciler.problems import Severity
from reconciler.validate.errors import SchemaValidator, SchemaVerdict
from reconciler.validate.vocabulary import Vocabulary
from reconciler.validate.walk import Readers


def sorted_out(
    founds: Iterable[ImportedResource], language: Language
) -> tuple[list[ImportedResource], list[ImportedResource]]:
    """Return the sound ones, and the odd: those are written as they are, for `validate` to say what is wrong."""
    defs = language.schema["$defs"]
    judge = SchemaValidator(Readers(defs), Vocabulary(defs), language.takes)
    sound, odd = list[ImportedResource](), list[ImportedResource]()
    for found in founds:
        # An empty structure lacks what is required in it; of most, it says no more than that it is absent.
        typed = _typed(found, judge) or _typed(replace(found, body=compact(found.body)), judge)
        (odd if typed is None else sound).append(typed or found)
    return sound, odd


def _typed(found: ImportedResource, judge: SchemaValidator) -> ImportedResource | None:
    """Return it in the API's types; None if the schema has something against it."""
    kind, plain = KINDS[found.address.kind], without_tagged(found.body)
    body, is_doubtful = judge.readers.read(kind.create, plain)
    verdict = judge.verdict(kind, Declared(found.address, plain), is_whole=True) if is_doubtful else SchemaVerdict()
    if any(problem.severity is Severity.ERROR for problem in verdict.problems):
        return None
    return replace(found, body=body if plain is found.body else _with_tagged(body, found.body))


def _with_tagged(typed: Json, written: Json) -> Json:
    """Put back what stands for something else."""
    if isinstance(written, TaggedValue):
        return written
    if isinstance(written, Mapping) and isinstance(typed, Mapping):
        return {key: _with_tagged(typed[key], inner) for key, inner in written.items() if key in typed}
    if isinstance(written, list | tuple) and isinstance(typed, list | tuple):
        return [_with_tagged(*pair) for pair in zip(typed, written, strict=True)]
    return typed

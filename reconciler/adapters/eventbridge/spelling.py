"""The spelling of a service's fields: camelCase here, that of the service's model there. Keys of maps are users'."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from reconciler.adapters.lookup.installed import model_of
from reconciler.model import Json

Rename = Callable[[str], str]


def capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def small(name: str) -> str:
    return name[:1].lower() + name[1:]


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a service spells the fields of its requests and answers."""

    model: Mapping[str, Json]

    def request(self, operation: str, request: Mapping[str, Json]) -> dict[str, Json]:
        """Return a request as the service takes it, without what is null."""
        shape = self.model["operations"][operation]["input"]["shape"]
        sent = {name: value for name, value in request.items() if value is not None}
        return dict(self._renamed(shape, sent, None))

    def answer(self, operation: str, answer: Mapping[str, Json]) -> dict[str, Json]:
        """Return an answer in camelCase."""
        return dict(self.structure(self.model["operations"][operation]["output"]["shape"], answer, small))

    def structure(self, shape: str, value: Json, rename: Rename) -> Json:
        """Return a value whose fields are renamed, at every depth."""
        return self._renamed(shape, value, rename)

    def _renamed(self, shape: str, value: Json, rename: Rename | None) -> Json:
        known = self.model["shapes"].get(shape, {"type": ""})
        if known["type"] == "structure" and isinstance(value, Mapping):
            members = known["members"]
            names: dict[str, str] = {small(name): name for name in members}
            out = {}
            for name, inner in value.items():
                real = name if name in members else names.get(small(name), name)
                new = rename(str(real)) if rename else real
                out[new] = self._renamed(members[real]["shape"], inner, rename) if real in members else inner
            return out
        if known["type"] == "list" and isinstance(value, list | tuple):
            return [self._renamed(known["member"]["shape"], inner, rename) for inner in value]
        if known["type"] == "map" and isinstance(value, Mapping):
            return {key: self._renamed(known["value"]["shape"], inner, rename) for key, inner in value.items()}
        return value


@cache
def spelling_of(service: str) -> Spelling:
    return Spelling(json.loads(model_of(service)))


# The body of SubmitJob as the input of a universal target: "the names of the parameters are in PascalCase".

SUBMIT_JOB = "SubmitJobRequest"


def job_input(job: Mapping[str, Json]) -> str:
    """Return the input of a target that submits a job."""
    return json.dumps(spelling_of("batch").structure(SUBMIT_JOB, job, capital), ensure_ascii=False, sort_keys=True)


def job_of(text: str) -> Mapping[str, Json] | None:
    """Return the job that an input submits; None if the text is not one."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    job: Mapping[str, Json] = spelling_of("batch").structure(SUBMIT_JOB, found, small)
    return job

"""Tagging: by ARN, for every kind."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.model import Json
from reconciler.sandbox.core.model import Refusal
from reconciler.sandbox.core.state import AccountState, Record, noun_of, refuse_bad_tags

RESERVED = "aws:"
TAGGABLE = (
    "compute-environment", "consumable-resource", "job", "job-definition", "job-queue", "quota-share",
    "scheduling-policy", "service-environment", "service-job",
)  # fmt: skip


def tag(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    noun, record = _resource(account_state, request["resourceArn"])
    refuse_bad_tags(request["tags"])
    merged = {**record.tags, **request["tags"]}
    refuse_bad_tags({key: value for key, value in merged.items() if not key.startswith(RESERVED)})
    account_state.put(noun, replace(record, tags=merged))
    return {}


def label(account_state: AccountState, arn: str, labels: Mapping[str, str]) -> None:
    """Give a resource tags that only AWS can give, such as `aws:cloudformation:stack-name`."""
    noun, record = _resource(account_state, arn)
    account_state.put(noun, replace(record, tags={**record.tags, **labels}))


def untag(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    noun, record = _resource(account_state, request["resourceArn"])
    kept = {key: value for key, value in record.tags.items() if key not in request["tagKeys"]}
    account_state.put(noun, replace(record, tags=kept))
    return {}


def list_tags(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    arn = request["resourceArn"]
    noun = _noun(arn)
    record = account_state.see(noun, arn)
    if record is None:
        raise Refusal(f"{arn} does not exist")
    return {"tags": record.tags}


def every_tagged(account_state: AccountState) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the ARN and the tags of whatever has any, as reads show it."""
    for noun in TAGGABLE:
        yield from ((record.arn, record.tags) for record in account_state.see_every(noun) if record.tags)


OPERATIONS = {"TagResource": tag, "UntagResource": untag, "ListTagsForResource": list_tags}


def _resource(account_state: AccountState, arn: str) -> tuple[str, Record]:
    noun = _noun(arn)
    return noun, account_state.get(noun, arn)


def _noun(arn: str) -> str:
    noun = noun_of(arn)
    if noun not in TAGGABLE:
        raise Refusal(f"{arn} does not exist")
    return noun

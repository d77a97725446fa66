"""Scheduling policies: create, read, list, update, delete. They have no status: what is asked is done."""

import re
import struct
from collections.abc import Mapping
from dataclasses import replace

from reconciler.model import Json, Spec
from reconciler.sandbox.core.model import refuse_if
from reconciler.sandbox.core.state import (
    AccountState,
    Record,
    name_key,
    page_of_records,
    records_named,
    refuse_bad_name,
    refuse_bad_tags,
    shuffle_lists,
)

NOUN = "scheduling-policy"
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{0,254}[A-Za-z0-9_*-]")
MAX_SHARES = 500
MAX_DECAY = 604800
MAX_RESERVATION = 99
KINDS = ("fairsharePolicy", "quotaSharePolicy")


def create(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["name"]
    refuse_bad_name(name, "Scheduling policy")
    refuse_bad_tags(request.get("tags", {}))
    kinds = [kind for kind in KINDS if kind in request] or ["fairsharePolicy"]
    refuse_if(len(kinds) > 1, "A scheduling policy can have either fairsharePolicy or quotaSharePolicy")
    refuse_if(account_state.is_taken(NOUN, name), "Object already exists")
    body = {kinds[0]: _policy(kinds[0], request.get(kinds[0], {}))}
    record = Record(name=name, arn=account_state.arn(NOUN, name), body=body, tags=request.get("tags", {}))
    account_state.put(NOUN, record)
    return {"name": name, "arn": record.arn}


def describe(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    arns = [arn for arn in request["arns"] if arn.startswith("arn:")]
    shown = [
        {"name": each.name, "arn": each.arn, "tags": each.tags, **shuffle_lists(dict(each.body), account_state)}
        for each in records_named(account_state, NOUN, arns)
    ]
    return {"schedulingPolicies": shown}


def list_all(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    records, token = page_of_records(account_state.see_every(NOUN), request, name_key)
    return {"schedulingPolicies": [{"arn": record.arn} for record in records], **token}


def update(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = account_state.get(NOUN, request["arn"])
    sent = [kind for kind in KINDS if kind in request]
    refuse_if(
        any(kind not in record.body for kind in sent),
        "The kind of a scheduling policy cannot be changed: fairsharePolicy or quotaSharePolicy for life.",
    )
    # The document is replaced as a whole: members that are left out are reset.
    body = {**record.body, **{kind: _policy(kind, request[kind]) for kind in sent}}
    account_state.put(NOUN, replace(record, body=body))
    return {}


def delete(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = account_state.get(NOUN, request["arn"])
    used = any(queue.body.get("schedulingPolicyArn") == record.arn for queue in account_state.every("job-queue"))
    refuse_if(used, "Cannot delete, the scheduling policy is used by a job queue.")
    account_state.remove(NOUN, record)
    return {}


OPERATIONS = {
    "CreateSchedulingPolicy": create,
    "DescribeSchedulingPolicies": describe,
    "ListSchedulingPolicies": list_all,
    "UpdateSchedulingPolicy": update,
    "DeleteSchedulingPolicy": delete,
}


def _policy(kind: str, sent: Spec) -> dict[str, Json]:
    if kind == "quotaSharePolicy" or "shareDistribution" not in sent:
        _refuse_bad_numbers(sent)
        return dict(sent)
    _refuse_bad_numbers(sent)
    _refuse_bad_shares(sent["shareDistribution"])
    return {**sent, "shareDistribution": [_share(share) for share in sent["shareDistribution"]]}


def _share(share: Spec) -> dict[str, Json]:
    """The service keeps 32 bits: 0.1 comes back as 0.10000000149011612 (terraform-provider-awscc issue 1824)."""
    if "weightFactor" not in share:
        return dict(share)
    return {**share, "weightFactor": struct.unpack("f", struct.pack("f", share["weightFactor"]))[0]}


def _refuse_bad_numbers(policy: Spec) -> None:
    refuse_if(
        not 0 <= policy.get("shareDecaySeconds", 0) <= MAX_DECAY,
        "shareDecaySeconds should be between 0 and 604800.",
    )
    refuse_if(
        not 0 <= policy.get("computeReservation", 0) <= MAX_RESERVATION,
        "computeReservation should be between 0 and 99.",
    )


def _refuse_bad_shares(shares: list[Spec]) -> None:
    """Messages: cdk-preflight, rules pf-batch-sp-*."""
    refuse_if(len(shares) > MAX_SHARES, "ShareDistribution size cannot be greater than 500.")
    names = [share["shareIdentifier"] for share in shares]
    refuse_if(
        not all(IDENTIFIER.fullmatch(name) for name in names), "ShareIdentifier name should match a valid pattern."
    )
    refuse_if(len(names) != len(set(names)), "Cannot have two or more identical shareIdentifiers.")
    for name in names:
        covered = [each for each in names if each != name and name.endswith("*") and each.startswith(name[:-1])]
        refuse_if(covered, f"Share identifier {name} matches another share identifier {', '.join(covered)}")
    refuse_if(
        not all(0.0001 <= share.get("weightFactor", 1.0) <= 999.9999 for share in shares),  # noqa: PLR2004
        "Weight factor should be between 0.0001 and 999.9999.",
    )

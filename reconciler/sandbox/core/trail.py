"""CloudTrail, as far as AWS Batch is in it: the requests that change resources, by whom and with which tool.

'CloudTrail record contents' in the CloudTrail User Guide; an event of AWS Batch is in 'Understanding AWS Batch log file
entries' of the AWS Batch User Guide, and has no `resources`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.kinds import KINDS
from reconciler.model import Json, partition_of
from reconciler.sandbox.core.faults import breakage_of
from reconciler.sandbox.core.state import AccountState

_CALLS = (call for kind in KINDS.values() for call in (kind.create, kind.update, kind.delete))
RECORDED = frozenset(("TagResource", "UntagResource", *(call.operation for call in _CALLS if call is not None)))
TRAIL = ".trail"
KEPT = 1000  # events of a region: a sandbox that lives for weeks does not grow
USER = "sandbox"
ADMINISTRATOR, PERSON = "Administrator", "console-user"  # whose hand changes what a stack has applied
SOURCE, CONSOLE = "batch.amazonaws.com", "console.amazonaws.com"
ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who makes a request. `role` is the ARN of the assumed role that they act as, if they assumed one."""

    agent: str = ""  # as HTTP has it
    role: str = ""
    is_by_hand: bool = False  # in the console, whatever the agent


UNKNOWN = Caller()


def record(
    account_state: AccountState,
    event_id: str,
    operation: str,
    request: Mapping[str, Json],
    response: Mapping[str, Json],
    caller: Caller,
) -> None:
    """Remember a request that changed something. CloudTrail has those that were refused as well."""
    if operation not in RECORDED:
        return
    rows = account_state.rows(TRAIL)
    for oldest in list(rows)[: max(0, len(rows) - KEPT + 1)]:
        account_state.forget(TRAIL, oldest)
    row = {
        "operation": operation,
        "time": account_state.now,
        "request": dict(request),
        "response": dict(response),
        "agent": CONSOLE if caller.is_by_hand else caller.agent,
        "identity": _identity(account_state, caller),
        "by_hand": caller.is_by_hand,
    }
    account_state.note(TRAIL, event_id, row)


def events(account_state: AccountState) -> Iterator[Mapping[str, Json]]:
    """Yield the events that CloudTrail has by now, as LookupEvents describes them, the newest first."""
    delay = breakage_of(account_state.store).trail_delay or 0.0
    rows = reversed(list(account_state.rows(TRAIL).items()))
    for event_id, row in sorted(rows, key=lambda item: -item[1]["time"]):
        if row["time"] + delay <= account_state.now:
            yield _event(account_state, event_id, row)


def _event(account_state: AccountState, event_id: str, row: Mapping[str, Json]) -> Mapping[str, Json]:
    moment = datetime.fromtimestamp(row["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    entry = {
        "eventVersion": "1.11",
        "userIdentity": row["identity"],
        "eventTime": moment,
        "eventSource": SOURCE,
        "eventName": row["operation"],
        "awsRegion": account_state.region,
        "sourceIPAddress": ADDRESS,
        "userAgent": row["agent"],
        "requestParameters": row["request"],
        "responseElements": row["response"] or None,
        "eventID": event_id,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account_state.account,
        "eventCategory": "Management",
        **({"sessionCredentialFromConsole": "true"} if row["by_hand"] else {}),
    }
    return {
        "EventId": event_id,
        "EventName": row["operation"],
        "ReadOnly": "false",
        "EventTime": row["time"],
        "EventSource": SOURCE,
        "Username": row["identity"]["arn"].rpartition("/")[2],
        "CloudTrailEvent": json.dumps(entry),
    }


def _identity(account_state: AccountState, caller: Caller) -> dict[str, Json]:
    account, partition = account_state.account, partition_of(account_state.region)
    if not caller.is_by_hand and not caller.role:
        arn = f"arn:{partition}:iam::{account}:user/{USER}"
        return {"type": "IAMUser", "principalId": "AIDASANDBOX", "arn": arn, "accountId": account, "userName": USER}
    arn = caller.role or f"arn:{partition}:sts::{account}:assumed-role/{ADMINISTRATOR}/{PERSON}"
    _, role, session = arn.rsplit("/", 2)
    issuer = {
        "type": "Role",
        "principalId": "AROASANDBOX",
        "arn": f"arn:{partition}:iam::{account}:role/{role}",
        "accountId": account,
        "userName": role,
    }
    return {
        "type": "AssumedRole",
        "principalId": f"AROASANDBOX:{session}",
        "arn": arn,
        "accountId": account,
        "sessionContext": {"sessionIssuer": issuer},
    }

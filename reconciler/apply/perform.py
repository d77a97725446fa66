"""Make one call so that a lost answer loses nothing and doubles nothing."""

from collections.abc import Callable, Mapping

from reconciler.apply.outcome import Moved
from reconciler.kinds.base import Kind
from reconciler.model import Call, Json, Live, Repeat
from reconciler.ownership import APPLIED, PENDING, AppliedRecord, own_tags
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError, Fault
from reconciler.read import DELETED, active_revisions, read_holder, read_one
from reconciler.retry import back_off

# AWS tells these cases apart in the message only; the texts were seen in public issues of other tools. Beside each, the
# seconds for which it is waited out. What has to be VALID was waited for before, so only a lagging read is bridged.
TRANSITIONS = {
    "resource is being modified": 900.0,  # hashicorp/terraform-provider-aws 2044
    "found existing JobQueue relationship": 900.0,  # 46925: lingers after the queue has let go
    "must be created and valid before attaching": 60.0,
    "must be in the VALID state": 60.0,  # CreateQuotaShare, of the queue: its documentation's words
}
EXISTS, MISSING = "already exists", "does not exist"
LEAVING = ("DELETING", DELETED)
NAME_HELD = 900.0  # seconds for which a create waits for a name that no live resource has
LOST_TRIES = 6
LAG = 8.0  # seconds that reads may lag behind a write whose answer was lost

Tell = Callable[[str], None]
Look = Callable[[], None]


def nothing() -> None:
    """There is nothing to look at."""


def perform(call: Call, kind: Kind, name: str, cloud: Cloud, clock: Clock, tell: Tell, look: Look = nothing) -> None:
    """Make the call, and repeat it as its nature allows. Raises `CloudError` when AWS means it, and `Moved`.

    `look` comes before a repetition: whoever was in the way may have left another resource behind.
    """
    start = clock.now()
    tries = lost = 0
    while True:
        tries += 1
        try:
            answer = cloud.call(call.operation, call.request)
        except CloudError as error:
            if _is_done(call, error, kind, name, cloud, clock):
                return
            lost += error.fault is Fault.UNKNOWN
            waited = clock.now() - start
            if not _may_repeat(error, lost, waited) and not _is_name_leaving(call, error, kind, name, cloud, waited):
                raise
            tell(error.message)
            clock.sleep(back_off(tries, salt=clock.now()))
            if not lost:  # otherwise what has changed may be our own work
                look()
        else:
            if kind.revisions and call.repeat is Repeat.LOOK_FIRST:
                _give_way(call, kind, name, answer, cloud)
            return


def _give_way(call: Call, kind: Kind, name: str, answer: Mapping[str, Json], cloud: Cloud) -> None:
    """Take our revision back if somebody registered another one since the plan: whoever came first stays.

    The API has no condition to register under. If theirs is the same as ours, two runs of one stack have met, and leave
    one revision without a word. Raises `Moved` if it is not.
    """
    ours = int(answer.get("revision", 0))
    if ours <= call.after_revision + 1:  # nobody came between, which nearly always is so
        return
    wanted = own_tags(call.request["tags"])
    theirs = {
        revision: own_tags(live.tags) == wanted
        for revision, live in active_revisions(cloud, kind, name)
        if call.after_revision < revision < ours
    }
    if theirs:
        cloud.call(kind.delete, {kind.delete_id: answer[kind.arn_member]})
    if theirs and not any(theirs.values()):
        raise Moved(", ".join(f"revision {revision}" for revision in sorted(theirs)))


def _is_done(call: Call, error: CloudError, kind: Kind, name: str, cloud: Cloud, clock: Clock) -> bool:
    """Whether the call's purpose is met although it failed."""
    if call.repeat is Repeat.GONE_IS_DONE:
        return error.fault is Fault.REFUSED and MISSING in error.message
    if call.repeat is Repeat.LOOK_FIRST and (error.fault is Fault.UNKNOWN or EXISTS in error.message):
        return _is_proven(call, kind, name, cloud, clock)
    return False


def _is_name_leaving(call: Call, error: CloudError, kind: Kind, name: str, cloud: Cloud, waited: float) -> bool:
    """Whether a create is refused for the name of a resource that is on its way out, or is not shown any more.

    "Object already exists" comes until AWS has let go of the name (CloudFormation roadmap issue 2463).
    """
    if call.repeat is not Repeat.LOOK_FIRST or EXISTS not in error.message or waited >= NAME_HELD:
        return False
    holder = read_holder(cloud, kind, cloud.identity(), name)
    return holder is None or holder.status in LEAVING


def _is_proven(call: Call, kind: Kind, name: str, cloud: Cloud, clock: Clock) -> bool:
    identity = cloud.identity()
    start, looks = clock.now(), 0
    while True:
        waited = clock.now() - start  # before the look, which may take its time
        if _carries_proof(call, read_one(cloud, kind, identity, name)):
            return True
        if waited >= LAG:
            return False
        looks += 1
        clock.sleep(back_off(looks, salt=clock.now()))


def _carries_proof(call: Call, live: Live | None) -> bool:
    """Whether what is live is what the call asked for: it carries the same tags of ours, digest included.

    A pending digest is no more than a beginning: another run may have gone on from there already.
    """
    if live is None or live.status == "DELETING":
        return False
    is_newer = max(live.revisions, default=1) > call.after_revision
    ours, theirs = own_tags(call.request["tags"]), own_tags(live.tags)
    if AppliedRecord.of(ours).digest == PENDING and APPLIED in theirs:
        theirs[APPLIED] = ours[APPLIED]
    return is_newer and ours == theirs


def _may_repeat(error: CloudError, lost: int, waited: float) -> bool:
    if error.fault is Fault.UNKNOWN:
        return lost < LOST_TRIES
    patience = max((seconds for text, seconds in TRANSITIONS.items() if text in error.message), default=0.0)
    return error.fault is Fault.REFUSED and waited < patience

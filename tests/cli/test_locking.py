"""The lock of a stack, from words to exit code, against S3 and DynamoDB of the served sandbox."""

import io
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM, Signals
from threading import Event

import pytest
from botocore.session import Session

from reconciler.adapters import machine as aws_clock
from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.aws.storage import _Bucket, _Locks, locks_at
from reconciler.app import usecases
from reconciler.cli import main
from reconciler.model import Json, Lock
from reconciler.ports import Holder
from reconciler.problems import CloudError, Fault
from reconciler.sandbox.core.model import Response
from reconciler.sandbox.server.http import HttpFront
from reconciler.sandbox.server.protocol import Request
from tests.cli.conftest import SMALL, Ran, write
from tests.cli.test_run import at_a_terminal
from tests.fakes import HERE, InstantClock
from tests.served import STOPPING, Gate, ended, interrupted, served, started

NAME = f"{HERE.account}/{HERE.region}/small"
BEN = Holder("small", "ben@laptop", 12, "reconciler apply", "2027-03-31T08:16:00+00:00", "b2")
PLACES = {"s3": Lock("s3", "locks/prod"), "dynamodb": Lock("dynamodb", "locks")}


@dataclass(frozen=True)
class Locked:
    """A stack `small` with a lock, whose calls go to a server in this process."""

    gate: Gate
    env: dict[str, str]
    locks: _Locks
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str) -> Ran:
        self.capsys.readouterr()
        code = main(words)
        captured = self.capsys.readouterr()
        return Ran(code, captured.out, captured.err)


@pytest.fixture(params=PLACES)
def locked(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Locked]:
    pytest.importorskip("moto")
    monkeypatch.chdir(tmp_path)
    place = PLACES[request.param]
    text = "s3: s3://locks/prod" if place.service == "s3" else "dynamodb: locks"
    write("small", f"{SMALL}lock: {{{text}}}\n")
    gate = Gate()
    with served(gate) as env:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("CI", raising=False)
        session = Session()
        empty(session, env["AWS_ENDPOINT_URL"])
        locks = locks_at(place, lambda name: AwsCloud(session, service=name))
        assert isinstance(locks, _Locks)
        yield Locked(gate, dict(env), locks, capsys)


def empty(session: Session, url: str) -> None:
    """Moto's state is that of the process: leave an empty bucket and an empty table."""
    s3 = session.create_client("s3", HERE.region, endpoint_url=url)
    s3.create_bucket(Bucket="locks")
    for one in s3.list_objects_v2(Bucket="locks").get("Contents", ()):
        s3.delete_object(Bucket="locks", Key=one["Key"])
    table = session.create_client("dynamodb", HERE.region, endpoint_url=url)
    if "locks" in table.list_tables()["TableNames"]:
        table.delete_table(TableName="locks")
    table.create_table(
        TableName="locks", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
    )  # fmt: skip


def test_a_run_holds_the_lock_while_it_writes_and_lets_it_go(locked: Locked) -> None:
    assert locked.run("apply", "small", "--yes").code == 0
    assert locked.locks.holder(NAME) is None
    assert locked.run("destroy", "small", "--yes").code == 0


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_who_holds_it_and_since_when_is_told_and_nothing_is_changed(command: str, locked: Locked) -> None:
    locked.locks.take(NAME, BEN)
    ran = locked.run(command, "small", "--yes")
    assert ran.code == 5
    told = " ".join(ran.err.split())
    who = r"error: stack small is locked by ben@laptop \(process 12, `reconciler apply`\) since 2027-03-31T08:16:00\+00:00"
    assert re.match(rf"{who}, \d+ \w+.* ago; nothing was changed hint: wait for it with --lock-timeout 10m; ", told)
    assert (locked.gate.inventory(), locked.locks.holder(NAME)) == ([], BEN)


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_what_only_reads_takes_no_lock(command: str, locked: Locked) -> None:
    locked.locks.take(NAME, BEN)
    assert locked.run(command, "small").code in (0, 2)


def test_a_lock_can_be_waited_for(locked: Locked, monkeypatch: pytest.MonkeyPatch) -> None:
    class Releasing(InstantClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.time >= 12:
                locked.locks.release(NAME, BEN)

    clock = Releasing()
    monkeypatch.setattr(aws_clock, "WallClock", lambda: clock)
    locked.locks.take(NAME, BEN)
    ran = locked.run("apply", "small", "--yes", "--lock-timeout", "1m")
    assert (ran.code, clock.slept[:3]) == (0, [5.0, 5.0, 5.0])
    assert re.match(r"stack small is locked by ben@laptop .* ago; waiting …\n", ran.err)


def test_a_lock_is_not_waited_for_longer_than_asked(locked: Locked, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = InstantClock()
    monkeypatch.setattr(aws_clock, "WallClock", lambda: clock)
    locked.locks.take(NAME, BEN)
    assert (locked.run("apply", "small", "--yes", "--lock-timeout", "12s").code, clock.time) == (5, 15.0)


def test_a_no_lets_the_lock_go(locked: Locked, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch, "n\n")
    assert (locked.run("apply", "small").code, locked.locks.holder(NAME)) == (10, None)


@pytest.mark.parametrize(("operation", "notice"), [("describejobqueues", ""), ("createschedulingpolicy", STOPPING)])
def test_a_stopped_process_lets_it_go_and_a_killed_one_leaves_it(operation: str, notice: str, locked: Locked) -> None:
    words = ("apply", "small", "--yes")
    locked.gate.hold_operation = (operation, 1)
    assert interrupted(words, locked.gate, locked.env, SIGINT, notice=notice).code == 130
    assert locked.locks.holder(NAME) is None
    killed = Gate(hold_operation=(operation, 1), before=True)
    with served(killed) as env:
        interrupted(words, killed, env, SIGKILL)
    held = locked.locks.holder(NAME)
    assert held is not None
    assert (held.stack, held.command, held.who.count("@")) == ("small", "reconciler apply", 1)
    assert f"is locked by {held.who} (process {held.pid}, `reconciler apply`)" in " ".join(
        ended(started(words, locked.env)).err.split()
    )


def test_a_lock_is_removed_by_force_after_a_question(locked: Locked, monkeypatch: pytest.MonkeyPatch) -> None:
    locked.locks.take(NAME, BEN)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert (locked.run("force-unlock", "small").code, locked.locks.holder(NAME)) == (64, BEN)
    at_a_terminal(monkeypatch, "n\n")
    assert (locked.run("force-unlock", "small").code, locked.locks.holder(NAME)) == (10, BEN)
    at_a_terminal(monkeypatch, "y\n")
    ran = locked.run("force-unlock", "small")
    assert (ran.code, locked.locks.holder(NAME)) == (0, None)
    assert "Remove the lock? [y/N]" in ran.err
    assert ran.out.startswith(
        "removed the lock of stack small, held by ben@laptop (process 12, `reconciler apply`) since"
    )
    assert locked.run("force-unlock", "small", "--yes").out == "stack small is not locked\n"


def test_force_unlock_tells_programs_whose_lock_it_was(locked: Locked) -> None:
    locked.locks.take(NAME, replace(BEN, since="some day"))
    assert locked.run("force-unlock", "small", "--yes", "-o", "json").json["removed"]["who"] == "ben@laptop"


def test_a_lock_that_cannot_be_released_is_told_and_what_was_done_is_done(
    locked: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reconciler.adapters.aws import storage
    from tests.fakes import unreachable

    def fail(*_given: object) -> None:
        raise unreachable()

    monkeypatch.setattr(storage._Locks, "release", fail)
    ran = locked.run("apply", "small", "--yes")
    assert ran.code == 0
    assert "the lock of stack small could not be released" in ran.err
    assert "reconciler force-unlock small" in ran.err


def test_in_the_sandbox_nothing_is_locked(locked: Locked) -> None:
    locked.locks.take(NAME, BEN)
    assert locked.run("apply", "small", "--sandbox", "--yes").code == 0
    ran = locked.run("force-unlock", "small", "--sandbox", "--yes")
    assert (ran.code, ran.err) == (64, "error: in the sandbox nothing is locked; there is nothing to remove\n")


def test_a_stack_without_a_lock_has_none_to_remove(locked: Locked) -> None:
    write("small", SMALL)
    ran = locked.run("force-unlock", "small", "--yes")
    assert (ran.code, ran.err) == (64, "error: stack small has no `lock:`; there is nothing to remove\n")


def test_a_lock_is_removed_without_a_question(locked: Locked) -> None:
    locked.locks.take(NAME, BEN)
    assert (locked.run("force-unlock", "small", "--auto-approve").code, locked.locks.holder(NAME)) == (0, None)


@pytest.mark.parametrize("content", [b"", b"garbage", b"null", b'{"id": 5}'])
def test_a_damaged_lock_is_held_until_it_is_removed_by_force(content: bytes, locked: Locked) -> None:
    damage(locked, content)
    ran = locked.run("apply", "small", "--yes")
    assert (ran.code, locked.gate.inventory()) == (5, [])
    assert "error: stack small is locked by an unknown run: the content of the lock cannot be read" in ran.err
    assert locked.run("force-unlock", "small", "--yes").code == 0
    assert locked.run("apply", "small", "--yes").code == 0


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"id": "another"}'], ids=["gone", "empty", "list", "taken"])
def test_a_lock_that_is_lost_while_it_is_held_changes_no_exit_code(
    content: bytes | None, locked: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = usecases.run

    def losing(*given: Json, **more: Json) -> Json:
        finish = original(*given, **more)
        holder = locked.locks.holder(NAME)
        assert holder is not None
        locked.locks.release(NAME, holder)
        if content is not None:
            damage(locked, content)
        return finish

    monkeypatch.setattr(usecases, "run", losing)
    ran = locked.run("apply", "small", "--yes")
    assert (ran.code, ran.last.startswith("Apply: 1 done")) == (0, True)
    assert "the lock of stack small was removed or replaced while this run held it" in ran.err
    assert (locked.locks.holder(NAME) is None) == (content is None)


@pytest.mark.parametrize(("words", "most"), [((), 7), (("--lock-timeout", "20s"), 22)])
def test_a_lock_that_is_never_seen_is_waited_for_with_pauses_and_a_limit(
    words: tuple[str, ...], most: int, locked: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, call, tries = InstantClock(), AwsCloud.call, []

    def met(self: AwsCloud, operation: str, request: Json) -> Json:
        if operation.startswith("Put"):
            tries.append(clock.time)
            raise CloudError(operation, Fault.REFUSED, "ConditionalRequestConflict", "said so")
        return call(self, operation, request)

    monkeypatch.setattr(AwsCloud, "call", met)
    monkeypatch.setattr(aws_clock, "WallClock", lambda: clock)
    ran = locked.run("apply", "small", "--yes", *words)
    assert (ran.code, 5 <= len(tries) <= most, locked.gate.inventory()) == (5, True, [])
    assert "locked by a run that is acquiring or releasing it; nothing was changed" in " ".join(ran.err.split())


@pytest.mark.parametrize("number", [SIGINT, SIGTERM])
def test_a_signal_while_the_lock_is_taken_leaves_none(number: Signals, locked: Locked) -> None:
    """The write reaches the service, and its answer comes after the signal."""
    reached, released = Event(), Event()

    def held(front: HttpFront, request: Request) -> Response:
        answer = front(request)
        if request.service in ("s3", "dynamodb") and b"reconciler apply" in request.body and not reached.is_set():
            reached.set()
            released.wait(60)
        return answer

    with served(locked.gate, held) as env:
        process = started(("apply", "small", "--yes"), env)
        assert reached.wait(60)
        process.send_signal(number)
        time.sleep(0.2)  # the signal arrives before the answer, or the test proves less
        released.set()
        end = ended(process)
    assert (end.code, end.err.splitlines()[-1]) == (
        128 + number,
        f"error: {'terminated' if number is SIGTERM else 'interrupted'}",
    )
    assert (locked.locks.holder(NAME), locked.gate.inventory()) == (None, [])


def damage(locked: Locked, content: bytes) -> None:
    """Write something else into the lock."""
    session, url = Session(), locked.env["AWS_ENDPOINT_URL"]
    if isinstance(locked.locks.place, _Bucket):
        s3 = session.create_client("s3", HERE.region, endpoint_url=url)
        s3.put_object(Bucket="locks", Key=f"prod/{NAME}.lock", Body=content)
    else:
        item = {"LockID": {"S": NAME}, "id": {"S": "another"} if b"another" in content else {"B": content or b"0"}}
        session.create_client("dynamodb", HERE.region, endpoint_url=url).put_item(TableName="locks", Item=item)


@pytest.mark.parametrize("lock", ["{s3: s3://locks/batch}", "{dynamodb: locks}"])
def test_a_rendered_stack_keeps_its_lock(lock: str, locked: Locked) -> None:
    write("small", f"{SMALL}lock: {lock}\n")
    shown = locked.run("render", "small").out
    write("again", shown)
    assert "lock:" in shown
    assert locked.run("render", "again").out == shown

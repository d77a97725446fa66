"""`apply --smoke`: runs the smoke tests of a stack after a change, and leaves none of their jobs behind."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.app.request import Session
from reconciler.cli.context import Read
from reconciler.cli.jobs import JobTeller, job_clock
from reconciler.cli.output import Output
from reconciler.cli.signals import Terminated
from reconciler.model import Action, Address, DeclaredJob, Plan
from reconciler.problems import CloudError, Refused

if TYPE_CHECKING:
    from reconciler.jobs.smoke import SmokeResult
    from reconciler.jobs.states import JobState

CHANGED, ALL = "changed", "all"  # what --smoke runs
RUN_DIGITS = 8  # of the id of a run


def run_smoke(
    read: Read, session: Session, out: Output, path: str, plan: Plan, changed: Collection[Address] | None
) -> "tuple[SmokeResult, ...]":
    """Run the tests that follow what was changed (None: all), side by side, and show what became of them.

    Jobs that take too long are terminated, and all of them at a signal, which goes on.
    """
    from reconciler.jobs.smoke import smoke_tests
    from reconciler.report.jobs import smoke_page

    tests = list(smoke_tests(read.stack, changed))
    if not tests:
        out.print_notice(
            "No smoke test follows what was changed." if read.stack.jobs else "The stack has no smoke test."
        )
        return ()
    runner = _SmokeRunner(read, session, out, uuid.uuid4().hex[:RUN_DIGITS], plan)
    try:
        for test in tests:
            runner.submit(test)
        results = tuple(runner.result(test) for test in tests)
    except (KeyboardInterrupt, Terminated):
        runner.end_all("the run was interrupted")
        raise
    out.publish_page(lambda width: smoke_page(results, path, width))
    return results


@dataclass(slots=True)
class _SmokeRunner:
    read: Read
    session: Session
    out: Output
    run: str
    plan: Plan
    jobs: dict[str, list[str]] = field(default_factory=dict)  # ids by the name of the test, that of the test last
    refused: "dict[str, SmokeResult]" = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)

    @property
    def teller(self) -> JobTeller:
        return JobTeller(self.read, self.session, self.out, shows_logs=False)

    def submit(self, test: DeclaredJob) -> None:
        from reconciler.jobs.smoke import SmokeOutcome, SmokeResult, smoke_submission
        from reconciler.jobs.submission import check_placement, submit

        name = test.address.name
        submission = smoke_submission(self.read.stack, test, self.run)
        try:
            with self.read.secrets.kept():
                check_placement(self.read.stack, submission)
                sent = submit(self.session.cloud, submission)
        except Refused as never:
            text = f"{never.message}. {never.hint}" if never.hint else never.message
            self.refused[name] = SmokeResult(name, SmokeOutcome.NEVER_STARTED, text)
        except CloudError as error:
            self.refused[name] = SmokeResult(name, SmokeOutcome.NOT_SUBMITTED, error.told)
        else:
            self.jobs[name] = [each.id for each in sent]
            self.begun[name] = job_clock(self.session).now()
            self.teller.notice(f"smoke test {name}: submitted {sent[-1].id}")

    def result(self, test: DeclaredJob) -> "SmokeResult":
        """Wait for a test as long as it may take, and return what became of it."""
        from reconciler.jobs.smoke import SmokeOutcome, SmokeResult, outcome_of_smoke
        from reconciler.jobs.waiting import why_waiting

        name = test.address.name
        if name in self.refused:
            return self.refused[name]
        id_, teller = self.jobs[name][-1], self.teller
        within = test.smoke.within if test.smoke else 0.0
        left = max(0.0, self.begun[name] + within - job_clock(self.session).now())
        waited = teller.watch_for([id_], timeout=left)
        state = waited.states[0] if waited.states else None
        outcome = outcome_of_smoke(state, is_timed_out=waited.is_timed_out)
        reason = state.cause if state else ""
        if outcome is SmokeOutcome.NEVER_STARTED and state:
            reason = why_waiting(self.session.cloud, state) or reason
        if waited.is_timed_out:
            self.end(self.jobs[name], f"smoke test took more than {within:.0f} seconds")
        if outcome is SmokeOutcome.SUCCEEDED:
            return SmokeResult(name, outcome, state=state)
        lines = self.last_lines(teller, state)
        shown = replace(state, reason=self.read.secrets.text(state.reason)) if state else None
        return SmokeResult(name, outcome, self.read.secrets.text(reason), shown, lines, self.new_revision(test))

    def last_lines(self, teller: JobTeller, state: "JobState | None") -> tuple[str, ...]:
        from reconciler.jobs.smoke import LAST_LINES

        if state is None or state.started is None:
            return ()
        reader = teller.reader()
        try:
            reader.read(state)
            if not teller.logged:
                reader.drain(state, job_clock(self.session))
        except CloudError as error:  # the test has failed all the same
            return (f"its log cannot be read: {error.told}",)
        return tuple(line.text for line in teller.logged[-LAST_LINES:])

    def new_revision(self, test: DeclaredJob) -> str:
        """Return the definition of a test if this run has given it a new revision, in place of an older one."""
        from reconciler.model import target_of

        definition = target_of("JobDefinition", str(test.spec["jobDefinition"]))
        is_new = any(each.address == definition and each.action is Action.REVISION for each in self.plan.changes)
        return definition.name if is_new else ""

    def end_all(self, reason: str) -> None:
        for ids in self.jobs.values():
            self.end(ids, reason)

    def end(self, ids: Sequence[str], reason: str) -> None:
        """End jobs that have not ended; what goes wrong is reported, and changes no outcome."""
        from reconciler.jobs.listing import HAD_ENDED, end_jobs
        from reconciler.jobs.states import states_of

        try:
            for ended in end_jobs(self.session.cloud, states_of(self.session.cloud, ids), reason):
                if ended.done != HAD_ENDED:
                    self.teller.notice(f"{ended.state.name} ({ended.state.id}) was {ended.done}: {reason}")
        except CloudError as error:
            self.teller.notice(f"{', '.join(ids)} may still run: {error.told}; end them with `reconciler cancel`")

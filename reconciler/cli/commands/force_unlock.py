"""`reconciler force-unlock`."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from reconciler.app.request import StackRequest
from reconciler.cli.context import live_stack, run_each
from reconciler.cli.options import add_cloud, add_one_stack, add_output, add_variables, stacks_of
from reconciler.cli.output import Output
from reconciler.printable import harmless_line
from reconciler.problems import Declined, Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.ports import Holder
    from reconciler.report.text.page import Page

EXAMPLES = """\
  reconciler force-unlock stacks/prod           shows the holder, and prompts
  reconciler force-unlock stacks/prod --yes
"""


def add(parser: ArgumentParser) -> None:
    add_one_stack(parser)
    parser.add_argument("--yes", "--auto-approve", dest="yes", action="store_true", help="do not prompt")
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    return run_each(stacks_of(args), out, lambda request: _unlock(request, out, is_agreed=args.yes), keeps_going=False)


def _unlock(request: StackRequest, out: Output, *, is_agreed: bool) -> int:
    from reconciler.cli.run import describe_holder, lock_name

    read, session = live_stack(request, out.watch)
    if session.locks is None:
        why = "in the sandbox nothing is locked" if read.stack.lock else f"stack {read.stack.name} has no `lock:`"
        raise WrongUsage(f"{why}; there is nothing to remove")
    name = lock_name(read.stack, session)
    holder = session.locks.holder(name)
    if holder is None:
        _say(out, read.stack.name, f"stack {read.stack.name} is not locked", None)
        return Exit.DONE
    _ask(f"stack {read.stack.name} is locked by {describe_holder(holder)}", is_agreed=is_agreed)
    out.begin_changes()
    if not session.locks.release(name, holder):
        _say(
            out,
            read.stack.name,
            f"stack {read.stack.name} is not locked any more: {describe_holder(holder)} released it meanwhile",
            None,
        )
        return Exit.DONE
    _say(
        out, read.stack.name, f"removed the lock of stack {read.stack.name}, held by {describe_holder(holder)}", holder
    )
    return Exit.DONE


def _ask(what: str, *, is_agreed: bool) -> None:
    from reconciler.cli.run import ask, is_interactive

    if is_agreed:
        return
    if not is_interactive():
        raise WrongUsage(
            f"{what}. Confirmation is required, but stdin is not a terminal. The lock is still there", hint="use --yes"
        )
    question = f"{harmless_line(what)}\nIf that run is alive, both will write at once. Remove the lock? [y/N] "
    if ask(question, "the lock is still there").lower() not in ("y", "yes"):
        raise Declined("declined; the lock is still there")


def _say(out: Output, stack: str, message: str, holder: "Holder | None") -> None:
    from dataclasses import asdict

    from reconciler.report.text.page import Page

    def page(width: int) -> "Page":
        lines = Page(width)
        lines.line(message)
        return lines

    out.publish(page, lambda: {"stack": stack, "removed": asdict(holder) if holder else None})

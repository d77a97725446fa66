"""`reconciler force-unlock`."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from reconciler.cli.context import each_stack, live_stack
from reconciler.cli.options import add_cloud, add_one_stack, add_output, add_variables
from reconciler.cli.output import Output
from reconciler.printable import harmless_line
from reconciler.problems import Declined, Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.ports import Holder
    from reconciler.report.text.page import Page

EXAMPLES = """\
  reconciler force-unlock stacks/prod           shows who holds it, and asks
  reconciler force-unlock stacks/prod --yes
"""


def add(parser: ArgumentParser) -> None:
    add_one_stack(parser)
    parser.add_argument("--yes", "--auto-approve", dest="yes", action="store_true", help="do not ask")
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    return each_stack(args, out, lambda path: _unlock(path, args, out), go_on=False)


def _unlock(path: str, args: Namespace, out: Output) -> int:
    from reconciler.cli.run import lock_name, told

    read, sky = live_stack(path, args)
    if sky.locks is None:
        why = "in the sandbox nothing is locked" if read.stack.lock else f"stack {read.stack.name} has no `lock:`"
        raise WrongUsage(f"{why}; there is nothing to remove")
    name = lock_name(read.stack, sky)
    holder = sky.locks.holder(name)
    if holder is None:
        _say(out, read.stack.name, f"stack {read.stack.name} is not locked", None)
        return Exit.DONE
    _ask(f"stack {read.stack.name} is locked by {told(holder)}", args)
    out.changes()
    if not sky.locks.release(name, holder):
        _say(
            out,
            read.stack.name,
            f"stack {read.stack.name} is not locked any more: {told(holder)} released it meanwhile",
            None,
        )
        return Exit.DONE
    _say(out, read.stack.name, f"removed the lock of stack {read.stack.name}, held by {told(holder)}", holder)
    return Exit.DONE


def _ask(what: str, args: Namespace) -> None:
    from reconciler.cli.run import asked, is_interactive

    if args.yes:
        return
    if not is_interactive():
        raise WrongUsage(
            f"{what}. Confirmation is required, but stdin is not a terminal. The lock is still there", hint="use --yes"
        )
    question = f"{harmless_line(what)}\nIf that run is alive, both will write at once. Remove the lock? [y/N] "
    if asked(question, "the lock is still there").lower() not in ("y", "yes"):
        raise Declined("declined; the lock is still there")


def _say(out: Output, stack: str, message: str, holder: "Holder | None") -> None:
    from dataclasses import asdict

    from reconciler.report.text.page import Page

    def page(width: int) -> "Page":
        lines = Page(width)
        lines.line(message)
        return lines

    out.publish(page, lambda: {"stack": stack, "removed": asdict(holder) if holder else None})

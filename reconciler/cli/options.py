"""Options that several commands share, and how their values are read."""

import argparse
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from reconciler.report.formats import format_of

if TYPE_CHECKING:
    from reconciler.plan import Limit

# Which formats of the table a command offers, in the order of its help.
EVERYWHERE = ("text", "json")
OF_FINDINGS = (*EVERYWHERE, "github", "sarif", "junit")
OF_PLANS = (*EVERYWHERE, "github", "markdown", "html")
OF_OUTCOMES = (*EVERYWHERE, "jsonl", "github", "markdown", "html")
OF_REMOVALS = (*EVERYWHERE, "jsonl")
OF_SHELLS = ("dotenv", "export")
LOG_FORMATS = ("text", "json")
LOG_FORMAT = "RECONCILER_LOG_FORMAT"
LAST_PORT = 65535
NOT_UTF8 = re.compile("[\ud800-\udfff]")  # what Python makes of bytes that are not
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


class OutputTarget(NamedTuple):
    """One product: its format, and the file that it goes to (empty: stdout)."""

    format: str
    file: str


@dataclass(frozen=True, slots=True)
class TargetIn:
    """How a value of -o is read, where a command offers these formats."""

    formats: tuple[str, ...]

    def __call__(self, text: str) -> OutputTarget:
        name, _, file = text.partition("=")
        if name not in self.formats:
            if fitting := format_of(text, self.formats):
                raise argparse.ArgumentTypeError(f"{text} is a file, not a format: write -o {fitting}={text}")
            raise argparse.ArgumentTypeError(f"there is no format {name!r} here; there are {', '.join(self.formats)}")
        return OutputTarget(name, file)


def add_stacks(
    parser: argparse.ArgumentParser, metavar: str = "STACK", says: str = "folder or file of a stack"
) -> None:
    parser.add_argument("stacks", nargs="*", metavar=metavar, help=f"{says} (default: the current folder)")


def add_one_stack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "stacks", nargs="?", default=[], metavar="STACK", type=_listed, help="folder or file of a stack (default: .)"
    )
    parser.set_defaults(most_stacks=1)


def add_output(parser: argparse.ArgumentParser, formats: tuple[str, ...] = EVERYWHERE) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o",
        "--output",
        action="append",
        metavar="FORMAT[=FILE]",
        type=TargetIn(formats),
        help=f"{', '.join(formats)}; repeatable; text goes to stdout unless another format does",
    )
    group.add_argument("--no-color", dest="color", action="store_false", default=True, help="no colours, ever")
    group.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="more detail, and on stderr each call to AWS; -vv for all of it",
    )
    group.add_argument(
        "--log-format",
        choices=LOG_FORMATS,
        help=f"of what goes to stderr: text, or one JSON object a line (default: ${LOG_FORMAT}, then text)",
    )


def add_variables(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("variables")
    group.add_argument(
        "--var", action="append", default=[], metavar="NAME=VALUE", type=pair, help="set a variable; repeatable"
    )
    group.add_argument(
        "--var-file",
        action="append",
        default=[],
        metavar="FILE",
        type=file_name,
        help="YAML or JSON file of variables; repeatable",
    )
    group.add_argument(
        "--allow-env",
        action="append",
        default=[],
        metavar="NAME",
        type=_variable_name,
        help="let !env read NAME although it belongs to AWS or to the CI; * and ? match; its value is not shown; "
        "repeatable",
    )


def add_cloud(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("AWS")
    group.add_argument("--region", help="region (default: the stack's, then the AWS configuration's)")
    group.add_argument("--profile", help="profile of the AWS configuration files")
    group.add_argument("--role-arn", metavar="ARN", help="role to assume first")
    group.add_argument(
        "--no-lookups",
        "--offline",
        action="store_true",
        help="make none of !ssm, !cfn, !secret and !tfstate: name those that the stack needs, and stop",
    )
    group.add_argument(
        "--sandbox",
        metavar="[=FILE]",
        type=file_name,
        help="run against a simulated AWS kept in FILE (default: .reconciler/sandbox.json)",
    )


def add_ignored_sandbox(parser: argparse.ArgumentParser) -> None:
    """For commands that ask nobody: whoever tries a stack in the sandbox writes --sandbox behind each of them."""
    parser.add_argument(
        "--sandbox", metavar="[=FILE]", type=file_name, help="accepted and ignored: nothing is asked of AWS here"
    )


def add_names(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="[!]GLOB",
        type=_glob,
        help="only these; with ! all but these, as `exclude` in reconciler.yaml; repeatable",
    )


def add_targets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="KIND/NAME",
        help="only these and what they need; * and ? match; repeatable; exit 64 if one matches nothing "
        "and is not known to be gone",
    )


def add_consents(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("consent")
    group.add_argument("--adopt", action="store_true", help="take over live resources that nobody owns")
    group.add_argument(
        "--allow-destroy",
        action="append",
        default=[],
        metavar="[=KIND/NAME]",
        type=_glob,
        help="delete what the stack no longer declares, even if jobs need it or it is much; "
        "* and ? match, without a value all; repeatable; exit 64 if one matches nothing and is not known to be gone",
    )
    group.add_argument(
        "--max-destroy",
        type=_limit,
        metavar="N|P%",
        help="delete no more than N, or P per cent of the stack's live resources "
        "(default: 3 or 30%%, whichever is more, and what --allow-destroy names)",
    )
    group.add_argument(
        "--max-interrupted",
        type=number,
        metavar="N",
        help="replace instances on which at most N jobs run; those with updatePolicy.terminateJobsOnUpdate need it, "
        "the others wait as long as their policy says",
    )
    group.add_argument("--allow-replace", action="store_true", help="replace what cannot be changed in place")


def add_jobs(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("jobs in deleted queues and quota shares").add_mutually_exclusive_group()
    group.add_argument("--drain", action="store_true", help="wait until the jobs have ended")
    group.add_argument("--cancel-jobs", action="store_true", help="terminate the jobs, queued and running ones")


def add_running(parser: argparse.ArgumentParser) -> None:
    add_waiting(parser)
    parser.add_argument("--parallelism", type=count, default=8, metavar="N", help="changes at a time (default: 8)")


def add_waiting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", "--auto-approve", dest="yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--timeout", type=duration, metavar="TIME", help="the longest that one wait may take: 90s, 30m, 2h"
    )
    parser.add_argument(
        "--lock-timeout",
        type=duration,
        metavar="TIME",
        help="how long to wait for the stack's lock (default: do not wait)",
    )


def file_name(text: str) -> str:
    """An empty name is a variable that nobody set. It must not lead to the real AWS."""
    if not text:
        raise argparse.ArgumentTypeError("the file has no name")
    return text


def _variable_name(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("the variable has no name")
    return text


def again(path: str, args: argparse.Namespace) -> tuple[str, ...]:
    """Return the words of a command line that lead to the same stack in the same place; secrets stay out of them."""
    from reconciler.placeholders import is_secret
    from reconciler.redact.patterns import REDACTED

    pairs = [f"{name}={REDACTED if is_secret(name, value) else value}" for name, value in args.var]
    given = [("region", args.region), ("profile", args.profile), ("role-arn", args.role_arn)]
    given += [("allow-env", name) for name in args.allow_env]
    given += [*(("var", pair) for pair in pairs), *(("var-file", file) for file in args.var_file)]
    sandbox = () if args.sandbox is None else (f"--sandbox={args.sandbox}",)
    return (path, *(f"--{option}={value}" for option, value in given if value), *sandbox)


def _glob(text: str) -> str:
    """An empty one is a variable that nobody set: it would allow nothing, and say so to nobody."""
    if not text:
        raise argparse.ArgumentTypeError("there is nothing behind the =")
    return text


def _limit(text: str) -> "Limit":
    from reconciler.plan import Limit

    try:
        return Limit.of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor a percentage, such as 5 or 20%") from error


def fingerprint(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{16,64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no fingerprint, such as `plan` shows: 16 to 64 of 0-9 and a-f")
    return text


def count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number such as 0 or 20")
    return int(text)


def duration(text: str) -> float:
    found = re.fullmatch(r"([0-9]{1,9})([smh]?)", text)  # a thousand million seconds are enough for anybody
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90s, 30m or 2h")
    return float(int(found[1]) * UNITS[found[2]])


def port(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to {LAST_PORT}")
    return int(text)


def pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    if NOT_UTF8.search(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8 text")
    return name, value


def _listed(text: str) -> list[str]:
    return [text]

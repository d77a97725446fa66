"""Options that several commands share: how they are declared, how their values are read, and the types they end in."""

import os
import re
from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace, _ActionsContainer
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from reconciler.app.request import (
    HERE,
    AddressGlob,
    FleetRequest,
    OutputOptions,
    OutputTarget,
    Place,
    RunOptions,
    StackRequest,
)
from reconciler.model.durations import seconds_of
from reconciler.problems import Stopped
from reconciler.report.formats import format_of

if TYPE_CHECKING:
    from reconciler.fleet import Shard
    from reconciler.plan import Limit, PlanOptions

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
FILE = "reconciler.yaml"
OF_ARRAY = "array"  # the share of a child of an array job
SIDE_BY_SIDE = 16  # deployments: most of the time each waits for AWS
EVERYTHING = "*"
# What the options below mean in a command that does not have them.
ABSENT: Mapping[str, Any] = {
    **{name: [] for name in ("stacks", "var", "var_file", "allow_env", "env", "target", "allow_destroy", "output")},
    **dict.fromkeys(("account", "region", "profile", "role_arn", "sandbox", "all", "changed_since", "shard"), None),
    **dict.fromkeys(
        (
            "no_lookups",
            "yes",
            "verify",
            "adopt",
            "allow_replace",
            "allow_unplaceable",
            "drain",
            "cancel_jobs",
            "trace_calls",
        ),
        False,
    ),
    **dict.fromkeys(("max_destroy", "max_interrupted", "smoke", "timeout", "lock_timeout", "log_format"), None),
    "color": True,
    "concurrency": SIDE_BY_SIDE,
    "most_stacks": None,
    "parallelism": 1,
    "verbose": 0,
}


@dataclass(frozen=True, slots=True)
class TargetIn:
    """How a value of -o is read, where a command offers these formats."""

    formats: tuple[str, ...]

    def __call__(self, text: str) -> OutputTarget:
        name, _, file = text.partition("=")
        if name not in self.formats:
            if fitting := format_of(text, self.formats):
                raise ArgumentTypeError(f"{text} is a file, not a format: write -o {fitting}={text}")
            raise ArgumentTypeError(f"there is no format {name!r} here; there are {', '.join(self.formats)}")
        return OutputTarget(name, file)


def add_stacks(parser: ArgumentParser, metavar: str = "STACK", says: str = "folder or file of a stack") -> None:
    parser.add_argument("stacks", nargs="*", metavar=metavar, help=f"{says} (default: the current folder)")


def add_one_stack(parser: ArgumentParser) -> None:
    parser.add_argument(
        "stacks",
        nargs="?",
        default=[],
        metavar="STACK",
        type=parse_path,
        help="folder or file of a stack (default: .)",
    )
    parser.set_defaults(most_stacks=1)


def stack_of(args: Namespace) -> StackRequest:
    """Return the one stack of a command that accepts no more."""
    return stacks_of(args)[0]


def stacks_of(args: Namespace) -> tuple[StackRequest, ...]:
    return fleet_of(args).stacks


def add_output(parser: ArgumentParser, formats: tuple[str, ...] = EVERYWHERE) -> None:
    group = parser.add_argument_group("output")
    output = group.add_argument(
        "-o",
        "--output",
        action="append",
        metavar="FORMAT[=FILE]",
        type=TargetIn(formats),
        help=f"{', '.join(formats)}; repeatable; text is printed unless a different format goes to stdout",
    )
    _complete_with(output, lambda **_: formats)
    group.add_argument("--no-color", dest="color", action="store_false", default=True, help="print without colours")
    group.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="print more detail; -vv prints everything",
    )
    group.add_argument(
        "--trace-calls", action="store_true", help="print each call to AWS on stderr, and a summary of calls at the end"
    )
    group.add_argument(
        "--log-format",
        choices=LOG_FORMATS,
        help=f"format of stderr: text, or one JSON object a line (default: ${LOG_FORMAT}, then text)",
    )


def output_of(args: Namespace) -> OutputOptions:
    """Return what is written; each share of deployments has files of its own."""
    number = str(args.shard.number) if args.shard else "{shard}"
    targets = tuple(target._replace(file=target.file.replace("{shard}", number)) for target in args.output or ())
    log_format = args.log_format or os.environ.get(LOG_FORMAT) or "text"
    if log_format not in LOG_FORMATS:
        args.parser.error(f"{LOG_FORMAT} is {log_format!r}; it can be {' or '.join(LOG_FORMATS)}")
    return OutputOptions(
        targets=targets,
        has_color=args.color,
        verbose=args.verbose,
        traces_calls=args.trace_calls,
        logs_json=log_format == "json",
    )


def add_variables(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("variables")
    group.add_argument(
        "--var", action="append", default=[], metavar="NAME=VALUE", type=parse_pair, help="set a variable; repeatable"
    )
    group.add_argument(
        "--var-file",
        action="append",
        default=[],
        metavar="FILE",
        type=parse_file_name,
        help="YAML or JSON file of variables; repeatable",
    )
    group.add_argument(
        "--allow-env",
        action="append",
        default=[],
        metavar="NAME",
        type=_parse_variable_name,
        help="let !env read NAME although AWS or the CI sets it; * and ? match; its value is not shown; repeatable",
    )


def add_cloud(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("AWS")
    group.add_argument("--region", help="region (default: the stack's, then the AWS configuration's)")
    group.add_argument("--profile", help="profile of the AWS configuration files")
    group.add_argument("--role-arn", metavar="ARN", help="role to assume first")
    group.add_argument(
        "--no-lookups",
        "--offline",
        action="store_true",
        help="do not look up !ssm, !cfn, !secret and !tfstate: list those that the stack needs, and stop",
    )
    group.add_argument(
        "--sandbox",
        metavar="[=FILE]",
        type=parse_file_name,
        help="run against a simulated AWS kept in FILE (default: .reconciler/sandbox.json)",
    )


def place_of(args: Namespace) -> Place:
    return Place(
        account=args.account,
        region=args.region,
        profile=args.profile,
        role_arn=args.role_arn,
        sandbox=args.sandbox,
        has_lookups=not args.no_lookups,
    )


def add_ignored_sandbox(parser: ArgumentParser) -> None:
    """For commands that call no AWS: users who try a stack in the sandbox append --sandbox to all commands."""
    parser.add_argument(
        "--sandbox",
        metavar="[=FILE]",
        type=parse_file_name,
        help="accepted and ignored: this command does not call AWS",
    )


def add_fleet(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("deployments")
    group.add_argument(
        "--all",
        metavar="[=FILE]",
        help=f"all deployments of FILE (default: {FILE}); with STACK, those of that stack",
    )
    env = group.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME",
        help="only deployments of this environment; * and ? match; repeatable",
    )
    _complete_with(env, _environments)
    group.add_argument(
        "--changed-since", metavar="REF", help="only those whose files changed since git's REF, for example origin/main"
    )
    group.add_argument(
        "--shard",
        type=_parse_shard,
        metavar="I/N",
        help="only the I-th of N shares, always the same deployments; `array` in a child of an array job of AWS Batch",
    )
    group.add_argument(
        "--concurrency",
        type=parse_count,
        default=SIDE_BY_SIDE,
        metavar="N",
        help=f"how many deployments run at a time (default: {SIDE_BY_SIDE})",
    )


def fleet_of(args: Namespace) -> FleetRequest:
    """Return the stacks that a command is about, with all that the command line says of them."""
    files = (args.all, *(target.file for target in output_of(args).targets))
    return FleetRequest(
        command=args.called,
        stack=StackRequest(
            place=place_of(args),
            variables=dict(args.var),
            variable_files=tuple(args.var_file),
            allow_env=tuple(args.allow_env),
            has_notes=bool(args.verbose),
            can_deploy=args.parser.has("--changed-since"),
            named_files=tuple(file for file in files if file),
            patterns=patterns_of(args),
        ),
        paths=tuple(args.stacks) or (HERE,),
        file=args.all,
        environments=tuple(args.env),
        changed_since=args.changed_since,
        shard=args.shard,
        concurrency=args.concurrency,
        is_live=args.parser.has("--profile"),
    )


def add_names(group: _ActionsContainer) -> None:
    group.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="[!]GLOB",
        type=_parse_glob,
        help="only these names; with !, all others, as `exclude` in reconciler.yaml; repeatable",
    )


def add_targets(parser: ArgumentParser) -> None:
    target = parser.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="KIND/NAME",
        help="only these resources and what they need; * and ? match; repeatable; exit 64 if one matches nothing "
        "and is not known to be gone",
    )
    _complete_with(target, _declared_addresses)


# What a shell completes after an option: argcomplete calls these with the words typed so far.


def _complete_with(action: Action, candidates: Callable[..., Iterable[str]]) -> None:
    cast("Any", action).completer = candidates


def _environments(parsed_args: Namespace, **_: object) -> Iterable[str]:
    from reconciler.cli.fleet import read_deployment_file

    with suppress(Stopped):
        fleet = fleet_of(parsed_args)
        file = read_deployment_file(replace(fleet, file=fleet.file or FILE))
        return dict.fromkeys(deployment.environment for deployment in file.deployments)
    return ()


def _declared_addresses(parsed_args: Namespace, **_: object) -> Iterable[str]:
    from reconciler.cli.context import read_stack

    with suppress(Stopped):
        stacks = [read_stack(request).stack for request in stacks_of(parsed_args)]
        return dict.fromkeys(str(address) for stack in stacks for address in stack.declared)
    return ()


def patterns_of(args: Namespace) -> tuple[AddressGlob, ...]:
    """Return the globs over resources, of which each has to match something."""
    given = {"--target": args.target, "--allow-destroy": args.allow_destroy}
    return tuple(AddressGlob(option, glob) for option, globs in given.items() for glob in globs if glob != EVERYTHING)


def add_consents(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("consent")
    group.add_argument("--adopt", action="store_true", help="adopt unowned live resources")
    group.add_argument(
        "--allow-destroy",
        action="append",
        default=[],
        metavar="[=KIND/NAME]",
        type=_parse_glob,
        help="allow deleting undeclared resources, even when jobs depend on them or the limit is exceeded; * and ? "
        "match; without a value, all; repeatable; exit 64 if one matches nothing and is not known to be gone",
    )
    group.add_argument(
        "--max-destroy",
        type=_parse_limit,
        metavar="N|P%",
        help="delete at most N, or P percent, of the stack's live resources (default: 3 or 30%%, whichever is "
        "more, not counting those of --allow-destroy)",
    )
    group.add_argument(
        "--max-interrupted",
        type=parse_number,
        metavar="N",
        help="replace instances on which at most N jobs run; required with updatePolicy.terminateJobsOnUpdate; "
        "other updates wait as long as their policy says",
    )
    group.add_argument("--allow-replace", action="store_true", help="replace resources that cannot be changed in place")
    group.add_argument(
        "--allow-unplaceable",
        action="store_true",
        help="allow changes after which the jobs of a definition can start on no queue of the stack",
    )


def add_jobs(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("jobs in deleted queues and quota shares").add_mutually_exclusive_group()
    group.add_argument("--drain", action="store_true", help="wait until the jobs in it have ended")
    group.add_argument("--cancel-jobs", action="store_true", help="terminate jobs that are queued or running in it")


def plan_options_of(args: Namespace) -> "PlanOptions":
    from reconciler.plan import PlanOptions

    return PlanOptions(
        adopt=args.adopt,
        targets=tuple(args.target),
        allow_destroy=tuple(args.allow_destroy),
        allow_replace=args.allow_replace,
        allow_unplaceable=args.allow_unplaceable,
        max_destroy=args.max_destroy,
        max_interrupted=args.max_interrupted,
        drain=args.drain,
        cancel_jobs=args.cancel_jobs,
    )


def add_running(parser: ArgumentParser) -> None:
    add_waiting(parser)
    parser.add_argument(
        "--parallelism", type=parse_count, default=8, metavar="N", help="how many changes run at a time (default: 8)"
    )


def add_waiting(parser: ArgumentParser) -> None:
    parser.add_argument("--yes", "--auto-approve", dest="yes", action="store_true", help="do not prompt")
    parser.add_argument("--timeout", type=parse_duration, metavar="TIME", help="limit of each wait: 90s, 30m, 2h")
    parser.add_argument(
        "--lock-timeout",
        type=parse_duration,
        metavar="TIME",
        help="how long to wait for the stack's lock (default: do not wait)",
    )


def run_options_of(args: Namespace) -> RunOptions:
    return RunOptions(
        command=args.called,
        is_agreed=args.yes,
        timeout=args.timeout,
        lock_timeout=args.lock_timeout,
        parallelism=args.parallelism,
        verifies=args.verify,
        smoke=args.smoke,
    )


def parse_file_name(text: str) -> str:
    """An empty name comes from an unset variable of a shell. It must not lead to the real AWS."""
    if not text:
        raise ArgumentTypeError("the file has no name")
    return text


def _parse_variable_name(text: str) -> str:
    if not text:
        raise ArgumentTypeError("the variable has no name")
    return text


def words_of(request: StackRequest) -> tuple[str, ...]:
    """Return the words of a command line that lead to the same stack in the same place; secrets stay out of them."""
    from reconciler.placeholders import is_secret
    from reconciler.redact.secrets import REDACTED

    place = request.place
    shown = {name: REDACTED if is_secret(name, value) else value for name, value in request.variables.items()}
    given = [("region", place.region), ("profile", place.profile), ("role-arn", place.role_arn)]
    given += [("allow-env", name) for name in request.allow_env]
    given += [*(("var", f"{name}={value}") for name, value in shown.items())]
    given += [*(("var-file", file) for file in request.variable_files)]
    sandbox = () if place.sandbox is None else (f"--sandbox={place.sandbox}",)
    return (request.path, *(f"--{option}={value}" for option, value in given if value), *sandbox)


def _of_array() -> str:
    """A child of an array job knows its index, from 0, and the size (User Guide, "Job environment variables")."""
    index, size = (os.environ.get(f"AWS_BATCH_JOB_ARRAY_{name}", "") for name in ("INDEX", "SIZE"))
    if not (index.isdecimal() and size.isdecimal()):
        raise ArgumentTypeError(f"{OF_ARRAY} is for a child of an array job of AWS Batch, and this is none")
    return f"{int(index) + 1}/{size}"


def _parse_shard(text: str) -> "Shard":
    from reconciler.fleet import Shard

    number, slash, of = (_of_array() if text == OF_ARRAY else text).partition("/")
    if not slash or not (number.isascii() and number.isdigit() and of.isascii() and of.isdigit()):
        raise ArgumentTypeError(f"{text!r} is not a share such as 1/4")
    if not 1 <= int(number) <= int(of):
        raise ArgumentTypeError(f"{text!r}: shares count from 1 to {of}")
    return Shard(int(number), int(of))


def _parse_glob(text: str) -> str:
    """An empty one comes from an unset variable of a shell: it would silently allow nothing."""
    if not text:
        raise ArgumentTypeError("the value after = is empty")
    return text


def _parse_limit(text: str) -> "Limit":
    from reconciler.plan import Limit

    try:
        return Limit.of(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is neither a number nor a percentage, such as 5 or 20%") from error


def parse_fingerprint(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{16,64}", text):
        raise ArgumentTypeError(f"{text!r} is not a fingerprint as `plan` shows it: 16 to 64 characters of 0-9 and a-f")
    return text


def parse_count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def parse_number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ArgumentTypeError(f"{text!r} is not a number such as 0 or 20")
    return int(text)


def parse_duration(text: str) -> float:
    seconds = seconds_of(text)
    if seconds is None:
        raise ArgumentTypeError(f"{text!r} is not a time such as 90s, 30m or 2h")
    return seconds


def parse_port(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise ArgumentTypeError(f"{text!r} is not a port: 0 to {LAST_PORT}")
    return int(text)


def parse_pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    if NOT_UTF8.search(text):
        raise ArgumentTypeError(f"{text!r} is not UTF-8 text")
    return name, value


def parse_path(text: str) -> list[str]:
    return [text]

"""The command line's grammar: argparse, with our exit code for wrong usage and suggestions for what was mistyped."""

import argparse
import difflib
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, NoReturn, cast

from reconciler import __version__
from reconciler.app.request import FleetRequest, OutputOptions, OutputTarget
from reconciler.cli.commands import COMMANDS, module_of
from reconciler.cli.options import ABSENT, fleet_of, output_of
from reconciler.cli.streams import check_stays_local
from reconciler.problems import WrongUsage
from reconciler.report.formats import FORMATS

if TYPE_CHECKING:
    from reconciler.cli.output import Output

ALIKE = 0.7  # how near a suggestion must be
LABEL = 16  # the width of the column of commands
# Former names of options. They keep working, with a note.
RENAMED: Mapping[str, Mapping[str, str]] = {
    "": {"--target-env": "--env"},
    "compare": {"--all": "--file"},
    "revisions": {"--all": "--inactive"},
}
# What options mean without a value. No word after them is taken for one: what follows is a stack.
BARE = {
    "--all": "reconciler.yaml",
    "--sandbox": ".reconciler/sandbox.json",
    "--allow-destroy": "*",
    "--smoke": "changed",
}
EXAMPLES = """\
examples:
  reconciler init jobs --template fargate     start a stack
  reconciler validate stacks/*                check files; needs no credentials
  reconciler plan stacks/prod                 see what would change
  reconciler apply stacks/prod                change it, wait, and prove that nothing is left
  reconciler drift stacks/prod                see what was changed outside the stack
  reconciler apply --sandbox                  try it on a simulated AWS

exit codes:
  0 done   1 error   2 changes   3 invalid stack   4 denied   5 refused   6 stale plan   7 partly applied
  8 unhealthy or not converged   9 timed out   10 declined   64 usage error   130, 143 interrupted
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A command with its arguments."""

    run: "Callable[[Output], int]"
    output: OutputOptions
    fleet: FleetRequest
    calls_aws: bool
    reads_only: bool
    notes: tuple[str, ...] = ()  # about the arguments, for stderr


def parse(argv: Sequence[str]) -> Invocation:
    """Return the command that the arguments call. Raises `WrongUsage`."""
    argv = _asked(argv)
    called = [word for word in argv if word in COMMANDS][:1]
    parser = parser_for(called)
    command = parser.commands[called[0]] if called else parser
    argv, notes = _with_present_names(argv, {**RENAMED[""], **RENAMED.get("".join(called), {})}, command)
    _check_foreign(argv, command)
    args, left_over = parser.parse_known_args(_with_values(argv, command))
    if args.run is None:
        parser.print_help(sys.stderr)
        raise WrongUsage("no command given", hint="begin with `reconciler plan`, which changes nothing")
    if (
        len(left_over) == 1
        and not left_over[0].startswith("-")
        and args.parser.reads("resource")
        and args.resource is None
    ):
        # Before Python 3.12, an argument that may be absent must stand in front of all options.
        args.parser.take(args, "resource", left_over.pop())
    if left_over and (not args.parser.reads("stacks") or any(word.startswith("-") for word in left_over)):
        args.parser.error(f"unrecognized arguments: {' '.join(left_over)}")
    _check_stdout(args.output or (), args.parser)
    check_stays_local(args.sandbox, args.output or ())
    if left_over:
        args.parser.take(args, "stacks", [*args.stacks, *left_over])
    if args.most_stacks and len(args.stacks) > args.most_stacks:
        args.parser.error(f"only one stack is accepted, not {len(args.stacks)}: {' '.join(args.stacks)}")
    if "" in args.stacks:  # an unset variable of a shell; it must not mean the current folder
        args.parser.error("the path of a stack is empty")
    return Invocation(
        run=partial(args.run, args),
        output=output_of(args),
        fleet=fleet_of(args),
        calls_aws=args.parser.has("--no-lookups"),
        reads_only=not args.parser.has("--yes"),  # whatever changes something asks first
        notes=notes,
    )


class Parser(argparse.ArgumentParser):
    commands: Mapping[str, "Parser"] = MappingProxyType({})

    def has(self, option: str) -> bool:
        """Whether the command has an option, or one of its actions."""
        below = [
            parser for action in self._actions if isinstance(action.choices, dict) for parser in action.choices.values()
        ]
        return option in self._option_string_actions or any(parser.has(option) for parser in below if parser)

    def reads(self, argument: str) -> bool:
        return any(action.dest == argument for action in self._actions)

    def allow_bare(self) -> None:
        """Let options that have a meaning without a value have none."""
        for action in self._actions:
            if action.nargs is None and not BARE.keys().isdisjoint(action.option_strings):
                action.nargs = "?"

    def take(self, args: argparse.Namespace, argument: str, value: Any) -> None:
        """Give an argument a value that argparse has left over."""
        next(action for action in self._actions if action.dest == argument)(self, args, value)

    def takes_value(self, option: str) -> bool:
        return any(option in action.option_strings and action.nargs != 0 for action in self._actions)

    def error(self, message: str) -> NoReturn:
        raise WrongUsage(_plain(message), hint=self._suggestion(message) or f"see `{self.prog} --help`")

    def _suggestion(self, message: str) -> str:
        unknown = re.search(r"unrecognized arguments:.*?(--[\w-]+)", message)
        options = [option for action in self._actions for option in action.option_strings]
        choices = [str(choice) for action in self._actions for choice in action.choices or ()]
        mistyped, known = (unknown[1], options) if unknown else (_invalid_choice(message), choices)
        near = difflib.get_close_matches(mistyped, known, n=1, cutoff=ALIKE) if mistyped else []
        if mistyped in SYNONYMS and not unknown:
            near = [SYNONYMS[mistyped]]
        return f"did you mean {near[0]}?" if near else ""


def parser_for(called: Collection[str] = COMMANDS.keys()) -> Parser:
    """Return the parser of the commands that are called: of the others it knows what they do, but no argument."""
    parser = Parser(
        prog="reconciler",
        usage="%(prog)s [-h] [-V] COMMAND ...",
        description=f"Declarative YAML for AWS Batch: validate, plan, apply, and detect drift.\n\n{_listed_commands()}",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=None)
    parser.add_argument("-V", "--version", action="version", version=f"reconciler {__version__}")
    commands: Any = parser.add_subparsers(
        metavar="COMMAND",
        prog=parser.prog,
        help=argparse.SUPPRESS,  # the description lists them by groups
        parser_class=cast("type[Parser]", _command_parser),
    )
    for name, row in COMMANDS.items():
        module = module_of(name) if name in called else None
        command = commands.add_parser(name, help=row.help, summary=row.help, module=module)
        if module:
            command.set_defaults(**ABSENT, run=module.run, parser=command, called=name)
            module.add(command)
    parser.commands = commands.choices
    return parser


def _listed_commands() -> str:
    """Return the list of commands by groups, as wide as argparse makes a help."""
    width = max(LABEL * 2, shutil.get_terminal_size().columns - 2)
    blocks: dict[str, list[str]] = {}
    for name, (group, summary) in COMMANDS.items():
        wrapped = textwrap.wrap(summary, width - LABEL)
        blocks.setdefault(group, []).append(f"  {name:<{LABEL - 2}}" + f"\n{' ' * LABEL}".join(wrapped))
    return "\n\n".join("\n".join((f"{group}:", *lines)) for group, lines in blocks.items())


def complete() -> None:
    """Answer the completion of a shell, and end the process. `COMP_LINE` has the words typed so far."""
    import argcomplete

    words = os.environ.get("COMP_LINE", "").split()
    parser = parser_for([word for word in words if word in COMMANDS][:1])
    for command in filter(None, parser.commands.values()):
        command.allow_bare()
    argcomplete.autocomplete(parser, always_complete_options="long")


def _command_parser(*, prog: str, summary: str, module: ModuleType | None) -> Parser | None:
    if not module:
        return None
    return Parser(
        prog=prog,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n{module.EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _check_stdout(targets: Sequence[OutputTarget], parser: Parser) -> None:
    """One value is all that its reader can read: nothing may stand beside it, not even its twin."""
    there = [target.format for target in targets if not target.file]
    value = next((format_ for format_ in there if FORMATS[format_].is_one_value), "")
    if value and len(there) > 1:
        there.remove(value)
        other = there[0]
        parser.error(f"{value} and {other} cannot share stdout: write one of them to a file, for example {other}=FILE")


def _asked(argv: Sequence[str]) -> Sequence[str]:
    """`help`, `help plan` and `version` are what `--help`, `plan --help` and `--version` are."""
    match list(argv):
        case ["help", *rest]:
            return [*rest[:1], "--help"]
        case ["version"]:
            return ["--version"]
        case _:
            return argv


def _with_present_names(
    argv: Sequence[str], renamed: Mapping[str, str], command: "Parser"
) -> tuple[Sequence[str], tuple[str, ...]]:
    """Return the arguments with the present names of options, and a note for each former name."""
    words, notes = [], {}
    for word in argv:
        former, equals, value = word.partition("=")
        name = renamed.get(former, former)
        if name != former:
            notes[former] = f"note: {former} is now {name}"
            if not equals and former in BARE and command.takes_value(name):
                equals, value = "=", BARE[former]
        words.append(f"{name}{equals}{value}")
    return words, tuple(notes.values())


def _check_foreign(argv: Sequence[str], command: "Parser") -> None:
    """Raise `WrongUsage` for an option of other tools. argparse would read `-out` as `-o ut`."""
    for word, after in zip(argv, [*argv[1:], ""], strict=False):
        option, _, value = word.partition("=")
        if option in FOREIGN_OPTIONS and not command.has(option):
            given = value or ("" if after.startswith("-") else after)
            raise WrongUsage(
                f"unrecognized arguments: {word}", hint=FOREIGN_OPTIONS[option].format(value=given or "FILE")
            )


def _with_values(argv: Sequence[str], command: "Parser") -> list[str]:
    return [f"{word}={BARE[word]}" if word in BARE and command.takes_value(word) else word for word in argv]


def _invalid_choice(message: str) -> str:
    choice = re.search(r"invalid choice: '([^']+)'", message)
    return choice[1] if choice else ""


def _plain(message: str) -> str:
    command = _invalid_choice(message) if "COMMAND" in message else ""
    return f"there is no command {command}" if command else message


# What users of other tools type, and its name here. It is named, not obeyed: words differ in what they do.

SYNONYMS: Mapping[str, str] = {
    **dict.fromkeys(("diff", "preview", "changes", "dry-run", "dryrun", "whatif", "what-if"), "plan"),
    **dict.fromkeys(("up", "deploy", "sync", "create", "update", "push", "rollout"), "apply"),
    **dict.fromkeys(("refresh", "detect-drift", "detect"), "drift"),
    **dict.fromkeys(("delete", "down", "remove", "rm", "teardown"), "destroy"),
    **dict.fromkeys(("lint", "check", "test"), "validate"),
    **dict.fromkeys(("format", "prettier"), "fmt"),
    **dict.fromkeys(("list", "ls", "get", "describe", "state", "ps", "health"), "status"),
    **dict.fromkeys(("show", "synth", "template", "build", "dump", "config"), "render"),
    **dict.fromkeys(("new", "bootstrap", "scaffold"), "init"),
    **dict.fromkeys(("output", "export"), "outputs"),
    **dict.fromkeys(("history", "log", "versions"), "revisions"),
    **dict.fromkeys(("undo", "revert"), "rollback"),
    **dict.fromkeys(("unlock",), "force-unlock"),
    **dict.fromkeys(("docs", "man", "rules"), "explain"),
    **dict.fromkeys(("policy", "iam"), "iam-policy"),
    **dict.fromkeys(("troubleshoot", "debug", "diagnose"), "doctor"),
    **dict.fromkeys(("dag", "deps"), "graph"),
    **dict.fromkeys(("untrack", "release"), "forget"),
    **dict.fromkeys(("local", "mock", "simulate"), "sandbox"),
}
FOREIGN_OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(("--out", "-out"), "write -o json={value} to keep a plan, and `apply {value}` to apply it"),
    **dict.fromkeys(("--json", "-json"), "write -o json, or -o json=FILE"),
    **dict.fromkeys(("--format",), "write -o {value}, or -o {value}=FILE"),
    **dict.fromkeys(
        ("-y", "--approve", "--assume-yes", "-auto-approve", "--no-confirm", "--force"), "did you mean --yes?"
    ),
    **dict.fromkeys(("-q", "--quiet", "--silent"), "drop it: without -v, only results and problems are printed"),
    **dict.fromkeys(
        ("--dry-run", "--dryrun", "--diff", "--preview", "--check"), "run `reconciler plan`: it changes nothing"
    ),
    **dict.fromkeys(
        ("--refresh-only", "-refresh-only", "--refresh", "-refresh"), "run `reconciler drift`: every plan reads live"
    ),
    **dict.fromkeys(("--destroy", "-destroy"), "run `reconciler destroy`"),
    **dict.fromkeys(("-var",), "did you mean --var?"),
    **dict.fromkeys(("-var-file",), "did you mean --var-file?"),
    **dict.fromkeys(("-target",), "did you mean --target?"),
    **dict.fromkeys(("-parallelism", "--jobs", "-j"), "did you mean --parallelism?"),
    **dict.fromkeys(
        ("-f", "--file", "--stack", "--stack-name", "--config", "--chdir", "-chdir"),
        "name the folder or the file of the stack, without an option",
    ),
    **dict.fromkeys(
        ("--debug", "--trace", "--log-level"), "use -v for more detail, or --trace-calls for a log of calls to AWS"
    ),
    **dict.fromkeys(("-help", "-?"), "did you mean --help?"),
}

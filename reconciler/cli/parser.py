"""The command line's grammar: argparse, with our exit code for wrong usage and suggestions for what was mistyped."""

import argparse
import difflib
import os
import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import Any, NoReturn, cast

from reconciler import __version__
from reconciler.cli.commands import COMMANDS, module_of
from reconciler.cli.options import LOG_FORMAT, LOG_FORMATS
from reconciler.cli.streams import check_stays_here
from reconciler.cli.synonyms import COMMANDS as SYNONYMS
from reconciler.cli.synonyms import OPTIONS
from reconciler.ports import UNOBSERVED
from reconciler.problems import WrongUsage
from reconciler.report.formats import FORMATS

Namespace = argparse.Namespace
ALIKE = 0.7  # how near a suggestion must be
# What options mean without a value. No word after them is taken for one: what follows is a stack.
BARE = {"--all": "reconciler.yaml", "--sandbox": ".reconciler/sandbox.json", "--allow-destroy": "*"}
EXAMPLES = """\
examples:
  reconciler init jobs --template fargate     start a stack
  reconciler validate stacks/*                check files; needs no credentials
  reconciler plan stacks/prod                 see what would change
  reconciler apply stacks/prod                change it, wait, and prove that nothing is left
  reconciler drift stacks/prod                see what somebody else changed
  reconciler apply --sandbox                  try it in a simulated AWS

exit codes:
  0 done   1 error   2 changes   3 invalid stack   4 denied   5 refused   6 stale plan   7 partly applied
  8 unhealthy or not converged   9 timed out   10 declined   64 wrong usage   130, 143 interrupted
"""


def parse(argv: Sequence[str]) -> Namespace:
    """Return the arguments, with `run` set to the command's function. Raises `WrongUsage`."""
    argv = _asked(argv)
    called = [word for word in argv if word in COMMANDS][:1]
    parser = parser_for(called)
    command = parser.commands[called[0]] if called else parser
    _check_foreign(argv, command)
    args, rest = parser.parse_known_args(_with_values(argv, command))
    if not hasattr(args, "run"):
        parser.print_help(sys.stderr)
        raise WrongUsage("no command given", hint="`reconciler plan` is the one to begin with; it changes nothing")
    if len(rest) == 1 and not rest[0].startswith("-") and getattr(args, "resource", "") is None:
        args.resource = rest.pop()  # before Python 3.12, one that may be absent must stand in front of all options
    if rest and (not hasattr(args, "stacks") or any(word.startswith("-") for word in rest)):
        args.parser.error(f"unrecognized arguments: {' '.join(rest)}")
    _check_stdout(args)
    check_stays_here(getattr(args, "sandbox", None), getattr(args, "output", None) or ())
    args.stacks = [*getattr(args, "stacks", ()), *rest] or ["."]
    if len(args.stacks) > getattr(args, "most_stacks", len(args.stacks)):
        args.parser.error(f"it takes one stack, not {len(args.stacks)}: {' '.join(args.stacks)}")
    if "" in args.stacks:  # a variable that nobody set; it must not mean the current folder
        args.parser.error("the path of a stack is empty")
    _set_defaults(args)
    if getattr(args, "shard", None):  # each share has files of its own
        args.output = [each._replace(file=each.file.replace("{shard}", str(args.shard.number))) for each in args.output]
    return args


class Parser(argparse.ArgumentParser):
    commands: Mapping[str, "Parser"] = MappingProxyType({})

    def has(self, option: str) -> bool:
        maps = [getattr(action, "_name_parser_map", {}) for action in self._actions]
        below = [parser for each in maps for parser in each.values() if parser]
        return option in self._option_string_actions or any(parser.has(option) for parser in below)

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
        description="Declarative YAML for AWS Batch: validate, plan, apply, and see what drifted.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action="version", version=f"reconciler {__version__}")
    commands: Any = parser.add_subparsers(
        metavar="COMMAND", title="commands", parser_class=cast("type[Parser]", _command_parser)
    )
    for name, help_ in COMMANDS.items():
        module = module_of(name) if name in called else None
        command = commands.add_parser(name, help=help_, summary=help_, module=module)
        if module:
            command.set_defaults(run=module.run, parser=command, called=name)
            module.add(command)
    parser.commands = commands.choices
    return parser


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


def _set_defaults(args: Namespace) -> None:
    """Options that not every command has, but that every run needs, and what the stacks of a run share."""
    defaults: dict[str, Callable[[], Any]] = {
        "output": tuple,
        "color": lambda: True,
        "verbose": int,
        "observer": lambda: UNOBSERVED,
        "looked_up": dict,  # look-ups by where they were made
        "allow_env": list,
        "meant": dict,  # what a file of targets gives to variables
        "offered": dict,
        "var_files": tuple,  # all that the file of deployments names, for whichever deployment
        "examples": bool,  # whether examples stand for values that nobody gives
    }
    for name, default in defaults.items():
        if getattr(args, name, None) is None:
            setattr(args, name, default())
    args.log_format = getattr(args, "log_format", None) or os.environ.get(LOG_FORMAT) or "text"
    if args.log_format not in LOG_FORMATS:
        args.parser.error(f"{LOG_FORMAT} is {args.log_format!r}; it can be {' or '.join(LOG_FORMATS)}")
    for name in ("all", "account"):
        setattr(args, name, getattr(args, name, None))


def _check_stdout(args: Namespace) -> None:
    """One value is all that its reader can read: nothing may stand beside it, not even its twin."""
    there = [target.format for target in getattr(args, "output", None) or () if not target.file]
    value = next((format_ for format_ in there if FORMATS[format_].is_one_value), "")
    if value and len(there) > 1:
        there.remove(value)
        other = there[0]
        args.parser.error(f"{value} and {other} cannot share stdout: give one of them a file, as in {other}=FILE")


def _asked(argv: Sequence[str]) -> Sequence[str]:
    """`help`, `help plan` and `version` are what `--help`, `plan --help` and `--version` are."""
    match list(argv):
        case ["help", *rest]:
            return [*rest[:1], "--help"]
        case ["version"]:
            return ["--version"]
        case _:
            return argv


def _check_foreign(argv: Sequence[str], command: "Parser") -> None:
    """Raise `WrongUsage` for an option of other tools. argparse would read `-out` as `-o ut`."""
    for word, after in zip(argv, [*argv[1:], ""], strict=False):
        option, _, value = word.partition("=")
        if option in OPTIONS and not command.has(option):
            given = value or ("" if after.startswith("-") else after)
            raise WrongUsage(f"unrecognized arguments: {word}", hint=OPTIONS[option].format(value=given or "FILE"))


def _with_values(argv: Sequence[str], command: "Parser") -> list[str]:
    return [f"{word}={BARE[word]}" if word in BARE and command.takes_value(word) else word for word in argv]


def _invalid_choice(message: str) -> str:
    found = re.search(r"invalid choice: '([^']+)'", message)
    return found[1] if found else ""


def _plain(message: str) -> str:
    command = _invalid_choice(message) if "COMMAND" in message else ""
    return f"there is no command {command}" if command else message

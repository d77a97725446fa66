"""`reconciler completion`: argcomplete's script, which asks the program itself at each TAB (`cli.parser`)."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.output import Output
from reconciler.problems import Exit

EXAMPLES = """\
  reconciler completion bash > ~/.local/share/bash-completion/completions/reconciler
  reconciler completion zsh > ~/.zfunc/_reconciler
  reconciler completion fish > ~/.config/fish/completions/reconciler.fish

TAB completes commands, options, formats, environments of reconciler.yaml, and KIND/NAME of the stack after --target.
For zsh, ~/.zshrc needs `fpath+=~/.zfunc` before `compinit`. Start a new shell afterwards.
"""
SHELLS = ("bash", "zsh", "fish")
NAMES = ("reconciler", "batch-reconciler")  # of the program


def add(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell")


def run(args: Namespace, out: Output) -> int:
    from argcomplete.shell_integration import shellcode

    script = shellcode(NAMES, shell=args.shell)
    out.publish_text(script, lambda: {"shell": args.shell, "script": script}, is_data=True)
    return Exit.DONE

"""Arguments in, exit code out: parse, build the adapters, call the workflow, print."""

from reconciler.cli.main import main

__all__ = ["main"]

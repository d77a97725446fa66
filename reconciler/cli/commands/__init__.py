"""The commands: each module has its examples, adds its arguments, and runs. It is imported when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import NamedTuple


class CommandRow(NamedTuple):
    """The group of a command in `--help`, and what the command does."""

    group: str
    help: str


WRITE, CHANGE, RUN, WATCH, MOVE, CI, MORE = "Write", "Change", "Run", "Watch", "Move in", "CI", "More"
# The order is that of the help: by groups, and within a group in the order in which people meet them.
COMMANDS: Mapping[str, CommandRow] = {
    "init": CommandRow(WRITE, "create a stack from a template, with editor settings"),
    "fmt": CommandRow(WRITE, "format the YAML files of stacks"),
    "validate": CommandRow(WRITE, "check stacks offline and report all problems at once"),
    "placement": CommandRow(WRITE, "show whether jobs can ever start on the queues of a stack, and why not"),
    "explain": CommandRow(WRITE, "explain a field, or what a rule checks and why"),
    "render": CommandRow(WRITE, "print the resolved stack"),
    "graph": CommandRow(WRITE, "show which resources refer to which others"),
    "schema": CommandRow(WRITE, "print the JSON Schema of stacks, a kind, reconciler.yaml, or a document of -o json"),
    "plan": CommandRow(CHANGE, "show what apply would change, and what it costs"),
    "apply": CommandRow(CHANGE, "plan, confirm, apply, wait, and plan again to prove that nothing is left"),
    "destroy": CommandRow(CHANGE, "delete the resources that the stack owns"),
    "rollback": CommandRow(CHANGE, "roll a job definition back to an older revision"),
    "submit": CommandRow(RUN, "run a job of the stack, or a job definition in a queue; print its id"),
    "wait": CommandRow(RUN, "wait for jobs, show why they do not start, and exit with how they ended"),
    "logs": CommandRow(RUN, "print what a job logs, and follow it to its end"),
    "jobs": CommandRow(RUN, "list the jobs in the queues of a stack or a region"),
    "cancel": CommandRow(RUN, "cancel jobs that wait, and terminate jobs that run"),
    "status": CommandRow(WATCH, "show health, contents and sync state of every resource"),
    "doctor": CommandRow(WATCH, "explain unhealthy resources and waiting jobs: cause, remedy, and what apply would do"),
    "verify": CommandRow(WATCH, "check that roles, networks, images and secrets of a stack exist and fit; read-only"),
    "drift": CommandRow(WATCH, "show what was changed outside this stack"),
    "revisions": CommandRow(WATCH, "list the revisions of a job definition: owner, use, and what each changed"),
    "outputs": CommandRow(WATCH, "print the ARNs and names of a stack's resources, for other programs"),
    "coverage": CommandRow(WATCH, "show who owns each live resource of a region, and the share in stacks"),
    "compare": CommandRow(WATCH, "show how two environments differ, stack by stack"),
    "import": CommandRow(
        MOVE, "write existing resources as a stack: from a region, JSON files, CloudFormation or Terraform"
    ),
    "adopt": CommandRow(MOVE, "take ownership of the unowned resources that a stack describes; only tags change"),
    "forget": CommandRow(MOVE, "release the resources that a stack owns; only tags change"),
    "comment": CommandRow(
        CI, "maintain one comment in a pull request, or one issue for each deployment that has drifted"
    ),
    "notify": CommandRow(CI, "notify a webhook or an SNS topic of deployments that have drifted, once for each drift"),
    "report": CommandRow(CI, "merge the reports of several runs with --all"),
    "iam-policy": CommandRow(CI, "print the least policy that a command needs for a stack"),
    "force-unlock": CommandRow(CI, "remove a stale lock left by a crashed run"),
    "sandbox": CommandRow(MORE, "run the simulated AWS: serve it, submit jobs, simulate failures, or reset it"),
    "completion": CommandRow(MORE, "print the completion script of a shell"),
}


def module_of(command: str) -> ModuleType:
    name = {"import": "import_"}.get(command, command.replace("-", "_"))
    return import_module(f"{__name__}.{name}")

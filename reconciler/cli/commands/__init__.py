"""The commands: each module has its examples, adds its arguments, and runs. It is imported when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

# What each does, in the order in which people meet them.
COMMANDS: Mapping[str, str] = {
    "init": "create a stack from a template, with editor settings",
    "fmt": "format the YAML files of stacks",
    "validate": "check stacks offline and report all problems at once",
    "placement": "show whether jobs can ever start on the queues of a stack, and why not",
    "plan": "show what apply would change, and what it costs",
    "apply": "plan, confirm, apply, wait, and plan again to prove that nothing is left",
    "drift": "show what was changed outside this stack",
    "destroy": "delete the resources that the stack owns",
    "import": "write existing resources as a stack: from a region, JSON files, CloudFormation or Terraform",
    "adopt": "take ownership of the unowned resources that a stack describes; only tags change",
    "forget": "release the resources that a stack owns; only tags change",
    "coverage": "show who owns each live resource of a region, and the share in stacks",
    "status": "show health, contents and sync state of every resource",
    "doctor": "explain unhealthy resources and waiting jobs: cause, remedy, and what apply would do",
    "outputs": "print the ARNs and names of a stack's resources, for other programs",
    "revisions": "list the revisions of a job definition: owner, use, and what each changed",
    "rollback": "roll a job definition back to an older revision",
    "force-unlock": "remove a stale lock left by a crashed run",
    "report": "merge the reports of several runs with --all",
    "comment": "maintain one comment in a pull request, or one issue for each deployment that has drifted",
    "notify": "notify a webhook or an SNS topic of deployments that have drifted, once for each drift",
    "compare": "show how two environments differ, stack by stack",
    "iam-policy": "print the least policy that a command needs for a stack",
    "render": "print the resolved stack",
    "graph": "show which resources refer to which others",
    "explain": "explain a field, or what a rule checks and why",
    "schema": "print the JSON Schema of stacks, a kind, reconciler.yaml, or a document of -o json",
    "sandbox": "run the simulated AWS: serve it, submit jobs, simulate failures, or reset it",
}


def module_of(command: str) -> ModuleType:
    name = {"import": "import_"}.get(command, command.replace("-", "_"))
    return import_module(f"{__name__}.{name}")

"""The commands: each module has its examples, adds its arguments, and runs. It is imported when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

# What each does, in the order in which people meet them.
COMMANDS: Mapping[str, str] = {
    "init": "start a stack from a template, with settings for editors",
    "fmt": "bring the YAML files of stacks into the one canonical style",
    "validate": "check stacks offline: every problem at once",
    "plan": "show what apply would change, and what it costs",
    "apply": "plan, ask, change, wait, and prove that nothing is left",
    "drift": "show what somebody else changed",
    "destroy": "remove what the stack owns",
    "import": "write what exists as a stack: from a region, JSON files, CloudFormation or Terraform",
    "adopt": "take over what a stack describes and nobody owns: by tags alone",
    "forget": "let go of what a stack owns: its tags come off, the resources stay as they are",
    "coverage": "tell who owns what is live in a region, and how much of it is in stacks",
    "status": "show how all that a stack has is, what is in it, and whether it is as declared",
    "doctor": "explain what does not work: cause, remedy, and what apply would do about it",
    "outputs": "print the ARNs and names of what a stack has, for those who use it",
    "revisions": "show the revisions of a job definition: whose, how used, and what each changed",
    "rollback": "register what an older revision of a job definition says once more",
    "force-unlock": "remove a stale lock left by a crashed run",
    "report": "merge the documents of several runs with --all into one",
    "comment": "keep one comment in a pull request, or one issue for each target that has drifted",
    "notify": "tell a webhook or an SNS topic of targets that have drifted, each drift once",
    "compare": "show how two environments differ, stack by stack",
    "iam-policy": "print the least policy that a command needs for a stack",
    "render": "print the stack as it is understood",
    "graph": "show which resources refer to which",
    "explain": "say what a member or a finding is: what a change costs, why a rule is one",
    "schema": "print the JSON Schema of stacks, of one kind, of reconciler.yaml, or of a document that -o json writes",
    "sandbox": "serve the simulated AWS, keep it busy, see what goes wrong in it, or empty it",
}


def module_of(command: str) -> ModuleType:
    name = {"import": "import_"}.get(command, command.replace("-", "_"))
    return import_module(f"{__name__}.{name}")

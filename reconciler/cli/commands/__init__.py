"""The commands: each module says what it does, adds its arguments, and runs."""

from collections.abc import Mapping
from types import ModuleType

from reconciler.cli.commands import (
    apply,
    comment,
    compare,
    destroy,
    doctor,
    drift,
    explain,
    fmt,
    force_unlock,
    graph,
    iam_policy,
    init,
    notify,
    outputs,
    plan,
    render,
    report,
    revisions,
    rollback,
    sandbox,
    schema,
    status,
    validate,
)

# In the order in which people meet them.
COMMANDS: Mapping[str, ModuleType] = {
    "init": init,
    "fmt": fmt,
    "validate": validate,
    "plan": plan,
    "apply": apply,
    "drift": drift,
    "destroy": destroy,
    "status": status,
    "doctor": doctor,
    "outputs": outputs,
    "revisions": revisions,
    "rollback": rollback,
    "force-unlock": force_unlock,
    "report": report,
    "comment": comment,
    "notify": notify,
    "compare": compare,
    "iam-policy": iam_policy,
    "render": render,
    "graph": graph,
    "explain": explain,
    "schema": schema,
    "sandbox": sandbox,
}

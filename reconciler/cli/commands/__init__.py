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
    import_,
    init,
    notify,
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
    "import": import_,
    "status": status,
    "doctor": doctor,
    "revisions": revisions,
    "rollback": rollback,
    "force-unlock": force_unlock,
    "report": report,
    "comment": comment,
    "notify": notify,
    "compare": compare,
    "render": render,
    "graph": graph,
    "explain": explain,
    "schema": schema,
    "sandbox": sandbox,
}

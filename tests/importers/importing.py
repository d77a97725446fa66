"""An import without a command line: from live resources to files, and back through the loader to a plan."""

from collections.abc import Iterable
from typing import Any

from reconciler.adapters.lookup.installed import read_schema, takes
from reconciler.adapters.lookup.sources import Environment
from reconciler.fmt import Language, format_file
from reconciler.importers import live as live_source
from reconciler.importers.model import Imported
from reconciler.importers.writer import GroupBy, ImportSettings, TidyStack, tidy_stack
from reconciler.kinds import KINDS
from reconciler.live.facts import LiveRegion
from reconciler.load import load_with_problems
from reconciler.model import Live, Plan, Stack, dotted
from reconciler.plan import PlanOptions, build, decide
from reconciler.problems import Problem, Severity
from reconciler.validate import validate
from tests.fakes import HERE

LANGUAGE = Language(read_schema(), KINDS, takes)
ADOPTING = PlanOptions(adopt=True, takes=takes)


def imported(live: Iterable[Live], stack: str = "new", **asked: Any) -> Imported:
    return live_source.imported(live, {}, live_source.ImportFilter(stack=stack, **asked), takes)


def tidied(found: Imported, stack: str = "new", group_by: GroupBy = GroupBy.KIND) -> TidyStack:
    return tidy_stack(
        found, HERE, ImportSettings(stack=stack, root="new", region=HERE.region, group_by=group_by), LANGUAGE
    )


def read(tidy: TidyStack) -> tuple[Stack, tuple[Problem, ...]]:
    """Read the files as every command does, and return the stack with the errors in it."""
    loaded = load_with_problems(tidy.files, Environment({}), identity=HERE)
    stack, wrong = validate(loaded.stack, LANGUAGE.schema, KINDS, takes=takes)
    return stack, tuple(one for one in (*loaded.problems, *wrong) if one.severity is Severity.ERROR)


def planned(stack: Stack, live: Iterable[Live]) -> Plan:
    return build(decide(stack, LiveRegion(HERE, tuple(live)), ADOPTING))


def beyond_adoption(plan: Plan) -> list[str]:
    """Tell what an adoption would change beside tags of ours."""
    changes = (change for change in plan.changes if change.refusals or not change.is_record)
    return [
        f"{change.action.value} {change.address} {[dotted(one.path) for one in change.fields]}" for change in changes
    ]


def out_of_style(tidy: TidyStack) -> list[str]:
    done = [format_file(name, text.encode(), LANGUAGE) for name, text in tidy.files.texts.items()]
    return [f"{one.name}: {one.problems or one.after.decode()}" for one in done if one.is_changed or one.problems]

"""Reports take views, which show no secret; only `redact` makes them."""

import ast
import re
from collections.abc import Iterator
from functools import cache

from reconciler.app.usecases import Finish
from reconciler.apply import Event, Result
from reconciler.inspect.doctor import Diagnosis, Examination
from reconciler.inspect.history import History, Revision, Rollback
from reconciler.inspect.status import ResourceStatus, StackStatus
from reconciler.live.resolve import StackReferences
from reconciler.redact import presented
from reconciler.redact.presented import Public, Redacted, View
from tests.test_house import TREES

RAW = {"Plan", "Change", "FieldChange", "Ignored", "Call", "Live", "Declared", "Desired", "Unhealthy"}
VIEWS = [
    made for made in vars(presented).values() if isinstance(made, type) and issubclass(made, View) and made is not View
]
LATER = (
    Finish,
    Event,
    Result,
    Diagnosis,
    Examination,
    History,
    Revision,
    Rollback,
    ResourceStatus,
    StackStatus,
    StackReferences,
)
# Names and words of AWS: whatever else is text may repeat a value of the user's.
NAMES = {"name", "stack", "arn", "operation", "status", "stage", "health", "owner"}
CLASSES = {node.name: node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
REPORTS = {name: tree for name, tree in TREES.items() if name.startswith("reconciler.report")}


def names_in(annotation: ast.expr | None) -> set[str]:
    """Return the names in an annotation, be it a text or not."""
    return set(re.findall(r"\w+", ast.unparse(annotation))) if annotation else set()


@cache
def reachable(name: str) -> frozenset[str]:
    """Return the classes that can be read from an instance of one, by its fields and properties; through no view."""
    todo, known, views = [name], {name}, {view.__name__ for view in VIEWS}
    while todo:
        one = todo.pop()
        found = CLASSES.get(one) if one not in views else None
        annotations = [
            node.annotation if isinstance(node, ast.AnnAssign) else node.returns
            for node in (found.body if found else ())
            if isinstance(node, ast.AnnAssign | ast.FunctionDef)
        ]
        new = {name for annotation in annotations for name in names_in(annotation)} - known
        known |= new
        todo += new
    return frozenset(known)


def parameters(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from ((node.name, one.annotation) for one in (*node.args.args, *node.args.kwonlyargs))


def test_no_report_takes_what_may_hold_a_secret() -> None:
    raw = {
        (module, function, name)
        for module, tree in REPORTS.items()
        for function, annotation in parameters(tree)
        for name in names_in(annotation)
        if RAW & reachable(name)
    }
    assert len(REPORTS) > 20
    assert raw == set()


def test_what_is_reachable_from_a_finish_is_raw_and_through_its_view_it_is_not() -> None:
    assert RAW & reachable("Finish")
    assert not RAW & reachable("PresentedFinish")


def test_only_redact_makes_views() -> None:
    views = {view.__name__ for view in VIEWS}
    makers = {
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and names_called(node) & views
    }
    assert makers == {"reconciler.redact.presented"}


def names_called(call: ast.Call) -> set[str]:
    """Return what is called, and what is given to be called."""
    given = (*call.args, *(keyword.value for keyword in call.keywords))
    called = [getattr(one, "attr", getattr(one, "id", "")) for one in (call.func, *given)]
    return set(called) if called[0] != "isinstance" else set()


def test_a_view_has_the_attributes_of_what_it_shows_and_only_names_are_shown_as_they_are() -> None:
    known = {made.__name__: made for made in LATER}
    for view in VIEWS:
        annotation = view.__annotations__["_raw"]
        raw = known[annotation] if isinstance(annotation, str) else annotation
        for name, attribute in vars(view).items():
            if isinstance(attribute, Public | Redacted):
                first = attribute._of.partition(".")[0] or name
                assert hasattr(raw, first), (view, name)
    tree = TREES["reconciler.redact.presented"]
    texts = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Public[str")
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert texts <= NAMES

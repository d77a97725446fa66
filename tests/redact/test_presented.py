"""Reports take views, which show no secret; only `redact` makes them."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache

from reconciler.app.usecases import Finish
from reconciler.apply import Event, Result
from reconciler.importers.model import LeftOut
from reconciler.inspect.doctor import Diagnosis, Examination
from reconciler.inspect.history import History, Revision, Rollback
from reconciler.inspect.status import ResourceStatus, StackStatus
from reconciler.inspect.who import Attribution, Authors, TrailEvent
from reconciler.live.resolve import StackReferences
from reconciler.placement.queues import Pair, PlacedDefinition, StackPlacement
from reconciler.placement.verdicts import Verdict
from reconciler.redact import presented
from reconciler.redact.presented import Public, Redacted, View
from reconciler.verify.base import Finding
from reconciler.verify.checks import Verification
from tests.test_house import imports, trees

RAW = {"FieldChange", "Ignored", "Call", "Live", "Declared", "Desired", "Unhealthy", "Problem", "Stopped", "CloudError"}
# Files of the user, which formatting shows as they are; rules and their examples, which are ours.
HARMLESS = {"Formatted", "Rule", "Example"}
VIEWS = [
    made for made in vars(presented).values() if isinstance(made, type) and issubclass(made, View) and made is not View
]
MADE = {name for name in vars(presented) if name.startswith("Presented")}
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
    LeftOut,
    StackPlacement,
    PlacedDefinition,
    Pair,
    Verdict,
    Finding,
    Verification,
    Attribution,
    Authors,
    TrailEvent,
)
# Names and words of AWS: whatever else is text may repeat a value of the user's.
NAMES = {"name", "stack", "arn", "operation", "status", "stage", "health", "owner", "code", "date", "source", "check"}


@cache
def classes() -> Mapping[str, ast.ClassDef]:
    return {node.name: node for tree in trees().values() for node in tree.body if isinstance(node, ast.ClassDef)}


@cache
def reports() -> Mapping[str, ast.Module]:
    return {name: tree for name, tree in trees().items() if name.startswith("reconciler.report")}


@cache
def aliases() -> Mapping[str, ast.expr]:
    return {
        target.id: node.value
        for tree in reports().values()
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript | ast.BinOp)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def names_in(annotation: ast.expr | None) -> set[str]:
    """Return the names in an annotation, be it a text or not."""
    return set(re.findall(r"\w+", ast.unparse(annotation))) if annotation else set()


@cache
def reachable(name: str) -> frozenset[str]:
    """Return the classes that can be read from an instance of one, by its fields and properties; through no view."""
    todo, known = [name], {name}
    while todo:
        one = todo.pop()
        new = referred(one) - known
        known |= new
        todo += new
    return frozenset(known)


@cache
def referred(name: str) -> frozenset[str]:
    return frozenset(inner for annotation in annotations(name) for inner in names_in(annotation))


def annotations(name: str) -> Iterator[ast.expr | None]:
    """Yield the annotations of a class, or what a name of a type stands for."""
    if name in MADE | HARMLESS:
        return
    yield aliases().get(name)
    for node in classes()[name].body if name in classes() else ():
        if isinstance(node, ast.AnnAssign | ast.FunctionDef):
            yield node.annotation if isinstance(node, ast.AnnAssign) else node.returns


def parameters(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from ((node.name, one.annotation) for one in (*node.args.args, *node.args.kwonlyargs))


def test_no_report_takes_what_may_hold_a_secret() -> None:
    raw = {
        (module, function, name)
        for module, tree in reports().items()
        for function, annotation in parameters(tree)
        for name in names_in(annotation)
        if RAW & reachable(name)
    }
    assert len(reports()) > 20
    assert raw == set()


def test_no_report_has_to_remember_a_secret() -> None:
    imported = {(name, module) for name, tree in reports().items() for module in imports(tree) if "redact" in module}
    assert {module for _, module in imported} == {"reconciler.redact.presented"}


def test_what_is_reachable_from_a_finish_is_raw_and_through_its_view_it_is_not() -> None:
    assert RAW & reachable("Finish")
    assert not RAW & reachable("PresentedFinish")


def test_only_redact_makes_views() -> None:
    makers = {
        module
        for module, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and names_called(node) & MADE
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
    tree = trees()["reconciler.redact.presented"]
    texts = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Public[str")
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert texts <= NAMES

"""What a stack takes from elsewhere, in the sandbox in this process, which has nothing but what was applied to it.

An example stands for each value that only another service could look up. What is referred to, and not declared, is
created once, as an example of its kind that belongs to no stack: all but names that may be slips.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

from reconciler.importers.writer import named_by
from reconciler.kinds import KINDS
from reconciler.live.read import read_some
from reconciler.live.resolve import references
from reconciler.model import Address, Identity, Json, Spec, Stack
from reconciler.placeholders import ExampleText, Secret
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault, Problem, Severity
from reconciler.rules import rules_of
from reconciler.syntax.diagnostics import listed

STANDS_IN = "VAR020"
NOT_ANSWERED = "the sandbox in this process does not answer !ssm, !cfn and !secret: examples are used instead"
SERVED = "`reconciler sandbox serve` answers them through moto: drop --sandbox and set AWS_ENDPOINT_URL"


def with_values(stack: Stack) -> Stack:
    """Return a stack with examples for look-ups that the sandbox cannot answer, and a note that says so."""
    from reconciler.cli.commands.fmt import language
    from reconciler.importers.samples import with_stand_ins

    return _noted(with_stand_ins(stack, language()), NOT_ANSWERED, SERVED)


def with_neighbours(stack: Stack, cloud: Cloud, settled: Callable[[], Cloud]) -> Stack:
    """Create in the sandbox what the stack refers to and nothing there has; return the stack with a note of it.

    `settled` returns the sandbox such that what is created is there at once.
    """
    wanted = _wanted(stack, cloud.identity()) if any(_outside(stack)) else {}
    made = [address for address, body in wanted.items() if _create(address, body, stack, cloud, settled)]
    if not made:
        return stack
    names = listed([f"{KINDS[address.kind].noun} {address.name}" for address in made], "and")
    hint = "to use the real ones, apply the stacks that declare them to the same sandbox first"
    return _noted(stack, f"the sandbox had no {names}: examples were created there", hint)


def _noted(stack: Stack, message: str, hint: str) -> Stack:
    note = Problem(STANDS_IN, message, hint=hint, severity=Severity.NOTE)
    return replace(stack, warnings=(*stack.warnings, note))


def _outside(stack: Stack) -> Iterator[tuple[Address, str, str]]:
    """Yield references to what a stack does not declare: by which resource, to which kind, and how it is written."""
    for declared in stack.declared.values():
        for _, row, value in references(KINDS[declared.address.kind].rows, declared.spec):
            is_meant = isinstance(value, ExampleText) or value.startswith("arn:")
            if isinstance(value, Secret):
                continue  # it would become a name, which everybody reads
            if Address(row.refers_to, value) not in stack.declared and (
                is_meant or not _is_slip(value, row.refers_to, stack)
            ):
                yield declared.address, row.refers_to, value


def _is_slip(name: str, kind: str, stack: Stack) -> bool:
    return bool(get_close_matches(name, (address.name for address in stack.declared if address.kind == kind), n=1))


def _wanted(stack: Stack, identity: Identity) -> Mapping[Address, Spec]:
    """Return what could be there, each with a body: that of what is referred to beside it, as queues do not mix kinds
    of environments; else an example of its kind.
    """
    bodies_by_address: dict[Address, Spec] = {}
    for by, kind_name, value in _outside(stack):
        kind = KINDS[kind_name]
        name = named_by(value)
        if value not in (name, kind.arn(identity, name)):
            continue  # it is in another account or region
        beside = references(KINDS[by.kind].rows, stack.declared[by].spec)
        mates = (Address(kind_name, other) for _, row, other in beside if row.refers_to == kind_name)
        bodies: Iterator[Json] = (stack.declared[mate].spec for mate in mates if mate in stack.declared)
        known = (rule.passes.body for rule in rules_of(kind_name))
        examples = (example for example in known if not any(references(kind.rows, example)))
        if body := next(bodies, None) or next(examples, None):
            bodies_by_address[Address(kind_name, name)] = body
    return bodies_by_address


def _create(address: Address, body: Spec, stack: Stack, cloud: Cloud, settled: Callable[[], Cloud]) -> bool:
    """Create a resource that the stack does not have under this name either; return whether it was not there."""
    kind = KINDS[address.kind]
    is_ours = any(
        own.kind == address.kind and f"{stack.name_prefix}{own.name}" == address.name for own in stack.declared
    )
    if is_ours or read_some(cloud, kind, cloud.identity(), (address.name,)):
        return False
    try:
        settled().call(kind.create.operation, {kind.name_member: address.name, **body})
    except CloudError as error:
        if error.fault is not Fault.REFUSED:
            raise
        return False  # it cannot exist, as with a name that AWS does not take: the plan says that it is not there
    return True

"""Refuse a plan that should not run. The plan has been shown by then; the refusal names the consent that is missing."""

from reconciler.model import Action, Plan, Stack
from reconciler.problems import Denied, Problem, Refused


def check_place(stack: Stack, account: str, region: str) -> None:
    """Refuse to look at, let alone touch, another account or region than the stack names. Raises `Denied`."""
    for what, wanted, found in (("account", stack.account, account), ("region", stack.region, region)):
        if wanted and wanted != found:
            message = f"stack {stack.name} is for {what} {wanted}, but these credentials lead to {found}"
            raise Denied(message, hint=f"use credentials for {what} {wanted}, or correct `{what}:` in the stack")


def check_plan(stack: Stack, plan: Plan, *, destroy: bool = False) -> None:
    """Refuse what has no consent. Raises `Refused` with every reason."""
    problems = (*plan.refusals, *(() if destroy else _emptied(stack, plan)))
    if problems:
        raise Refused(f"{len(problems)} refused; nothing was changed", problems=problems)


def _emptied(stack: Stack, plan: Plan) -> tuple[Problem, ...]:
    going = plan.counts.get(Action.DELETE, 0)
    if stack.declared or not going:
        return ()
    message = f"stack {stack.name} declares nothing, and {going} live resources would be deleted"
    return (Problem("PLAN007", message, hint="if that is what you want, run `reconciler destroy`"),)

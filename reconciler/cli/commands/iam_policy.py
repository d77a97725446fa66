"""`reconciler iam-policy`."""

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from reconciler.cli.context import valid_stack
from reconciler.cli.options import add_one_stack, add_output, add_variables, stack_of
from reconciler.cli.output import Output
from reconciler.model import Identity, Json, Stack
from reconciler.printable import harmless_json
from reconciler.problems import Exit, Refused, Stopped, WrongUsage

EXAMPLES = """\
  reconciler iam-policy stacks/rendering --for plan
  reconciler iam-policy stacks/rendering --for verify
  reconciler iam-policy stacks/rendering --for apply -o json=apply.json
  reconciler iam-policy stacks/rendering --for apply --trust github:team/batch:ref:refs/heads/main
  reconciler iam-policy stacks/rendering --for submit --principal states.amazonaws.com
  reconciler iam-policy stacks/monte-carlo --for schedules

It reads only files, and needs no credentials. Account and region are the stack's, or those of the options; * replaces
an unknown one. With --trust or --principal, the output also contains the trust policy. Resources are allowed by the
stack's tag: undeclared resources of the stack can be deleted, and those of other owners cannot.
"""
ANY = "*"
SCHEDULER = "scheduler.amazonaws.com"  # who takes the role of a schedule
PURPOSES = ("plan", "verify", "drift", "apply", "import", "adopt", "forget", "submit", "jobs", "schedules")
PROVIDERS = ("github", "gitlab")


def add(parser: ArgumentParser) -> None:
    add_one_stack(parser)
    parser.add_argument(
        "--for",
        dest="purpose",
        required=True,
        choices=PURPOSES,
        help="the command; submit: SubmitJob to its queues; jobs: submit, wait, logs, jobs and cancel; "
        "schedules: the role of its schedules, with its trust",
    )
    parser.add_argument("--account", metavar="ID", help="the account (default: the stack's, or *)")
    parser.add_argument("--region", help="the region (default: the stack's, or *)")
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--trust",
        type=_parse_trust,
        metavar="PROVIDER:WHO",
        help="github:OWNER/REPO:REST or gitlab:GROUP/PROJECT:REST; * matches",
    )
    group.add_argument("--principal", metavar="WHO", help="a service, or the ARN of a role, user or account")
    add_variables(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.app.iam import LARGEST, Purpose, policies, size_of, statements

    request = stack_of(args)
    read = valid_stack(request)
    stack = read.stack
    place = Identity(args.account or stack.account or ANY, args.region or stack.region or ANY)
    if stack.stand_ins:
        _check_known(stack, place)
        read = valid_stack(request, place)
        stack = read.stack
    parts = policies(statements(stack, Purpose(args.purpose), place, read.lookups))
    if any(size_of(part) > LARGEST for part in parts):
        hint = "split the stack, or shorten the list of ARNs with *"
        said = Stopped(f"a statement is larger than the {LARGEST:,} characters that IAM accepts", hint=hint)
        out.report_problem(said)
    principal = args.principal or (SCHEDULER if args.purpose == "schedules" and not args.trust else None)
    document = _with_trust(parts[0] if len(parts) == 1 else parts, args.trust, principal, place)
    if read.secrets.are_in(json.dumps(document, ensure_ascii=False)):
        hint = "write the names of roles and resources as plain values"
        raise Refused("the policy would show a secret of the stack: an ARN in it contains one", hint=hint)
    out.publish_text(harmless_json(json.dumps(document, indent=2)) + "\n", lambda: document, is_data=True)
    return Exit.DONE


def _check_known(stack: Stack, place: Identity) -> None:
    """Raise `WrongUsage` where the stack's own names depend on what is not known."""
    if place.account == ANY and "account" in stack.stand_ins:
        missing = "account"
    elif place.region == ANY and "region" in stack.stand_ins:
        missing = "region"
    else:
        return
    message = f"stack {stack.name} uses its {missing} in its resources, and the {missing} is not known"
    raise WrongUsage(message, hint=f"give --{missing}, or write `{missing}:` in the stack")


def _with_trust(policy: Json, trust: tuple[str, str] | None, principal: str | None, place: Identity) -> Json:
    from reconciler.app.iam import trust_in, trust_of

    if trust and place.account == ANY:
        raise WrongUsage(
            "the account of the role is not known", hint="give --account, or write `account:` in the stack"
        )
    if trust:
        provider, who = trust
        return {"policy": policy, "trust": trust_of(provider, who, place.account, place.partition)}
    return {"policy": policy, "trust": trust_in(principal)} if principal else policy


def _parse_trust(text: str) -> tuple[str, str]:
    provider, _, who = text.partition(":")
    if provider not in PROVIDERS or "/" not in who:
        raise ArgumentTypeError(f"{text!r} is not github:OWNER/REPO:REST or gitlab:GROUP/PROJECT:REST")
    return provider, who if ":" in who else f"{who}:*"

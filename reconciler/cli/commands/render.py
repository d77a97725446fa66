"""`reconciler render`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.context import shown_stack
from reconciler.cli.options import add_ignored_sandbox, add_one_stack, add_output, add_variables, stack_of
from reconciler.cli.output import Output
from reconciler.model import Declared, DeclaredJob, Ignore, Json, Stack, StatePlace
from reconciler.problems import Exit

EXAMPLES = """\
  reconciler render stacks/prod
  reconciler render stacks/prod --var environment=dev -o json
"""


def add(parser: ArgumentParser) -> None:
    add_one_stack(parser)
    add_variables(parser)
    add_ignored_sandbox(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.redact.presented import present_body
    from reconciler.report.text.values import yaml_text

    read = shown_stack(stack_of(args), out)
    document = present_body(rendered(read.stack), read.secrets)
    out.publish_text(yaml_text(document), lambda: document, is_data=True)
    return Exit.DONE


def rendered(stack: Stack) -> dict[str, Json]:
    """Return the stack as one document of the language."""
    from reconciler.kinds import KINDS
    from reconciler.kinds.submission import JOB

    settings = {"account": stack.account, "region": stack.region, "namePrefix": stack.name_prefix}
    document: dict[str, Json] = {"stack": stack.name, **{key: value for key, value in settings.items() if value}}
    if stack.lock:
        scheme = "s3://" if stack.lock.service == "s3" else ""
        document["lock"] = {stack.lock.service: f"{scheme}{stack.lock.place}"}
    if stack.states:
        document["lookups"] = {"tfstate": {name: _place(place) for name, place in stack.states.items()}}
    if stack.tags:
        document["tags"] = dict(stack.tags)
    if stack.ignore:
        document["ignore"] = [_entry(ignore) for ignore in stack.ignore]
    if stack.disabled:
        document["rules"] = {"disable": dict(stack.disabled)}
    for kind in KINDS.values():
        own = {a.name: _body(declared) for a, declared in stack.declared.items() if a.kind == kind.name}
        if own:
            document[kind.section] = own
    if stack.jobs:
        document[JOB.section] = {name: _job(job) for name, job in stack.jobs.items()}
    return document


def _place(place: StatePlace) -> Json:
    more = {"region": place.region, "roleArn": place.role_arn}
    given = {key: value for key, value in more.items() if value}
    return {"url": place.url, **given} if given else place.url


def _entry(ignore: Ignore) -> dict[str, Json]:
    until = {"expires": ignore.expires} if ignore.expires else {}
    return {"resources": ignore.resources, "members": list(ignore.members), "reason": ignore.reason, **until}


def _job(job: DeclaredJob) -> dict[str, Json]:
    from reconciler.load.jobs import spelled

    return {**job.spec, **({} if job.smoke is None else {"smoke": spelled(job.smoke)})}


def _body(declared: Declared) -> dict[str, Json]:
    from reconciler.load.resources import spelled

    said = spelled(declared.lifecycle)
    return {**declared.spec, **({"lifecycle": said} if said else {})}

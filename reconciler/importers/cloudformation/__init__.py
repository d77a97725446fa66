"""CloudFormation as a source: templates in YAML or JSON, and with them every app of the CDK.

What AWS Batch owns becomes resources, parameters become variables, and references to one another become names. What the
template takes from elsewhere is looked up, if the stack that it was deployed as is known, or becomes a variable.
"""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC

from reconciler.importers.cloudformation.context import (
    CODES,
    ImportInputs,
    LiveStack,
    Parameter,
    TemplateContext,
    Variables,
    parameters,
)
from reconciler.importers.cloudformation.convert import Reader
from reconciler.importers.cloudformation.evaluate import PROCESSED, told
from reconciler.importers.cloudformation.external import NESTED
from reconciler.importers.cloudformation.template import Resource, Template, read_template
from reconciler.importers.model import Imported, ImportedResource, LeftOut, variables_in
from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.syntax.diagnostics import CODES as OF_FILES
from reconciler.syntax.diagnostics import Findings, listed

__all__ = ["ImportInputs", "LiveStack", "imported"]

# Macros that touch no resource of AWS Batch.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-reference.html
HARMLESS = re.compile(r"AWS::(Serverless|LanguageExtensions|CodeDeployBlueGreen|SecretsManager)(-.+)?")
QUIET = ("AWS::CDK::Metadata",)
MODULE = "::MODULE"


def imported(name: str, raw: bytes, given: ImportInputs, model: MappingABC[str, Json]) -> Imported:
    """Return what a template describes. `name` is what messages call it; `model` is the service model of AWS Batch."""
    findings = Findings(codes={**OF_FILES, **CODES})
    template = read_template(name, raw, findings)
    if template is None:
        return Imported(problems=findings.in_file_order())
    live = given.live.parameters if given.live else {}
    variables = Variables(parameters(template, given.parameters, live, findings))
    _check(template, findings)
    reader = Reader(TemplateContext(template, given, variables, findings), model)
    read = reader.read()
    found, prefix = reader.settled(read)
    fixed = [one for one in variables.parameters.values() if one.name in reader.world.decided and _is_used(one, read)]
    return Imported(
        found=tuple(found),
        variables=variables.declared(frozenset(variables_in([prefix, *(one.body for one in found)]))),
        left_out=(*reader.left_out, *(_fixed(one, reader.world) for one in fixed), *_not_ours(template)),
        problems=findings.in_file_order(),
        name_prefix=prefix,
        notes=tuple(f"{one.what}: {one.why}" for one in (_fixed(one, reader.world) for one in fixed)),
    )


def _is_used(parameter: Parameter, founds: Iterable[ImportedResource]) -> bool:
    return any(parameter.variable in variables_in(one.body) for one in founds)


def _fixed(parameter: Parameter, world: TemplateContext) -> LeftOut:
    value = told({"it": parameter.usual or ""})
    why = f"{value} is written in its place, because {world.decided[parameter.name]} depends on it"
    return LeftOut(f"variable {parameter.name}", f"{why}; use --parameter {parameter.name}=VALUE for a different value")


def _check(template: Template, findings: Findings) -> None:
    """Tell what keeps a template from saying by itself what it has."""
    for transform in template.transforms:
        if not HARMLESS.fullmatch(str(transform.value)):
            message = f"the macro {transform.value} has not run: it may add or change resources"
            findings.add("CFN010", message, transform.mark, PROCESSED, Severity.WARNING)
    for mark in template.loops:
        findings.add("CFN003", "Fn::ForEach around AWS Batch resources is not supported", mark, PROCESSED)
    if not template.batch and not template.loops:
        nested = [resource.logical for resource in template.resources.values() if resource.type == NESTED]
        hint = (
            f"import the templates of its nested stacks: {listed(nested, 'and')}"
            if nested
            else "check that it is the right template"
        )
        findings.add("CFN002", "the template contains no AWS Batch resources", template.mark, hint)


def _not_ours(template: Template) -> Iterator[LeftOut]:
    for resource in template.resources.values():
        if not resource.is_batch and resource.type not in QUIET:
            yield LeftOut(resource.logical, _why(resource))


def _why(resource: Resource) -> str:
    if resource.type == NESTED:
        return "a nested stack has its own template: import it as well"
    if resource.type.endswith(MODULE):
        return f"the module {resource.type} is not supported: {PROCESSED}"
    return f"{resource.type} is not an AWS Batch resource"

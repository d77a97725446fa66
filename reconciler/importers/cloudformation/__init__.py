"""CloudFormation as a source: templates in YAML or JSON, and with them every app of the CDK.

Resources of AWS Batch become resources, parameters become variables, and references between resources become names.
Values of other resources are looked up if the deployed stack is known, and become variables if not.
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
from reconciler.importers.cloudformation.evaluate import PROCESSED, assumed_text
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
UNREPORTED = ("AWS::CDK::Metadata",)
MODULE = "::MODULE"


def imported(name: str, raw: bytes, inputs: ImportInputs, model: MappingABC[str, Json]) -> Imported:
    """Return what a template describes. `name` is what messages call it; `model` is the service model of AWS Batch."""
    findings = Findings(codes={**OF_FILES, **CODES})
    template = read_template(name, raw, findings)
    if template is None:
        return Imported(problems=findings.in_file_order())
    live = inputs.live.parameters if inputs.live else {}
    variables = Variables(parameters(template, inputs.parameters, live, findings))
    _check(template, findings)
    reader = Reader(TemplateContext(template, inputs, variables, findings), model)
    read_resources = reader.read()
    resources, prefix = reader.with_names(read_resources)
    fixed = [
        parameter
        for parameter in variables.parameters.values()
        if parameter.name in reader.context.fixed_by and _is_used(parameter, read_resources)
    ]
    return Imported(
        resources=tuple(resources),
        variables=variables.declarations(frozenset(variables_in([prefix, *(resource.body for resource in resources)]))),
        left_out=(
            *reader.left_out,
            *(_fixed_parameter(parameter, reader.context) for parameter in fixed),
            *_other_resources(template),
        ),
        problems=findings.in_file_order(),
        name_prefix=prefix,
        notes=tuple(
            f"{left_out.subject}: {left_out.reason}"
            for left_out in (_fixed_parameter(parameter, reader.context) for parameter in fixed)
        ),
    )


def _is_used(parameter: Parameter, resources: Iterable[ImportedResource]) -> bool:
    return any(parameter.variable in variables_in(resource.body) for resource in resources)


def _fixed_parameter(parameter: Parameter, context: TemplateContext) -> LeftOut:
    value = assumed_text({"it": parameter.default or ""})
    reason = f"{value} is written in its place, because {context.fixed_by[parameter.name]} depends on it"
    return LeftOut(
        f"variable {parameter.name}", f"{reason}; use --parameter {parameter.name}=VALUE for a different value"
    )


def _check(template: Template, findings: Findings) -> None:
    """Report what prevents a template from being complete by itself."""
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


def _other_resources(template: Template) -> Iterator[LeftOut]:
    for resource in template.resources.values():
        if not resource.is_batch and resource.type not in UNREPORTED:
            yield LeftOut(resource.logical, _omission_reason(resource))


def _omission_reason(resource: Resource) -> str:
    if resource.type == NESTED:
        return "a nested stack has its own template: import it as well"
    if resource.type.endswith(MODULE):
        return f"the module {resource.type} is not supported: {PROCESSED}"
    return f"{resource.type} is not an AWS Batch resource"

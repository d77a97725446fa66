"""Templates as their tests write them: in YAML, with only what they are about."""

import textwrap
from collections.abc import Mapping

from reconciler.adapters.lookup.installed import service_model
from reconciler.importers.cloudformation import ImportInputs, LiveStack, imported
from reconciler.importers.model import Imported, ImportedResource
from reconciler.model import Json

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/infra/51af3dc0"


def read(template: str, *, live: LiveStack | None = None, region: str = "", **parameters: str) -> Imported:
    given = ImportInputs(stack_name="batch", parameters=parameters, live=live, region=region)
    return imported("t.yaml", textwrap.dedent(template).encode(), given, service_model())


def without_examples(found: Imported) -> dict[str, Json]:
    """Return the variables of an import as they are declared, but for their examples."""
    return {
        name: {member: value for member, value in variable.items() if member != "example"}
        for name, variable in found.variables.items()
    }


def job(image: str, above: str = "", *, properties: str = "") -> str:
    """Return a template with one job definition, `job`, that has this image."""
    return textwrap.dedent(above) + textwrap.indent(
        textwrap.dedent(f"""\
            Job:
              Type: AWS::Batch::JobDefinition
              Properties:
                JobDefinitionName: job
                Type: container
                ContainerProperties:
                  Image: {image}
                  Vcpus: 1
                  Memory: 128
            """)
        + textwrap.indent(textwrap.dedent(properties), "    "),
        "  ",
    ).join(("" if "Resources:" in above else "Resources:\n", ""))


def image(template: str, **given: Json) -> Json:
    """Return the image of the one job definition, after nothing else was found wrong."""
    found = read(template, **given)
    assert found.problems == ()
    return bodies(found)["job"]["containerProperties"]["image"]


def bodies(found: Imported) -> Mapping[str, Json]:
    return {one.address.name: one.body for one in found.resources}


def notes(one: ImportedResource) -> list[tuple[str, str]]:
    return [(".".join(map(str, note.path)), note.text) for note in one.notes]


def messages(found: Imported) -> list[str]:
    return [f"{one.where}: {one.code}: {one.message}" for one in found.problems]

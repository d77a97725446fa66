"""Members are explained with the rules that look at them."""

from collections.abc import Iterator

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import SECTIONS
from reconciler.model import Path
from reconciler.report.catalogue import with_rules
from reconciler.rules import RULE_IDS, RULES
from reconciler.schema import Explained, explain, member_at

SCHEMA = read_schema()


def told(asked: str) -> dict[str, str]:
    (one,) = with_rules(explain(asked, SECTIONS, SCHEMA), SCHEMA)
    return dict(one.facts)


def test_a_member_is_explained_with_its_rules_and_its_advice() -> None:
    facts = told("computeEnvironments.computeResources.minvCpus")
    assert {label: text for label, text in facts.items() if label.startswith(("rule", "advice"))} == {
        "rule CE010": "EC2, SPOT environments require minvCpus.",
        "rule CE101": "minvCpus is not supported for Fargate.",
        "rule CE621": "minvCpus is not supported for ECS managed instances.",
        "advice CE901": "Instances that wait for jobs cost money.",
    }


def test_a_kind_is_explained_with_the_rules_about_a_resource_as_a_whole() -> None:
    facts = told("jobQueues")
    assert facts["rules"] == f"{len(RULES['JobQueue'])}: reconciler explain --rules jobQueues"
    assert facts["rule JQ008"] == "A queue refers to resources of one region."


def test_a_structure_that_stands_elsewhere_has_the_same_rules() -> None:
    assert told("nodeRangeProperties.container.image") == told("jobDefinitions.containerProperties.image")


def test_every_rule_is_about_a_member_or_a_kind() -> None:
    kinds = [one for kind in SECTIONS.values() for one in explain(kind.section, SECTIONS, SCHEMA)]
    members = [one for kind in kinds for name in dict(kind.facts)["members"].split(", ") for one in inside(kind, name)]
    labels = [label for one in with_rules((*kinds, *members), SCHEMA) for label, _ in one.facts]
    assert {label.split()[1] for label in labels if label.startswith(("rule ", "advice "))} == RULE_IDS


def inside(of: Explained, name: str) -> Iterator[Explained]:
    """Yield a member and all that are inside of it."""
    (one,) = explain(f"{of.path}.{name}", SECTIONS, SCHEMA)
    yield one
    _, _, names = dict(one.facts).get("type", "").partition("structure of ")
    for inner in names.split(", ") if names else ():
        yield from inside(one, inner)


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ((), "jobDefinitions"),
        (("containerProperties", "environment", 0, "name"), "jobDefinitions.containerProperties.environment.name"),
        (("parameters", "input"), "jobDefinitions.parameters"),
        (("tags", "a.b"), "jobDefinitions.tags"),
        (
            ("nodeProperties", "nodeRangeProperties", 1, "container", "image"),
            "jobDefinitions.containerProperties.image",
        ),
        (("nodeProperties", "mainNode"), "jobDefinitions.nodeProperties.mainNode"),
    ],
)
def test_a_path_leads_to_a_member_without_positions_and_keys(path: Path, member: str) -> None:
    assert member_at(SECTIONS["JobDefinition"], path, SCHEMA) == member

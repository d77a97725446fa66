"""`reconciler adopt`, `forget` and `coverage`: who owns what, and nothing but tags changes hands."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.live.ownership import tool_tag_of
from tests.cli.conftest import Once, Run, Tag

Golden = Callable[[str, str], None]


@pytest.fixture
def forgotten(risk: Run, once: Once) -> Run:
    """The stack `risk` is live, and not owned by a stack."""

    def forget() -> None:
        assert risk("forget", "risk", "--sandbox", "--yes").code == 0

    once(forget)
    return risk


def edit(before: str, after: str) -> None:
    file = Path("risk/stack.yaml")
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_adoption_writes_nothing_but_tags(forgotten: Run, made: list[str]) -> None:
    ran = forgotten("adopt", "risk", "--sandbox", "--yes")
    assert (ran.code, {name for name in made if not name.startswith(("Describe", "List"))}) == (0, {"TagResource"})
    assert forgotten("plan", "risk", "--sandbox", "--detailed-exitcode").code == 0


def test_adoption_is_refused_where_anything_else_would_change(forgotten: Run, golden: Golden) -> None:
    edit("priority: 10", "priority: 11")
    other = "  other: {type: container, containerProperties: {image: busybox:1, vcpus: 1, memory: 9}}\n"
    edit("jobDefinitions:\n", f"jobDefinitions:\n{other}")
    ran = forgotten("adopt", "risk", "--sandbox", "--yes")
    assert ran.code == 5
    golden("adopt_refused.txt", ran.out + ran.err)
    assert forgotten("adopt", "risk", "--sandbox", "--yes", "--and-change").code == 0
    assert forgotten("plan", "risk", "--sandbox", "--detailed-exitcode").code == 0


def test_adoption_can_be_of_some_resources_alone(forgotten: Run) -> None:
    edit("priority: 10", "priority: 11")
    assert forgotten("adopt", "risk", "--sandbox", "--yes", "--target", "JobDefinition/*").code == 0
    assert forgotten("coverage", "--sandbox", "-o", "json").json["covered"] == 1


def test_what_is_forgotten_stays_and_has_to_be_adopted_again(run: Run, made: list[str]) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    made.clear()
    ran = run("forget", "risk", "--sandbox", "--yes")
    assert (ran.code, {name for name in made if not name.startswith(("Describe", "List"))}) == (0, {"UntagResource"})
    assert "Plan: 0 to add, 0 to change, 0 to replace, 0 to destroy. 3 to forget." in ran.out
    assert run("plan", "risk", "--sandbox").code == 5


def test_what_must_not_be_destroyed_can_be_forgotten(run: Run) -> None:
    edit("    priority: 10\n", "    priority: 10\n    lifecycle: {preventDestroy: true}\n")
    run("apply", "risk", "--sandbox", "--yes")
    assert run("forget", "risk", "--sandbox", "--yes", "--target", "JobQueue/pricing").code == 0
    assert run("coverage", "--sandbox", "-o", "json").json["covered"] == 2


def test_what_others_own_is_not_forgotten(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    assert run("forget", "small", "--sandbox", "--yes").out.endswith("No changes. 0 resources are as declared.\n")
    assert run("coverage", "--sandbox", "-o", "json").json["percent"] == 100


def test_coverage_names_every_owner(forgotten: Run, tag: Tag, golden: Golden) -> None:
    forgotten("apply", "small", "--sandbox", "--yes")
    tag("job-queue/pricing", "aws:cloudformation:stack-name=infra")
    tag("compute-environment/spot", "ManagedBy=terraform")
    golden("coverage.txt", forgotten("coverage", "--sandbox", "-v").out)
    shares = forgotten("coverage", "--sandbox", "-o", "json").json
    assert [(one["owner"], one["count"]) for one in shares["owners"]] == [
        ("stack", 1), ("cloudformation", 1), ("mark", 1), ("nobody", 1),
    ]  # fmt: skip
    assert (shares["total"], shares["covered"], shares["percent"]) == (4, 1, 25)


def test_what_cloudformation_has_retained_is_adopted_once_its_stack_is_said_to_have_let_go(
    forgotten: Run, tag: Tag
) -> None:
    tag("job-queue/pricing", "aws:cloudformation:stack-name=infra")
    refused = forgotten("adopt", "risk", "--sandbox", "--yes")
    assert refused.code == 5
    assert "belongs to CloudFormation stack infra" in refused.out
    assert forgotten("adopt", "risk", "--sandbox", "--yes", "--released", "other").code == 5
    assert forgotten("adopt", "risk", "--sandbox", "--yes", "--released", "infra").code == 0
    assert forgotten("plan", "risk", "--sandbox", "--detailed-exitcode").code == 0


def test_a_tag_of_another_tool_is_a_warning_and_no_refusal(forgotten: Run, tag: Tag) -> None:
    tag("job-queue/pricing", "managed_by=Terraform")
    assert forgotten("import", "--live", "--sandbox", "--to", "new", "--stack", "risk").code == 0
    ran = forgotten("adopt", "new", "--sandbox", "--yes")
    assert ran.code == 0
    assert "warning[PLAN012]: JobQueue/pricing: Terraform seems to manage" in ran.out


@pytest.mark.parametrize(
    ("tags_", "tool"),
    [
        ({"ManagedBy": "terraform"}, "Terraform"),
        ({"managed-by": "OpenTofu"}, "OpenTofu"),
        ({"terraform": "true"}, "Terraform"),
        ({"Provisioner": "pulumi"}, "Pulumi"),
        ({"team": "terraform"}, ""),
        ({"ManagedBy": "ana"}, ""),
        ({"terraform": "no"}, ""),
    ],
)
def test_people_say_in_tags_which_tool_manages_a_resource(tags_: dict[str, str], tool: str) -> None:
    mark = tool_tag_of(tags_)
    assert (mark.tool if mark else "") == tool


def test_coverage_tells_which_kinds_it_could_not_read(run: Run, forbid: Callable[[str], None]) -> None:
    forbid("ListConsumableResources")
    ran = run("coverage", "--sandbox", "-o", "json")
    assert (ran.code, [one["code"] for one in ran.json["problems"]]) == (0, ["IMP006"])


@pytest.mark.parametrize(("in_repository", "above"), [(True, 1), (False, 0)])
def test_names_are_excluded_for_the_whole_repository(
    forgotten: Run, monkeypatch: pytest.MonkeyPatch, in_repository: bool, above: int
) -> None:
    Path("reconciler.yaml").write_text("exclude: [nf-*, simulate]\n", encoding="utf-8")
    Path("stacks/prod").mkdir(parents=True)
    if in_repository:
        Path(".git").mkdir()
    monkeypatch.chdir("stacks/prod")
    sandbox = "--sandbox=../../.reconciler/sandbox.json"
    assert forgotten("coverage", sandbox, "-o", "json").json["excluded"] == above
    Path("reconciler.yaml").write_text("exclude: []\n", encoding="utf-8")
    assert forgotten("coverage", sandbox, "-o", "json").json["excluded"] == 0


def test_what_reconciler_yaml_excludes_is_neither_imported_nor_counted(forgotten: Run) -> None:
    total = forgotten("coverage", "--sandbox", "-o", "json").json["total"]
    Path("reconciler.yaml").write_text("exclude: ['*']\n", encoding="utf-8")
    document = forgotten("coverage", "--sandbox", "-o", "json").json
    assert (document["total"], document["excluded"], document["percent"]) == (0, total, 100)
    ran = forgotten("import", "--live", "--sandbox", "--to", "other")
    assert (ran.code, "its name is excluded (*)" in ran.err) == (0, True)
    Path("reconciler.yaml").unlink()
    assert forgotten("coverage", "--sandbox", "--name", "!*", "-o", "json").json["excluded"] == total

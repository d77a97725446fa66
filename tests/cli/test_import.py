"""`reconciler import`: from what exists to the files of a stack."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli.commands.import_ import GROUPS
from reconciler.importers.model import Imported, ImportedResource, TaggedValue
from reconciler.importers.writer import GroupBy
from reconciler.model import Address, Json
from tests.cli.conftest import Run, Tag

Golden = Callable[[str, str], None]
QUEUE_ARN = "arn:aws:batch:us-east-1:123456789012:job-queue/"
QUEUE = {
    "jobQueueName": "pricing",
    "jobQueueArn": "arn:aws:batch:us-east-1:123456789012:job-queue/pricing",
    "state": "ENABLED",
    "status": "VALID",
    "priority": 10,
    "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "spot"}],
    "tags": {"team": "risk"},
}


def given(name: str, document: Json) -> str:
    Path(name).write_text(json.dumps(document), encoding="utf-8")
    return name


def test_descriptions_become_a_folder_that_is_valid_and_in_style(run: Run) -> None:
    ran = run("import", "--json", given("queues.json", {"jobQueues": [QUEUE]}), "--to", "prod")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "wrote prod/stack.yaml\nwrote prod/job-queues.yaml\nImported as stack prod: 1 job queue\n"
    assert Path("prod/stack.yaml").read_text() == "stack: prod\n"
    assert Path("prod/job-queues.yaml").read_text() == (
        "jobQueues:\n  pricing:\n    priority: 10\n    computeEnvironmentOrder: [spot]\n    tags: {team: risk}\n"
    )
    assert run("fmt", "prod", "--check").code == 0
    assert run("validate", "prod").code == 0


def test_a_source_that_is_given_again_adds_up(run: Run) -> None:
    files = [given(f"{name}.json", {**QUEUE, "jobQueueName": name, "jobQueueArn": QUEUE_ARN + name}) for name in "abc"]
    ran = run("import", "--json", files[0], "--json", files[1], files[2], "--to", "prod")
    assert (ran.code, ran.last) == (0, "Imported as stack prod: 3 job queues")


def test_one_template_is_imported_at_a_time(run: Run) -> None:
    ran = run("import", "--cloudformation", "a.yaml", "--cloudformation", "b.yaml", "--to", "prod")
    assert (ran.code, ran.err.splitlines()[0]) == (
        64,
        "error: only one template is accepted, not a.yaml and b.yaml",
    )


def test_without_a_folder_one_document_goes_to_stdout(run: Run) -> None:
    ran = run("import", "--json", given("queues.json", {"jobQueues": [QUEUE]}), "--to", "-", "--stack", "risk")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "stack: risk")


def test_files_of_a_stack_are_not_overwritten_without_force(run: Run) -> None:
    words = ("import", "--json", given("queues.json", {"jobQueues": [QUEUE]}), "--to", "risk")
    before = Path("risk/stack.yaml").read_text()
    ran = run(*words)
    assert (ran.code, Path("risk/stack.yaml").read_text()) == (64, before)
    given("risk/other.json", {})
    forced = run(*words, "--force")
    assert (forced.code, forced.err.splitlines()[0].partition(": the file")[0]) == (
        0,
        "risk/other.json: warning[IMP005]",
    )


def test_one_resource_that_cannot_be_imported_keeps_all_from_being_written(run: Run) -> None:
    words = ("import", "--json", given("mixed.json", [QUEUE, {"clusters": []}]), "--to", "prod")
    assert (run(*words).code, Path("prod").exists()) == (3, False)
    assert (run(*words, "--keep-going").code, Path("prod/job-queues.yaml").exists()) == (3, True)


def test_one_source_is_needed(run: Run) -> None:
    assert run("import", "--to", "prod").code == 64


def test_a_region_becomes_a_stack_with_an_empty_plan_but_for_adoption(run: Run, golden: Golden) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    run("forget", "risk", "--sandbox", "--yes")
    ran = run("import", "--live", "--sandbox", "--to", "prod", "--group-by", "none")
    assert ran.code == 0
    assert ran.last == "The plan is empty but for adoption: 3 resources to tag, nothing else to change."
    golden("import_live.yaml", Path("prod/stack.yaml").read_text())
    assert run("adopt", "prod", "--sandbox", "--yes").code == 0
    assert run("plan", "prod", "--sandbox", "--detailed-exitcode").code == 0


def test_what_another_stack_owns_is_left_out_unless_it_is_asked_for(run: Run) -> None:
    run("apply", "small", "--sandbox", "--yes")
    ran = run("import", "--live", "--sandbox", "--to", "prod")
    assert ran.out.splitlines()[1] == "Imported as stack prod: nothing declared"
    assert "left out: SchedulingPolicy/fair: it belongs to stack small" in ran.err
    with_owned = run("import", "--live", "--sandbox", "--to", "all", "--with-owned")
    assert (with_owned.code, "SchedulingPolicy/fair" in with_owned.out) == (2, True)


def test_names_kinds_and_tags_choose_what_is_imported(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    words = ("import", "--live", "--sandbox", "--with-owned", "--stack", "risk", "--to", "-", "-o", "json")
    assert run(*words, "--name", "s*").json["resources"] == ["ComputeEnvironment/spot", "JobDefinition/simulate"]
    assert run(*words, "--kind", "queue").code == 64
    assert run(*words, "--kind", "job-queue").json["resources"] == ["JobQueue/pricing"]
    assert run(*words, "--tag", "team").json["resources"] == []
    assert run(*words, "--tag", "reconciler:stack=ri*", "--kind", "JobQueue").json["resources"] == ["JobQueue/pricing"]


def test_a_queue_has_a_file_of_its_own_with_what_it_alone_uses(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    ran = run("import", "--live", "--sandbox", "--to", "all", "--stack", "risk", "--group-by", "queue", "-o", "json")
    assert ran.json["files"] == ["all/stack.yaml", "all/queues/pricing.yaml", "all/job-definitions.yaml"]
    assert "spot:" in Path("all/queues/pricing.yaml").read_text()


def test_what_cloudformation_retains_is_imported_while_it_still_owns_it(run: Run, tag: Tag) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    run("forget", "risk", "--sandbox", "--yes")
    tag("job-queue/pricing", "aws:cloudformation:stack-name=infra")
    words = ("import", "--live", "--sandbox", "--kind", "JobQueue", "--stack", "risk")
    assert run(*words, "--to", "none", "-o", "json").json["resources"] == []
    ran = run(*words, "--to", "queue", "--released", "infra")
    assert (ran.code, ran.last) == (0, "The plan is empty but for adoption: 1 resource to tag, nothing else to change.")


def test_secrets_are_warned_about_at_their_place_and_never_told(run: Run) -> None:
    body = {
        "image": "busybox:1",
        "vcpus": 1,
        "memory": 128,
        "environment": [{"name": "DB_PASSWORD", "value": "s3cr3t"}],
    }
    definition = {"jobDefinitionName": "simulate", "type": "container", "containerProperties": body}
    ran = run("import", "--json", given("definition.json", definition), "--to", "prod")
    assert ran.err.splitlines()[0] == (
        "prod/job-definitions.yaml:9:38: warning[IMP004]: JobDefinition/simulate: DB_PASSWORD looks like a secret, "
        "and is in the YAML with its value in AWS"
    )
    assert "s3cr3t" in Path("prod/job-definitions.yaml").read_text()
    assert "s3cr3t" not in ran.out + ran.err + run("import", "--json", "definition.json", "--to", "b", "-o", "json").out


def test_files_can_be_grouped_in_every_way_that_there_is() -> None:
    assert set(GROUPS) == set(GroupBy)


def test_what_is_imported_may_come_from_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps({"jobQueues": [QUEUE]}).encode())))
    assert run("import", "--json", "-", "--to", "prod").code == 0
    assert run("import", "--json", "-", "-", "--to", "other").code == 64


def test_a_variable_that_only_its_user_can_set_keeps_nothing_from_being_written(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {
        "type": "container",
        "containerProperties": {"image": TaggedValue("!var", "image"), "vcpus": 1, "memory": 9},
    }
    found = Imported(
        resources=(ImportedResource(Address("JobDefinition", "job"), body),), variables={"image": {"type": "string"}}
    )
    monkeypatch.setattr("reconciler.importers.json_files.imported", lambda _files, _takes: found)
    ran = run("import", "--json", given("any.json", {}), "--to", "prod")
    assert (ran.code, ran.out.splitlines()[-2]) == (0, "Set these with --var, --var-file or a default: image")
    Path("values.yaml").write_text("image: busybox:1\n")
    assert run("import", "--json", "any.json", "--to", "b", "--var-file", "values.yaml").last.endswith(
        "1 job definition"
    )
    assert run("validate", "prod", "--var", "image=busybox:1").code == 0


@pytest.mark.parametrize(
    "words",
    [("--live", "--to", ""), ("--json", "", "--to", "x"), ("--json", "missing.json", "--to", "x"), ("--live", "--kind", "nope"),
     ("--json", "a.json", "--live", "--to", "x"), ("--live", "--to", "x", "--tag", "=y"), ("--json", "risk", "--to", "x")],
)  # fmt: skip
def test_what_cannot_be_meant_is_wrong_usage(run: Run, words: tuple[str, ...]) -> None:
    given("a.json", {"jobQueues": [QUEUE]})
    ran = run("import", *words)
    assert (ran.code, ran.out) == (64, "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--json", "a.json", "--parameter", "A=b"), "--parameter is for --cloudformation, not for --json"),
        (("--live", "--stack-name", "Batch"), "--stack-name is for --cloudformation, not for --live"),
        (("--cloudformation", "t.yaml", "--with-owned"), "--with-owned is for --live, not for --cloudformation"),
    ],
)
def test_an_option_of_another_source_is_refused(run: Run, words: tuple[str, ...], told: str) -> None:
    ran = run("import", *words, "--to", "prod")
    assert (ran.code, ran.err.splitlines()[0]) == (64, f"error: {told}")

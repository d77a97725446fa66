"""`placement` says of every definition whether its jobs can ever start, and docs/placement.md shows what it prints."""

import json
import re
from pathlib import Path

import pytest

from reconciler.kinds.reasons import WAIT_REASONS
from reconciler.placement.catalogue import catalogue
from reconciler.report.catalogue import catalogue as entries
from reconciler.verify.checks import CHECKS
from tests.cli.conftest import Run, write

PAGE = (Path(__file__).parents[2] / "docs" / "placement.md").read_text(encoding="utf-8")
STACK, RUNS_ON = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
(SHOWN,) = re.findall(r"```console\n\$ reconciler placement\n(.*?)```", PAGE, re.DOTALL)
((EXPLAINED_CODE, EXPLAINED),) = re.findall(r"```console\n\$ reconciler explain (\S+)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(autouse=True)
def stack(run: Run) -> None:
    write("stack", STACK)


def dated(text: str) -> str:
    return re.sub(r"as of [\d-]{10}", f"as of {catalogue().date}", text)


def test_the_page_shows_what_is_printed(run: Run) -> None:
    ran = run("placement", "stack")
    assert (ran.out, ran.code) == (dated(SHOWN), 5)


def test_a_definition_and_a_queue_can_be_chosen(run: Run) -> None:
    ran = run("placement", "stack", "--job-definition", "rev*", "-v")
    assert (ran.code, "JobDefinition/revalue" in ran.out, "train" in ran.out) == (0, True, False)
    assert run("placement", "stack", "--queue", "prices").code == 64
    refused = run("placement", "stack", "--job-definition", "prices")
    assert "it declares calibrate, revalue, simulate, train" in refused.err


def test_json_has_the_pairs_and_the_facts_behind_them(run: Run) -> None:
    document = run("placement", "stack", "-o", "json").json
    assert document["document"] == "placement"
    assert document["catalogue"] == {"date": catalogue().date, "source": catalogue().source}
    assert {each["name"]: each["verdict"] for each in document["job_definitions"]} == {
        "revalue": "fits",
        "simulate": "never",
        "calibrate": "never",
        "train": "never",
    }
    (pair,) = (each for each in document["pairs"] if each["job_definition"] == "calibrate")
    assert (pair["job_queue"], pair["compute_environment"], pair["verdict"], pair["instance_type"]) == (
        "pricing",
        "small",
        "never",
        "c6i.large",
    )
    assert pair["code"] == "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"


def test_markdown_has_a_row_for_what_does_not_surely_fit(run: Run) -> None:
    rows = [line for line in run("placement", "stack", "-o", "markdown").out.splitlines() if line.startswith("| never")]
    assert len(rows) == 3
    assert "revalue" not in "".join(rows)
    write("alone", STACK[: STACK.index("computeEnvironments")] + STACK[STACK.index("defaults") :])
    ran = run("placement", "alone", "-o", "text", "-o", "markdown=page.md")
    assert (ran.code, ran.out.count("the stack declares no queue of it")) == (0, 4)
    assert Path("page.md").read_text(encoding="utf-8").count("| unknown |") == 4


def test_a_queue_that_is_named_makes_it_an_error_of_validate_and_a_result_here(run: Run) -> None:
    write("stack", STACK + "    lifecycle: {runsOn: [pricing]}\n")
    validated = run("validate", "stack")
    assert validated.code == 3
    assert "error[JD702]: JobDefinition/train: can never start on JobQueue/pricing" in validated.out + validated.err
    ran = run("placement", "stack")
    assert (ran.code, ran.out.splitlines()[0]) == (5, "never   JobDefinition/train")


def test_the_page_lists_every_code_that_is_known_with_what_shows_it() -> None:
    rows = re.findall(r"^\| `([A-Z0-9_:]+)` \| (.*) \|$", PAGE, re.MULTILINE)
    assert sorted(code for code, _ in rows) == sorted(reason.code for reason in WAIT_REASONS)
    assert [len(row.split(" | ")) for _, row in rows] == [3] * len(rows)
    assert {word for _, row in rows for word in re.findall(r"[A-Z]{2,3}\d{3}", row)} <= entries().keys()
    checks = {word for _, row in rows if "verify.md" in row for word in re.findall(r"`([a-z]+-[a-z-]+)`", row)}
    assert checks <= {check.id for check in CHECKS}


def test_a_code_and_an_instance_type_are_explained(run: Run) -> None:
    ran = run("explain", EXPLAINED_CODE)
    assert (ran.code, ran.out) == (0, EXPLAINED)
    ran = run("explain", "instance", "c6i.large")
    assert (ran.code, ran.out.splitlines()[1].split()) == (
        0,
        ["c6i.large", "2", "4,096", "3,756-4,064", "0", "x86_64", "29"],
    )
    assert json.loads(run("explain", "instance", "c6i.large", "-o", "json").out)["instance_types"][0]["vcpus"] == 2
    ran = run("explain", "instance", "c6i.lagre")
    assert (ran.code, "did you mean c6i.large?" in ran.err) == (64, True)
    assert run("explain", "instance", "m99", "c6i.large").out.count("not known") == 1

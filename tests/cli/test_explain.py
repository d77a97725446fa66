"""Members and findings, explained."""

import pytest

from tests.cli.conftest import Run


def test_a_member_is_explained(run: Run) -> None:
    ran = run("explain", "jobQueues.priority")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "jobQueues.priority")


def test_a_mistyped_member_has_a_suggestion(run: Run) -> None:
    ran = run("explain", "jobQueues.priorty")
    assert (ran.code, ran.err) == (
        64,
        "error: there is no jobQueues.priorty\n    hint: did you mean jobQueues.priority?\n",
    )


def test_what_can_be_disabled_says_how(run: Run) -> None:
    ways = {id_: "disable     rules:" in run("explain", id_).out for id_ in ("SP002", "SCH005", "STK007", "TAG001")}
    assert ways == dict.fromkeys(ways, True)
    assert "disable" not in run("explain", "TAG006").out


@pytest.mark.parametrize("id_", ["SP002", "sp002"])
def test_a_rule_is_explained_by_its_id(id_: str, run: Run) -> None:
    ran = run("explain", id_)
    assert (ran.code, ran.out.splitlines()[:2]) == (0, ["SP002  SchedulingPolicy", "  A share is named once."])


@pytest.mark.parametrize(
    "id_", ["SCH001", "YML001", "VAR001", "INC001", "STK012", "LIF001", "TAG001", "REF001", "PLAN001"]
)
def test_a_problem_is_explained_by_its_code(id_: str, run: Run) -> None:
    ran = run("explain", id_)
    assert (ran.code, ran.out.splitlines()[0], "severity    error" in ran.out) == (0, id_, True)


def test_a_rule_as_json_has_its_examples(run: Run) -> None:
    rule = run("explain", "SP002", "-o", "json").json
    shares = rule["fails"]["schedulingPolicies"]["example"]["fairsharePolicy"]["shareDistribution"]
    assert (rule["id"], rule["kind"], rule["severity"], rule["advice"]) == ("SP002", "SchedulingPolicy", "error", False)
    assert shares == [{"shareIdentifier": "A"}, {"shareIdentifier": "A"}]


def test_an_example_is_a_stack_that_breaks_its_rule(run: Run) -> None:
    from tests.cli.conftest import write

    told = run("explain", "SP002").out
    fails, passes = (part.split("\n\n")[0] for part in told.split("breaks it\n")[1].split("keeps it\n"))
    write("fails", f"stack: s\n{_outdented(fails)}")
    write("passes", f"stack: s\n{_outdented(passes)}")
    ran = run("validate", "fails", "passes")
    assert ("error[SP002]" in ran.out, ran.last) == (True, "passes: valid, 1 scheduling policy")


def _outdented(text: str) -> str:
    return "".join(line.removeprefix("    ") + "\n" for line in text.splitlines())


def test_a_mistyped_id_has_suggestions(run: Run) -> None:
    ran = run("explain", "STK13")
    assert (ran.code, ran.err.splitlines()[0]) == (64, "error: there is no STK13")
    assert "did you mean STK013" in ran.err


@pytest.mark.parametrize("words", [("rules",), ("--rules",)])
def test_all_rules_and_problems_are_a_table(words: tuple[str, ...], run: Run) -> None:
    lines = run("explain", *words).out.splitlines()
    assert {"  SP002    error    A share is named once.", "Problems, which cannot be disabled"} <= set(lines)


def test_the_rules_of_a_kind_have_hints_and_sources_when_asked_for_more(run: Run) -> None:
    lines = run("explain", "--rules", "serviceEnvironments", "-v").out.splitlines()
    at = lines.index("  SE003    error    Capacity is counted in NUM_INSTANCES or in an instance type of SageMaker.")
    assert lines[at + 1 : at + 3] == [
        "                    hint: types of SageMaker begin with ml.",
        "                    source: CreateServiceEnvironment: '... is unknown capacity unit'",
    ]


def test_a_member_without_its_kind_is_explained_wherever_it_fits(run: Run) -> None:
    one = run("explain", "computeResources.allocationStrategy").out
    assert one.startswith("computeEnvironments.computeResources.allocationStrategy\n")
    assert "  rule CE210              SPOT_CAPACITY_OPTIMIZED and its like are for the type SPOT.\n" in one
    several = run("explain", "capacityLimits.capacityUnit").out
    assert [line for line in several.splitlines() if line.endswith("capacityUnit")] == [
        "serviceEnvironments.capacityLimits.capacityUnit",
        "quotaShares.capacityLimits.capacityUnit",
    ]


@pytest.mark.parametrize("kind", ["SchedulingPolicy", "schedulingPolicies", "scheduling-policy"])
def test_the_rules_of_a_kind_are_found_by_any_of_its_names(kind: str, run: Run) -> None:
    lines = run("explain", "--rules", kind).out.splitlines()
    assert (lines[0], {line[2:4] for line in lines[1:] if line[2:4].strip()}) == ("SchedulingPolicy", {"SP"})


def test_an_unknown_kind_is_answered_with_those_that_exist(run: Run) -> None:
    ran = run("explain", "--rules", "nope")
    assert (ran.code, ran.err.splitlines()[0]) == (64, "error: there is no kind nope")


def test_nothing_to_explain_says_what_can_be(run: Run) -> None:
    assert run("explain").err == (
        "error: nothing to explain\n    hint: name a field or a rule, or list the rules with --rules\n"
    )


def test_a_schedule_is_explained_as_instants(run: Run) -> None:
    berlin = ("--timezone", "Europe/Berlin", "--from", "2026-10-24T14:00:00+02:00")
    ran = run("explain", "schedule", "cron(30 2 * * ? *)", *berlin, "-n", "2", "-o", "json")
    assert (ran.code, ran.json["valid"], ran.json["next"]) == (
        0,
        True,
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    )
    never = run("explain", "schedule", "cron(30 2 ? 3 1L *)", *berlin, "-o", "json")
    assert (never.code, never.json["next"], never.json["notes"][0]) == (0, [], "it never fires")
    wrong = run("explain", "schedule", "cron(0 9 * * *)", "-o", "json")
    assert (wrong.code, wrong.json["valid"], wrong.json["next"], len(wrong.json["notes"])) == (3, False, [], 2)
    assert run("explain", "schedule", "rate(1 day)", "--timezone", "Europe/Berln").code == 3


def test_what_a_schedule_is_explained_with_belongs_to_it_alone(run: Run) -> None:
    assert "explain schedule EXPRESSION" in run("explain", "jobQueues", "-n", "2").err
    assert "in quotes" in run("explain", "schedule", "cron(0", "3", "*", "*", "?", "*)").err
    assert run("explain", "schedule", "rate(1 day)", "--from", "tomorrow").code == 64

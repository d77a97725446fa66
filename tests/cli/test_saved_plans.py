"""A plan that is saved, reviewed, and applied only as long as it is the same plan."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from reconciler.model import Json
from tests.cli.conftest import SMALL, STACK, Run, write
from tests.cli.test_guards import WITHOUT_QUEUE
from tests.cli.test_run import APPLIED, at_a_terminal, batch

SECRET = STACK.replace("stack: risk\n", "stack: risk\nvariables: {pin: {type: string, secret: true}, image: busybox}\n")
SECRET = SECRET.replace("image: busybox:1", "image: !var image").replace(
    "executionRoleArn", "environment: [{name: PIN, value: !var pin}]\n      executionRoleArn"
)
KEY = "0123456789abcdef0123456789abcdef"


def save(run: Run, *words: str) -> Json:
    """Plan in the sandbox, and keep the plan in plan.json."""
    ran = run("plan", *words, "--sandbox", "-o", "json=plan.json", "-o", "text=plan.txt")
    assert ran.code == 0, ran.err
    return json.loads(Path("plan.json").read_text(encoding="utf-8"))


def apply(run: Run, *words: str) -> tuple[int, list[str]]:
    ran = run("apply", "plan.json", "--yes", *words)
    return ran.code, ran.err.splitlines()


# The same plan


def test_a_saved_plan_is_applied(run: Run) -> None:
    save(run, "risk")
    ran = run("apply", "plan.json", "--yes")
    assert (ran.code, ran.last) == (0, APPLIED)
    assert run("plan", "risk", "--sandbox", "--detailed-exitcode").code == 0


def test_its_name_may_be_any_and_it_is_known_by_its_content(run: Run) -> None:
    save(run, "risk")
    Path("plan.json").rename("reviewed.plan")
    assert run("apply", "reviewed.plan", "--yes").code == 0


def test_a_saved_plan_is_asked_for_like_any_other(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    save(run, "risk")
    at_a_terminal(monkeypatch, "n\n")
    ran = run("apply", "plan.json")
    assert (ran.code, "Apply 3 changes? [y/N] " in ran.err) == (10, True)


def test_files_may_be_written_otherwise_as_long_as_they_mean_the_same(run: Run) -> None:
    save(run, "risk")
    write("risk", "# a comment moves every line\n" + STACK.replace("busybox:1", "'busybox:1'"))
    assert apply(run)[0] == 0


def test_a_plan_of_nothing_applies_nothing(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    save(run, "risk")
    ran = run("apply", "plan.json", "-o", "json")
    assert (ran.code, ran.json["results"]) == (0, [])


def test_targets_variables_and_consents_come_with_the_plan(run: Run) -> None:
    write("risk", STACK.replace("stack: risk\n", "stack: risk\nvariables: {image: a, size: 1}\n").replace(
        "image: busybox:1", "image: !var image").replace("maxvCpus: 16", "maxvCpus: !var size"))  # fmt: skip
    Path("more.yaml").write_text("size: 32\n", encoding="utf-8")
    kept = save(run, "risk", "--var", "image=b=c", "--var-file", "more.yaml", "--target", "ComputeEnvironment/*",
                "--target", "JobDefinition/*", "--adopt", "--allow-destroy", "--max-destroy", "5%", "--max-interrupted", "7", "--allow-replace", "--drain")  # fmt: skip
    assert kept["inputs"] == {
        "path": "risk",
        "variables": {"image": "b=c"},
        "withheld": [],
        "variable_files": ["more.yaml"],
        "sandbox": ".reconciler/sandbox.json",
        "targets": ["ComputeEnvironment/*", "JobDefinition/*"],
        "adopt": True,
        "allow_destroy": ["*"],
        "allow_replace": True,
        "max_destroy": "5%",
        "max_interrupted": 7,
        "drain": True,
        "cancel_jobs": False,
        "allow_unplaceable": False,
    }
    ran = run("apply", "plan.json", "--yes")
    assert (ran.code, ran.last) == (0, "Apply: 2 done, 0 failed, 0 skipped, 0 not started.")
    (environment,) = batch("describe_compute_environments")["computeEnvironments"]
    assert environment["computeResources"]["maxvCpus"] == 32


def test_a_consent_that_was_given_to_plan_need_not_be_given_again(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    write("risk", WITHOUT_QUEUE)
    save(run, "risk", "--allow-destroy=JobQueue/*")
    assert apply(run)[0] == 0


def test_a_consent_may_be_given_when_it_is_applied(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    write("risk", WITHOUT_QUEUE)
    assert run("plan", "risk", "--sandbox", "-o", "json=plan.json").code == 5
    assert (apply(run)[0], apply(run, "--allow-destroy")[0]) == (5, 0)


def test_a_replacement_that_was_allowed_when_it_was_planned_is_made(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    write("risk", STACK.replace("type: FARGATE", "type: FARGATE_SPOT"))
    save(run, "risk", "--allow-replace")
    assert apply(run)[0] == 0
    (environment,) = batch("describe_compute_environments")["computeEnvironments"]
    assert environment["computeResources"]["type"] == "FARGATE_SPOT"


def test_several_stacks_in_one_plan_are_applied_one_after_the_other(run: Run) -> None:
    save(run, "risk", "small")
    ran = run("apply", "plan.json", "--yes", "-o", "json")
    assert (ran.code, [one["stack"] for one in ran.json]) == (0, ["risk", "small"])


def test_the_first_of_several_that_is_stale_stops_them_all(run: Run) -> None:
    save(run, "risk", "small")
    write("risk", STACK.replace("priority: 10", "priority: 11"))
    ran = run("apply", "plan.json", "--yes", "-o", "json")
    assert (ran.code, len(ran.json), ran.json[0]["error"]["exit"]) == (6, 1, 6)
    assert run("plan", "small", "--sandbox").last.startswith("Plan: 1 to add")


# Another plan


def test_a_stale_plan_is_shown_with_what_is_different_and_nothing_is_changed(
    run: Run, golden: Callable[[str, str], None]
) -> None:
    write("risk", SECRET)
    run("apply", "risk", "--sandbox", "--yes", "--var", "pin=0000")
    write("risk", SECRET.replace("maxvCpus: 16", "maxvCpus: 256").replace("priority: 10", "priority: 20"))
    save(run, "risk", "--var", "pin=0001", "--var", "image=busybox:2")
    write("risk", SECRET.replace("maxvCpus: 16", "maxvCpus: 512") + SMALL[SMALL.index("schedulingPolicies:") :])
    ran = run("apply", "plan.json", "--yes", "--var", "pin=0002")
    assert ran.code == 6
    golden("stale-plan.txt", f"{ran.out}\n{ran.err}")
    assert batch("list_scheduling_policies")["schedulingPolicies"] == []
    (environment,) = batch("describe_compute_environments")["computeEnvironments"]
    assert environment["computeResources"]["maxvCpus"] == 16


def test_a_live_resource_that_somebody_changed_makes_a_plan_stale(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    write("risk", STACK.replace("priority: 10", "priority: 11"))
    save(run, "risk")
    batch("update_job_queue", jobQueue="pricing", priority=99)
    code, lines = apply(run)
    assert (code, lines[0].split(": ", 2)[2]) == (6, "JobQueue/pricing: priority: planned 10 -> 11, now 99 -> 11")


def test_what_was_applied_already_is_not_applied_again(run: Run) -> None:
    save(run, "small")
    assert apply(run)[0] == 0
    code, lines = apply(run)
    assert (code, lines[-1]) == (
        6,
        "    hint: changes that are gone may have been applied already: plan again to see the rest",
    )


def test_every_format_tells_what_is_stale(run: Run) -> None:
    save(run, "small")
    write("small", SMALL.replace("60", "70"))
    document = run("apply", "plan.json", "--yes", "-o", "json", "-o", "markdown=a.md").json
    text = "SchedulingPolicy/fair: fairsharePolicy.shareDecaySeconds: planned 60, now 70"
    assert (document["error"]["kind"], document["error"]["exit"]) == ("Stale", 6)
    assert [(one["code"], one["message"], one["line"]) for one in document["problems"]] == [("STL003", text, 3)]
    assert document["plan"]["changes"][0]["fields"][0]["after"] == {"shareDecaySeconds": 70}
    markdown = Path("a.md").read_text(encoding="utf-8")
    assert "**Not applied:** this is not the plan in plan.json: 1 difference; nothing was changed" in markdown
    assert f"- **STL003** <code>small/stack.yaml:3:3</code> {text}" in markdown


def test_another_stack_in_the_same_folder_is_another_plan(run: Run) -> None:
    save(run, "small")
    write("small", SMALL.replace("stack: small", "stack: smaller"))
    assert apply(run) == (
        6,
        [
            "error: plan.json is a plan of the stack small, and this is the stack smaller; nothing was changed",
            "    hint: plan again",
        ],
    )


def test_what_is_stale_is_told_before_what_is_refused(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    save(run, "risk")
    write("risk", WITHOUT_QUEUE)
    assert apply(run)[0] == 6


def test_a_plan_by_another_version_says_so_when_it_is_another(run: Run) -> None:
    kept = save(run, "small")
    kept["tool"]["version"] = "0.0.9"
    Path("plan.json").write_text(json.dumps(kept), encoding="utf-8")
    write("small", SMALL.replace("60", "70"))
    assert "; it was made by reconciler 0.0.9, this is " in apply(run)[1][-1]


# Elsewhere


def test_another_region_is_another_place(run: Run) -> None:
    save(run, "small")
    assert apply(run, "--region", "eu-west-1") == (
        4,
        [
            "error: the plan is for region us-east-1, but the credentials are for eu-west-1",
            "    hint: use credentials for region us-east-1, or plan again",
        ],
    )


def test_the_region_that_was_given_to_plan_comes_with_it(run: Run) -> None:
    save(run, "small", "--region", "eu-west-1")
    assert apply(run)[0] == 0
    assert run("plan", "small", "--sandbox", "--region", "eu-west-1", "--detailed-exitcode").code == 0


def test_another_account_is_another_place(run: Run) -> None:
    write("small", f"account: '210987654321'\n{SMALL}")
    save(run, "small")
    write("small", SMALL)
    code, lines = apply(run)
    assert (code, lines[0]) == (
        4,
        "error: the plan is for account 210987654321, but the credentials are for 123456789012",
    )


def test_a_plan_of_a_sandbox_stays_in_a_sandbox(run: Run) -> None:
    save(run, "small")
    assert apply(run, "--sandbox=other.json")[0] == 0
    assert (Path("other.json").exists(), run("plan", "small", "--sandbox", "--detailed-exitcode").code) == (True, 2)


def test_a_plan_is_applied_where_its_stack_is(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(run, "small")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    ran = run("apply", "../plan.json", "--yes")
    assert (ran.code, ran.err) == (
        64,
        (
            "error: ../plan.json is the plan of a stack in small, but that folder does not exist\n"
            "    hint: run it in the folder in which the plan was made\n"
        ),
    )


# Secrets


def test_no_secret_is_in_the_file_and_it_has_to_be_given_again(run: Run) -> None:
    write("risk", SECRET)
    kept = save(run, "risk", "--var", "pin=0815", "--var", "image=busybox:2")
    assert "0815" not in Path("plan.json").read_text(encoding="utf-8")
    assert (kept["inputs"]["variables"], kept["inputs"]["withheld"]) == ({"image": "busybox:2"}, ["pin"])
    assert apply(run) == (
        64,
        [
            "error: plan.json was made with secret values, which it does not contain",
            "    hint: give them again: --var pin=...",
        ],
    )
    assert apply(run, "--var", "pin=0815")[0] == 0


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("image=busybox:2", True),
        ("db_password=x", False),
        ("dsn=postgres://u:pw@host/db", False),
        ("pin=1", False),
        ("again=top0815secret", False),
    ],
)
def test_a_value_that_may_be_a_secret_is_not_kept(given: str, is_kept: bool, run: Run) -> None:
    variables = "variables: {image: a, db_password: b, dsn: c, again: d, pin: {secret: true, default: top0815secret}}\n"
    write("small", SMALL + variables)
    kept = save(run, "small", "--var", given)
    assert (kept["inputs"]["withheld"] == []) is is_kept
    assert (given.partition("=")[2] in json.dumps(kept["inputs"]["variables"])) is is_kept


def test_another_secret_is_another_plan_and_neither_is_told(run: Run) -> None:
    write("risk", SECRET)
    save(run, "risk", "--var", "pin=topsecret-one")
    ran = run("apply", "plan.json", "--yes", "--var", "pin=topsecret-two", "-o", "json", "-vv", "--trace-calls")
    assert (ran.code, ran.json["problems"][0]["code"], "topsecret" in ran.out + ran.err) == (6, "STL003", False)


def test_a_value_that_is_secret_only_now_is_not_told_by_the_difference(run: Run) -> None:
    write(
        "risk",
        SECRET.replace(", secret: true", "").replace("pin: {type", "level: {type").replace("!var pin", "!var level"),
    )
    save(run, "risk", "--var", "level=topsecret")
    write("risk", SECRET.replace("pin: {type", "level: {type").replace("!var pin", "!var level"))
    ran = run("apply", "plan.json", "--yes")
    assert (ran.code, "STL003" in ran.err, "topsecret" in ran.out + ran.err) == (6, True, False)


def test_with_a_key_a_plan_can_only_be_compared_by_those_who_have_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write("risk", SECRET)
    monkeypatch.setenv("RECONCILER_PLAN_KEY", KEY)
    kept = save(run, "risk", "--var", "pin=0815")
    assert len(kept["key"]) == 8
    for other in (KEY[::-1], ""):
        monkeypatch.setenv("RECONCILER_PLAN_KEY", other)
        assert apply(run, "--var", "pin=0815") == (
            64,
            [
                "error: the hidden values in plan.json are marked with a different key",
                "    hint: set RECONCILER_PLAN_KEY to the key that `plan` used",
            ],
        )
    monkeypatch.setenv("RECONCILER_PLAN_KEY", KEY)
    assert apply(run, "--var", "pin=0816")[0] == 6
    assert apply(run, "--var", "pin=0815")[0] == 0


def test_a_plan_without_a_key_can_be_applied_by_those_who_have_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write("risk", SECRET)
    save(run, "risk", "--var", "pin=0815")
    monkeypatch.setenv("RECONCILER_PLAN_KEY", KEY)
    assert apply(run, "--var", "pin=0815")[0] == 0


def test_a_key_that_can_be_guessed_is_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_PLAN_KEY", "hunter2")
    ran = run("plan", "small", "--sandbox")
    assert (ran.code, ran.err) == (
        64,
        "error: RECONCILER_PLAN_KEY is too short\n    hint: at least 20 characters are required: openssl rand -hex 32\n",
    )


# What cannot be applied


def test_what_is_no_plan_is_wrong_usage(run: Run) -> None:
    run("drift", "small", "--sandbox", "-o", "json=drift.json")
    ran = run("apply", "drift.json", "--yes")
    assert (ran.code, ran.err) == (
        64,
        "error: drift.json contains no plan, but a document of kind drift\n    hint: plan again with -o json=FILE\n",
    )


def test_a_plan_that_came_to_nothing_is_told_by_its_error(run: Run) -> None:
    write("small", "stack: small\nnonsense: 1\n")
    assert run("plan", "small", "--sandbox", "-o", "json=plan.json").code == 3
    assert apply(run)[1][0] == "error: plan.json contains no plan, but an error: 1 problem found"


def test_a_stack_in_one_json_file_is_a_stack_still(run: Run) -> None:
    stack = {"stack": "json", "schedulingPolicies": {"fair": {"fairsharePolicy": {"shareDecaySeconds": 60}}}}
    Path("stack.json").write_text(json.dumps(stack), encoding="utf-8")
    assert run("apply", "stack.json", "--sandbox", "--yes").code == 0


def test_a_file_that_is_neither_is_told_as_no_stack(run: Run) -> None:
    Path("plan.bin").write_bytes(b"\xff\xfe\x00")
    ran = run("apply", "plan.bin", "--yes")
    assert (ran.code, ran.err.splitlines()[0]) == (64, "error: plan.bin is not a stack")


@pytest.mark.parametrize(
    "option",
    [("--target", "JobQueue/*"), ("--adopt",), ("--allow-replace",), ("--var-file", "x.yaml"), ("--var", "image=x")],
    ids=lambda option: option[0],
)
def test_what_decides_about_a_plan_cannot_be_given_to_one_that_is_made(option: tuple[str, ...], run: Run) -> None:
    save(run, "small")
    name = "--var image" if option[0] == "--var" else option[0]
    assert apply(run, *option) == (
        64,
        [f"error: {name} cannot be used with a saved plan", "    hint: plan again with it"],
    )


def test_a_plan_and_a_stack_are_not_applied_together(run: Run) -> None:
    save(run, "small")
    ran = run("apply", "plan.json", "risk", "--sandbox", "--yes")
    assert (ran.code, ran.err.splitlines()[0]) == (
        64,
        "error: a saved plan and a stack cannot be applied together",
    )


# Fingerprints


def test_a_plan_tells_its_fingerprint_above_its_last_line(run: Run) -> None:
    kept = save(run, "risk")
    lines = Path("plan.txt").read_text(encoding="utf-8").splitlines()
    assert lines[-2:] == [
        f"Fingerprint: {kept['fingerprint'][:16]}",
        "Plan: 3 to add, 0 to change, 0 to replace, 0 to destroy.",
    ]
    ran = run("plan", "risk", "--sandbox", "-o", "markdown")
    assert f", fingerprint <code>{kept['fingerprint'][:16]}</code>\n" in ran.out


@pytest.mark.parametrize("length", [16, 40, 64])
def test_the_plan_that_is_expected_is_applied(length: int, run: Run) -> None:
    fingerprint = save(run, "risk")["fingerprint"]
    ran = run("apply", "risk", "--sandbox", "--yes", "--expect", fingerprint[:length], "-o", "json")
    assert (ran.code, ran.json["fingerprint"]) == (0, fingerprint)


def test_another_than_expected_is_shown_and_not_applied(run: Run) -> None:
    fingerprint = save(run, "small")["fingerprint"][:16]
    write("small", SMALL.replace("60", "70"))
    now = save(run, "small")["fingerprint"][:16]
    ran = run("apply", "small", "--sandbox", "--yes", "--expect", fingerprint)
    assert (ran.code, f"Fingerprint: {now}" in ran.out, ran.err) == (
        6,
        True,
        (
            f"error: the fingerprint of this plan is {now}, not {fingerprint}; nothing was changed\n"
            "    hint: review the plan above, and use its fingerprint\n"
        ),
    )


def test_of_several_stacks_each_is_expected(run: Run) -> None:
    words = [word for one in save(run, "risk", "small") for word in ("--expect", one["fingerprint"])]
    assert run("apply", "risk", "small", "--sandbox", "--yes", *words[:2]).code == 6
    assert run("apply", "risk", "small", "--sandbox", "--yes", *words).code == 6  # the first was applied by now
    (second, third) = (save(run, name)["fingerprint"] for name in ("risk", "small"))
    assert run("apply", "risk", "small", "--sandbox", "--yes", "--expect", second, "--expect", third).code == 0


def test_a_saved_plan_may_be_expected_too(run: Run) -> None:
    fingerprint = save(run, "small")["fingerprint"]
    assert (apply(run, "--expect", "0" * 16)[0], apply(run, "--expect", fingerprint)[0]) == (6, 0)


@pytest.mark.parametrize("text", ["", "abc", "g" * 16, "A" * 16, "a" * 65])
def test_what_is_no_fingerprint_is_wrong_usage(text: str, run: Run) -> None:
    ran = run("apply", "small", "--sandbox", "--yes", "--expect", text)
    assert (ran.code, ran.err.splitlines()[0].startswith(f"error: argument --expect: {text!r} is not a finger")) == (
        64,
        True,
    )


def test_destroying_has_no_fingerprint(run: Run) -> None:
    run("apply", "small", "--sandbox", "--yes")
    assert "Fingerprint" not in run("destroy", "small", "--sandbox", "--yes").out


# Nothing but what was reviewed


def resealed(document: Json) -> Json:
    """A plan as whoever changed it would leave it: with the fingerprint of what it says now."""
    from reconciler.saved_plan.sealing import fingerprint_of

    return {**document, "fingerprint": fingerprint_of(document)}


def leaves(value: Json, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The places of all values in a document, empty lists and mappings among them."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, one in inner for found in leaves(one, (*path, key))] or [path]


def others(value: Json) -> list[Json]:
    """Other values of the same type, and those that loosen a consent."""
    match value:
        case bool():
            return [not value]
        case int() | float():
            return [value + 1, 0]
        case str():
            return [f"{value}x", ""]
        case []:
            return [["*"]]
        case {}:
            return [{"protect": "false"}]
        case _:
            return ["100%", "x.json", 1000]


def put(value: Json, path: tuple[str | int, ...], new: Json) -> Json:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], new)  # type: ignore[call-overload]
    return copy


def refused(run: Run) -> Json:
    """A plan that deletes a queue and moves an environment, and is refused."""
    run("apply", "risk", "--sandbox", "--yes")
    write("risk", WITHOUT_QUEUE.replace("maxvCpus: 16", "maxvCpus: 32"))
    assert run("plan", "risk", "--sandbox", "--max-destroy", "0", "-o", "json=plan.json").code == 5
    return json.loads(Path("plan.json").read_text(encoding="utf-8"))


def test_no_change_of_a_refused_plan_makes_it_run_under_its_fingerprint(run: Run) -> None:
    """Every input, and some of all that is told beside them."""
    kept = refused(run)
    before, paths = state(), leaves(kept)
    rest = Random(0).sample([path for path in paths if path[0] != "inputs"], 8)
    for path in [*(path for path in paths if path[0] == "inputs"), *rest]:
        for new in others(at(kept, path)):
            Path("plan.json").write_text(json.dumps(resealed(put(kept, path, new))), encoding="utf-8")
            ran = run("apply", "plan.json", "--yes", "--expect", kept["fingerprint"])
            assert (ran.code in (3, 5, 6, 64), state() == before) == (True, True), (path, new)


def test_a_consent_that_was_written_into_a_plan_is_stale_where_a_fingerprint_is_expected(run: Run) -> None:
    kept = refused(run)
    forged = put(kept, ("inputs", "allow_destroy"), ["*"])
    for document, code in ((forged, 64), (resealed(forged), 0)):
        Path("plan.json").write_text(json.dumps(document), encoding="utf-8")
        assert apply(run, "--expect", kept["fingerprint"])[0] == 6
        assert apply(run, "--max-destroy", "9")[0] == code  # without a fingerprint, the store of plans is trusted


def test_consents_of_the_command_line_are_added_to_those_of_a_plan_that_is_expected(run: Run) -> None:
    fingerprint = refused(run)["fingerprint"]
    assert apply(run, "--expect", fingerprint, "--max-destroy", "9")[0] == 5
    assert apply(run, "--expect", fingerprint, "--max-destroy", "9", "--allow-destroy")[0] == 0


def test_without_a_file_the_consents_may_be_those_of_the_plan_or_new_ones(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    write("risk", WITHOUT_QUEUE)
    refused_one = run("plan", "risk", "--sandbox", "-o", "json").json["fingerprint"]
    allowed_one = run("plan", "risk", "--sandbox", "--allow-destroy", "-o", "json").json["fingerprint"]
    apply_risk = ("apply", "risk", "--sandbox", "--yes", "--expect")
    assert refused_one != allowed_one
    assert run(*apply_risk, allowed_one).code == 6
    assert run(*apply_risk, refused_one).code == 5
    assert run(*apply_risk, refused_one, "--allow-destroy").code == 0


def test_a_sandbox_that_a_plan_names_must_exist(run: Run) -> None:
    save(run, "small")
    Path(".reconciler", "sandbox.json").unlink()
    code, told = apply(run)
    assert (code, told[0]) == (
        64,
        "error: plan.json was made in the sandbox .reconciler/sandbox.json, but that file does not exist",
    )


def at(value: Json, path: tuple[str | int, ...]) -> Json:
    for step in path:
        value = value[step]
    return value


def state() -> str:
    return Path(".reconciler", "sandbox.json").read_text(encoding="utf-8")

"""What people mistype every day is seen by `validate`, without AWS."""

from pathlib import Path

import pytest

from reconciler.model import partition_of
from tests.cli.conftest import STACK, Run, write

MISTYPED = STACK.replace("stack: risk\n", "stack: risk\nregion: us-est-1\n").replace("Order: [spot]", "Order: [spto]")
MISTYPED = MISTYPED.replace("subnet-0a1b2c3d", "sbnet-1").replace("sg-0a1b2c3d", '"sg 12"')
KNOWN = "variables: {environment: {type: string, default: dev}}\n"


def told(run: Run, *words: str) -> list[tuple[str, str, str, int]]:
    found = run("validate", "risk", "-o", "json", *words).json["problems"]
    return [(one["severity"], one["code"], one["message"], one["line"]) for one in found]


def test_names_ids_and_regions_that_nothing_has_are_warned_of(run: Run) -> None:
    write("risk", MISTYPED)
    assert told(run) == [
        ("warning", "STK018", "region is us-est-1, which the installed AWS SDK does not know", 2),
        (
            "warning",
            "CE021",
            (
                "ComputeEnvironment/spot: computeResources.subnets[0] is sbnet-1, but the id of a subnet reads like "
                "subnet-0a1b2c3d4e5f60718"
            ),
            9,
        ),
        (
            "warning",
            "CE021",
            (
                "ComputeEnvironment/spot: computeResources.securityGroupIds[0] is sg 12, but the id of a security group "
                "reads like sg-0a1b2c3d4e5f60718"
            ),
            10,
        ),
        (
            "warning",
            "JQ011",
            (
                "JobQueue/pricing: computeEnvironmentOrder[0].computeEnvironment is spto, which is not declared in this "
                "stack; it must exist in AWS. Did you mean spot?"
            ),
            14,
        ),
    ]


def test_a_region_that_no_partition_can_have_is_an_error(run: Run) -> None:
    write("risk", STACK.replace("stack: risk\n", "stack: risk\nregion: us2-east-1\n"))
    assert told(run) == [
        ("error", "STK011", "us2-east-1 is not a valid region of a stack", 2),
    ]
    write("risk", STACK.replace("stack: risk\n", "stack: risk\nregion: xy-east-1\n"))
    assert told(run) == [("error", "STK018", "region is xy-east-1, which the installed AWS SDK does not know", 2)]


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
def test_a_region_of_any_partition_is_none(region: str, run: Run) -> None:
    stack = STACK.replace("stack: risk\n", f"stack: risk\nregion: {region}\n")
    write("risk", stack.replace("arn:aws:", f"arn:{partition_of(region)}:"))
    assert told(run) == []


@pytest.mark.parametrize(("threshold", "codes"), [("error", (0, 0, 3)), ("warning", (0, 3, 3)), ("note", (0, 3, 3))])
def test_what_fails_a_run_is_chosen(threshold: str, codes: tuple[int, int, int], run: Run) -> None:
    found = []
    for text in (STACK, MISTYPED, STACK.replace("priority: 10", "priority: high")):
        write("risk", text)
        found.append(run("validate", "risk", "--fail-on", threshold).code)
    assert tuple(found) == codes
    assert run("validate", "risk", "--fail-on", "never").code == 64


def test_a_note_fails_a_run_only_where_notes_do(run: Run) -> None:
    write("small", "stack: small\nvariables: {v: {example: x}}\ntags: {t: !var v}\n")
    ran = [run("validate", "small", "--fail-on", level) for level in ("error", "warning", "note")]
    assert [(one.code, one.last) for one in ran] == [
        (0, "small: valid, nothing declared"),
        (0, "small: valid, nothing declared"),
        (3, "small: no errors, but 1 problem for --fail-on"),
    ]


def test_what_is_switched_off_with_a_reason_fails_no_run(run: Run) -> None:
    write(
        "risk", STACK.replace("Order: [spot]", "Order: [spto]") + 'rules: {disable: {JQ011: "it is another team\'s"}}\n'
    )
    assert run("validate", "risk", "--fail-on", "warning").code == 0


def test_targets_fail_likewise(run: Run) -> None:
    write("risk", MISTYPED)
    fleet = 'environments: {dev: {account: "123456789012", region: us-east-1}}\nstacks: {risk: dev, small: dev}\n'
    Path("reconciler.yaml").write_text(fleet, encoding="utf-8")
    assert (run("validate", "--all").code, run("validate", "--all", "--fail-on", "warning").code) == (0, 3)


def test_a_prefix_in_which_sub_was_forgotten_is_one_error_at_its_place(run: Run) -> None:
    write("risk", STACK.replace("stack: risk\n", f'stack: risk\nnamePrefix: "${{environment}}-"\n{KNOWN}'))
    ran = run("validate", "risk")
    assert (ran.code, ran.out.splitlines()) == (
        3,
        [
            (
                "risk/stack.yaml:2:13: error[STK007]: namePrefix is ${environment}-, and AWS rejects names that "
                "begin with it"
            ),
            '    hint: write !sub "${environment}-": only tagged strings are substituted',
            '    if AWS accepts it: rules: {disable: {STK007: "why"}}',
            "risk: 1 problem",
        ],
    )


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("stack: risk", 'stack: "risk-${environment}"', "STK011"),
        ("stack: risk", 'stack: risk\nregion: "${environment}"', "STK011"),
        ("stack: risk", 'stack: risk\naccount: "${environment}"', "STK011"),
        ("  pricing:", '  "${environment}-pricing":', "STK007"),
        ("  spot:", '  "${environment}-spot":', "STK007"),
        ("image: busybox:1", 'image: "busybox:${environment}"', "JD045"),
        ("Order: [spot]", 'Order: ["${environment}-spot"]', "JQ010"),
        ("subnet-0a1b2c3d", '"${environment}"', "CE020"),
        ("stack: risk", 'stack: risk\ntags: {env: "${environment}"}', "TAG005"),
        ("maxvCpus: 16", 'maxvCpus: "${environment}"', "SCH002"),
        ("type: MANAGED", 'type: "${environment}"', "SCH003"),
        ("priority: 10", 'priority: "${environment}"', "SCH002"),
    ],
)
def test_wherever_it_was_forgotten_sub_is_named(before: str, after: str, code: str, run: Run) -> None:
    write("risk", STACK.replace(before, after, 1) + KNOWN)
    found = run("validate", "risk", "-o", "json").json["problems"]
    assert [one["code"] for one in found if "write !sub" in one["hint"] or "namePrefix" in one["hint"]] == [code]


@pytest.mark.parametrize("command", ["validate", "render", "graph"])
def test_what_asks_nobody_accepts_a_sandbox(command: str, run: Run) -> None:
    assert run(command, "risk", "--sandbox").code == 0
    assert not Path(".reconciler").exists()


def test_a_file_without_a_name_of_the_stack_is_named(run: Run) -> None:
    Path("s.yaml").write_text("tags: {a: b}\n", encoding="utf-8")
    assert run("validate", "s.yaml").out.splitlines()[0].startswith("s.yaml: error[STK003]: no file sets the name")


@pytest.mark.parametrize(
    ("vcpus", "sizes"),
    [
        ("0.5", "1024 to 4096 in steps of 1024"),
        ("0.25", "512, 1024 or 2048"),
        ("8", "16384 to 61440 in steps of 4096"),
    ],
)
def test_the_sizes_of_fargate_are_those_of_the_vcpus_that_were_asked_for(vcpus: str, sizes: str, run: Run) -> None:
    write("risk", STACK.replace("value: 1}", f"value: {vcpus}}}").replace("value: 2048", "value: 700"))
    assert any(f"with {vcpus} vCPU Fargate has {sizes} MiB" in one[2] for one in told(run))

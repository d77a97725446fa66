"""The file of targets: environments, the stacks that go there, and what each target then is."""

from collections.abc import Mapping, Sequence

import pytest

from reconciler import __version__
from reconciler.adapters.lookup.sources import Environment
from reconciler.fleet import Consents, FleetTarget, read_excluded, read_fleet
from tests.load.memory import MemoryFiles

STACKS = ("stacks/pricing", "stacks/rendering")
DEV = "environments: {dev: {account: '111111111111', region: us-east-1}}\n"


def matching(pattern: str) -> Sequence[str]:
    return STACKS if pattern == "stacks/*" else tuple(stack for stack in STACKS if stack == pattern)


def read(text: str, env: Mapping[str, str] | None = None) -> tuple[tuple[FleetTarget, ...], list[str]]:
    files = MemoryFiles({"reconciler.yaml": text}, root=".")
    targets, problems = read_fleet(files, Environment(env or {}), matching)
    return targets, [str(problem) for problem in problems]


def targets(text: str, **env: str) -> tuple[FleetTarget, ...]:
    found, problems = read(text, env)
    assert problems == []
    return found


def test_a_target_is_a_stack_in_an_environment() -> None:
    (target,) = targets(DEV + "stacks: {stacks/pricing: [dev]}")
    assert target == FleetTarget(
        name="stacks/pricing@dev", stack="stacks/pricing", environment="dev", account="111111111111", region="us-east-1"
    )


def test_one_environment_needs_no_list() -> None:
    assert [one.name for one in targets(DEV + "stacks: {stacks/pricing: dev}")] == ["stacks/pricing@dev"]


def test_every_account_is_combined_with_every_region_and_only_what_differs_is_in_the_name() -> None:
    text = "environments: {p: {accounts: ['000000000001', '000000000002'], regions: [eu-west-1]}}\nstacks: {stacks/pricing: p}"
    assert [(one.name, one.account, one.region) for one in targets(text)] == [
        ("stacks/pricing@p/000000000001", "000000000001", "eu-west-1"),
        ("stacks/pricing@p/000000000002", "000000000002", "eu-west-1"),
    ]


def test_what_is_left_out_is_left_to_the_stack_and_to_the_configuration_of_aws() -> None:
    (target,) = targets("environments: {here: }\nstacks: {stacks/pricing: here}")
    assert (target.account, target.region, target.role_arn, target.profile) == ("", "", "", "")


def test_a_role_is_written_once_for_all_accounts() -> None:
    text = """\
environments:
  p: {accounts: ["000000000001", "000000000002"], region: eu-west-1,
      roleArn: !sub "arn:aws:iam::${account}:role/${environment}-${region}"}
stacks: {stacks/pricing: p}
"""
    assert [one.role_arn for one in targets(text)] == [
        "arn:aws:iam::000000000001:role/p-eu-west-1",
        "arn:aws:iam::000000000002:role/p-eu-west-1",
    ]


def test_a_glob_means_every_stack_that_it_matches() -> None:
    assert [one.stack for one in targets(DEV + "stacks: {stacks/*: dev}")] == list(STACKS)


def test_variables_of_an_environment_are_offered_and_those_of_a_stack_are_meant() -> None:
    text = """\
environments: {dev: {variables: {stage: !sub "${environment}1", size: 2}}}
stacks: {stacks/pricing: {environments: [dev], variables: {image: !env IMAGE}, variableFiles: [big.yaml]}}
"""
    (target,) = targets(text, IMAGE="busybox:1")
    assert {name: given.value for name, given in target.offered.items()} == {"stage": "dev1", "size": 2}
    assert {name: given.value for name, given in target.variables.items()} == {"image": "busybox:1"}
    assert target.variable_files == ("big.yaml",)


def test_guards_of_a_stack_are_put_over_those_of_its_environment() -> None:
    text = """\
environments: {dev: {guards: {maxDestroy: 10%, adopt: true, maxInterrupted: 3}}}
stacks: {stacks/pricing: {environments: dev, guards: {maxDestroy: 2, allowDestroy: [JobQueue/old], allowReplace: true}}}
"""
    (target,) = targets(text)
    assert target.consents == Consents(
        adopt=True, allow_replace=True, allow_destroy=("JobQueue/old",), max_destroy="2", max_interrupted=3
    )


def test_anchors_and_merge_keys_work_as_in_stacks() -> None:
    text = """\
x-common: &common {account: "111111111111", profile: team}
environments: {dev: {<<: *common, region: us-east-1}}
stacks: {stacks/pricing: dev}
"""
    (target,) = targets(text)
    assert (target.account, target.profile, target.region) == ("111111111111", "team", "us-east-1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "error[FLT001]: no stacks are defined"),
        ("stacks: {stacks/pricing: dev}", "error[FLT001]: no environments are defined"),
        (DEV, "error[FLT001]: no stacks are defined"),
        (DEV + "stacks: {}", "reconciler.yaml:2:1: error[FLT001]: no stacks are defined"),
        (DEV + "stack: {stacks/pricing: dev}", "reconciler.yaml:2:1: error[FLT002]: stack is not a field of the file"),
        (
            DEV + "stacks: {stacks/pricing: prod}",
            "reconciler.yaml:2:26: error[FLT004]: the environment prod is not defined",
        ),
        (DEV + "stacks: {stacks/pricing: }", "reconciler.yaml:2:10: error[FLT004]: stacks/pricing has no environments"),
        (
            DEV + "stacks: {stacks/prcing: dev}",
            "reconciler.yaml:2:10: error[FLT005]: the stack stacks/prcing does not exist",
        ),
        (
            "environments: {d: {acount: '1'}}\nstacks: {stacks/pricing: d}",
            "reconciler.yaml:1:20: error[FLT002]: acount",
        ),
        (
            "environments: {d: {account: 12}}\nstacks: {stacks/pricing: d}",
            "reconciler.yaml:1:29: error[FLT003]: 12 is no",
        ),
        (
            "environments: {d: {region: a, regions: [b]}}\nstacks: {stacks/pricing: d}",
            "reconciler.yaml:1:31: error[FLT003]: region and regions exclude each other",
        ),
        (
            "environments: {d: {guards: {maxDestroy: few}}}\nstacks: {stacks/pricing: d}",
            "reconciler.yaml:1:41: error[FLT003]: few is neither a number nor a percentage",
        ),
        (
            "environments: {d: {guards: {adopt: please}}}\nstacks: {stacks/pricing: d}",
            "reconciler.yaml:1:36: error[FLT003]: adopt must be true or false",
        ),
        (
            "environments: {d: {guards: {maxInterrupted: -1}}}\nstacks: {stacks/pricing: d}",
            "reconciler.yaml:1:45: error[FLT003]: maxInterrupted must be a number",
        ),
        (
            "environments: {d: {roleArn: !sub '${account}'}}\nstacks: {stacks/pricing: d}",
            "reconciler.yaml:1:29: error[VAR001]: account is not known",
        ),
        (
            "environments: [dev]\nstacks: {stacks/pricing: dev}",
            "reconciler.yaml:1:15: error[STK005]: environments must be",
        ),
        (
            "environments: {d: {regions: []}}\nstacks: {stacks/pricing: d}",
            "reconciler.yaml:1:20: error[FLT003]: regions is",
        ),
        ("a: 1\na: 2\n", "reconciler.yaml:2:1: error[YML003]"),
    ],
)
def test_what_cannot_be_understood_is_told_at_its_place(text: str, said: str) -> None:
    _, problems = read(text)
    assert any(problem.startswith(said) for problem in problems), problems


def test_all_problems_are_told_at_once_and_each_once_however_many_targets_it_concerns() -> None:
    text = """\
environments:
  d: {accounts: ["000000000001", "000000000002"], rolArn: x, guards: {adopt: 1}}
stacks: {stacks/*: [d, prod], stacks/other: d}
"""
    assert [problem.split(": ")[1] for problem in read(text)[1]] == [
        "error[FLT002]", "error[FLT003]", "error[FLT004]", "error[FLT005]"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "globs"),
    [
        ("exclude: [metaflow_*, nf-*]\n", ("metaflow_*", "nf-*")),
        ("exclude: metaflow_*\n", ("metaflow_*",)),
        (DEV + "stacks: {stacks/pricing: [dev]}\nexclude: [a]", ("a",)),
        (DEV + "stacks: {stacks/pricing: [dev]}", ()),
    ],
)
def test_names_that_engines_register_are_excluded_in_the_same_file(text: str, globs: tuple[str, ...]) -> None:
    files = MemoryFiles({"reconciler.yaml": text}, root=".")
    assert read_excluded(files, Environment({})) == (globs, ())
    assert "stacks" not in text or read(text)[1] == []


@pytest.mark.parametrize(("text", "code"), [("exclude: [{a: b}]", "STK005"), ("exclud: [a]", "FLT002")])
def test_what_is_excluded_must_be_texts_under_its_own_key(text: str, code: str) -> None:
    files = MemoryFiles({"reconciler.yaml": text}, root=".")
    _, problems = read_excluded(files, Environment({}))
    assert [problem.code for problem in problems] == [code]


def test_a_file_for_a_different_version_is_refused_with_that_alone() -> None:
    text = 'requiredVersion: ">98"\nlater: 1\nenvironments: {dev: {fromTheFuture: 1}}\nstacks: {stacks/gone: dev}\n'
    _, problems = read(text)
    assert problems == [
        (
            f"reconciler.yaml:1:18: error[VER001]: this is reconciler {__version__}, but reconciler >98 is required\n"
            "    hint: install a version in this range, or change requiredVersion"
        )
    ]
    files = MemoryFiles({"reconciler.yaml": text}, root=".")
    assert [problem.code for problem in read_excluded(files, Environment({}))[1]] == ["VER001"]


def test_a_version_in_the_required_range_reads_the_file() -> None:
    assert len(targets(f'requiredVersion: ">={__version__}"\n{DEV}stacks: {{stacks/pricing: dev}}')) == 1

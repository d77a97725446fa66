"""Some of the targets: by environment, by stack, a share, or what has changed."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.fleet import Consents, FleetTarget, Shard, changed_targets, choose_targets

TARGETS = tuple(
    FleetTarget(
        name=f"stacks/{stack}@{environment}", stack=f"stacks/{stack}", environment=environment, region="eu-west-1"
    )
    for stack in ("pricing", "rendering")
    for environment in ("dev", "prod-eu", "prod-us")
)


def names(targets: tuple[FleetTarget, ...]) -> list[str]:
    return [target.name for target in targets]


def test_without_a_choice_all_are_meant_in_their_order() -> None:
    assert choose_targets(TARGETS) == TARGETS


def test_environments_are_chosen_by_name_or_glob_and_stacks_by_path() -> None:
    assert names(choose_targets(TARGETS, environments=("prod-*",), stacks=("stacks/pricing",))) == [
        "stacks/pricing@prod-eu", "stacks/pricing@prod-us",
    ]  # fmt: skip


@given(of=st.integers(1, 40))
def test_shares_have_every_target_exactly_once(of: int) -> None:
    shares = [choose_targets(TARGETS, shard=Shard(number, of)) for number in range(1, of + 1)]
    assert Counter(target.name for share in shares for target in share) == Counter(names(TARGETS))


def test_a_target_stays_in_its_share_when_others_come_and_go() -> None:
    share = Shard(1, 3)
    assert choose_targets(TARGETS[2:], shard=share) == tuple(
        one for one in choose_targets(TARGETS, shard=share) if one in TARGETS[2:]
    )


def test_a_target_stays_in_its_share_when_its_name_gets_longer() -> None:
    longer = tuple(replace(one, name=f"{one.name}/{one.region}") for one in TARGETS)
    for number in range(1, 4):
        share = Shard(number, 3)
        assert [one.identity for one in choose_targets(longer, shard=share)] == [
            one.identity for one in choose_targets(TARGETS, shard=share)
        ]


def test_a_target_with_a_longer_name_has_not_changed() -> None:
    longer = tuple(replace(one, name=f"{one.name}/{one.region}") for one in TARGETS)
    assert changed_targets(longer, TARGETS, []) == ()


def test_shares_of_many_targets_are_about_as_large() -> None:
    many = [FleetTarget(name=f"stacks/{n}@prod", stack=f"stacks/{n}", environment="prod") for n in range(1000)]
    sizes = [sum(Shard(number, 8).has(target) for target in many) for number in range(1, 9)]
    assert min(sizes) > 90
    assert max(sizes) < 160


def test_a_target_has_changed_with_a_file_of_its_stack_or_one_of_its_variables() -> None:
    with_file = (*TARGETS[:1], replace(TARGETS[4], variable_files=("values/eu.yaml",)))
    assert names(changed_targets(with_file, with_file, ["stacks/pricing/deep/x.json", "README.md"])) == [
        "stacks/pricing@dev"
    ]
    assert names(changed_targets(with_file, with_file, ["values/eu.yaml"])) == ["stacks/rendering@prod-eu"]
    assert changed_targets(TARGETS, TARGETS, ["stacks/pricing-2/x.yaml", "stacks/pricing.yaml"]) == ()


def test_a_target_has_changed_when_it_is_new_or_goes_elsewhere() -> None:
    before = (replace(TARGETS[0], consents=Consents(adopt=True)), *TARGETS[1:5])
    assert names(changed_targets(TARGETS, before, [])) == ["stacks/pricing@dev", "stacks/rendering@prod-us"]

"""The order of members, and how far anchors let them move."""

import pytest

from reconciler.kinds import SECTIONS
from tests.fmt.formatting import LANGUAGE, fmt, lines


def test_the_top_of_a_stack_has_the_order_of_the_language() -> None:
    keys = [
        "stack",
        "account",
        "region",
        "lock",
        "namePrefix",
        "requiredVersion",
        "tags",
        "lookups",
        "variables",
        "defaults",
        "ignore",
        "rules",
    ]
    sections = [each.section for each in SECTIONS.values()]
    assert list(LANGUAGE.schema["properties"]) == [*keys, *sections]
    whole = [f"{key}: {{}}" for key in ("$schema", *keys, "x-b", "x-a", *sections)]
    assert fmt("\n".join(reversed(whole))) == fmt("\n".join(whole)).replace("x-b: {}\nx-a: {}", "x-a: {}\nx-b: {}")
    assert fmt("\n".join(whole)) == "\n".join(whole) + "\n"


@pytest.mark.parametrize("kind", SECTIONS.values(), ids=lambda kind: kind.name)
def test_a_body_has_the_order_of_its_table(kind: object) -> None:
    members = list(LANGUAGE.schema["$defs"][kind.name]["properties"])
    tail = ["tags", kind.own] if getattr(kind, "is_taggable", True) else [kind.own]
    assert (members[0], members[-len(tail) :]) == (kind.name_member, tail)
    shorts = {row.short: row.name for row in kind.fields if row.short}
    rows = [row.name for row in kind.rows]
    assert [name for name in members[1 : -len(tail)] if name not in shorts] == rows
    assert [members[members.index(short) - 1] for short in shorts] == list(shorts.values())
    text = "\n".join([f"{kind.section}:", "  x:", *(f"    {name}: !var a" for name in reversed(members))])
    assert [line.strip().split(":")[0] for line in fmt(text).splitlines()[2:]] == members


def test_what_no_table_knows_stands_behind_what_one_does_in_its_own_order() -> None:
    assert fmt("""
        jobDefinitions:
          a: {zebra: 1, tags: {}, apple: 2, type: container}
    """) == lines("""
        jobDefinitions:
          a: {type: container, tags: {}, zebra: 1, apple: 2}
    """)


def test_names_lists_and_free_keys_keep_their_order() -> None:
    text = """
        tags: {b: 1, a: 2}
        variables:
          z: {type: string, default: a}
          b: 1
        jobDefinitions:
          z:
            type: container
            parameters: {b: 1, a: 2}
            containerProperties:
              command: [b, a]
              environment: [{name: Z, value: 1}, {name: A, value: 2}]
          a: {type: container}
    """
    assert fmt(text) == lines(text)


def test_structures_in_lists_and_defaults_have_their_order_too() -> None:
    assert fmt("""
        defaults:
          jobDefinitions: {timeout: {attemptDurationSeconds: 1}, retryStrategy: {evaluateOnExit: [{onExitCode: 1, action: EXIT}], attempts: 2}}
        variables:
          a: {description: x, default: b, type: string}
    """) == lines("""
        variables:
          a: {type: string, default: b, description: x}
        defaults:
          jobDefinitions:
            retryStrategy: {attempts: 2, evaluateOnExit: [{action: EXIT, onExitCode: 1}]}
            timeout: {attemptDurationSeconds: 1}
    """)


def test_what_is_merged_stands_first() -> None:
    assert fmt("""
        x-a: &a {minvCpus: 0}
        computeEnvironments:
          b:
            computeResources: {type: SPOT, <<: *a}
    """) == lines("""
        x-a: &a {minvCpus: 0}
        computeEnvironments:
          b:
            computeResources: {<<: *a, type: SPOT}
    """)


def test_an_anchor_stays_above_its_aliases() -> None:
    assert fmt("""
        jobQueues: {a: {priority: &high 10}}
        computeEnvironments: {b: {unmanagedvCpus: *high, type: UNMANAGED}}
        stack: x
    """) == lines("""
        stack: x
        jobQueues: {a: {priority: &high 10}}
        computeEnvironments: {b: {type: UNMANAGED, unmanagedvCpus: *high}}
    """)


def test_an_alias_keeps_the_anchor_that_it_means_when_a_name_is_used_twice() -> None:
    text = """
        jobQueues: {a: {priority: &n 1}, b: {priority: *n}}
        computeEnvironments: {c: {unmanagedvCpus: &n 2}, d: {unmanagedvCpus: *n}}
        jobDefinitions: {e: {schedulingPriority: *n}}
    """
    assert fmt(text) == lines(text)


def test_an_anchored_value_is_in_the_order_of_the_place_that_uses_it() -> None:
    assert fmt("""
        x-common: &common {instanceRole: a, minvCpus: 0}
        x-other: &other {instanceRole: a, minvCpus: 0}
        computeEnvironments:
          b:
            computeResources: {<<: *common}
    """) == lines("""
        x-common: &common {minvCpus: 0, instanceRole: a}
        x-other: &other {instanceRole: a, minvCpus: 0}
        computeEnvironments:
          b:
            computeResources: {<<: *common}
    """)


@pytest.mark.parametrize(
    "text",
    [
        "tags: {b: 1}\nsize: 1\nstate: x\n",  # a body that some `!include` takes in
        "jobDefinitions: {timeout: {b: 1}, retryStrategy: {attempts: 1}}\njobQueues: {priority: 1}\n",  # defaults
        "- tags: {}\n- stack: x\n",
    ],
)
def test_a_file_that_is_included_somewhere_keeps_its_order(text: str) -> None:
    assert fmt(text) == text

"""`!include`: only from the stack's own folder, never in a circle, and not read as a part of the stack as well."""

import pytest

from reconciler.adapters.lookup.sources import Environment
from reconciler.load import load_with_problems
from reconciler.model import Path
from tests.load.memory import MemoryFiles, declared, loaded, problems

FILES = {
    "main.yaml": """\
        stack: risk
        variables: {image: {default: busybox}}
        jobDefinitions:
          one: !include parts/one.yaml
          two: {containerProperties: !include parts/container.json}
          three: {<<: !include parts/one.yaml, parameters: {text: !include ./parts/text.txt}}
        """,
    "parts/one.yaml": "type: container\ncontainerProperties:\n  image: !var image\n  <<: !include container.json\n",
    "parts/container.json": '{"vcpus": 1.0,\n "environment": [{"name": "a"}]}',
    "parts/text.txt": "line\nlast\r\n",
}


def test_included_files_bring_their_content_and_may_hold_tags_and_includes() -> None:
    one = declared(FILES, "JobDefinition", "one")
    container = {"image": "busybox", "vcpus": 1.0, "environment": [{"name": "a"}]}
    assert one.spec == {"type": "container", "containerProperties": container}
    assert declared(FILES, "JobDefinition", "two").spec["containerProperties"] == {
        "vcpus": 1.0,
        "environment": [{"name": "a"}],
    }
    assert declared(FILES, "JobDefinition", "three").spec == {**one.spec, "parameters": {"text": "line\nlast"}}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), "stacks/main.yaml:4:3"),
        (("type",), "stacks/parts/one.yaml:1:7"),
        (("containerProperties",), "stacks/parts/one.yaml:2:1"),
        (("containerProperties", "image"), "stacks/parts/one.yaml:3:10"),
        (("containerProperties", "vcpus"), "stacks/parts/container.json:1:11"),
        (("containerProperties", "environment", 0, "name"), "stacks/parts/container.json:2:27"),
    ],
)
def test_values_know_the_file_that_they_come_from(path: Path, place: str) -> None:
    assert str(declared(FILES, "JobDefinition", "one").places.find(path)) == place


def test_an_included_text_has_the_line_ends_that_a_text_in_yaml_has() -> None:
    main = "stack: x\njobDefinitions: {one: {parameters: {text: !include run.sh}}}\n"
    texts = ("set -e\necho hi", "set -e\r\necho hi\r\n", "set -e\recho hi\n", "set -e\r\necho hi\r\n")
    for text in texts:
        one = declared({"main.yaml": main, "run.sh": text}, "JobDefinition", "one")
        assert one.spec["parameters"]["text"] == "set -e\necho hi"


def test_a_file_is_read_once_however_often_it_is_included() -> None:
    files = MemoryFiles(FILES)
    load_with_problems(files, Environment({}))
    assert sorted(files.reads) == ["main.yaml", "parts/container.json", "parts/one.yaml", "parts/text.txt"]


def test_a_whole_section_can_be_included() -> None:
    files = {"main.yaml": "stack: x\njobQueues: !include queues.yaml\n", "queues.yaml": "q: {priority: 1}\n"}
    assert declared(files, "JobQueue", "q").spec == {"priority": 1}


def test_an_empty_file_brings_nothing() -> None:
    files = {"main.yaml": "stack: x\njobQueues: !include queues.yaml\n", "queues.yaml": "# none\n"}
    assert problems(files) == []


def test_a_circle_of_includes_prints_its_chain() -> None:
    files = {
        "main.yaml": "stack: x\njobQueues: !include a/a.yaml\n",
        "a/a.yaml": "q: !include ../b.yaml\n",
        "b.yaml": "priority: !include a/a.yaml\n",
    }
    assert problems(files) == [
        (
            "stacks/b.yaml:1:11: error[INC003]: these files include each other in a circle: "
            "a/a.yaml -> b.yaml -> a/a.yaml\n    hint: remove one of the includes"
        )
    ]


def test_a_file_that_includes_itself_is_a_circle() -> None:
    assert problems({"main.yaml": "stack: x\njobQueues: !include main.yaml\n"}) == [
        (
            "stacks/main.yaml:2:12: error[INC003]: these files include each other in a circle: main.yaml -> main.yaml\n"
            "    hint: remove one of the includes"
        )
    ]


@pytest.mark.parametrize("path", ["../secret.yaml", "/etc/passwd", "parts/../../secret.yaml", ".."])
def test_an_include_never_leaves_the_folder(path: str) -> None:
    files = MemoryFiles({"main.yaml": f"stack: x\njobQueues: !include {path}\n"})
    result = load_with_problems(files, Environment({}))
    assert [str(problem) for problem in result.problems] == [
        (
            f"stacks/main.yaml:2:12: error[INC001]: {path} is outside the stack's folder\n"
            "    hint: a stack can only read files in its own folder: move or copy the file"
        )
    ]
    assert files.reads == ["main.yaml"]


def test_an_include_through_a_link_never_leaves_the_folder() -> None:
    files = MemoryFiles({"main.yaml": "stack: x\njobQueues: !include link.txt\n"}, linked=frozenset(["link.txt"]))
    assert [str(problem) for problem in load_with_problems(files, Environment({})).problems] == [
        (
            "stacks/main.yaml:2:12: error[INC001]: link.txt is outside the stack's folder\n"
            "    hint: a stack can only read files in its own folder: move or copy the file"
        )
    ]


def test_a_part_of_the_stack_that_is_a_link_out_of_the_folder_is_refused() -> None:
    files = MemoryFiles({"main.yaml": "stack: x\n", "link.yaml": ""}, linked=frozenset(["link.yaml"]))
    assert [str(problem) for problem in load_with_problems(files, Environment({})).problems] == [
        (
            "stacks/link.yaml: error[INC001]: link.yaml is outside the stack's folder\n"
            "    hint: a stack can only read files in its own folder: move or copy the file"
        )
    ]


def test_a_missing_file_is_named_at_every_include_of_it() -> None:
    text = "jobQueues: {a: !include qeues.yaml, b: !include qeues.yaml}\n"
    files = {"main.yaml": f"stack: x\n{text}", "queues.yaml": "priority: 1"}
    assert [problem for problem in problems(files) if "INC" in problem] == [
        f"stacks/main.yaml:2:{column}: error[INC002]: the file stacks/qeues.yaml does not exist\n"
        "    hint: did you mean queues.yaml?"
        for column in (16, 40)
    ]


def test_a_folder_cannot_be_included() -> None:
    files = {"main.yaml": "stack: x\njobQueues: !include parts\n", "parts/a.txt": ""}
    assert problems(files) == [
        (
            "stacks/main.yaml:2:12: error[YML012]: stacks/parts cannot be read: Is a directory\n"
            "    hint: make it readable, or move it out of the folder"
        )
    ]


def test_an_include_without_a_file_is_an_error() -> None:
    assert problems("jobQueues: !include ''\n") == [
        "stacks/main.yaml:2:12: error[VAR014]: !include has no name\n    hint: write `!include name`"
    ]


def test_includes_that_nest_without_end_are_refused() -> None:
    chain = {f"f{n:03}.yaml": f"a: !include f{n + 1:03}.yaml\n" for n in range(150)}
    result = loaded({"main.yaml": "stack: x\njobQueues: !include f000.yaml\n", **chain, "f150.yaml": "a: 1\n"})
    assert [str(problem) for problem in result.problems] == [
        "stacks/f049.yaml:1:4: error[YML009]: this is nested deeper than 100 levels\n    hint: include fewer levels",
        "stacks/f099.yaml:1:4: error[YML009]: more than 100 files include each other\n    hint: include fewer levels",
    ]


@pytest.mark.parametrize(("root", "shown"), [(".", ""), ("", ""), ("a/b/", "a/b/"), ("/", "/"), ("/abs", "/abs/")])
def test_places_carry_the_folder_as_the_user_wrote_it(root: str, shown: str) -> None:
    files = {"main.yaml": "stack: x\njobQueues: {q: !include sub/q.yaml}\n", "sub/q.yaml": "priority: !include p.txt\n"}
    assert [str(p.where) for p in loaded(files, root=root).problems] == [f"{shown}sub/q.yaml:1:11"]

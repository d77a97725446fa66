"""Whatever stands in the files, in AWS and on the command line: what is printed steers no terminal and no runner."""

import json
import re
from pathlib import Path

import pytest

from reconciler.printable import harmless_quoted
from tests.cli.conftest import STACK, Ran, Run, Tag, write
from tests.hostile import DIRECTIONS, LINE_ENDS, TERMINAL, UNSEEN, steering

MARKUP = "</pre><script>alert(1)</script> ``` | [x](y) %0A::error::x @all &lt; \" '"
HOSTILE = {
    "lines": "::set-output name=x::y" + "".join(f"{end}::error::x{end}   ::stop-commands::t" for end in LINE_ENDS),
    "characters": "##[add-mask]e ##vso[task.complete]x" + "".join((*TERMINAL, *DIRECTIONS, *UNSEEN)) + MARKUP,
    "folded": "word " * 22 + "::stop-commands::t " + "word " * 14 + "##[group]x ::error::x ##teamcity[x]",
}
OF_GITHUB = re.compile(r"::(error|warning|notice) [^\n]*?::.*|GitHub shows .*")
every_kind = pytest.mark.parametrize("kind", HOSTILE)


def checked(ran: Ran) -> Ran:
    assert "Traceback" not in ran.err
    assert "this is a bug" not in ran.err
    assert (steering(ran.out), steering(ran.err)) == ("", "")
    return ran


def quoted(text: str) -> str:
    """Return a text as YAML and JSON write it."""
    return harmless_quoted(json.dumps(text, ensure_ascii=False))


def hostile_stack(text: str, *, is_valid: bool) -> str:
    used = STACK.replace("image: busybox:1", f"image: busybox:1\n      command: [{quoted(text)}]").replace(
        "    type: container\n", f"    type: container\n    parameters: {{p: {quoted(text)}, {quoted(text)}: x}}\n"
    )
    if is_valid:
        return used
    nonsense = f"{quoted(text)}: 1\nx-a: {{}}\n"
    return used.replace("priority: 10", f"priority: {quoted(text)}\n    {quoted(text)}: 1") + nonsense


def github(run: Run, *words: str) -> None:
    ran = run(*words, "-o", "github")
    assert [line for line in ran.out.splitlines() if not OF_GITHUB.fullmatch(line)] == []
    assert not re.search(r"##\w*\[", ran.out)
    assert ran.out.replace("\n", "").isprintable()


def files(run: Run, formats: tuple[str, ...], *words: str) -> None:
    """Ask for every format in a file; of each, and of what is printed beside, nothing steers."""
    checked(run(*words, *(word for name in formats for word in ("-o", f"{name}=out.{name}"))))
    for name in formats:
        assert (name, steering(Path(f"out.{name}").read_text(encoding="utf-8"))) == (name, "")


@every_kind
def test_what_is_wrong_in_files_is_told_harmlessly(kind: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    write("risk", hostile_stack(HOSTILE[kind], is_valid=False))
    files(run, ("text", "json", "sarif", "junit"), "validate", "risk")
    for words in (
        ("validate",),
        ("plan", "--sandbox"),
        ("plan", "--sandbox", "--log-format", "json"),
        ("fmt", "--diff"),
    ):
        checked(run(*words, "risk"))
    for words in (("validate", "risk"), ("plan", "risk", "--sandbox")):
        github(run, *words)


@every_kind
def test_what_is_planned_applied_and_live_is_told_harmlessly(
    kind: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = HOSTILE[kind]
    write("risk", hostile_stack(text, is_valid=True))
    for words in (("render", "risk"), ("render", "risk", "-o", "json"), ("graph", "risk"), ("fmt", "risk", "--diff")):
        checked(run(*words))
    files(run, ("text", "json", "markdown", "html"), "plan", "risk", "--sandbox")
    github(run, "plan", "risk", "--sandbox")
    checked(run("apply", "risk", "--sandbox", "--yes", "-vv", "--trace-calls", "-o", "jsonl", "--log-format", "json"))
    checked(run("sandbox", "break", "ComputeEnvironment/spot", "--invalid", text.replace("\x1c", "").strip()))
    write("risk", STACK.replace("priority: 10", "priority: 20").replace("maxvCpus: 16", "maxvCpus: 32"))
    for command in ("plan", "drift"):
        files(run, ("text", "json", "markdown", "html"), command, "risk", "--sandbox")
        github(run, command, "risk", "--sandbox")
    for words in (
        ("plan", "risk", "-vv", "--trace-calls"), ("drift", "risk"), ("status", "risk"), ("doctor", "risk"), ("revisions", "simulate", "risk"),
        ("import", "--to", "imported"), ("apply", "risk", "--yes", "-v"), ("destroy", "risk", "--yes"),
    ):  # fmt: skip
        checked(run(*words, "--sandbox"))


@every_kind
def test_the_names_of_folders_and_environments_are_told_harmlessly(kind: str, run: Run) -> None:
    text = HOSTILE[kind].replace("/", "")[:120]
    Path(text).mkdir()
    Path(text, "stack.yaml").write_text(STACK, encoding="utf-8")
    Path("reconciler.yaml").write_text(
        f"environments: {{{quoted(text)}: {{}}, dev: {{}}}}\n"
        f"stacks: {{{quoted(text)}: [{quoted(text)}], risk: dev}}\n",
        encoding="utf-8",
    )  # fmt: skip
    files(run, ("text", "json", "sarif", "junit"), "validate", "--all", "-v")
    for words in (("plan", "--all"), ("apply", "--all", "--yes", "-v"), ("drift", "--all", "-v"), ("status", "--all")):
        checked(run(*words, "--sandbox"))
        checked(run(*words, "--sandbox", "--log-format", "json"))
    files(run, ("text", "json", "markdown", "html"), "plan", "--all", "--sandbox")
    github(run, "plan", "--all", "--sandbox")
    Path(text, "stack.yaml").write_text("stack: x\nnonsense: 1\n", encoding="utf-8")
    checked(run("validate", text))
    github(run, "validate", text)


@every_kind
def test_arguments_are_told_harmlessly(kind: str, run: Run) -> None:
    text = HOSTILE[kind][:200]
    for words in (
        (text,), ("plan", text), ("plan", f"--{text}"), ("validate", "risk", "--var", f"{text}=1"), ("explain", text),
        ("validate", "risk", "--var-file", text), ("plan", "risk", "-o", f"{text}=x"), ("schema", text), ("plan", f"--all={text}"),
        ("plan", "risk", "--sandbox", "--target", text), ("report", "merge", text), ("init", f"new/{text[:99]}"),
        ("validate", "risk", "-o", f"json=no/{text}"), ("revisions", text, "risk", "--sandbox"), ("import", "--json", text),
    ):  # fmt: skip
        checked(run(*words))


@every_kind
def test_tags_that_are_live_are_told_harmlessly(kind: str, run: Run, tag: Tag) -> None:
    text = HOSTILE[kind]
    run("apply", "risk", "--sandbox", "--yes")
    tag("job-queue/pricing", f"k{text.replace(chr(61), chr(45))[:99]}={text[:250]}")
    for command in ("plan", "drift", "status"):
        checked(run(command, "risk", "--sandbox"))
    files(run, ("text", "json", "markdown", "html"), "drift", "risk", "--sandbox")


def test_yaml_that_is_printed_means_what_the_files_mean(run: Run) -> None:
    from ruamel.yaml import YAML

    write("risk", hostile_stack("".join(HOSTILE.values()), is_valid=True))
    assert YAML(typ="safe").load(run("render", "risk").out) == run("render", "risk", "-o", "json").json

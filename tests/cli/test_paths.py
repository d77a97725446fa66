"""Paths that a file in the repository names stay in it, whatever links say; no output overwrites what a run reads."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import SMALL, Run, write

FLEET = "environments: {dev: {}}\nstacks: {small: dev}\n"
WITH_VALUES = SMALL.replace("60}", "!var seconds}") + "variables: {seconds: {type: integer, default: 60}}\n"
SECRET = "root:*:20228:0:99999:7:::\n"


def put(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def link(name: str, to: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).symlink_to(to)


def entries(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def git(*words: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True, capture_output=True)


@pytest.fixture
def repository(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands in a repository with the stack `small` and a file of deployments; secrets are beside it."""
    put("secret.yaml", SECRET)
    put("stack/stack.yaml", "stack: outside\n")
    Path("repo").mkdir()
    monkeypatch.chdir(tmp_path / "repo")
    write("small", WITH_VALUES)
    put("reconciler.yaml", FLEET)
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "x")
    return run


@pytest.mark.parametrize(
    "file", ["/etc/passwd", "../secret.yaml", "values/../../secret.yaml", "linked.yaml", "out/secret.yaml", ".env",
             ".git/config", "small/.hidden/a.yaml", "config"],
)  # fmt: skip
@pytest.mark.parametrize("where", ["stack", "environment"])
def test_a_file_of_values_is_in_the_folder_and_visible(repository: Run, file: str, where: str) -> None:
    link("linked.yaml", "../secret.yaml")
    link("out", "..")
    link("config", ".git/config")
    put(".env", SECRET)
    files = f"variableFiles: [{file}]"
    of_stack = f"{{environments: [dev], {files}}}" if where == "stack" else "dev"
    of_environment = f"{{{files}}}" if where == "environment" else "{}"
    put("reconciler.yaml", f"environments: {{dev: {of_environment}}}\nstacks: {{small: {of_stack}}}\n")
    ran = repository("validate", "--all")
    assert ran.code == 3
    assert f"error[FLT007]: the variable file {file} is outside the folder of this file, or hidden" in ran.err
    assert "root" not in ran.out + ran.err
    assert "repositoryformatversion" not in ran.out + ran.err


def test_a_file_of_values_may_be_a_link_in_the_folder(repository: Run) -> None:
    put("values/real.yaml", "seconds: 61\n")
    link("values/link.yaml", "real.yaml")
    put("reconciler.yaml", FLEET.replace("dev}\n", "{environments: dev, variableFiles: [./values/link.yaml]}}\n"))
    assert "61" in repository("plan", "--all", "--sandbox").out


@pytest.mark.parametrize("pattern", ["stacks/evil", "stacks/*"])
@pytest.mark.parametrize("to", ["../../stack", "../..", "../.git"])
def test_the_folder_of_a_stack_is_no_link_out_of_the_repository(repository: Run, pattern: str, to: str) -> None:
    link("stacks/evil", to)
    put("reconciler.yaml", f"environments: {{dev: {{}}}}\nstacks: {{'{pattern}': dev}}\n")
    ran = repository("validate", "--all")
    assert (ran.code, "error[FLT007]: the stack stacks/evil is outside" in ran.err) == (3, True)


def test_a_stack_that_is_named_is_no_link_out_of_the_repository_either(repository: Run) -> None:
    link("stacks/evil", "../../stack")
    ran = repository("plan", "stacks/evil", "--sandbox")
    assert (ran.code, ran.err.splitlines()[0]) == (
        64,
        "error: stacks/evil is a symbolic link that leaves the repository",
    )
    link("stacks/good", "../small")
    assert repository("plan", "stacks/good", "--sandbox").code == 0


@pytest.mark.parametrize(
    "file", [".git/config", "./.git/config", "x/../.env", ".env", "linked.txt", "sub/.hidden/a.txt"]
)
def test_nothing_hidden_is_included(repository: Run, file: str) -> None:
    put("x/a.txt", "a")
    put(".env", SECRET)
    put("sub/.hidden/a.txt", SECRET)
    link("linked.txt", ".git/config")
    put("stack.yaml", f"stack: root\njobQueues: {{q: {{jobQueueName: !include {file}}}}}\n")
    ran = repository("validate", ".")
    assert ran.code == 3
    assert f"error[INC004]: {file.removeprefix('./') if file == 'linked.txt' else file} is a hidden file" in ran.out
    assert "root:" not in ran.out
    assert "repositoryformatversion" not in ran.out


def test_a_part_of_a_stack_that_is_a_link_to_a_hidden_file_is_refused(repository: Run) -> None:
    put("small/.hidden.yaml", SECRET)
    link("small/a.yaml", ".hidden.yaml")
    assert "error[INC004]: a.yaml is a hidden file" in repository("validate", "small").out


def test_a_stack_that_kubernetes_mounts_is_read(run: Run) -> None:
    put("mounted/..2026_11_30/stack.yaml", SMALL)
    link("mounted/..data", "..2026_11_30")
    link("mounted/stack.yaml", "..data/stack.yaml")
    assert run("validate", "mounted").code == 0


def test_lines_of_a_file_that_holds_no_values_are_not_shown(run: Run) -> None:
    put("shadow", SECRET)
    ran = run("validate", "small", "--var-file", "shadow")
    assert (ran.code, "20228" in ran.out, "the variable on this line is not declared" in ran.out) == (3, False, True)


@pytest.mark.parametrize("way", ["file", "folder", "dangling"])
def test_an_import_writes_through_no_link_out_of_its_folder(run: Run, way: str) -> None:
    put("victim/f.yaml", "mine\n")
    put("imp/stack.yaml", "stack: imp\n")
    policies = [{"name": "fair", "fairsharePolicy": {"shareDecaySeconds": 60}}]
    put("p.json", f'{{"schedulingPolicies": {policies}}}'.replace("'", '"'))
    if way == "folder":
        put("repo/.git/HEAD", "")
        link("repo/imp", "../victim")
    to = "repo/imp" if way == "folder" else "imp"
    if way != "folder":
        link("imp/scheduling-policies.yaml", "../victim/f.yaml" if way == "file" else "../victim/new.yaml")
    ran = run("import", "--json", "p.json", "--to", to, "--force")
    assert (ran.code, "a symbolic link that leaves" in ran.err) == (64, True)
    assert (entries("victim"), Path("victim/f.yaml").read_text(encoding="utf-8")) == (["f.yaml"], "mine\n")
    assert Path("imp/stack.yaml").read_text(encoding="utf-8") == "stack: imp\n"


def test_an_init_writes_through_no_link_out_of_its_folder(run: Run) -> None:
    Path("victim").mkdir()
    link("new/.vscode", "../victim")
    ran = run("init", "new")
    assert (ran.code, entries("victim"), entries("new")) == (64, [], [".vscode"])


def test_two_stacks_in_one_another_get_two_names(run: Run) -> None:
    assert run("init", "outer").code == run("init", "outer/x").code == 0
    names = [Path(name, "stack.yaml").read_text(encoding="utf-8") for name in ("outer", "outer/x")]
    assert ["\nstack: my-fargate-jobs" in names[0], "\nstack: x " in names[1]] == [True, True]
    for stack in ("outer", "outer/x"):
        assert run("plan", stack, "--sandbox").last == "Plan: 3 to add, 0 to change, 0 to replace, 0 to destroy."


INPUTS = {
    "the stack": ("small/stack.yaml", ()),
    "another stack": ("risk/stack.yaml", ()),
    "a link to the stack": ("link.json", ()),
    "an included text": ("small/run.sh", ()),
    "a broken part of a stack": ("small/broken.json", ()),
    "a file of values": ("values.yaml", ("--var-file", "./values.yaml")),
    "a file of deployments": ("reconciler.yaml", ()),
    "the sandbox": ("state.json", ("--sandbox=state.json",)),
}


@pytest.mark.parametrize("what", INPUTS)
@pytest.mark.parametrize("format_", ["json", "text", "markdown"])
def test_no_output_overwrites_what_is_read(run: Run, what: str, format_: str) -> None:
    put("small/run.sh", "echo\n")
    put("small/more.yaml", "x-a: !include run.sh\n")
    put("small/broken.json", '{"jobQueues": ')
    put("values.yaml", "seconds: 61\n")
    put("reconciler.yaml", FLEET)
    link("link.json", "small/stack.yaml")
    file, options = INPUTS[what]
    run("apply", "risk", "--sandbox=state.json", "--yes")
    before = Path(file).read_bytes()
    ran = run("plan", "small", *(options or ("--sandbox",)), "-o", f"{format_}={file}")
    assert (ran.code, ran.out, Path(file).read_bytes()) == (64, "", before)
    assert ran.err.splitlines()[0].endswith(": the output would overwrite it")


@pytest.mark.parametrize("file", ["reconciler.yaml", "values/dev.yaml", "small/stack.yaml"])
def test_no_output_over_deployments_overwrites_what_is_read(repository: Run, file: str) -> None:
    put("values/dev.yaml", "seconds: 61\n")
    put("reconciler.yaml", FLEET.replace("dev}\n", "{environments: dev, variableFiles: [values/dev.yaml]}}\n"))
    before = Path(file).read_bytes()
    ran = repository("plan", "--all", "--sandbox", "-o", f"json={file}")
    assert (ran.code, ran.out, Path(file).read_bytes()) == (64, "", before)


def test_a_plan_that_is_applied_is_not_overwritten_but_one_that_is_made_again_is(run: Run) -> None:
    for _ in range(2):
        assert run("plan", "small", "--sandbox", "-o", "json=small/plan.json").code == 0
    before = Path("small/plan.json").read_bytes()
    assert run("apply", "small/plan.json", "--yes", "-o", "json=small/plan.json").code == 64
    assert Path("small/plan.json").read_bytes() == before


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"name": "x"}', '{"old": '])
def test_any_other_file_may_be_overwritten(run: Run, text: str) -> None:
    put("out.json", text)
    assert run("validate", "small", "-o", "json=out.json").code == 0


def test_no_output_goes_through_a_link_out_of_the_repository(repository: Run) -> None:
    link("plan.json", "../bashrc")
    ran = repository("plan", "small", "--sandbox", "-o", "json=plan.json")
    assert (ran.code, Path("../bashrc").exists()) == (64, False)
    link("state.json", "../state")
    assert (repository("apply", "small", "--sandbox=state.json", "--yes").code, Path("../state").exists()) == (
        64,
        False,
    )


def relink(name: str, to: str) -> None:
    Path(name).unlink()
    link(name, to)


def unlink(name: str, text: str) -> None:
    Path(name).unlink()
    put(name, text)


@pytest.fixture
def changed(repository: Run) -> Run:
    """Run commands in a repository in which everything is reached through links."""
    put("real/stack.yaml", WITH_VALUES)
    put("other/stack.yaml", WITH_VALUES.replace("small", "other"))
    link("s/link", "../hop")
    link("hop", "real")
    put("values/real.yaml", "seconds: 61\n")
    link("values/link.yaml", "real.yaml")
    put("one/a.yaml", "stack: one\nschedulingPolicies: {fair: !include parts/link.yaml}\n")
    put("one/b.yaml", "stack: two\n")
    put("one/parts/real.yaml", "fairsharePolicy: {shareDecaySeconds: 60}\n")
    link("one/parts/link.yaml", "real.yaml")
    put(
        "reconciler.yaml",
        "environments: {dev: {}}\nstacks:\n  's/*': dev\n  small: {environments: dev, variableFiles: [values/link.yaml]}\n"
        "  one/a.yaml: dev\n  one/b.yaml: dev\n",
    )
    git("add", ".")
    git("commit", "-q", "-m", "y")
    return repository


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize(
    ("change", "target"),
    [
        (lambda: put("real/stack.yaml", WITH_VALUES + "tags: {a: b}\n"), "s/link@dev"),
        (lambda: put("real/new.yaml", "tags: {a: b}\n"), "s/link@dev"),
        (lambda: relink("hop", "other"), "s/link@dev"),
        (lambda: relink("s/link", "../other"), "s/link@dev"),
        (lambda: put("values/real.yaml", "seconds: 62\n"), "small@dev"),
        (lambda: unlink("values/link.yaml", "seconds: 62\n"), "small@dev"),
        (lambda: put("one/parts/real.yaml", "fairsharePolicy: {shareDecaySeconds: 61}\n"), "one/a.yaml@dev"),
        (lambda: Path("small/stack.yaml").rename("moved.yaml"), "small@dev"),
    ],
)
def test_a_change_behind_a_link_is_a_change(changed: Run, change: object, target: str, committed: bool) -> None:
    assert callable(change)
    git("checkout", "-q", "-b", "work")
    change()
    if committed:
        git("add", "-A")
        git("commit", "-q", "-m", "z")
    ran = changed("validate", "--all", "--changed-since", "main", "-o", "json")
    assert [one["target"] for one in ran.json["targets"]] == [target]


def test_a_stack_in_the_folder_of_the_file_of_deployments_changes_with_its_files(repository: Run) -> None:
    put("stack.yaml", "stack: root\n")
    put("reconciler.yaml", "environments: {dev: {}}\nstacks: {.: dev}\n")
    git("add", ".")
    git("commit", "-q", "-m", "y")
    assert repository("validate", "--all", "--changed-since", "main", "-o", "json").json["targets"] == []
    put("stack.yaml", "stack: root\ntags: {a: b}\n")
    assert len(repository("validate", "--all", "--changed-since", "main", "-o", "json").json["targets"]) == 1


def test_no_output_overwrites_a_sandbox_that_the_run_makes(run: Run) -> None:
    ran = run("plan", "small", "--sandbox=new.json", "-o", "json=./new.json")
    assert (ran.code, Path("new.json").exists()) == (64, False)
    assert "./new.json is the state of the sandbox: the output would overwrite it" in ran.err

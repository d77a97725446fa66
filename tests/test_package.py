"""What a release is: a wheel and a source distribution with what they need, and metadata that a package index takes."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import cmarkgfm
import pytest
import trove_classifiers
import yaml
from packaging.metadata import Metadata

from reconciler import __version__
from tests.cli.conftest import SMALL
from tests.test_readme import block

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module", name="built")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both files, built from the repository by the tool that builds a release."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, capture_output=True, check=True
    )
    return folder


@pytest.fixture(name="wheel")
def _wheel(built: Path) -> Path:
    return built / f"batch_reconciler-{__version__}-py3-none-any.whl"


@pytest.fixture(name="metadata")
def _metadata(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"batch_reconciler-{__version__}.dist-info/METADATA")


def of_repository() -> set[str]:
    """Return the files of the repository: those that git knows, and new ones that it does not ignore."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in done.stdout.split("\0") if name and (ROOT / name).exists()}


def test_the_wheel_has_the_package_with_its_schemas_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = f"batch_reconciler-{__version__}.dist-info"
    about = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    files = {name for name in of_repository() if name.startswith("reconciler/")}
    schemas = {f"reconciler/{name}" for name in of_repository() if name.startswith("schemas/")}
    assert len(schemas) > 5
    assert names == files | schemas | about
    assert {"reconciler/py.typed", "reconciler/__main__.py"} <= names


def test_the_source_distribution_is_the_repository(built: Path) -> None:
    top = f"batch_reconciler-{__version__}"
    with tarfile.open(built / f"{top}.tar.gz") as archive:
        names = {name.removeprefix(f"{top}/") for name in archive.getnames()}
    assert names == of_repository() | {"PKG-INFO"}


@pytest.mark.long
def test_both_commands_run_where_the_wheel_is_installed(wheel: Path, tmp_path: Path) -> None:
    home, small = tmp_path / "home", tmp_path / "small"
    venv.create(home, with_pip=True)  # of ensurepip: what made this environment may have none
    python = home / "bin" / "python"
    install = ["install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check", str(wheel)]
    subprocess.run([python, "-m", "pip", *install], capture_output=True, check=True)
    (site,) = home.glob("lib/*/site-packages")
    there = [path for path in sys.path if path.endswith("site-packages")] or [sysconfig.get_path("purelib")]
    (site / "dependencies.pth").write_text("\n".join(there), encoding="utf-8")
    small.mkdir()
    (small / "stack.yaml").write_text(SMALL, encoding="utf-8")
    for words, shown in (
        (["reconciler", "--version"], f"reconciler {__version__}"),
        (["reconciler", "schema", "plan"], "$schema"),
        (["reconciler", "init", "new"], "wrote"),
        (["batch-reconciler", "plan", "small", "--sandbox"], "1 to add"),
    ):
        command = [home / "bin" / words[0], *words[1:]]
        done = subprocess.run(
            command, cwd=tmp_path, env={"PATH": os.defpath}, capture_output=True, text=True, check=True
        )
        assert shown in done.stdout
    where = "import reconciler; print(reconciler.__file__)"
    done = subprocess.run([python, "-c", where], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(site / "reconciler" / "__init__.py")


def test_a_package_index_takes_the_metadata(metadata: bytes) -> None:
    taken = Metadata.from_email(metadata)  # raises for what PyPI refuses
    assert (taken.name, str(taken.version), taken.license_expression) == ("batch-reconciler", __version__, "Apache-2.0")
    assert set(taken.classifiers or ()) <= trove_classifiers.classifiers
    assert set(taken.provides_extra or ()) == {"sandbox", "otel"}  # tools of developers are no extra
    assert {"Homepage", "Documentation", "Changelog", "Issues"} <= set(taken.project_urls or {})


def test_readme_renders_and_its_links_lead_out_of_the_index(metadata: bytes) -> None:
    message: Message = message_from_bytes(metadata)
    assert message["Description-Content-Type"].startswith("text/markdown")
    html = cmarkgfm.github_flavored_markdown_to_html(Metadata.from_email(metadata).description or "")
    links = re.findall(r'href="([^"]*)"', html)
    assert len(links) > 10
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    of_files = [link for link in links if "/blob/" in link]
    root = f"{PROJECT['urls']['Homepage']}/blob/v{__version__}/"
    assert [link for link in of_files if not (ROOT / link.removeprefix(root).partition("#")[0]).exists()] == []


def test_the_python_versions_are_those_that_the_gate_runs_on() -> None:
    text = (ROOT / ".github" / "workflows" / "gate.yml").read_text(encoding="utf-8")
    tested = yaml.safe_load(text)["jobs"]["gate"]["strategy"]["matrix"]["python"]
    named = [name.rpartition(" ")[2] for name in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", name)]
    assert named == tested
    assert PROJECT["requires-python"] == f">={tested[0]}"


@pytest.mark.parametrize(
    ("tag", "repository", "said"),
    [
        ("v9.9.9", "team/reconciler", f"the tag is v9.9.9, but reconciler/__init__.py says {__version__}"),
        (f"v{__version__}", "team/other", "pyproject.toml names a different repository"),
        (f"v{__version__}", "team/reconciler", f"CHANGELOG.md has no date for {__version__}"),
        (f"v{__version__}", "team/reconciler", ""),
    ],
)
def test_a_release_stops_until_tag_repository_and_date_are_set(
    tag: str, repository: str, said: str, tmp_path: Path
) -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
    (script,) = (step["run"] for step in workflow["jobs"]["build"]["steps"] if step.get("name") == "Check")
    (tmp_path / "reconciler").mkdir()
    for name in ("pyproject.toml", "CHANGELOG.md", "reconciler/__init__.py"):
        text = (ROOT / name).read_text(encoding="utf-8").replace("OWNER/reconciler", "team/reconciler")
        date = "2026-11-30" if not said else "unreleased"
        (tmp_path / name).write_text(text.replace("] - unreleased", f"] - {date}"), encoding="utf-8")
    env = {"PATH": os.environ["PATH"], "GITHUB_REF_NAME": tag, "GITHUB_REPOSITORY": repository}
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode == 0, said in done.stdout) == (not said, True), done.stderr


def test_contributing_has_the_line_of_readme_and_its_commands_exist() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f"\n{block('test')}\n" in page
    for module in re.findall(r"`\.venv/bin/python -m (tests\.\w+)", page):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists()
    for path in re.findall(r"`\.venv/bin/\w+ (tests/[\w./]+)", page):
        assert (ROOT / path).exists()


def test_the_repository_has_one_placeholder_for_its_address() -> None:
    """A release replaces it everywhere, by the command in CONTRIBUTING."""
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in of_repository()
        if name.endswith((".md", ".toml", ".yml"))
    }
    addresses = {
        (name, found)
        for name, text in texts.items()
        for found in re.findall(r"(?:github\.com/|uses: )([\w.-]+/reconciler)\b", text)
    }
    assert {found for _, found in addresses} == {"OWNER/reconciler"}

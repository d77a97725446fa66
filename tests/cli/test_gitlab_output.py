"""In a job of GitLab: one note for a plan in its merge request, one issue for the drift of a deployment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.model import Json
from tests.adapters.forge.fake_github import FakeGitHub, serving, serving_of
from tests.adapters.forge.fake_gitlab import JOB_TOKEN, LONGEST, TOKEN, FakeGitLab
from tests.cli.conftest import Ran, Run

FLEET = "environments: {dev: {}, eu: {region: eu-west-1}}\nstacks: {small: [dev, eu]}\n"
MERGE_REQUEST = ("merge_requests", 17)


@pytest.fixture
def gitlab(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitLab]:
    with serving_of(FakeGitLab()) as fake:
        for name in ("GITHUB_TOKEN", "GH_TOKEN", "GITHUB_REPOSITORY", "CI_MERGE_REQUEST_PROJECT_ID"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {
            "GITLAB_CI": "true", "GITLAB_TOKEN": TOKEN, "CI_API_V4_URL": f"{fake.url}/api/v4", "CI_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "17", "CI_JOB_TOKEN": JOB_TOKEN,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        Path("plan.md").write_text("**1 to add**\n", encoding="utf-8")
        Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
        yield fake


def comment(run: Run, *words: str) -> list[str]:
    ran = run("comment", "plan", "plan.md", *words, "-o", "json")
    assert ran.code == 0, ran.err
    return [one["did"] for one in ran.json]


def bodies(fake: FakeGitLab) -> list[str]:
    return [one["body"] for one in fake.notes.values()]


def test_the_note_is_created_in_the_merge_request_of_the_pipeline_and_later_takes_its_place(
    run: Run, gitlab: FakeGitLab
) -> None:
    assert comment(run) == ["created"]
    assert comment(run) == ["unchanged"]
    Path("plan.md").write_text("**2 to add**\n", encoding="utf-8")
    assert comment(run) == ["updated"]
    (note,) = gitlab.notes.values()
    assert (note["there"], note["body"]) == (MERGE_REQUEST, '<!-- reconciler: "plan" -->\n**2 to add**')


def test_the_result_names_the_merge_request(run: Run, gitlab: FakeGitLab) -> None:
    assert run("comment", "plan", "plan.md").out == "comment plan of !17: created\n"


def test_the_merge_request_of_a_fork_is_in_the_project_that_it_is_for(
    run: Run, gitlab: FakeGitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_PROJECT_ID", "99")  # the fork's
    monkeypatch.setenv("CI_MERGE_REQUEST_PROJECT_ID", "5")
    assert comment(run) == ["created"]


def test_a_project_may_be_named_by_its_path(run: Run, gitlab: FakeGitLab) -> None:
    assert comment(run, "--repo", "team/batch", "--number", "17") == ["created"]


def test_a_note_with_our_mark_by_a_different_author_or_of_the_system_is_left_alone(
    run: Run, gitlab: FakeGitLab
) -> None:
    forged = '<!-- reconciler: "plan" -->\nno changes, merge it'
    gitlab.add_note(MERGE_REQUEST, forged, author={"username": "mallory"})
    gitlab.add_note(MERGE_REQUEST, forged, system=True)
    assert comment(run) == ["created"]
    assert bodies(gitlab)[:2] == [forged, forged]


def test_a_note_far_back_is_found(run: Run, gitlab: FakeGitLab) -> None:
    for _ in range(250):
        gitlab.add_note(MERGE_REQUEST, "x")
    assert [comment(run) for _ in range(2)] == [["created"], ["unchanged"]]


def test_a_note_that_was_deleted_meanwhile_is_created_again(run: Run, gitlab: FakeGitLab) -> None:
    comment(run)
    gitlab.vanish = set(gitlab.notes)
    Path("plan.md").write_text("other\n", encoding="utf-8")
    assert comment(run) == ["created"]


def test_no_line_of_a_plan_is_an_order_to_gitlab(run: Run, gitlab: FakeGitLab) -> None:
    Path("plan.md").write_text("a\n/approve\n/merge\n- /label ~x\n", encoding="utf-8")
    assert [comment(run) for _ in range(2)] == [["created"], ["unchanged"]]
    assert bodies(gitlab)[0].partition("\n")[2] == "a\n\\/approve\n\\/merge\n- /label ~x"


def test_a_note_that_is_too_long_is_cut_and_says_so(run: Run, gitlab: FakeGitLab) -> None:
    Path("plan.md").write_text("a line of a plan\n" * 70_000, encoding="utf-8")
    assert [comment(run) for _ in range(2)] == [["created"], ["unchanged"]]
    (body,) = bodies(gitlab)
    assert len(body) <= LONGEST
    assert body.endswith("**Truncated:** the rest did not fit.")


@pytest.mark.parametrize(
    ("env", "words", "code", "said"),
    [
        ({"GITLAB_TOKEN": ""}, (), 4, "no token for GitLab"),
        ({"GITLAB_TOKEN": "glpat-wrong"}, (), 4, "GitLab responds 401: 401 Unauthorized"),
        ({"GITLAB_TOKEN": JOB_TOKEN}, (), 4, "GitLab responds 403: insufficient_scope"),
        ({"GITLAB_TOKEN": "glpat a"}, (), 4, "GITLAB_TOKEN contains a character that no token has"),
        ({"CI_PROJECT_ID": "6"}, (), 64, "the token of a job writes no notes"),
        ({"CI_PROJECT_ID": ""}, (), 64, "no project is known"),
        ({"CI_MERGE_REQUEST_IID": ""}, (), 64, "no merge request is known"),
        ({"CI_API_V4_URL": "nowhere"}, (), 64, "the address of GitLab is not a URL"),
        ({}, ("--gitlab-url", "http://127.0.0.1:9"), 1, "GitLab cannot be reached"),
        ({}, ("--gitlab-url", "http://a", "--github-url", "http://b"), 64, "not allowed with"),
    ],
)
def test_what_cannot_work_is_said_without_the_token(
    run: Run,
    gitlab: FakeGitLab,
    monkeypatch: pytest.MonkeyPatch,
    env: dict[str, str],
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    ran = run("comment", "plan", "plan.md", *words)
    assert (ran.code, said in " ".join(ran.err.split())) == (code, True), ran.err
    assert not any(token in ran.err + ran.out for token in (TOKEN, JOB_TOKEN, "glpat"))


@pytest.mark.parametrize(
    ("faults", "code", "said"),
    [
        ([(502, {})] * 2, 0, ""),
        ([(429, {"retry-after": "3"})], 0, ""),
        ([(429, {})], 1, "the rate limit is exceeded"),
    ],
)
def test_a_fault_that_passes_is_waited_out(
    run: Run, gitlab: FakeGitLab, faults: list[tuple[int, dict[str, str]]], code: int, said: str
) -> None:
    gitlab.faults = list(faults)
    ran = run("comment", "plan", "plan.md")
    assert (ran.code, said in ran.err) == (code, True)


def test_a_note_whose_answer_is_lost_is_not_repeated_blindly(run: Run, gitlab: FakeGitLab) -> None:
    answer = gitlab.answer

    def broken(method: str, *rest: Json) -> tuple[int, Json]:
        made = answer(method, *rest)
        return (502, {"message": "lost"}) if method == "POST" else made

    gitlab.answer = broken  # type: ignore[method-assign]
    ran = run("comment", "plan", "plan.md")
    assert (ran.code, "run it again: it checks first" in ran.err) == (1, True)
    gitlab.answer = answer  # type: ignore[method-assign]
    assert comment(run) == ["unchanged"]


def test_a_job_of_gitlab_can_report_to_github(run: Run, gitlab: FakeGitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as github:
        monkeypatch.setenv("GITHUB_TOKEN", "t0ken")
        words = ("--github-url", github.url, "--repo", "team/batch", "--number", "3")
        assert comment(run, *words) == ["created"]
        monkeypatch.setenv("GITHUB_REPOSITORY", "team/batch")
        monkeypatch.setenv("GITHUB_API_URL", github.url)
        assert comment(run, "--number", "3") == ["unchanged"]
        assert (len(github.comments), gitlab.calls) == (1, [])
        assert isinstance(github, FakeGitHub)


def drift_issues(run: Run) -> dict[str, str]:
    run("drift", "--all", "--sandbox", "-o", "json=drift.json")
    ran: Ran = run("comment", "drift", "drift.json", "-o", "json")
    assert ran.code == 0, ran.err
    return {one["what"]: one["did"] for one in ran.json}


def states(fake: FakeGitLab) -> list[tuple[str, str]]:
    return [(one["title"], one["state"]) for one in fake.issues.values()]


def test_an_issue_is_opened_for_a_deployment_that_drifted_and_closed_when_that_is_gone(
    run: Run, gitlab: FakeGitLab
) -> None:
    run("apply", "--all", "--sandbox", "--yes")
    assert drift_issues(run) == {"small@dev": "no drift", "small@eu": "no drift"}
    run("sandbox", "drift", "SchedulingPolicy/fair", "shareDecaySeconds=99", "--region", "us-east-1")
    assert drift_issues(run) == {"small@dev": "opened", "small@eu": "no drift"}
    assert drift_issues(run) == {"small@dev": "unchanged", "small@eu": "no drift"}
    assert states(gitlab) == [("Drift in small@dev", "opened")]
    (issue,) = gitlab.issues.values()
    assert (issue["labels"], "shareDecaySeconds" in issue["description"]) == (["reconciler-drift"], True)
    run("sandbox", "drift", "SchedulingPolicy/fair", "shareDecaySeconds=98", "--region", "us-east-1")
    assert drift_issues(run)["small@dev"] == "updated"
    run("apply", "--all", "--sandbox", "--yes")
    assert drift_issues(run)["small@dev"] == "closed"
    assert (states(gitlab), bodies(gitlab)) == ([("Drift in small@dev", "closed")], ["The drift is gone."])

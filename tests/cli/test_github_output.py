"""Telling people: one comment for a plan, one issue for the drift of a target, and whoever listens."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.session import get_session

from reconciler.adapters.forge.github import LONGEST
from reconciler.adapters.forge.posts import cut
from reconciler.model import Json
from tests.adapters.forge.fake_github import REPOSITORY, TOKEN, FakeGitHub, serving
from tests.cli.conftest import Ran, Run

FLEET = "environments: {dev: {}, eu: {region: eu-west-1}}\nstacks: {small: [dev, eu]}\n"


@pytest.fixture
def github(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    with serving() as fake:
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
        monkeypatch.setenv("GITHUB_API_URL", fake.url)
        for name in ("GITHUB_REF", "GITLAB_CI"):
            monkeypatch.delenv(name, raising=False)
        Path("plan.md").write_text("**1 to add**\n", encoding="utf-8")
        Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
        yield fake


def bodies(fake: FakeGitHub) -> list[str]:
    return [one["body"] for one in fake.comments.values()]


def did(ran: Ran) -> list[str]:
    assert ran.code == 0, ran.err
    return [one["did"] for one in ran.json]


def issues(run: Run) -> dict[str, str]:
    """Post what `drift.json` tells; return what was done for each target."""
    ran = run("comment", "drift", "drift.json", "-o", "json")
    assert ran.code == 0, ran.err
    return {one["what"]: one["did"] for one in ran.json}


def drift(run: Run, name: str = "drift.json") -> Json:
    run("drift", "--all", "--sandbox", "-o", f"json={name}")
    return json.loads(Path(name).read_text(encoding="utf-8"))


def somebody_changes(run: Run) -> None:
    ran = run("sandbox", "drift", "SchedulingPolicy/fair", "shareDecaySeconds=99", "--region", "us-east-1")
    assert ran.code == 0, ran.err


def test_the_first_comment_is_created_and_later_ones_take_its_place(run: Run, github: FakeGitHub) -> None:
    assert did(run("comment", "plan", "plan.md", "--number", "17", "-o", "json")) == ["created"]
    Path("plan.md").write_text("**2 to add**\n", encoding="utf-8")
    assert did(run("comment", "plan", "plan.md", "--number", "17", "-o", "json")) == ["updated"]
    assert bodies(github) == ['<!-- reconciler: "plan" -->\n**2 to add**\n']


def test_a_comment_that_says_the_same_is_left_alone(run: Run, github: FakeGitHub) -> None:
    run("comment", "plan", "plan.md", "--number", "17")
    github.calls.clear()
    ran = run("comment", "plan", "plan.md", "--number", "17")
    assert ran.out.startswith("comment plan of #17: unchanged  http")
    assert {call.split()[0] for call in github.calls} == {"GET"}


@pytest.mark.parametrize("login", ["github-actions[bot]", "ci-user"])
@pytest.mark.parametrize(
    "author",
    [
        {"login": "mallory", "type": "User"},
        {"login": "github-actions[bot]", "type": "User"},
        {"login": "other[bot]", "type": "Bot"},
        None,
    ],
)
def test_a_comment_with_our_mark_by_a_different_author_is_left_alone(
    run: Run, github: FakeGitHub, login: str, author: Json
) -> None:
    github.login = login
    forged = '<!-- reconciler: "plan" -->\nno changes, merge it\n'
    github.comments[1] = {"id": 1, "issue": 17, "body": forged, "html_url": "", "user": author}
    assert did(run("comment", "plan", "plan.md", "--number", "17", "-o", "json")) == ["created"]
    Path("plan.md").write_text("**2 to add**\n", encoding="utf-8")
    assert did(run("comment", "plan", "plan.md", "--number", "17", "-o", "json")) == ["updated"]
    assert [body.partition("\n")[2] for body in bodies(github)] == ["no changes, merge it\n", "**2 to add**\n"]


def test_an_app_of_the_users_own_says_how_it_is_called(run: Run, github: FakeGitHub) -> None:
    github.login = "batch-app[bot]"
    words = ("comment", "plan", "plan.md", "--number", "17", "--author", "batch-app[bot]", "-o", "json")
    assert [did(run(*words)) for _ in range(2)] == [["created"], ["unchanged"]]


def test_an_issue_with_our_mark_by_a_different_author_is_left_alone(run: Run, github: FakeGitHub) -> None:
    body = '<!-- reconciler: "small@dev" 0123456789abcdef -->\nclosed, never mind\n'
    github.issues[7] = {"number": 7, "state": "open", "labels": ["reconciler-drift"], "body": body, "html_url": "",
                        "updated_at": "2999-01-01T00:00:00Z", "user": {"login": "mallory", "type": "User"}}  # fmt: skip
    drift(run)
    assert issues(run) == {"small@dev": "opened", "small@eu": "opened"}
    assert (github.issues[7]["body"], github.issues[7]["state"]) == (body, "open")


def test_a_comment_a_key_and_those_of_others_are_left_alone(run: Run, github: FakeGitHub) -> None:
    github.comments[1] = {"id": 1, "issue": 17, "body": "looks good", "html_url": ""}
    run("comment", "plan", "plan.md", "--number", "17", "--key", "dev")
    run("comment", "plan", "plan.md", "--number", "17", "--key", "dev--> prod")
    run("comment", "plan", "plan.md", "--number", "17", "--key", "dev--> prod")
    assert len(bodies(github)) == 3
    assert all(body.partition("\n")[0].count("-->") == 1 for body in bodies(github)[1:])


def test_a_comment_far_back_is_found(run: Run, github: FakeGitHub) -> None:
    for number in range(250):
        github.comments[number] = {"id": number, "issue": 17, "body": "x", "html_url": ""}
    run("comment", "plan", "plan.md", "--number", "17")
    assert did(run("comment", "plan", "plan.md", "--number", "17", "-o", "json")) == ["unchanged"]


def test_without_changes_no_comment_is_begun(run: Run, github: FakeGitHub) -> None:
    assert did(run("comment", "plan", "plan.md", "--number", "17", "--only-update", "-o", "json")) == ["left out"]
    assert github.comments == {}


def test_a_comment_that_somebody_deleted_meanwhile_is_created_anew(run: Run, github: FakeGitHub) -> None:
    run("comment", "plan", "plan.md", "--number", "17")
    github.vanish = set(github.comments)
    Path("plan.md").write_text("other\n", encoding="utf-8")
    assert did(run("comment", "plan", "plan.md", "--number", "17", "-o", "json")) == ["created"]
    assert bodies(github) == ['<!-- reconciler: "plan" -->\nother\n']


def test_a_text_that_is_too_long_is_cut_and_says_so(run: Run, github: FakeGitHub) -> None:
    Path("plan.md").write_text("a line of a plan\n" * 10_000, encoding="utf-8")
    assert run("comment", "plan", "plan.md", "--number", "17").code == 0
    (body,) = bodies(github)
    assert len(body) <= LONGEST
    assert body.endswith("a line of a plan\n\n**Truncated:** the rest did not fit.\n")


def test_a_single_long_line_is_cut_too() -> None:
    assert len(cut("x" * 100_000, LONGEST)) == LONGEST


def test_in_a_run_for_a_pull_request_its_number_is_known(
    run: Run, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_REF", "refs/pull/23/merge")
    run("comment", "plan", "plan.md")
    assert [one["issue"] for one in github.comments.values()] == [23]


@pytest.mark.parametrize(
    ("faults", "code", "said"),
    [
        ([(500, {})] * 2, 0, ""),
        ([(502, {})] * 9, 1, "GitHub responds 502"),
        ([(429, {"retry-after": "3"})], 0, ""),
        ([(403, {"retry-after": "1"})], 0, ""),
        ([(403, {"x-ratelimit-remaining": "0"})], 1, "the rate limit is exceeded"),
        ([(403, {})], 4, "check the token and its permissions"),
        ([(422, {})], 1, "GitHub responds 422: a fault"),
    ],
)
def test_a_fault_that_passes_is_waited_out_and_another_is_told(
    run: Run, github: FakeGitHub, faults: list[tuple[int, dict[str, str]]], code: int, said: str
) -> None:
    github.faults = list(faults)
    ran = run("comment", "plan", "plan.md", "--number", "17")
    assert ran.code == code
    assert said in ran.err
    assert TOKEN not in ran.err + ran.out


def test_a_post_whose_answer_is_lost_is_not_repeated_blindly(run: Run, github: FakeGitHub) -> None:
    run("comment", "plan", "plan.md", "--number", "1")  # so that the next fault meets the POST
    github.calls.clear()
    github.faults = []
    answer = github.answer

    def broken(method: str, *rest: Json) -> tuple[int, Json]:
        made = answer(method, *rest)
        return (502, {"message": "lost"}) if method == "POST" else made

    github.answer = broken  # type: ignore[method-assign]
    ran = run("comment", "plan", "plan.md", "--number", "17")
    assert ran.code == 1
    assert "run it again: it checks first" in ran.err
    github.answer = answer  # type: ignore[method-assign]
    assert did(run("comment", "plan", "plan.md", "--number", "17", "-o", "json")) == ["unchanged"]


@pytest.mark.parametrize(
    ("words", "env", "code", "said"),
    [
        (("plan", "plan.md"), {}, 64, "no pull request is known"),
        (("plan", "none.md", "--number", "1"), {}, 64, "cannot read none.md"),
        (("plan", "plan.md", "--number", "1", "--repo", "batch"), {}, 64, "batch is not a repository name"),
        (("plan", "plan.md", "--number", "1", "--repo", "team/other"), {}, 64, "pull-requests: write"),
        (("plan", "plan.md", "--number", "1"), {"GITHUB_TOKEN": "wrong"}, 4, "GitHub responds 401: Bad credentials"),
        (("plan", "plan.md", "--number", "1"), {"GITHUB_TOKEN": ""}, 4, "no token for GitHub"),
        (("plan", "plan.md", "--number", "1"), {"GITHUB_REPOSITORY": ""}, 64, "no repository is known"),
        (("plan", "plan.md", "--number", "1"), {"GITHUB_API_URL": "nowhere"}, 64, "the address of GitHub is not a URL"),
        (
            ("plan", "plan.md", "--number", "1", "--github-url", "http://[::1"),
            {},
            64,
            "the address of GitHub is not a URL",
        ),
        (("plan", "plan.md", "--number", "1"), {"GITHUB_API_URL": "http://127.0.0.1:9"}, 1, "GitHub cannot be reached"),
        (("drift", "plan.md"), {}, 64, "plan.md is not a drift document: it is not JSON"),
    ],
)
def test_what_cannot_work_is_told(
    run: Run,
    github: FakeGitHub,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    env: dict[str, str],
    code: int,
    said: str,
) -> None:
    monkeypatch.delenv("GH_TOKEN", raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    ran = run("comment", *words)
    assert ran.code == code
    assert said in ran.err


def test_an_issue_is_opened_for_a_target_that_drifted_and_closed_when_that_is_gone(
    run: Run, github: FakeGitHub
) -> None:
    run("apply", "--all", "--sandbox", "--yes")
    drift(run)
    assert issues(run) == {"small@dev": "no drift", "small@eu": "no drift"}
    somebody_changes(run)
    drift(run)
    assert issues(run) == {"small@dev": "opened", "small@eu": "no drift"}
    (issue,) = github.issues.values()
    assert (issue["title"], issue["labels"]) == ("Drift in small@dev", ["reconciler-drift"])
    assert "  fairsharePolicy.shareDecaySeconds\n- declared  60\n+ live      99\n" in issue["body"]
    assert issues(run) == {"small@dev": "unchanged", "small@eu": "no drift"}
    run("apply", "--all", "--sandbox", "--yes")
    drift(run)
    assert issues(run) == {"small@dev": "closed", "small@eu": "no drift"}
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")


def test_an_issue_is_written_anew_when_the_drift_is_another_or_it_is_old(run: Run, github: FakeGitHub) -> None:
    run("apply", "--all", "--sandbox", "--yes")
    somebody_changes(run)
    drift(run)
    run("comment", "drift", "drift.json")
    (issue,) = github.issues.values()
    issue["updated_at"] = "2020-01-01T00:00:00Z"
    assert issues(run)["small@dev"] == "updated"
    issue["updated_at"] = "2999-01-01T00:00:00Z"
    run("sandbox", "drift", "SchedulingPolicy/fair", "shareDecaySeconds=98", "--region", "us-east-1")
    drift(run)
    assert issues(run)["small@dev"] == "updated"


def test_a_check_that_failed_closes_nothing(run: Run, github: FakeGitHub) -> None:
    run("apply", "--all", "--sandbox", "--yes")
    somebody_changes(run)
    document = drift(run)
    run("comment", "drift", "drift.json")
    document["targets"][0] |= {"exit": 4, "result": None, "came_to": "denied", "told": "no credentials"}
    Path("drift.json").write_text(json.dumps(document), encoding="utf-8")
    assert issues(run) == {"small@dev": "left alone: its check failed", "small@eu": "no drift"}
    assert [issue["state"] for issue in github.issues.values()] == ["open"]


def test_the_drift_of_one_stack_has_an_issue_as_well(run: Run, github: FakeGitHub) -> None:
    run("drift", "small", "--sandbox", "-o", "json=drift.json")
    assert list(issues(run).values()) == ["opened"]
    assert [issue["title"] for issue in github.issues.values()] == ["Drift in small@123456789012/us-east-1"]


def renamed(run: Run) -> None:
    """The environment gets another region, and so its targets other names; `small` is live in the first one."""
    Path("reconciler.yaml").write_text(
        "environments: {dev: {regions: [us-east-1, us-west-2]}}\nstacks: {small: [dev]}\n", encoding="utf-8"
    )
    run("apply", "--all", "--sandbox", "--yes", "--target", "JobQueue/none")


def test_an_issue_stays_that_of_its_deployment_when_that_gets_another_name(run: Run, github: FakeGitHub) -> None:
    Path("reconciler.yaml").write_text("environments: {dev: {region: us-east-1}}\nstacks: {small: [dev]}\n")
    run("apply", "--all", "--sandbox", "--yes")
    somebody_changes(run)
    drift(run, "before.json")
    run("comment", "drift", "before.json")
    renamed(run)
    drift(run)
    assert issues(run) == {"small@dev/us-east-1": "unchanged", "small@dev/us-west-2": "opened"}
    run("apply", "--all", "--sandbox", "--yes")
    drift(run)
    assert issues(run) == {"small@dev/us-east-1": "closed", "small@dev/us-west-2": "closed"}
    assert [issue["state"] for issue in github.issues.values()] == ["closed", "closed"]


def test_a_drift_is_no_news_under_another_name(run: Run, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_WEBHOOK", f"{github.url}/hook")
    Path("reconciler.yaml").write_text("environments: {dev: {region: us-east-1}}\nstacks: {small: [dev]}\n")
    run("apply", "--all", "--sandbox", "--yes")
    somebody_changes(run)
    drift(run, "before.json")
    renamed(run)
    drift(run)
    assert run("notify", "drift.json", "--before", "before.json").out == "notified of 1: small@dev/us-west-2\n"


OF_NAME = '<!-- reconciler: "small@dev" 0123456789abcdef -->\nof before there were identities\n'


@pytest.mark.parametrize(("name", "done"), [("small@dev", "updated"), ("small@prod", "closed: no longer a deployment")])
def test_an_issue_of_before_there_were_identities_is_known_by_its_name(
    run: Run, github: FakeGitHub, name: str, done: str
) -> None:
    body = OF_NAME.replace("small@dev", name)
    github.issues[7] = {"number": 7, "state": "open", "labels": ["reconciler-drift"], "body": body, "html_url": "",
                        "updated_at": "2999-01-01T00:00:00Z", "user": github.user}  # fmt: skip
    drift(run)
    assert issues(run)[name] == done
    assert ('"stack": "small"' in github.issues[7]["body"]) == (name == "small@dev")


@pytest.mark.parametrize("words", [(), ("--env", "eu"), ("--shard", "1/2")])
def test_the_issue_of_a_deployment_that_is_no_more_is_closed_if_all_were_checked(
    run: Run, github: FakeGitHub, words: tuple[str, ...]
) -> None:
    drift(run)
    run("comment", "drift", "drift.json")
    Path("reconciler.yaml").write_text(FLEET.replace("[dev, eu]", "[eu]"), encoding="utf-8")
    run("drift", "--all", "--sandbox", *words, "-o", "json=drift.json")
    assert issues(run).get("small@dev/123456789012/us-east-1") == (None if words else "closed: no longer a deployment")
    dev, eu = github.issues.values()
    assert (dev["state"], eu["state"]) == ("open" if words else "closed", "open")
    said = [one["body"] for one in github.comments.values() if one["issue"] == dev["number"]]
    assert said == ([] if words else ["small@dev/123456789012/us-east-1 is no longer a deployment of reconciler.yaml."])


def test_the_issues_of_a_different_file_and_of_single_stacks_are_left_to_their_own_runs(
    run: Run, github: FakeGitHub
) -> None:
    Path("other.yaml").write_text("environments: {qa: {region: us-east-1}}\nstacks: {risk: qa}\n", encoding="utf-8")
    run("drift", "--all=other.yaml", "--sandbox", "-o", "json=drift.json")
    assert issues(run) == {"risk@qa": "opened"}
    run("drift", "risk", "--sandbox", "--region", "us-west-2", "-o", "json=drift.json")
    assert issues(run) == {"risk@123456789012/us-west-2": "opened"}
    drift(run)
    assert set(issues(run)) == {"small@dev", "small@eu"}
    assert {issue["state"] for issue in github.issues.values()} == {"open"}


def test_two_issues_of_one_deployment_become_one(run: Run, github: FakeGitHub) -> None:
    drift(run)
    run("comment", "drift", "drift.json")
    first = next(iter(github.issues.values()))
    github.issues[7] = {**first, "number": 7, "body": OF_NAME}
    assert issues(run)["small@dev"] == "unchanged"
    assert (first["state"], github.issues[7]["state"]) == ("open", "closed")


def test_what_another_command_came_to_is_no_drift(run: Run, github: FakeGitHub) -> None:
    run("plan", "--all", "--sandbox", "-o", "json=drift.json")
    ran = run("comment", "drift", "drift.json")
    assert (ran.code, github.calls) == (64, [])
    assert "drift.json is not a drift document: it contains results of `plan`" in ran.err


@pytest.mark.parametrize(
    "damage",
    [
        '{"document": "drift"}',
        '{"document": "drift", "stack": 1, "account": 1, "region": 1, "summary": {}, "changed": [1]}',
    ],
)
def test_a_damaged_document_posts_nothing(run: Run, github: FakeGitHub, damage: str) -> None:
    Path("drift.json").write_text(damage, encoding="utf-8")
    ran = run("comment", "drift", "drift.json")
    assert ran.code == 64
    assert "drift.json is not a drift document: it is damaged" in ran.err
    assert github.calls == []


def test_a_webhook_is_told_of_each_drift_once(run: Run, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_WEBHOOK", f"{github.url}/hook")
    run("apply", "--all", "--sandbox", "--yes")
    drift(run, "quiet.json")
    assert run("notify", "quiet.json").out == "nothing is new\n"
    somebody_changes(run)
    drift(run)
    assert run("notify", "drift.json", "--before", "quiet.json").out == "notified of 1: small@dev\n"
    assert run("notify", "drift.json", "--before", "drift.json").out == "nothing is new\n"
    (hooked,) = github.hooked
    assert hooked["text"].startswith("AWS Batch: drift in 1 deployment\n- small@dev: 1 changed")
    assert [one["target"] for one in hooked["targets"]] == ["small@dev"]


def test_a_webhook_that_refuses_is_told_without_its_address(
    run: Run, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_WEBHOOK", f"{github.url}/s3cret-hook")
    run("drift", "small", "--sandbox", "-o", "json=drift.json")
    ran = run("notify", "drift.json")
    assert ran.code == 4
    assert "the webhook responds 401" in ran.err
    assert "s3cret" not in ran.err + ran.out


def test_a_webhook_that_breaks_down_may_have_got_it(
    run: Run, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_WEBHOOK", f"{github.url}/hook")
    run("drift", "small", "--sandbox", "-o", "json=drift.json")
    github.faults = [(503, {})]
    ran = run("notify", "drift.json")
    assert (ran.code, github.hooked) == (1, [])
    assert "the webhook responds 503" in ran.err
    assert "running the command again may deliver it twice" in " ".join(ran.err.split())
    assert "checks first" not in ran.err


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "GH_TOKEN"])
@pytest.mark.parametrize(
    "token", ["ghp_SECR\nETTOK", "ghp_SECR\rETTOK", "ghp_SECRET\x00TOK", "ghp_SECRETTOK€", "ghp_SECRÉT", "ghp SECRET"]
)
def test_a_token_that_can_be_none_is_denied_and_not_shown(
    run: Run, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch, name: str, token: str
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.setattr("os.environ", {**os.environ, name: token})  # the real one takes no zero
    ran = run("comment", "plan", "plan.md", "--number", "1")
    assert (ran.code, github.calls) == (4, [])
    assert f"{name} contains a character that no token has" in ran.err
    assert "SECR" not in ran.err + ran.out


def test_a_token_may_end_with_the_line_of_its_file(
    run: Run, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", f"{TOKEN}\r\n")
    assert did(run("comment", "plan", "plan.md", "--number", "17", "-o", "json")) == ["created"]


@pytest.mark.parametrize(
    "address", ["http://[::1/s3cret", "hooks/s3cret", "http://h/s3c\nret", "http://h/s3crét", "http://h:port/s3cret"]
)
def test_a_webhook_that_is_no_address_is_wrong_usage_and_not_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("RECONCILER_WEBHOOK", address)
    run("drift", "small", "--sandbox", "-o", "json=drift.json")
    ran = run("notify", "drift.json")
    assert ran.code == 64
    assert "the address of the webhook (RECONCILER_WEBHOOK) is not a URL" in ran.err
    assert "s3c" not in ran.err + ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("drift.json",), "no destination is given"),
        (("drift.json", "--sns", "topic"), "topic is not the ARN of a topic"),
        (("none.json", "--sns", "arn:aws:sns:us-east-1:123456789012:drift"), "cannot read none.json"),
    ],
)
def test_a_notice_that_cannot_be_sent_is_wrong_usage(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.delenv("RECONCILER_WEBHOOK", raising=False)
    run("drift", "small", "--sandbox", "-o", "json=drift.json")
    ran = run("notify", *words)
    assert ran.code == 64
    assert said in ran.err


def test_a_topic_is_told_and_a_fifo_one_by_what_it_can_tell_twins(
    run: Run, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("moto")
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("RECONCILER_WEBHOOK", raising=False)
    sns, sqs = (get_session().create_client(name, "us-east-1") for name in ("sns", "sqs"))
    topic = sns.create_topic(Name="drift.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    queue = sqs.create_queue(QueueName="all.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:all.fifo")
    run("drift", "small", "--sandbox", "-o", "json=drift.json")
    for _ in range(2):
        assert run("notify", "drift.json", "--sns", topic).code == 0
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", ())
    assert ["SchedulingPolicy/fair" in one["Body"] for one in found] == [True]

"""The YAML of an import reads as somebody would write it."""

import textwrap

import pytest

from reconciler.importers.model import Imported, ImportedResource, Note, TaggedValue
from reconciler.importers.writer import GroupBy
from reconciler.model import Address, Json
from tests.builders import CE, CR, JD, JQ, QS, SP, container, ec2, fair, queue, share
from tests.importers.importing import read, tidied

ARN = "arn:aws:batch:us-east-1:123456789012"


def found(kind: str, name: str, body: Json, *notes: Note, logical: str = "") -> ImportedResource:
    return ImportedResource(Address(kind, name), body, logical, notes)


def text(*founds: ImportedResource, **variables: Json) -> str:
    tidy = tidied(Imported(resources=founds, variables=variables), group_by=GroupBy.NONE)
    return tidy.files.texts["stack.yaml"].removeprefix("stack: new\nregion: us-east-1\n").lstrip("\n")


def lines(expected: str) -> str:
    return textwrap.dedent(expected).lstrip("\n")


def test_references_are_keys_and_lists_of_them_names() -> None:
    order = [
        {"order": 7, "computeEnvironment": f"{ARN}:compute-environment/b"},
        {"order": 3, "computeEnvironment": "a"},
    ]
    body = {"priority": 1, "computeEnvironmentOrder": order, "schedulingPolicyArn": f"{ARN}:scheduling-policy/fair"}
    founds = (found(CE, "b", ec2(), logical="spot"), found(SP, "fair", fair()), found(JQ, "pricing", body))
    assert text(*founds).partition("jobQueues:\n")[2] == (
        "  pricing:\n    priority: 1\n    schedulingPolicy: fair\n    computeEnvironmentOrder: [a, spot]\n"
    )


def test_what_was_not_found_is_referred_to_as_it_was() -> None:
    assert f"[{ARN}:compute-environment/b]" in text(found(JQ, "q", queue(f"{ARN}:compute-environment/b")))


def test_ranks_that_are_equal_are_kept() -> None:
    order = [{"order": 1, "computeEnvironment": "a"}, {"order": 1, "computeEnvironment": "b"}]
    assert "{order: 1, computeEnvironment: a}" in text(
        found(JQ, "q", {"priority": 1, "computeEnvironmentOrder": order})
    )


def test_a_default_that_aws_demands_is_written() -> None:
    assert "minvCpus: 0" in text(found(CE, "spot", ec2()))
    fargate = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    assert "minvCpus" not in text(
        found(CE, "spot", {"type": "MANAGED", "computeResources": {**fargate, "minvCpus": 0}})
    )


def test_an_empty_that_means_something_is_written() -> None:
    volumes = [{"name": "scratch", "emptyDir": {}}, {"name": "system", "hostPath": {"path": "/sys"}}]
    pod = {"containers": [{"image": "busybox:1", "env": [], "resources": {}}], "volumes": volumes}
    written = text(found(JD, "job", {"type": "container", "eksProperties": {"podProperties": pod}}))
    assert written == lines("""
        jobDefinitions:
          job:
            type: container
            eksProperties:
              podProperties:
                containers:
                  - {image: busybox:1}
                volumes:
                  - name: scratch
                    emptyDir: {}
                  - name: system
                    hostPath: {path: /sys}
        """)


def test_notes_become_comments_where_they_belong() -> None:
    notes = (Note((), "from Queue in main.yaml"), Note(("priority",), "was 1"), Note(("state",), "was left out"))
    assert text(found(JQ, "q", queue("a", state="ENABLED"), *notes)) == lines("""
        jobQueues:
          # from Queue in main.yaml
          # was left out
          q:
            # was 1
            priority: 1
            computeEnvironmentOrder: [a]
        """)


def test_what_is_substituted_keeps_its_tag_and_what_is_around_it_is_tidy() -> None:
    body = container(
        image=TaggedValue("!sub", "${registry}/job:1"), privileged=False, memory=TaggedValue("!var", "memory")
    )
    written = text(found(JD, "job", body), registry={"type": "string", "default": "repo"}, memory={"type": "number"})
    assert written == lines("""
        variables:
          registry: {type: string, default: repo}
          memory: {type: number}

        jobDefinitions:
          job:
            type: container
            containerProperties: {image: !sub "${registry}/job:1", vcpus: 1, memory: !var memory}
        """)


def test_a_script_in_which_something_is_substituted_stays_one_in_lines() -> None:
    script = TaggedValue("!sub", 'set -e\necho "${stage}"\n')
    body = container(command=["sh", "-c", script])
    assert (
        '      command:\n        - sh\n        - -c\n        - !sub |\n          set -e\n          echo "${stage}"\n'
        in text(found(JD, "job", body), stage={"type": "string", "default": "dev"})
    )


def test_what_all_resources_of_a_kind_share_is_written_once_and_nothing_else() -> None:
    jobs = [{**container(image=f"job:{n}"), "retryStrategy": {"attempts": 3}} for n in range(4)]
    jobs[3]["retryStrategy"] = {"attempts": 5}
    assert text(*(found(JD, f"job-{n}", body) for n, body in enumerate(jobs))) == lines("""
        defaults:
          jobDefinitions:
            type: container
            containerProperties: {vcpus: 1, memory: 512}

        jobDefinitions:
          job-0:
            containerProperties: {image: job:0}
            retryStrategy: {attempts: 3}

          job-1:
            containerProperties: {image: job:1}
            retryStrategy: {attempts: 3}

          job-2:
            containerProperties: {image: job:2}
            retryStrategy: {attempts: 3}

          job-3:
            containerProperties: {image: job:3}
            retryStrategy: {attempts: 5}
        """)


def test_what_one_resource_lacks_is_no_default_of_its_kind() -> None:
    jobs = [container(), *({**container(), "timeout": {"attemptDurationSeconds": 60}} for _ in range(4))]
    founds = [found(JD, f"job-{n}", body) for n, body in enumerate(jobs)]
    stack, _ = read(tidied(Imported(resources=tuple(founds))))
    assert [one.spec for one in stack.declared.values()] == jobs


def test_tags_that_all_have_are_the_stacks_and_ours_are_nobodys() -> None:
    tags = {"team": "risk", "reconciler:stack": "x", "aws:a": "b"}
    founds = (found(JQ, name, {"priority": 1, "tags": {**tags, "name": name}}) for name in "abc")
    written = text(*founds)
    assert written.startswith("tags:\n  team: risk\n")
    assert written.count("team") == 1
    assert "reconciler:" not in written
    assert "tags: {name: a}" in written


def test_two_shares_of_one_name_cannot_both_be_declared_and_the_second_is_told() -> None:
    founds = tuple(found(QS, f"{queue_}/s", share(queue_)) for queue_ in ("q", "r"))
    assert [one.subject for one in tidied(Imported(resources=founds)).left_out] == ["QuotaShare/r/s"]


def test_each_queue_has_a_file_with_its_shares_and_what_it_alone_uses() -> None:
    founds = (
        found(CE, "own", ec2()),
        found(CE, "both", ec2()),
        found(JQ, "stack", queue("own", "both")),
        found(JQ, "r", queue("both")),
        found(QS, "r/s", share("r")),
        found(CR, "free", {"totalQuantity": 1}),
    )
    texts = tidied(Imported(resources=founds), group_by=GroupBy.QUEUE).files.texts
    assert {name: [part for part in ("own:", "both:", "  stack:", "  r:", "  s:", "free:") if part in text_]
            for name, text_ in texts.items()} == {
        "stack.yaml": [],
        "queues/stack.yaml": ["own:", "  stack:"],
        "queues/r.yaml": ["  r:", "  s:"],
        "compute-environments.yaml": ["both:"],
        "consumable-resources.yaml": ["free:"],
    }  # fmt: skip


@pytest.mark.parametrize("script", ["#!/bin/bash\nset -e\nrun ${AWS_BATCH_JOB_ARRAY_INDEX}\n", "a\n  b"])
def test_texts_of_several_lines_are_written_as_such(script: str) -> None:
    written = text(found(JD, "job", container(command=["bash", "-c", script])))
    assert f"- |{'' if script.endswith(chr(10)) else '-'}\n" in written
    stack, _ = read(tidied(Imported(resources=(found(JD, "job", container(command=["bash", "-c", script])),))))
    assert next(iter(stack.declared.values())).spec["containerProperties"]["command"][2] == script

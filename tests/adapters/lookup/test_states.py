"""States in S3 and in files: each read once, what cannot be read named, nothing outside the repository."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.session import Session

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.aws.storage import Objects
from reconciler.adapters.lookup import states
from reconciler.adapters.lookup.aws import AwsLookups
from reconciler.adapters.lookup.sources import Environment, ForbiddenLookups, Offline, Sandbox, Sources
from reconciler.adapters.lookup.states import FILE, States, fetch_file, fetch_object
from reconciler.model import StatePlace
from reconciler.ports import Missing, Unsupported
from reconciler.problems import CloudError, Fault, Stopped
from tests.fakes import ScriptedCloud
from tests.tfstate.states import NETWORK, document, raw

NET = StatePlace("s3://states/net.tfstate")
TEXT = "net:outputs.text"


def denied(message: str = "Access Denied") -> CloudError:
    return CloudError("GetObject", Fault.DENIED, "AccessDenied", message)


def refused(code: str) -> CloudError:
    return CloudError("GetObject", Fault.REFUSED, code, "no")


def in_s3(answer: bytes | Exception, asked: list[StatePlace] | None = None) -> States:
    def get(place: StatePlace) -> bytes:
        if asked is not None:
            asked.append(place)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return States({"s3": lambda place: fetch_object(place, get)})


def test_a_state_is_read_once_whatever_is_taken_from_it() -> None:
    asked: list[StatePlace] = []
    reading = in_s3(raw(NETWORK), asked)
    assert [reading.find(f"net:{one}", NET) for one in ("outputs.text", "aws_vpc.main.id")] == ["0064", "vpc-0a1b2c3d"]
    for _ in range(2):
        with pytest.raises(Missing):
            reading.find("net:outputs.nope", NET)
    assert asked == [NET]


@pytest.mark.parametrize("error", [denied(), refused("NoSuchKey"), Stopped("the state answers 500")])
def test_a_state_that_fails_is_asked_for_once(error: CloudError | Stopped) -> None:
    asked: list[StatePlace] = []
    reading = in_s3(error, asked)
    for _ in range(3):
        with pytest.raises((CloudError, Missing, Stopped)):
            reading.find(TEXT, NET)
    assert asked == [NET]


@pytest.mark.parametrize(
    ("answer", "message", "hint"),
    [
        (refused("NoSuchKey"), "the object s3://states/net.tfstate does not exist", "env:/WORKSPACE/KEY"),
        (refused("NoSuchBucket"), "the bucket states does not exist", "check the name"),
        (refused("InvalidRange"), "s3://states/net.tfstate is empty", "apply the Terraform configuration first"),
        (b"<html>", "s3://states/net.tfstate is HTML", "login page"),
        (raw({"version": 3}), "s3://states/net.tfstate has version 3; only version 4 is supported", "0.12"),
        (raw({"encrypted_data": "x"}), "s3://states/net.tfstate is encrypted by OpenTofu", "tofu output -json"),
        (raw(document()), "the output text does not exist", "it has no outputs"),
    ],
)
def test_what_cannot_be_read_is_missing_with_a_way_out(answer: bytes | Exception, message: str, hint: str) -> None:
    with pytest.raises(Missing) as caught:
        in_s3(answer).find(TEXT, NET)
    assert (str(caught.value), hint in caught.value.hint) == (message, True)


@pytest.mark.parametrize(
    ("place", "message", "hint"),
    [
        (NET, "Access Denied", "the caller needs the permission s3:GetObject on s3://states/net.tfstate, and s3:ListBucket to check that it exists"),
        (NET, "not authorized to perform: kms:Decrypt on resource", "the caller needs the permission kms:Decrypt on its key"),
        (StatePlace(NET.url, role_arn="arn:aws:iam::1:role/r"), "Access Denied", "arn:aws:iam::1:role/r needs the permission s3:GetObject on s3://states/net.tfstate, and s3:ListBucket to check that it exists"),
    ],
)  # fmt: skip
def test_a_missing_permission_is_named(place: StatePlace, message: str, hint: str) -> None:
    with pytest.raises(CloudError) as caught:
        in_s3(denied(message)).find(TEXT, place)
    assert (caught.value.fault, caught.value.hint) == (Fault.DENIED, hint)


def test_a_region_that_is_wrong_says_what_to_write() -> None:
    with pytest.raises(CloudError) as caught:
        in_s3(refused("AuthorizationHeaderMalformed")).find(TEXT, NET)
    assert "region: REGION" in caught.value.hint


def test_a_state_that_is_too_large_is_no_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "LARGEST", 10)
    with pytest.raises(Missing, match="is larger than"):
        in_s3(b" " * 11).find(TEXT, NET)


def test_a_file_that_is_too_large_is_no_state(monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    monkeypatch.setattr(states, "LARGEST", 10)
    with pytest.raises(Missing, match="is larger than") as caught:
        in_file(repository, "own.json")
    assert caught.value.hint == states.SIZE_HINT


@pytest.fixture
def s3() -> Iterator[States]:
    moto = pytest.importorskip("moto")
    with moto.mock_aws():
        session = Session()
        session.set_credentials("key", "secret")
        client = session.create_client("s3", "us-east-1")
        client.create_bucket(Bucket="states")
        client.put_object(Bucket="states", Key="env:/prod/a #b?.tfstate", Body=raw(NETWORK))
        client.put_object(Bucket="states", Key="empty", Body=b"")
        objects = Objects(AwsCloud(session, "us-east-1", service="s3"))
        yield States(
            {"s3": lambda place: fetch_object(place, lambda one: objects.beginning(one.bucket, one.key, 10_000))}
        )


def test_states_are_read_from_s3_as_it_answers(s3: States) -> None:
    assert s3.find(TEXT, StatePlace("s3://states/env:/prod/a #b?.tfstate")) == "0064"
    for url, message in (("empty", "is empty"), ("nope", "the object s3://states/nope does not exist")):
        with pytest.raises(Missing, match=message):
            s3.find(TEXT, StatePlace(f"s3://states/{url}"))
    with pytest.raises(Missing, match="the bucket elsewhere does not exist"):
        s3.find(TEXT, StatePlace("s3://elsewhere/x"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a stack in it, and a state beside the repository."""
    root = tmp_path / "repo"
    for folder in (".git", "stacks/prod", ".terraform", "net"):
        (root / folder).mkdir(parents=True)
    for name in ("net/terraform.tfstate", "stacks/prod/own.json", ".terraform/terraform.tfstate"):
        (root / name).write_bytes(raw(NETWORK))
    (tmp_path / "outside.tfstate").write_bytes(raw(NETWORK))
    (root / "net/link.tfstate").symlink_to("terraform.tfstate")
    (root / "net/out.tfstate").symlink_to(tmp_path / "outside.tfstate")
    (root / "net/hidden.tfstate").symlink_to("../.terraform/terraform.tfstate")
    (root / "net/gone.tfstate").symlink_to("nowhere")
    return root


def in_file(root: Path, url: str, folder: str = "stacks/prod") -> object:
    return States({FILE: fetch_file}).find(TEXT, StatePlace(url, folder=str(root / folder)))


@pytest.mark.parametrize("url", ["own.json", "../../net/terraform.tfstate", "../../net/link.tfstate"])
def test_a_file_of_the_repository_is_read(repository: Path, url: str) -> None:
    assert in_file(repository, url) == "0064"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("../../../outside.tfstate", "is outside repo/"),
        ("../../net/out.tfstate", "is outside repo/"),
        ("../../net/hidden.tfstate", "is a hidden file"),
        ("../../.git/config", "is a hidden file"),
        ("../../net/gone.tfstate", "does not exist"),
        ("nope.tfstate", "does not exist"),
        ("../../net", "is not a regular file"),
        ("own.json/x", "cannot be read: Not a directory"),
    ],
)
def test_no_other_file_is_read(repository: Path, url: str, message: str) -> None:
    with pytest.raises(Missing, match=message):
        in_file(repository, url)


def test_without_a_repository_a_state_is_in_the_folder_of_the_stack(repository: Path) -> None:
    (repository / ".git").rmdir()
    assert in_file(repository, "own.json") == "0064"
    with pytest.raises(Missing, match="is outside prod/"):
        in_file(repository, "../../net/terraform.tfstate")


def test_the_sandbox_reads_files_and_nothing_that_is_elsewhere(repository: Path) -> None:
    sandbox = Sources(Environment({}), Sandbox())
    assert sandbox.find_in_state(TEXT, StatePlace("own.json", folder=str(repository / "stacks/prod"))) == "0064"
    for url, hint in ((NET.url, "sandbox serve"), ("https://states.example/x", "terraform output -json")):
        with pytest.raises(Unsupported, match="the in-process sandbox cannot read") as caught:
            sandbox.find_in_state(TEXT, StatePlace(url))
        assert hint in caught.value.hint


def test_where_nobody_is_asked_a_state_is_unknown_or_needed() -> None:
    assert Sources(Environment({}), Offline()).find_in_state(TEXT, NET) == "<unknown: !tfstate net:outputs.text>"
    with pytest.raises(Unsupported, match=r"!tfstate net:outputs\.text is required, but --no-lookups"):
        ForbiddenLookups().find_in_state(TEXT, NET)
    with pytest.raises(Unsupported):
        Environment({}).find_in_state(TEXT, NET)


def test_look_ups_in_aws_have_the_states_too() -> None:
    cloud = ScriptedCloud({})
    lookups = AwsLookups(lambda _service: cloud, cloud.identity, in_s3(raw(NETWORK)))
    assert lookups.find_in_state(TEXT, NET) == "0064"

"""What somebody declared stays, unless it equals a default or has no effect; the latter is said."""

import json
from dataclasses import replace

import pytest

from reconciler.adapters.lookup.installed import takes
from reconciler.importers import json_files
from reconciler.importers.minimize import drop_ineffective
from reconciler.importers.model import Imported, ImportedResource, Note, TaggedValue
from reconciler.kinds import KINDS
from reconciler.model import Address, Json
from tests.builders import CE, JD, container, ec2
from tests.importers.cloudformation.reading import notes, read
from tests.importers.importing import tidied

IMAGES = ("ECS_AL2", "ECS_AL2_NVIDIA", "ECS_AL2023", "ECS_AL2023_NVIDIA", "EKS_AL2023")


def written(*founds: ImportedResource) -> Json:
    return tidied(Imported(resources=founds)).resources[0].body


def declared(found: ImportedResource) -> ImportedResource:
    (left,) = drop_ineffective(Imported(resources=(replace(found, is_declared=True),))).resources
    return left


def environment(**resources: Json) -> Json:
    body = ec2()
    return {**body, "computeResources": {**body["computeResources"], **resources}}


@pytest.mark.parametrize("images", [(one,) for one in IMAGES] + [("ECS_AL2", "ECS_AL2_NVIDIA")])
def test_the_image_type_that_is_declared_stays_and_the_one_that_was_filled_in_goes(images: tuple[str, ...]) -> None:
    configuration = [{"imageType": one} for one in images]
    found = ImportedResource(Address(CE, "spot"), environment(ec2Configuration=configuration))
    assert "ec2Configuration" not in written(found)["computeResources"]
    assert written(declared(found))["computeResources"]["ec2Configuration"] == configuration


def test_a_create_request_is_a_declaration_and_a_description_is_none() -> None:
    body = {**environment(ec2Configuration=[{"imageType": "ECS_AL2"}]), "computeEnvironmentName": "spot"}
    arn = "arn:aws:batch:us-east-1:123456789012:compute-environment/spot"
    live = {**body, "computeEnvironmentArn": arn, "status": "VALID"}
    for document, is_there in ((body, True), ({"computeEnvironments": [live]}, False)):
        found = json_files.imported([("x.json", json.dumps(document).encode())], takes)
        assert found.problems == ()
        assert ("ec2Configuration" in written(*found.resources)["computeResources"]) is is_there


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_service_may_fill_in_is_no_default_of_what_is_declared(kind: str) -> None:
    """Absence would accept whatever is live."""
    for row in KINDS[kind].fields:
        if row.is_service_default and not row.fields:
            body = {row.name: "arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/x"}
            assert declared(ImportedResource(Address(kind, "x"), body)).body == body


def test_what_has_no_effect_is_left_out_and_said() -> None:
    body = {"type": "MANAGED", "computeResources": {"type": "FARGATE", "maxvCpus": 4, "subnets": ["s"]}}
    resources = {
        **body["computeResources"],
        "updateToLatestImageVersion": True,
        "desiredvCpus": TaggedValue("!var", "n"),
    }
    policy = {"terminateJobsOnUpdate": True}
    found = declared(
        ImportedResource(Address(CE, "f"), {**body, "updatePolicy": policy, "computeResources": resources})
    )
    assert found.body == body
    assert [(note.path, note.text.partition(":")[0]) for note in found.notes] == [
        (("computeResources",), "no updateToLatestImageVersion"),
        (("computeResources",), "no desiredvCpus"),
        ((), "no updatePolicy"),
    ]
    instances = environment(updateToLatestImageVersion=True)
    assert declared(ImportedResource(Address(CE, "e"), {**instances, "updatePolicy": policy})).notes == ()


def test_an_empty_entry_of_the_environment_is_left_out_and_the_notes_of_the_others_keep_their_place() -> None:
    entries = [{"name": name, "value": value} for name, value in (("A", ""), ("B", "b"), ("C", ""), ("D", "d"))]
    path = ("containerProperties", "environment")
    before = tuple(Note((*path, index, "value"), f"of {index}") for index in (0, 1, 3))
    found = declared(ImportedResource(Address(JD, "j"), container(environment=entries), notes=before))
    assert found.body["containerProperties"]["environment"] == [entries[1], entries[3]]
    assert [(note.path, note.text) for note in found.notes] == [
        (path, "of 0"),
        ((*path, 0, "value"), "of 1"),
        ((*path, 1, "value"), "of 3"),
        (path, "an entry is omitted: A is empty, and AWS Batch drops it"),
        (path, "an entry is omitted: C is empty, and AWS Batch drops it"),
    ]


def test_a_template_says_what_it_leaves_out() -> None:
    template = """\
        Parameters: {Wish: {Type: Number, Default: 4}}
        Resources:
          Ce:
            Type: AWS::Batch::ComputeEnvironment
            Properties:
              ComputeEnvironmentName: pinned
              Type: MANAGED
              ComputeResources: {Type: EC2, MinvCpus: 0, MaxvCpus: 4, DesiredvCpus: WISH, InstanceTypes: [m5.large], Subnets: [subnet-0a1b2c3d],
                SecurityGroupIds: [sg-0a1b2c3d], InstanceRole: ecsInstanceRole, Ec2Configuration: [{ImageType: ECS_AL2023}]}
        """
    for wish in ("4", "!Ref Wish"):
        found = drop_ineffective(read(template.replace("WISH", wish)))
        (environment_,) = found.resources
        assert found.variables == {}
        assert "desiredvCpus" not in environment_.body["computeResources"]
        assert [path for path, text in notes(environment_) if "desiredvCpus" in text] == ["computeResources"]
        assert written(environment_)["computeResources"]["ec2Configuration"] == [{"imageType": "ECS_AL2023"}]

"""Job definitions: what runs. They are never changed; each registration makes a new revision."""

import re
from collections.abc import Mapping

from reconciler.kinds.base import (
    INSTANCE_TYPE,
    CreateCall,
    DeleteCall,
    Field,
    Form,
    Kind,
    ReadCalls,
    Revisions,
    RevisionUsers,
)
from reconciler.kinds.ecs import CONTAINER, ECS
from reconciler.kinds.eks import EKS
from reconciler.kinds.jobs import LIVE, takes_jobs
from reconciler.kinds.submission import CONSUMABLES, RETRY, TIMEOUT
from reconciler.model import Cost, Json, Spec

NODE_RANGE = (
    Field(
        name="targetNodes",
        example="0:",
        # "If the starting range value is omitted (:n), then 0 is used" (NodeRangeProperty). But "0:" of two nodes is
        # not "0:1": a job may bring another numNodes only where a range has an open end (NodeOverrides, numNodes).
        form=Form.RANGE,
        limits={"pattern": "^([0-9]+|[0-9]*:[0-9]*)$"},
        description="The nodes, by index: 0:3, 4:, :2 or 5. All ranges together must cover every node.",
    ),
    Field(
        name="instanceTypes",
        example=INSTANCE_TYPE,
        form=Form.SET,
        description="Instance type of these nodes; only with ecsProperties.",
    ),
    Field(name="container", form=Form.STRUCT, fields=CONTAINER, description="The container of these nodes."),
    Field(name="ecsProperties", form=Form.STRUCT, fields=ECS, description="Several containers on each of these nodes."),
    Field(name="eksProperties", form=Form.STRUCT, fields=EKS, description="The pod of these nodes."),
    CONSUMABLES,
)


def _nodes_named(nodes: Spec) -> Json:
    """As many nodes as the ranges name, an open range one more."""
    ranges = nodes.get("nodeRangeProperties")
    targets = [one.get("targetNodes") for one in ranges if isinstance(one, Mapping)] if isinstance(ranges, list) else []
    indexes = re.findall("[0-9]{1,4}", " ".join(one for one in targets if isinstance(one, str)))
    return max(map(int, indexes), default=0) + 1


NODES = (
    Field(
        name="numNodes",
        example=_nodes_named,
        limits={"minimum": 1, "maximum": 1000},
        description="How many nodes the job has, 1 to 1000.",
    ),
    Field(name="mainNode", limits={"minimum": 0}, description="Index of the main node; when it ends, the job ends."),
    Field(
        name="nodeRangeProperties",
        form=Form.KEYED,
        key="targetNodes",
        fields=NODE_RANGE,
        limits={"maxItems": 5},
        description="What runs on which nodes, at most 5 ranges.",
    ),
)

KIND = Kind(
    name="JobDefinition",
    section="jobDefinitions",
    description="What runs: image, command, size, retries. Every change is a new revision; running jobs keep theirs.",
    noun="job-definition",
    name_member="jobDefinitionName",
    arn_member="jobDefinitionArn",
    main=("image", "type"),
    rows=(
        Field(
            name="type",
            form=Form.CASELESS,
            cost=Cost.REVISION,
            description="container, or multinode with nodeProperties.",
        ),
        Field(
            name="platformCapabilities",
            form=Form.SET,
            cost=Cost.REVISION,
            default=["EC2"],
            limits={"maxItems": 1},
            description="Where it can run: exactly one of EC2, FARGATE and MANAGED_INSTANCES. Not on EKS.",
        ),
        Field(
            name="schedulingPriority",
            cost=Cost.REVISION,
            limits={"minimum": 0, "maximum": 9999},
            description="Higher priorities run first within a share; only in queues with a fair-share policy.",
        ),
        Field(
            name="propagateTags",
            cost=Cost.REVISION,
            default=False,
            description="Copy tags to the ECS task. A job's and its definition's tags must then be 50 at most. Not on "
            "EKS.",
        ),
        Field(
            name="parameters",
            form=Form.MAP,
            cost=Cost.REVISION,
            description="Values for Ref::name in the command; a job may bring its own.",
        ),
        Field(
            name="containerProperties",
            form=Form.STRUCT,
            cost=Cost.REVISION,
            fields=CONTAINER,
            description="A job of one container. One of this, ecsProperties, eksProperties and nodeProperties.",
        ),
        Field(
            name="ecsProperties",
            form=Form.STRUCT,
            cost=Cost.REVISION,
            fields=ECS,
            description="A job of several containers. One of this, containerProperties, eksProperties and "
            "nodeProperties.",
        ),
        Field(
            name="eksProperties",
            form=Form.STRUCT,
            cost=Cost.REVISION,
            fields=EKS,
            description="A job of one pod. One of this, containerProperties, ecsProperties and nodeProperties.",
        ),
        Field(
            name="nodeProperties",
            form=Form.STRUCT,
            cost=Cost.REVISION,
            fields=NODES,
            description="A job of several nodes. Not on Fargate or managed instances.",
        ),
        CONSUMABLES,
        Field(
            name="retryStrategy",
            form=Form.STRUCT,
            cost=Cost.REVISION,
            fields=RETRY,
            description="What happens when the job fails; a job may bring its own.",
        ),
        TIMEOUT,
    ),
    # `names` cannot be combined with a status (DescribeJobDefinitions), hence the filter by one name.
    read=ReadCalls(
        operation="DescribeJobDefinitions",
        result="jobDefinitions",
        names="jobDefinitions",
        filters={"status": "ACTIVE"},
        one_filter="jobDefinitionName",
        response_only=("status", "revision", "containerOrchestrationType"),
    ),
    create=CreateCall(operation="RegisterJobDefinition"),
    delete=DeleteCall(operation="DeregisterJobDefinition", id_member="jobDefinition", id_is_arn=True, after_jobs=True),
    # With a status a page holds up to 1000 (ListJobs, maxResults). Parents stand for the children of arrays.
    revisions=Revisions(
        users=RevisionUsers(
            operation="ListJobs",
            result="jobSummaryList",
            member="jobDefinition",
            noun="live job",
            of="JobQueue",
            of_member="jobQueue",
            of_if=takes_jobs,
            filters=tuple({"jobStatus": status, "maxResults": 1000} for status in LIVE),
        )
    ),
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_RegisterJobDefinition.html",
)

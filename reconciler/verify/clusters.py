"""EKS clusters of compute environments. What is inside of a cluster (namespaces, RBAC, aws-auth) AWS does not show."""

from reconciler.verify.asking import Inquiry, of_one
from reconciler.verify.base import (
    NOT_LOOKED_UP,
    Arn,
    Ask,
    Judgements,
    LiveCheck,
    Reference,
    fail,
    is_known,
    note,
    of_reply,
    unknown,
    warn,
)

CLUSTER = Inquiry(
    noun="cluster",
    service="eks",
    operation="DescribeCluster",
    request=lambda keys: {"name": keys[0][0]},
    read=of_one("cluster"),
)
ACCESS_ENTRY = Inquiry(
    noun="access entry",
    service="eks",
    operation="DescribeAccessEntry",
    request=lambda keys: {"clusterName": keys[0][0], "principalArn": keys[0][1]},
    read=of_one("accessEntry"),
)
ROLE = "arn:{0}:iam::{1}:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
UNUSABLE = ("CREATING", "DELETING", "FAILED")
MAP_ALONE = "CONFIG_MAP"


def _cluster(reference: Reference, ask: Ask) -> Judgements:
    text, here = reference.value.get("eksClusterArn") or "", reference.of.identity
    path = (*reference.path, "eksClusterArn")
    if not is_known(text):
        yield unknown(path, NOT_LOOKED_UP)
        return
    arn = Arn.of(text)
    if arn.account and (arn.account, arn.region) != (here.account, here.region):
        yield unknown(path, f"cluster {text} is in a different account or region, where it cannot be looked at")
        return
    reply = ask(CLUSTER, arn.name)
    if not reply.is_found:
        yield from of_reply(path, reply, f"cluster {arn.name}", "correct the ARN, or create the cluster")
        return
    status = str(reply.value.get("status") or "ACTIVE")
    if status in UNUSABLE:
        yield fail(path, f"cluster {arn.name} is {status}, not ACTIVE", "wait for it, or create it again")
    mode = str((reply.value.get("accessConfig") or {}).get("authenticationMode") or MAP_ALONE)
    managed = str((reference.value.get("accessEntry") or {}).get("desiredState", "")).upper() == "ENABLED"
    if mode == MAP_ALONE:
        yield note(path, f"cluster {arn.name} maps roles in its ConfigMap aws-auth, which AWS does not show")
        return
    if managed:  # AWS Batch creates the entry itself (EksAccessEntry)
        return
    entry = ask(ACCESS_ENTRY, arn.name, ROLE.format(here.partition, here.account))
    if entry.absent and mode == "API":
        message = f"cluster {arn.name} has no access entry for AWSServiceRoleForBatch ({entry.absent})"
        yield warn(path, message, "set accessEntry: {desiredState: ENABLED}, and AWS Batch manages it")
    elif entry.unknown:
        yield unknown(path, f"access entry of cluster {arn.name}: {entry.unknown}", entry.hint)


CLUSTERS = (
    LiveCheck(
        id="eks-cluster",
        kind="ComputeEnvironment",
        fields=("eksConfiguration",),
        holds="the cluster exists and is ACTIVE",
        asks=(CLUSTER, ACCESS_ENTRY),
        judge=_cluster,
        fails="the cluster does not exist, is being created or deleted, or has failed",
        warns="authentication mode API, and no access entry for AWS Batch",
        unknown="a cluster in a different account or region",
    ),
)

"""The EKS shape of a job: a pod."""

from reconciler.kinds.base import IMAGE_NAME, Field, Form
from reconciler.kinds.container import is_empty_variable
from reconciler.model import Spec

HIGHEST_ID = 2147483647
SIZES = {"cpu": "1", "memory": "2048Mi", "nvidia.com/gpu": "1"}


def _usual_dns(pod: Spec) -> str:
    """What is in effect depends on hostNetwork; descriptions show nothing (EksPodPropertiesDetail)."""
    return "ClusterFirst" if pod.get("hostNetwork") is False else "ClusterFirstWithHostNet"


def _usual_pull(container: Spec) -> str:
    return "Always" if str(container.get("image", "")).endswith(":latest") else "IfNotPresent"


def _id(name: str, says: str) -> Field:
    return Field(name=name, description=says, limits={"minimum": 0, "maximum": HIGHEST_ID})


SECCOMP = Field(
    name="seccompProfile",
    form=Form.STRUCT,
    description="Which system calls are allowed.",
    fields=(
        Field(name="type", form=Form.CASELESS, description="RuntimeDefault, Unconfined, or Localhost with a profile."),
        Field(name="localhostProfile", description="Path of the profile on the node, for type Localhost only."),
    ),
)

CAPABILITIES = Field(
    name="capabilities",
    form=Form.STRUCT,
    description="Linux capabilities, more or fewer than the default.",
    fields=(
        Field(name="add", form=Form.SET, description="Capabilities to add, without CAP_ in front."),
        Field(name="drop", form=Form.SET, description="Capabilities to drop, without the prefix CAP_."),
    ),
)

CONTAINER_SECURITY = (
    _id("runAsUser", "User id of the container's process; otherwise the image's."),
    _id("runAsGroup", "Group id of the container's process; otherwise the image's."),
    Field(name="runAsNonRoot", description="Refuse to start as user 0; by default as in the pod's securityContext."),
    Field(name="privileged", default=False, description="Root's power over the node."),
    Field(
        name="allowPrivilegeEscalation", default=False, description="The process may gain more rights than its parent."
    ),
    Field(
        name="readOnlyRootFilesystem", default=False, description="The container cannot write to its root file system."
    ),
    CAPABILITIES,
    SECCOMP,
)

ENTRY = (
    Field(
        name="name",
        description="Name of the variable. Names that begin with AWS_BATCH are reserved for the service.",
        limits={"pattern": "^(?!AWS_BATCH)"},
    ),
    Field(name="value", default="", description="Its value."),
)

RESOURCES = (
    Field(
        name="limits",
        example=SIZES,
        form=Form.MAP,
        description="memory in Mi, cpu in steps of 0.25, nvidia.com/gpu whole. Where both name memory, it must be "
        "equal.",
    ),
    Field(
        name="requests",
        example=SIZES,
        form=Form.MAP,
        description="memory in Mi, cpu in steps of 0.25 and at most the limit, nvidia.com/gpu whole.",
    ),
)

VOLUME_MOUNT = (
    Field(name="name", description="Name of the volume, one of the pod's."),
    Field(name="mountPath", description="Path in the container."),
    Field(name="subPath", description="Path in the volume; its root when left out."),
    Field(name="readOnly", default=False, description="The container cannot write to it."),
)

EKS_CONTAINER = (
    Field(name="name", default="Default", description="Name of the container; unique in the pod."),
    Field(name="image", example=IMAGE_NAME, description="Container image, with tag or digest."),
    Field(
        name="imagePullPolicy",
        form=Form.CASELESS,
        assumed=_usual_pull,
        limits={"enum": ["Always", "IfNotPresent", "Never"]},
        description="When to pull: Always (also the default for :latest), IfNotPresent (otherwise) or Never.",
    ),
    Field(name="command", form=Form.ORDERED, description="Entry point of the container; the image's when left out."),
    Field(name="args", form=Form.ORDERED, description="Arguments of the entry point; the image's CMD when left out."),
    Field(
        name="env",
        form=Form.KEYED,
        key="name",
        fields=ENTRY,
        drop_if=is_empty_variable,
        description="Environment variables; one without a value is the same as none.",
        source="hashicorp/terraform-provider-aws, eks_properties.go: empty values are removed on both sides",
    ),
    Field(name="resources", form=Form.STRUCT, fields=RESOURCES, description="cpu, memory and nvidia.com/gpu."),
    Field(
        name="volumeMounts",
        form=Form.KEYED,
        key="mountPath",
        fields=VOLUME_MOUNT,
        description="Where the pod's volumes appear in the container.",
    ),
    Field(
        name="securityContext",
        form=Form.STRUCT,
        fields=CONTAINER_SECURITY,
        description="User, rights and capabilities of the container.",
    ),
)

EKS_VOLUME = (
    Field(name="name", description="Name of the volume, for volumeMounts; a DNS name."),
    Field(
        name="hostPath",
        form=Form.STRUCT,
        description="A file or directory of the node.",
        fields=(Field(name="path", description="Path on the node."),),
    ),
    Field(
        name="emptyDir",
        form=Form.STRUCT,
        description="Room that lives as long as the pod.",
        fields=(
            Field(
                name="medium",
                default="",
                form=Form.CASELESS,
                limits={"enum": ["", "Memory"]},
                description="Memory is part of the container's memory; empty is the node's disk.",
            ),
            Field(
                name="sizeLimit",
                example="1024Mi",
                description="The maximum size, such as 1024Mi; by default no limit.",
            ),
        ),
    ),
    Field(
        name="secret",
        form=Form.STRUCT,
        description="A Kubernetes secret as files.",
        fields=(
            Field(name="secretName", description="Name of the secret."),
            Field(name="optional", default=False, description="Start also when the secret does not exist."),
        ),
    ),
    Field(
        name="persistentVolumeClaim",
        form=Form.STRUCT,
        description="A persistent volume.",
        fields=(
            Field(name="claimName", description="Name of the claim."),
            Field(name="readOnly", default=False, description="No container of the pod can write to it."),
        ),
    ),
)

METADATA = (
    Field(name="labels", form=Form.MAP, description="Labels of the pod; values of at most 63 characters."),
    Field(name="annotations", form=Form.MAP, description="Annotations of the pod."),
    Field(
        name="namespace",
        example="batch",
        limits={"pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63},
        description="Namespace of the pod; not default, not kube-*.",
    ),
)

POD_SECURITY = (
    _id("runAsUser", "User id of the containers that do not choose one."),
    _id("runAsGroup", "Group id of the containers that do not choose one."),
    Field(name="runAsNonRoot", default=False, description="Refuse to start as user 0."),
    SECCOMP,
    _id("fsGroup", "Group that all containers are in and that may own the volumes."),
)

POD = (
    Field(name="serviceAccountName", description="Kubernetes service account; it decides the job's IAM role."),
    Field(name="hostNetwork", default=True, description="Use the node's address; with false, each pod has its own."),
    Field(
        name="dnsPolicy",
        form=Form.CASELESS,
        assumed=_usual_dns,
        limits={"enum": ["Default", "ClusterFirst", "ClusterFirstWithHostNet"]},
        description="How names are resolved. Left out: ClusterFirst, on the host's network ClusterFirstWithHostNet.",
    ),
    Field(name="shareProcessNamespace", default=False, description="Containers of the pod see each other's processes."),
    Field(
        name="imagePullSecrets",
        form=Form.KEYED,
        key="name",
        fields=(Field(name="name", description="Name of the secret."),),
        description="Kubernetes secrets for private registries.",
    ),
    Field(
        name="metadata", form=Form.STRUCT, fields=METADATA, description="Labels, annotations and namespace of the pod."
    ),
    Field(
        name="securityContext",
        form=Form.STRUCT,
        fields=POD_SECURITY,
        description="User and groups for all containers of the pod.",
    ),
    Field(
        name="initContainers",
        form=Form.KEYED,
        key="name",
        fields=EKS_CONTAINER,
        limits={"maxItems": 10},
        description="Containers that run to their end first, at most 10.",
    ),
    Field(
        name="containers",
        form=Form.KEYED,
        key="name",
        fields=EKS_CONTAINER,
        limits={"maxItems": 10},
        description="The containers, 1 to 10.",
    ),
    Field(
        name="volumes",
        form=Form.KEYED,
        key="name",
        fields=EKS_VOLUME,
        description="Volumes that volumeMounts can name.",
    ),
)

EKS = (Field(name="podProperties", form=Form.STRUCT, fields=POD, description="The pod."),)

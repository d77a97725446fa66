"""Rules about pods: containers, volumes, metadata and rights, and what a job on EKS cannot have."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal

from reconciler.kinds.tasks import LISTS, Pod, PodContainer, containers_of_pod, pods
from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, if_any, inferred, later, measured
from reconciler.rules.shared import did_you_mean
from reconciler.rules.traversal import IMAGE, each_pod, each_pod_container, job

# Jobs of pods that nothing is wrong with, to be varied by the examples of rules.


def pod_container(**members: Json) -> Spec:
    """Return a container of a pod that has these members."""
    return {"name": "main", "image": IMAGE, "resources": resources(), **members}


def resources(cpu: Json = "1", memory: Json = "2048Mi", **more: Json) -> Spec:
    """Return limits; what is None is left out."""
    return {"limits": amounts(cpu=cpu, memory=memory, **more)}


def amounts(**given: Json) -> Spec:
    """Return amounts by resource, `gpu` by its long name; what is None is left out."""
    named = {"nvidia.com/gpu" if name == "gpu" else name: value for name, value in given.items()}
    return {name: value for name, value in named.items() if value is not None}


def pod(*containers: Spec, **members: Json) -> Example:
    """Return a job of one pod with these containers, and with these members of the pod."""
    return job(eksProperties={"podProperties": {"containers": list(containers) or [pod_container()], **members}})


def wanting(limits: Spec, requests: Spec | None = None) -> Example:
    """Return a job of one pod whose container has these limits and requests."""
    return pod(
        pod_container(resources={"limits": limits} if requests is None else {"limits": limits, "requests": requests})
    )


DEFAULT_NAME = "Default"  # EksContainer: what a container without a name is called
VOLUME_TYPES = ("hostPath", "emptyDir", "secret", "persistentVolumeClaim")
SIZE = re.compile(r"[0-9]+(Mi)?")
DNS_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
DNS_NAME = re.compile(rf"{DNS_LABEL}(\.{DNS_LABEL})*")


def _has_containers(pod: Pod) -> Findings:
    if not pod.body.get("containers"):
        yield (*pod.path, "containers"), "are missing; a pod has 1 to 10"


def _distinct_names(pod: Pod) -> Findings:
    names = [str(container.body.get("name", DEFAULT_NAME)) for container in containers_of_pod(pod)]
    for name, count in Counter(names).items():
        if count > 1:
            yield pod.path, f"has {count} containers of the name {name}, {' and '.join(LISTS)} together"


def _distinct_variables(container: PodContainer) -> Findings:
    for name, count in Counter(str(entry["name"]) for entry in container.body.get("env") or ()).items():
        if count > 1:
            yield (*container.path, "env"), f"has {name} {count} times"


@if_any("propagateTags")
def _no_propagation(subject: Subject) -> Findings:
    if subject.body.get("propagateTags") and pods(subject.body):
        yield ("propagateTags",), "is not for jobs on EKS"


@if_any("platformCapabilities")
def _no_platform(subject: Subject) -> Findings:
    if subject.body.get("platformCapabilities") and pods(subject.body):
        yield ("platformCapabilities",), "is not for jobs on EKS"


def _volumes(pod: Pod) -> Iterator[tuple[Path, Spec]]:
    for index, volume in enumerate(pod.body.get("volumes") or ()):
        yield (*pod.path, "volumes", index), volume


def _mounts(container: PodContainer) -> Iterator[tuple[Path, Spec]]:
    for index, mount in enumerate(container.body.get("volumeMounts") or ()):
        yield (*container.path, "volumeMounts", index), mount


def _known_volumes(container: PodContainer) -> Findings:
    known = {volume["name"] for _, volume in _volumes(container.pod)}
    for path, mount in _mounts(container):
        name = mount.get("name")
        if name is None:
            yield path, "does not refer to a volume"
        elif name not in known:
            near = did_you_mean(str(name), map(str, known))
            yield (*path, "name"), f"is {name}, which is not a volume of the pod{near}"


def _distinct_volumes(pod: Pod) -> Findings:
    for name, count in Counter(str(volume["name"]) for _, volume in _volumes(pod)).items():
        if count > 1:
            yield (*pod.path, "volumes"), f"has {count} volumes of the name {name}"


def _distinct_mount_paths(container: PodContainer) -> Findings:
    paths = Counter(str(mount["mountPath"]) for _, mount in _mounts(container) if "mountPath" in mount)
    for path, count in paths.items():
        if count > 1:
            yield (*container.path, "volumeMounts"), f"mounts {count} volumes at {path}"


def _types(volume: Spec) -> list[str]:
    return [name for name in VOLUME_TYPES if name in volume]


def _one_type(pod: Pod) -> Findings:
    for path, volume in _volumes(pod):
        if len(_types(volume)) > 1:
            yield path, f"is of several types: {', '.join(_types(volume))}"


def _some_type(pod: Pod) -> Findings:
    for path, volume in _volumes(pod):
        if not _types(volume):
            yield path, f"has none of {', '.join(VOLUME_TYPES)}"


def _size_in_mebibytes(pod: Pod) -> Findings:
    for path, volume in _volumes(pod):
        size = (volume.get("emptyDir") or {}).get("sizeLimit")
        if size is not None and not SIZE.fullmatch(size):
            yield (*path, "emptyDir", "sizeLimit"), f"is {size}; it is a whole number of Mi"


def _dns_names(pod: Pod) -> Findings:
    for path, volume in _volumes(pod):
        secret = (volume.get("secret") or {}).get("secretName")
        for steps, name in (((*path, "name"), volume["name"]), ((*path, "secret", "secretName"), secret)):
            if name is not None and not DNS_NAME.fullmatch(name):
                yield steps, f"is {name}, which is not a DNS name"


def _used_volumes(pod: Pod) -> Findings:
    used = {mount.get("name") for container in containers_of_pod(pod) for _, mount in _mounts(container)}
    for path, volume in _volumes(pod):
        if volume["name"] not in used:
            yield path, f"is the volume {volume['name']}, which no container mounts"


def _with(example: Example, **members: Json) -> Example:
    return Example({**example.body, **members})


def _mounting(*mounts: Spec, volumes: list[Spec]) -> Example:
    return pod(pod_container(volumeMounts=list(mounts)), volumes=volumes)


DATA: Spec = {"name": "data", "emptyDir": {}}
AT_DATA: Spec = {"name": "data", "mountPath": "/data"}
SAME_TWICE = [DATA, {"name": "data", "hostPath": {"path": "/data"}}]
FROM_SECRET: Spec = {"name": "data", "secret": {"secretName": "Token"}}
OF_TWO_TYPES: Spec = {"name": "data", "emptyDir": {}, "hostPath": {"path": "/data"}}

RULES = (
    Rule(
        id="JD210",
        says="A pod has containers.",
        check=each_pod(_has_containers),
        evidence=measured("RegisterJobDefinition", "Containers must be provided for Batch on EKS jobs."),
        fails=_with(pod(), eksProperties={"podProperties": {"hostNetwork": True}}),
        passes=pod(),
    ),
    Rule(
        id="JD211",
        says="Containers and init containers of a pod have different names; without one it is Default.",
        check=each_pod(_distinct_names),
        evidence=measured("RegisterJobDefinition", "The container name: main must be unique in multi-container job."),
        fails=pod(initContainers=[pod_container()]),
        passes=pod(initContainers=[pod_container(name="fetch")]),
    ),
    Rule(
        id="JD212",
        says="Tags are not propagated on EKS.",
        check=_no_propagation,
        hint="remove propagateTags; labels of the pod are in eksProperties.podProperties.metadata.labels",
        evidence=measured("RegisterJobDefinition", "Batch on EKS does not support tag propagation."),
        fails=_with(pod(), propagateTags=True),
        passes=_with(pod(), propagateTags=False),
    ),
    Rule(
        id="JD213",
        says="A job on EKS has no platformCapabilities.",
        check=_no_platform,
        hint="remove platformCapabilities",
        evidence=documented(
            "RegisterJobDefinitionRequest.platformCapabilities",
            "If the job runs on Amazon EKS resources, then you must not specify platformCapabilities.",
            "no refusal was met when such definitions were probed for refusals",
        ),
        severity=Severity.WARNING,
        fails=_with(pod(), platformCapabilities=["EC2"]),
        passes=pod(),
    ),
    Rule(
        id="JD214",
        says="An environment variable of a pod's container is set once.",
        check=each_pod_container(_distinct_variables),
        hint="Kubernetes uses the last one",
        evidence=later("Kubernetes API, Container", note="env is keyed by name; the last entry is used"),
        severity=Severity.WARNING,
        fails=pod(pod_container(env=[{"name": "STAGE", "value": "test"}, {"name": "STAGE", "value": "live"}])),
        passes=pod(pod_container(env=[{"name": "STAGE", "value": "live"}])),
    ),
    Rule(
        id="JD220",
        says="Containers mount volumes that the pod has.",
        check=each_pod_container(_known_volumes),
        hint="add it to volumes of the pod",
        evidence=measured(
            "RegisterJobDefinition",
            "The volumeMounts name is required for eksProperties.",
            "documented for names that match no volume",
        ),
        fails=_mounting({"name": "cache", "mountPath": "/cache"}, AT_DATA, volumes=[DATA]),
        passes=_mounting(AT_DATA, volumes=[DATA]),
    ),
    Rule(
        id="JD221",
        says="Volumes of a pod have different names.",
        check=each_pod(_distinct_volumes),
        evidence=later("Kubernetes API, Volume", "unique within the pod"),
        severity=Severity.WARNING,
        fails=_mounting(AT_DATA, volumes=SAME_TWICE),
        passes=_mounting(AT_DATA, volumes=[DATA]),
    ),
    Rule(
        id="JD222",
        says="A container mounts one volume at a path.",
        check=each_pod_container(_distinct_mount_paths),
        evidence=later("Kubernetes API, Container", "must be unique", "documented for mountPath in volumeMounts"),
        severity=Severity.WARNING,
        fails=_mounting(AT_DATA, {**AT_DATA, "subPath": "in"}, volumes=[DATA]),
        passes=_mounting(AT_DATA, {**AT_DATA, "mountPath": "/in"}, volumes=[DATA]),
    ),
    Rule(
        id="JD223",
        says="A volume of a pod is of one type.",
        check=each_pod(_one_type),
        evidence=later("Kubernetes API, Volume", "may not specify more than 1 volume type"),
        severity=Severity.WARNING,
        fails=_mounting(AT_DATA, volumes=[OF_TWO_TYPES]),
        passes=_mounting(AT_DATA, volumes=[DATA]),
    ),
    Rule(
        id="JD224",
        says="A volume of a pod has a type.",
        check=each_pod(_some_type),
        hint="write emptyDir: {} for room that lives as long as the pod",
        evidence=documented(
            "EksVolume.emptyDir",
            "Specifies the configuration of a Kubernetes emptyDir volume.",
            "one of hostPath, emptyDir, secret and persistentVolumeClaim; what becomes of none is not documented",
        ),
        severity=Severity.WARNING,  # all four are optional in the API; what it makes of none is not documented
        fails=_mounting(AT_DATA, volumes=[{"name": "data"}]),
        passes=_mounting(AT_DATA, volumes=[DATA]),
    ),
    Rule(
        id="JD225",
        says="sizeLimit of an emptyDir is in Mi.",
        check=each_pod(_size_in_mebibytes),
        hint="write 1Gi as 1024Mi",
        evidence=measured(
            "RegisterJobDefinition",
            "Invalid empty dir size limit.",
            against="the sizes that this applies to are unknown; Gi is usual in Kubernetes",
        ),
        severity=Severity.WARNING,
        fails=_mounting(AT_DATA, volumes=[{"name": "data", "emptyDir": {"sizeLimit": "1Gi"}}]),
        passes=_mounting(AT_DATA, volumes=[{"name": "data", "emptyDir": {"sizeLimit": "100Mi"}}]),
    ),
    Rule(
        id="JD226",
        says="Names of volumes and of their secrets are DNS names.",
        check=each_pod(_dns_names),
        hint="use small letters, digits and hyphens: otherwise the job is registered, but its pod is not created",
        evidence=later(
            "Kubernetes API, Volume",
            "must be allowed as a DNS subdomain name",
            "in EksVolume.name; AWS registers others",
        ),
        severity=Severity.WARNING,  # AWS CDK registers such a job in its integration tests
        fails=_mounting(AT_DATA, volumes=[FROM_SECRET]),
        passes=_mounting(AT_DATA, volumes=[{"name": "data", "secret": {"secretName": "token.v1"}}]),
    ),
    Rule(
        id="JD227",
        says="Every volume of a pod is mounted by a container.",
        check=each_pod(_used_volumes),
        hint="remove it, or mount it with volumeMounts",
        evidence=inferred("EksContainer.volumeMounts", "volumes reach containers by volumeMounts only"),
        severity=Severity.NOTE,
        advice=True,
        fails=pod(volumes=[DATA]),
        passes=_mounting(AT_DATA, volumes=[DATA]),
    ),
)


# Rules about what containers of pods ask for: cpu, memory and GPUs.

GPU = "nvidia.com/gpu"
KNOWN = ("cpu", "memory", GPU)
SIDES = ("limits", "requests")
STEP = Decimal("0.25")
LEAST_MEMORY = 4  # MiB
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
WHOLE = re.compile(r"[0-9]+")
MEBIBYTES = re.compile(r"([0-9]+)Mi")


def _asked(container: PodContainer) -> Iterator[tuple[Path, str, str]]:
    """Yield the path, the resource and the amount of all that a container asks for."""
    given = container.body.get("resources") or {}
    for side in SIDES:
        for name, value in (given.get(side) or {}).items():
            yield (*container.path, "resources", side, name), name, value


def _amounts(container: PodContainer, name: str) -> Iterator[tuple[Path, str]]:
    return ((path, value) for path, asked, value in _asked(container) if asked == name)


def _known_resources(container: PodContainer) -> Findings:
    for path, name, _ in _asked(container):
        if name not in KNOWN:
            yield path, f"is not a resource that AWS Batch supports; use {', '.join(KNOWN)}"


def _is_first(container: PodContainer) -> bool:
    """Whether it is an init container, which runs before the others."""
    return "initContainers" in container.path


def _cpu_and_memory(container: PodContainer) -> Findings:
    if not _is_first(container):
        yield from _missing(container)


def _cpu_and_memory_at_first(container: PodContainer) -> Findings:
    if _is_first(container):
        yield from _missing(container)


def _missing(container: PodContainer) -> Findings:
    asked = {name for _, name, _ in _asked(container)}
    missing = [name for name in ("cpu", "memory") if name not in asked]
    if missing:
        yield (*container.path, "resources"), f"does not set {' and '.join(missing)}"


def _cpu_in_quarters(container: PodContainer) -> Findings:
    for path, value in _amounts(container, "cpu"):
        if not NUMBER.fullmatch(value) or Decimal(value) % STEP:
            yield path, f"is {value}; cpu is a number in steps of {STEP}, without a unit"


def _memory_in_mebibytes(container: PodContainer) -> Findings:
    for path, value in _amounts(container, "memory"):
        if not MEBIBYTES.fullmatch(value) and not WHOLE.fullmatch(value):
            yield path, f"is {value}; memory is a whole number of Mi"


def _memory_with_unit(container: PodContainer) -> Findings:
    for path, value in _amounts(container, "memory"):
        if WHOLE.fullmatch(value):
            yield path, f"is {value} without a unit; memory is a whole number of Mi"


def _enough_memory(container: PodContainer) -> Findings:
    for path, value in _amounts(container, "memory"):
        match = MEBIBYTES.fullmatch(value)
        if match and int(match[1]) < LEAST_MEMORY:
            yield path, f"is {value}; a container needs at least {LEAST_MEMORY}Mi"


def _whole_gpus(container: PodContainer) -> Findings:
    for path, value in _amounts(container, GPU):
        if not WHOLE.fullmatch(value):
            yield path, f"is {value}; GPUs are a whole number"


def _both(container: PodContainer, name: str, form: re.Pattern[str]) -> tuple[Decimal, Decimal] | None:
    """Return the limit and the request of a resource; None unless both are there and of that form."""
    read = [value.removesuffix("Mi") for _, value in _amounts(container, name) if form.fullmatch(value)]
    return (Decimal(read[0]), Decimal(read[1])) if len(read) == len(SIDES) else None


def _request_within_limit(container: PodContainer) -> Findings:
    both = _both(container, "cpu", NUMBER)
    if both and both[1] > both[0]:
        path = (*container.path, "resources", "requests", "cpu")
        yield path, f"is {both[1]}, more than the limit of {both[0]}"


def _request_is_limit(name: str, form: re.Pattern[str], unit: str = "") -> Callable[[PodContainer], Findings]:
    def look(container: PodContainer) -> Findings:
        both = _both(container, name, form)
        if both and both[1] != both[0]:
            path = (*container.path, "resources", "requests", name)
            yield path, f"is {both[1]}{unit}, but the limit is {both[0]}{unit}; they have to be equal"

    return look


EKS_RULES = (
    Rule(
        id="JD200",
        says="A container of a pod only requests cpu, memory and nvidia.com/gpu.",
        check=each_pod_container(_known_resources),
        evidence=measured(
            "RegisterJobDefinition",
            "... is not a supported type for resources.",
            against="the service model leaves the set open",
        ),
        severity=Severity.WARNING,
        fails=wanting({**amounts(cpu="1", memory="512Mi"), "ephemeral-storage": "1Gi"}),
        passes=wanting(amounts(cpu="1", memory="512Mi", gpu="1")),
    ),
    Rule(
        id="JD201",
        says="A container of a pod sets cpu and memory.",
        check=each_pod_container(_cpu_and_memory),
        hint='add resources: {limits: {cpu: "1", memory: 2048Mi}}',
        evidence=measured("RegisterJobDefinition", "cpu and memory resources must be provided."),
        fails=pod(pod_container(resources=resources(memory=None))),
        passes=wanting(amounts(cpu="1"), amounts(memory="512Mi")),
    ),
    Rule(
        id="JD215",
        says="An init container of a pod sets cpu and memory.",
        check=each_pod_container(_cpu_and_memory_at_first),
        hint='add resources: {limits: {cpu: "1", memory: 2048Mi}}',
        evidence=measured(
            "RegisterJobDefinition",
            "cpu and memory resources must be provided.",
            against="it was not seen for init containers",
        ),
        severity=Severity.WARNING,
        fails=pod(initContainers=[pod_container(name="fetch", resources=resources(memory=None))]),
        passes=pod(initContainers=[pod_container(name="fetch")]),
    ),
    Rule(
        id="JD202",
        says="cpu of a pod's container is a multiple of 0.25, without a unit.",
        check=each_pod_container(_cpu_in_quarters),
        hint="write 500m as 0.5",
        evidence=measured(
            "RegisterJobDefinition",
            "Value ... for type cpu in resources is not valid. Provide a valid number and unit.",
        ),
        fails=wanting(amounts(cpu="500m", memory="512Mi")),
        passes=wanting(amounts(cpu="1.75", memory="512Mi")),
    ),
    Rule(
        id="JD203",
        says="A pod's container requests at most as much cpu as its limit.",
        check=each_pod_container(_request_within_limit),
        evidence=measured("RegisterJobDefinition", "cpu request must be <= to cpu limit if both are provided."),
        fails=wanting(amounts(cpu="1", memory="512Mi"), amounts(cpu="2")),
        passes=wanting(amounts(cpu="2", memory="512Mi"), amounts(cpu="0.5")),
    ),
    Rule(
        id="JD204",
        says="Memory of a pod's container is in whole Mi.",
        check=each_pod_container(_memory_in_mebibytes),
        hint="write 2Gi as 2048Mi",
        evidence=measured("RegisterJobDefinition", "Value 2Gi for type memory is not valid."),
        fails=wanting(amounts(cpu="1", memory="2Gi")),
        passes=wanting(amounts(cpu="1", memory="2048Mi")),
    ),
    Rule(
        id="JD205",
        says="Memory of a pod's container has the unit Mi.",
        check=each_pod_container(_memory_with_unit),
        hint="write 2048Mi; to Kubernetes a bare number is bytes",
        evidence=documented("EksContainerResourceRequirements.limits", 'using whole integers, with a "Mi" suffix'),
        severity=Severity.WARNING,  # how the service reads a bare number is not known
        fails=wanting(amounts(cpu="1", memory="2048")),
        passes=wanting(amounts(cpu="1", memory="2048Mi")),
    ),
    Rule(
        id="JD206",
        says="A pod's container requests as much memory as its limit.",
        check=each_pod_container(_request_is_limit("memory", MEBIBYTES, "Mi")),
        hint="set memory in limits only",
        evidence=measured(
            "RegisterJobDefinition", "memory request must be equal to memory limit if both are provided."
        ),
        fails=wanting(amounts(cpu="1", memory="1024Mi"), amounts(memory="512Mi")),
        passes=wanting(amounts(cpu="1", memory="1024Mi"), amounts(memory="1024Mi")),
    ),
    Rule(
        id="JD207",
        says="A pod's container has at least 4Mi of memory.",
        check=each_pod_container(_enough_memory),
        evidence=documented(
            "EksContainerResourceRequirements.limits", "You must specify at least 4 MiB of memory for a job."
        ),
        fails=wanting(amounts(cpu="1", memory="2Mi")),
        passes=wanting(amounts(cpu="1", memory="4Mi")),
    ),
    Rule(
        id="JD208",
        says="A pod's container requests whole GPUs.",
        check=each_pod_container(_whole_gpus),
        evidence=measured(
            "RegisterJobDefinition",
            "Value 0.5 for type nvidia.com/gpu in resources is not valid. Provide a valid number as input.",
        ),
        fails=wanting(amounts(cpu="1", memory="512Mi", gpu="0.5")),
        passes=wanting(amounts(cpu="1", memory="512Mi", gpu="2")),
    ),
    Rule(
        id="JD209",
        says="A pod's container requests as many GPUs as its limit.",
        check=each_pod_container(_request_is_limit(GPU, WHOLE)),
        hint="set nvidia.com/gpu in limits only",
        evidence=measured("RegisterJobDefinition", "gpu request must be equal to gpu limit if both are provided."),
        fails=wanting(amounts(cpu="1", memory="512Mi", gpu="2"), amounts(gpu="1")),
        passes=wanting(amounts(cpu="1", memory="512Mi", gpu="2"), amounts(gpu="2")),
    ),
)


# Rules about a pod's namespace, labels and annotations.

NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LONGEST_PREFIX = 253
LONGEST_ANNOTATION = 255
RESERVED = ("kubernetes.io", "k8s.io", "batch.amazonaws.com")
MAPS = ("labels", "annotations")


def _entries(pod: Pod, name: str) -> Iterator[tuple[Path, str, str]]:
    """Yield the path, the key and the value of each label, or of each annotation."""
    metadata = pod.body.get("metadata") or {}
    for key, value in (metadata.get(name) or {}).items():
        yield (*pod.path, "metadata", name, key), key, value


def _prefix(key: str) -> str:
    before, _, _ = key.rpartition("/")
    return before


def _is_key(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    return bool(NAME.fullmatch(name)) and (
        not slash or (len(prefix) <= LONGEST_PREFIX and bool(PREFIX.fullmatch(prefix)))
    )


def _own_namespace(pod: Pod) -> Findings:
    if (pod.body.get("metadata") or {}).get("namespace") == "default":
        yield (*pod.path, "metadata", "namespace"), "is default, where Batch places no pods"


def _no_system_namespace(pod: Pod) -> Findings:
    namespace = str((pod.body.get("metadata") or {}).get("namespace", ""))
    if namespace.startswith("kube-"):
        yield (*pod.path, "metadata", "namespace"), f"is {namespace}, a namespace of Kubernetes itself"


def _form_of_keys(name: str) -> Callable[[Pod], Findings]:
    def look(pod: Pod) -> Findings:
        for path, key, _ in _entries(pod, name):
            if not _is_key(key):
                yield path, "is not a valid key"

    return look


def _no_reserved_prefix(name: str) -> Callable[[Pod], Findings]:
    def look(pod: Pod) -> Findings:
        for path, key, _ in _entries(pod, name):
            if _prefix(key) in RESERVED:
                yield path, f"has the reserved prefix {_prefix(key)}"

    return look


def _no_prefix_below_reserved(pod: Pod) -> Findings:
    for name in MAPS:
        for path, key, _ in _entries(pod, name):
            if _prefix(key) not in RESERVED and any(term in _prefix(key) for term in RESERVED):
                yield path, f"has a prefix that contains a reserved one: {_prefix(key)}"


def _form_of_label_values(pod: Pod) -> Findings:
    for path, _, value in _entries(pod, "labels"):
        if not VALUE.fullmatch(value):
            yield path, f"is {value}, which is not a valid label value"


def _length_of_annotations(pod: Pod) -> Findings:
    for path, _, value in _entries(pod, "annotations"):
        if len(value) > LONGEST_ANNOTATION:
            yield path, f"has {len(value)} characters; an annotation has at most {LONGEST_ANNOTATION}"


def _meta(**members: Json) -> Example:
    return pod(metadata=members)


FORM = "letters, digits, - _ . and at both ends a letter or digit, at most 63 characters"

METADATA_RULES = (
    Rule(
        id="JD230",
        says="Pods are not in the namespace default.",
        check=each_pod(_own_namespace),
        hint="remove namespace: that of the compute environment is used",
        evidence=measured("RegisterJobDefinition", "kubernetesNamespace cannot be the default Kubernetes namespace."),
        fails=_meta(namespace="default"),
        passes=_meta(namespace="batch"),
    ),
    Rule(
        id="JD231",
        says="Pods are not in namespaces of Kubernetes itself, kube-*.",
        check=each_pod(_no_system_namespace),
        evidence=measured(
            "RegisterJobDefinition", "kubernetesNamespace cannot be a reserved Kubernetes system namespace."
        ),
        fails=_meta(namespace="kube-system"),
        passes=_meta(namespace="kubeflow"),
    ),
    Rule(
        id="JD232",
        says="Keys of labels are a name, or a DNS name, a slash and a name.",
        check=each_pod(_form_of_keys("labels")),
        hint=f"a name has {FORM}",
        evidence=measured(
            "RegisterJobDefinition", "The name -team of the pod label key does not match a valid pattern."
        ),
        fails=_meta(labels={"-team": "research"}),
        passes=_meta(labels={"example.com/team": "research"}),
    ),
    Rule(
        id="JD233",
        says="Keys of labels have no reserved prefix.",
        check=each_pod(_no_reserved_prefix("labels")),
        hint=f"{', '.join(RESERVED)} are reserved; use your own prefix, or none",
        evidence=measured(
            "RegisterJobDefinition",
            "The prefix kubernetes.io of the pod label key cannot contain terms from the following "
            "[kubernetes.io, k8s.io, batch.amazonaws.com].",
        ),
        fails=_meta(labels={"kubernetes.io/team": "research"}),
        passes=_meta(labels={"team": "research"}),
    ),
    Rule(
        id="JD234",
        says="Values of labels have a certain form, and at most 63 characters.",
        check=each_pod(_form_of_label_values),
        hint=f"a value is empty or has {FORM}",
        evidence=measured("RegisterJobDefinition", "The pod label value ... does not match a valid pattern."),
        fails=_meta(labels={"team": "r" * 64}),
        passes=_meta(labels={"team": "r" * 63, "empty": ""}),
    ),
    Rule(
        id="JD235",
        says="Keys of annotations are a name, or a DNS name, a slash and a name.",
        check=each_pod(_form_of_keys("annotations")),
        hint=f"a name has {FORM}",
        evidence=documented(
            "EksMetadata.annotations",
            "The prefix is optional and must be 253 characters or less. If specified, the prefix must"
            " be a DNS subdomain",
        ),
        fails=_meta(annotations={"example.com/": "research"}),
        passes=_meta(annotations={"example.com/owner": "research and more"}),
    ),
    Rule(
        id="JD236",
        says="Keys of annotations have no reserved prefix.",
        check=each_pod(_no_reserved_prefix("annotations")),
        hint=f"{', '.join(RESERVED)} are reserved; use your own prefix, or none",
        evidence=measured(
            "RegisterJobDefinition",
            "The prefix batch.amazonaws.com of the pod annotation key cannot contain terms from the "
            "following [kubernetes.io, k8s.io, batch.amazonaws.com].",
        ),
        fails=_meta(annotations={"batch.amazonaws.com/owner": "research"}),
        passes=_meta(annotations={"owner": "research"}),
    ),
    Rule(
        id="JD237",
        says="Annotations have at most 255 characters.",
        check=each_pod(_length_of_annotations),
        evidence=measured(
            "RegisterJobDefinition", "Metadata annotation value ... cannot be longer than 255 characters."
        ),
        fails=_meta(annotations={"about": "a" * 256}),
        passes=_meta(annotations={"about": "a" * 255}),
    ),
    Rule(
        id="JD238",
        says="Keys of labels and annotations have no prefix that contains a reserved one.",
        check=each_pod(_no_prefix_below_reserved),
        hint="use your own prefix, or none",
        evidence=measured(
            "RegisterJobDefinition",
            "The prefix ... cannot contain terms from the following [kubernetes.io, k8s.io, batch.amazonaws.com].",
        ),
        severity=Severity.WARNING,  # the message says so; a refusal was seen for the terms only
        fails=_meta(labels={"app.kubernetes.io/name": "solver"}),
        passes=_meta(labels={"app": "solver"}),
    ),
)


# Rules about users and rights in pods.


def _context(part: Pod | PodContainer) -> Spec:
    context: Spec = part.body.get("securityContext") or {}
    return context


def _profiles(subject: Subject) -> Iterator[tuple[Path, Spec]]:
    for pod in pods(subject.body):
        parts: list[Pod | PodContainer] = [pod, *containers_of_pod(pod)]
        for part in parts:
            profile = _context(part).get("seccompProfile")
            if profile is not None:
                yield (*part.path, "securityContext", "seccompProfile"), profile


@if_any("seccompProfile")
def _local_profile(subject: Subject) -> Findings:
    for path, profile in _profiles(subject):
        if profile["type"] == "Localhost" and not profile.get("localhostProfile"):
            yield path, "is of type Localhost, but has no localhostProfile"


@if_any("seccompProfile")
def _no_local_profile(subject: Subject) -> Findings:
    for path, profile in _profiles(subject):
        if profile["type"] != "Localhost" and "localhostProfile" in profile:
            yield (*path, "localhostProfile"), f"is for type Localhost only, not for {profile['type']}"


def _plain_capabilities(container: PodContainer) -> Findings:
    capabilities = _context(container).get("capabilities") or {}
    for side in ("add", "drop"):
        for index, name in enumerate(capabilities.get(side) or ()):
            if name.upper().startswith("CAP_"):
                path = (*container.path, "securityContext", "capabilities", side, index)
                yield path, f"is {name}; names are without CAP_"


def _privileged_may_escalate(container: PodContainer) -> Findings:
    context = _context(container)
    if context.get("privileged") and context.get("allowPrivilegeEscalation") is False:
        path = (*container.path, "securityContext", "allowPrivilegeEscalation")
        yield path, "cannot be false for a privileged container"


def _not_root(container: PodContainer) -> Findings:
    context = {**_context(container.pod), **_context(container)}
    if context.get("runAsNonRoot") and context.get("runAsUser") == 0:
        yield (*container.path, "securityContext"), "has runAsNonRoot and the user 0, so that it never starts"


def _secured(**context: Json) -> Example:
    return pod(pod_container(securityContext=context))


def _profile(kind: str, **more: Json) -> Example:
    return _secured(seccompProfile={"type": kind, **more})


SECURITY_RULES = (
    Rule(
        id="JD240",
        says="A seccomp profile of type Localhost sets localhostProfile.",
        check=_local_profile,
        hint="add localhostProfile, the path of a file on every node",
        evidence=documented(
            "EksSeccompProfile.localhostProfile", "You must specify this parameter when type is Localhost."
        ),
        fails=_profile("Localhost"),
        passes=_profile("Localhost", localhostProfile="profiles/job.json"),
    ),
    Rule(
        id="JD241",
        says="Only a seccomp profile of type Localhost sets localhostProfile.",
        check=_no_local_profile,
        hint="write type: Localhost, or remove localhostProfile",
        evidence=documented("EksSeccompProfile.localhostProfile", "Don't set this parameter for any other type."),
        fails=_profile("RuntimeDefault", localhostProfile="profiles/job.json"),
        passes=_profile("RuntimeDefault"),
    ),
    Rule(
        id="JD242",
        says="Capabilities are written without CAP_.",
        check=each_pod_container(_plain_capabilities),
        hint="write SYS_ADMIN for CAP_SYS_ADMIN",
        evidence=documented("EksContainerLinuxCapabilities.add", "Specify capability names without the CAP_ prefix."),
        severity=Severity.WARNING,  # whether the service refuses them is not documented
        fails=_secured(capabilities={"add": ["CAP_SYS_NICE"]}),
        passes=_secured(capabilities={"add": ["SYS_NICE"], "drop": ["ALL"]}),
    ),
    Rule(
        id="JD243",
        says="A privileged container may gain rights.",
        check=each_pod_container(_privileged_may_escalate),
        hint="remove allowPrivilegeEscalation, or privileged",
        evidence=later(
            "Kubernetes, of the pod", "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        ),
        severity=Severity.WARNING,
        fails=_secured(privileged=True, allowPrivilegeEscalation=False),
        passes=_secured(privileged=False, allowPrivilegeEscalation=False),
    ),
    Rule(
        id="JD244",
        says="A container with runAsNonRoot does not run as user 0.",
        check=each_pod_container(_not_root),
        hint="choose a different runAsUser",
        evidence=later("Kubernetes API, SecurityContext", "container's runAsUser breaks non-root policy"),
        severity=Severity.WARNING,
        fails=pod(pod_container(securityContext={"runAsUser": 0}), securityContext={"runAsNonRoot": True}),
        passes=pod(pod_container(securityContext={"runAsUser": 1000}), securityContext={"runAsNonRoot": True}),
    ),
)

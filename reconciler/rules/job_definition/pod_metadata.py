"""Rules about a pod's namespace, labels and annotations."""

import re
from collections.abc import Callable, Iterator

from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, later, measured
from reconciler.rules.job_definition.pods import one, pod
from reconciler.rules.traversal import Pod, PodContainer, containers_of_pod, each_pod, each_pod_container, pods

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
                yield path, "is no valid key"

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
            yield path, f"is {value}, which is no value of a label"


def _length_of_annotations(pod: Pod) -> Findings:
    for path, _, value in _entries(pod, "annotations"):
        if len(value) > LONGEST_ANNOTATION:
            yield path, f"has {len(value)} characters; an annotation has at most {LONGEST_ANNOTATION}"


def _meta(**members: Json) -> Example:
    return pod(metadata=members)


FORM = "letters, digits, - _ . and at both ends a letter or digit, at most 63 characters"

RULES = (
    Rule(
        id="JD230",
        says="Pods are not in the namespace default.",
        check=each_pod(_own_namespace),
        hint="leave namespace out: then it is that of the compute environment",
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
        hint=f"{', '.join(RESERVED)} are reserved; take a prefix of your own, or none",
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
        hint=f"{', '.join(RESERVED)} are reserved; take a prefix of your own, or none",
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
        hint="take a prefix of your own, or none",
        evidence=measured(
            "RegisterJobDefinition",
            "The prefix ... cannot contain terms from the following [kubernetes.io, k8s.io, batch.amazonaws.com].",
        ),
        severity=Severity.WARNING,  # the message says so; only the terms themselves have been seen refused
        fails=_meta(labels={"app.kubernetes.io/name": "solver"}),
        passes=_meta(labels={"app": "solver"}),
    ),
)


# Rules about users and rights in pods.


def _context(part: Pod | PodContainer) -> Spec:
    found: Spec = part.body.get("securityContext") or {}
    return found


def _profiles(subject: Subject) -> Iterator[tuple[Path, Spec]]:
    for whole in pods(subject.body):
        parts: list[Pod | PodContainer] = [whole, *containers_of_pod(whole)]
        for part in parts:
            profile = _context(part).get("seccompProfile")
            if profile is not None:
                yield (*part.path, "securityContext", "seccompProfile"), profile


def _local_profile(subject: Subject) -> Findings:
    for path, profile in _profiles(subject):
        if profile["type"] == "Localhost" and not profile.get("localhostProfile"):
            yield path, "is of type Localhost, but has no localhostProfile"


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
    return pod(one(securityContext=context))


def _profile(kind: str, **more: Json) -> Example:
    return _secured(seccompProfile={"type": kind, **more})


SECURITY_RULES = (
    Rule(
        id="JD240",
        says="A seccomp profile of type Localhost names the profile.",
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
        says="Only a seccomp profile of type Localhost names a profile.",
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
        says="What may not run as root does not run as user 0.",
        check=each_pod_container(_not_root),
        hint="choose another runAsUser",
        evidence=later("Kubernetes API, SecurityContext", "container's runAsUser breaks non-root policy"),
        severity=Severity.WARNING,
        fails=pod(one(securityContext={"runAsUser": 0}), securityContext={"runAsNonRoot": True}),
        passes=pod(one(securityContext={"runAsUser": 1000}), securityContext={"runAsNonRoot": True}),
    ),
)

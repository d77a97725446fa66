"""Rules about a pod's namespace, labels and annotations."""

import re
from collections.abc import Callable, Iterator

from reconciler.model import Json, Path
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule
from reconciler.rules.evidence import documented, measured
from reconciler.rules.job_definition.pod_examples import pod
from reconciler.rules.pods import Pod, each_pod

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

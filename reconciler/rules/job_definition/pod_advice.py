"""What is taken on EKS, but a careful person would not write."""

from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule
from reconciler.rules.evidence import documented, inferred
from reconciler.rules.job_definition.advice import ACCESS_KEY, is_secret
from reconciler.rules.job_definition.pod_examples import amounts, one, pod
from reconciler.rules.pods import Pod, PodContainer, each_pod, each_pod_container


def _names_of_host_network(pod: Pod) -> Findings:
    if pod.body.get("dnsPolicy") == "ClusterFirst" and pod.body.get("hostNetwork", True):
        yield (*pod.path, "dnsPolicy"), "is ClusterFirst, which on the host's network means Default"


def _limited(container: PodContainer) -> Findings:
    resources = container.body.get("resources") or {}
    missing = [name for name in ("cpu", "memory") if name not in (resources.get("limits") or {})]
    if missing and resources.get("requests"):
        yield (*container.path, "resources"), f"has no limit of {' and '.join(missing)}"


def _fixed_image(container: PodContainer) -> Findings:
    image = str(container.body["image"])
    _, _, last = image.rpartition("/")
    if "@" not in image and (":" not in last or last.endswith(":latest")):
        yield (*container.path, "image"), f"is {image}, which can be another image tomorrow"


def _pulls(container: PodContainer) -> Findings:
    if container.body.get("imagePullPolicy") == "Never":
        yield (*container.path, "imagePullPolicy"), "is Never, but nodes that Batch adds have only what their AMI has"


def _not_privileged(container: PodContainer) -> Findings:
    if (container.body.get("securityContext") or {}).get("privileged"):
        yield (*container.path, "securityContext", "privileged"), "gives the container root's power over the node"


def _keeps_secrets(container: PodContainer) -> Findings:
    for index, entry in enumerate(container.body.get("env") or ()):
        if is_secret(str(entry["name"]), str(entry.get("value", ""))):
            path = (*container.path, "env", index, "value")
            yield path, f"looks like a secret ({entry['name']}), and everybody who may describe jobs can read it"


def _keeps_access_keys(container: PodContainer) -> Findings:
    for index, entry in enumerate(container.body.get("env") or ()):
        if ACCESS_KEY.search(str(entry.get("value", ""))):
            yield (*container.path, "env", index, "value"), "has an AWS access key"
    for member in ("command", "args"):
        for index, word in enumerate(container.body.get(member) or ()):
            if ACCESS_KEY.search(str(word)):
                yield (*container.path, member, index), "has an AWS access key"


LIMITLESS = {"limits": amounts(cpu="1"), "requests": amounts(memory="2048Mi")}

RULES = (
    Rule(
        id="JD245",
        says="On the host's network, names of the cluster need dnsPolicy ClusterFirstWithHostNet.",
        check=each_pod(_names_of_host_network),
        hint="write ClusterFirstWithHostNet, or hostNetwork: false",
        evidence=inferred(
            "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/", "pod's DNS policy"
        ),
        severity=Severity.WARNING,
        advice=True,
        fails=pod(dnsPolicy="ClusterFirst"),
        passes=pod(dnsPolicy="ClusterFirst", hostNetwork=False),
    ),
    Rule(
        id="JD246",
        says="A container of a pod has limits of cpu and memory.",
        check=each_pod_container(_limited),
        hint="give them in limits: without requests, these are the requests too",
        evidence=inferred(
            "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/", "requests and limits"
        ),
        severity=Severity.NOTE,
        advice=True,
        fails=pod(one(resources=LIMITLESS)),
        passes=pod(),
    ),
    Rule(
        id="JD247",
        says="A container of a pod runs an image that stays the same.",
        check=each_pod_container(_fixed_image),
        hint="name a tag that is not moved, or better a digest",
        evidence=inferred(
            "https://kubernetes.io/docs/concepts/containers/images/", "avoid the tag :latest in production"
        ),
        severity=Severity.WARNING,
        advice=True,
        fails=pod(one(image="localhost:5000/solver")),
        passes=pod(one(image="localhost:5000/solver:1.4")),
    ),
    Rule(
        id="JD248",
        says="Nodes that come and go pull images.",
        check=each_pod_container(_pulls),
        hint="write IfNotPresent, unless your AMI has the image",
        evidence=inferred(
            "https://kubernetes.io/docs/concepts/containers/images/", "imagePullPolicy Never fetches no image"
        ),
        severity=Severity.NOTE,
        advice=True,
        fails=pod(one(imagePullPolicy="Never")),
        passes=pod(one(imagePullPolicy="IfNotPresent")),
    ),
    Rule(
        id="JD249",
        says="A container of a pod is not privileged.",
        check=each_pod_container(_not_privileged),
        hint="add the capabilities that it needs, with securityContext.capabilities",
        evidence=documented("EksContainerSecurityContext.privileged", "similar to the root user permissions"),
        severity=Severity.NOTE,
        advice=True,
        fails=pod(one(securityContext={"privileged": True})),
        passes=pod(one(securityContext={"privileged": False})),
    ),
    Rule(
        id="JD250",
        says="A secret is not in the environment of a pod's container.",
        check=each_pod_container(_keeps_secrets),
        hint="mount a Kubernetes secret: volumes: [{name: keys, secret: {secretName: keys}}]",
        evidence=inferred("EksVolume.secret", "a volume from a Kubernetes secret"),
        severity=Severity.WARNING,
        advice=True,
        fails=pod(one(env=[{"name": "DB_PASSWORD", "value": "swordfish"}])),
        passes=pod(one(env=[{"name": "DB_PASSWORD_FILE", "value": "/keys/password"}])),
    ),
    Rule(
        id="JD251",
        says="No AWS access key is in a pod.",
        check=each_pod_container(_keeps_access_keys),
        hint="give the pod a service account with an IAM role: serviceAccountName",
        evidence=inferred(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html", "use temporary credentials"
        ),
        severity=Severity.WARNING,
        advice=True,
        fails=pod(one(env=[{"name": "KEY", "value": "AKIAIOSFODNN7EXAMPLE"}])),
        passes=pod(one(env=[{"name": "KEY", "value": "AKIA"}])),
    ),
)

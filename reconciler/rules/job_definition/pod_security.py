"""Rules about users and rights in pods."""

from collections.abc import Iterator

from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.evidence import documented, later
from reconciler.rules.job_definition.pod_examples import one, pod
from reconciler.rules.pods import Pod, PodContainer, containers_of, each_pod_container, pods


def _context(part: Pod | PodContainer) -> Spec:
    found: Spec = part.body.get("securityContext") or {}
    return found


def _profiles(subject: Subject) -> Iterator[tuple[Path, Spec]]:
    for whole in pods(subject.body):
        parts: list[Pod | PodContainer] = [whole, *containers_of(whole)]
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


RULES = (
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

"""Rules of jobs: what SubmitJob refuses, and what can never start where it is submitted to."""

import json
import re

from reconciler.kinds.tasks import platform
from reconciler.model import Json, Path, Spec, target_of
from reconciler.placement.needs import job_need
from reconciler.placement.submitted import as_submitted
from reconciler.placement.verdicts import Feasibility, best
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, later, measured
from reconciler.rules.compute_environment import common as environments
from reconciler.rules.job_definition.placement import reasons_of, stack_pool
from reconciler.rules.job_queue.environments import is_training, policy_name, policy_of, queue
from reconciler.rules.shared import near_names, nearest
from reconciler.rules.traversal import ec2, fargate, size

DEFINITION, QUEUE, POLICY, JOB = "JobDefinition", "JobQueue", "SchedulingPolicy", "Job"
REFERENCE = re.compile(r"Ref::([\w-]+)")
SHARED = ("shareIdentifier", "schedulingPriorityOverride")


def queue_of(subject: Subject) -> Spec | None:
    """Return the queue of the job; None if it is not in the stack, or not known."""
    return subject.referred(QUEUE, target_of(QUEUE, str(subject.body["jobQueue"])).name)


def definition_of(subject: Subject) -> Spec | None:
    """Return the definition of the job; None if it is not in the stack, or not known.

    With a revision, it is one that was registered before, of which only the name is known.
    """
    reference = str(subject.body["jobDefinition"])
    has_revision = ":" in reference.rpartition("/")[2]
    return None if has_revision else subject.referred(DEFINITION, target_of(DEFINITION, reference).name)


def _has_share(subject: Subject) -> Findings:
    job_queue = queue_of(subject)
    is_fair = job_queue is not None and "fairsharePolicy" in policy_of(subject, job_queue)
    if is_fair and not subject.body.get("shareIdentifier"):
        yield ("shareIdentifier",), f"is missing, but the queue {subject.body['jobQueue']} has a fair-share policy"


def _has_no_share(subject: Subject) -> Findings:
    job_queue = queue_of(subject)
    if job_queue is None or policy_name(job_queue):
        return
    for field in SHARED:
        if field in subject.body:
            yield (field,), f"is set, but the queue {subject.body['jobQueue']} has no scheduling policy"


# The override that each form of definition has (SubmitJob).
OVERRIDES = {
    "containerProperties": "containerOverrides",
    "ecsProperties": "ecsPropertiesOverride",
    "eksProperties": "eksPropertiesOverride",
    "nodeProperties": "nodeOverrides",
}
PAYLOAD = 30 * 1024  # bytes of a request


def _form_of(definition: Spec | None) -> str:
    return next((form for form in OVERRIDES if definition and form in definition), "")


def _overrides_of_pods(subject: Subject) -> Findings:
    """Pods have overrides of their own, in both directions."""
    form = _form_of(definition_of(subject))
    wrong = ("containerOverrides", "nodeOverrides", "ecsPropertiesOverride")
    for field in wrong if form == "eksProperties" else ():
        if field in subject.body:
            yield (field,), f"is set, but {subject.body['jobDefinition']} runs on Amazon EKS: use eksPropertiesOverride"
    if form and form not in ("eksProperties", "nodeProperties") and "eksPropertiesOverride" in subject.body:
        own = OVERRIDES[form]
        yield ("eksPropertiesOverride",), f"is set, but {subject.body['jobDefinition']} runs on Amazon ECS: use {own}"


def _overrides_of_its_form(subject: Subject) -> Findings:
    form = _form_of(definition_of(subject))
    for field in OVERRIDES.values() if form and form != "eksProperties" else ():
        if field in subject.body and field not in (OVERRIDES[form], "eksPropertiesOverride"):
            yield (field,), f"is set, but {subject.body['jobDefinition']} has {form}: use {OVERRIDES[form]}"


def _legacy_sizes_count(subject: Subject) -> Findings:
    container = (definition_of(subject) or {}).get("containerProperties") or {}
    types = {str(each.get("type", "")).upper() for each in container.get("resourceRequirements") or ()}
    overrides = subject.body.get("containerOverrides") or {}
    for field, kind in (("vcpus", "VCPU"), ("memory", "MEMORY")):
        if field in overrides and kind in types:
            yield ("containerOverrides", field), f"does not change {kind} in resourceRequirements of the definition"


def _no_legacy_sizes_on_fargate(subject: Subject) -> Findings:
    definition = definition_of(subject)
    overrides = subject.body.get("containerOverrides") or {}
    for field in ("vcpus", "memory") if definition and platform(definition) == "FARGATE" else ():
        if field in overrides:
            yield ("containerOverrides", field), "is not for jobs on Fargate: use resourceRequirements"


def _containers_exist(subject: Subject) -> Findings:
    definition = definition_of(subject) or {}
    pod = (definition.get("eksProperties") or {}).get("podProperties") or {}
    task: Spec = next(iter((definition.get("ecsProperties") or {}).get("taskProperties") or ()), {})
    given_pod = (subject.body.get("eksPropertiesOverride") or {}).get("podProperties") or {}
    tasks = (subject.body.get("ecsPropertiesOverride") or {}).get("taskProperties") or ()
    at_pod: Path = ("eksPropertiesOverride", "podProperties")
    for member in ("containers", "initContainers"):
        yield from _unknown_names((*at_pod, member), given_pod.get(member) or (), pod.get(member))
    for index, given in enumerate(tasks):
        at: Path = ("ecsPropertiesOverride", "taskProperties", index, "containers")
        yield from _unknown_names(at, given.get("containers") or (), task.get("containers"))


def _unknown_names(path: Path, given: Json, declared: Json) -> Findings:
    names = [str(each.get("name") or "Default") for each in declared or ()]
    for index, each in enumerate(given if names else ()):
        if (name := str(each.get("name", ""))) and name not in names:
            yield (*path, index, "name"), f"is {name}; the containers of the definition are {', '.join(names)}"


def _commands_have_no_empty_word(subject: Subject) -> Findings:
    for index, word in enumerate((subject.body.get("containerOverrides") or {}).get("command") or ()):
        if word == "":
            yield ("containerOverrides", "command", index), "is empty"


def _array_dependencies(subject: Subject) -> Findings:
    for index, need in enumerate(subject.body.get("dependsOn") or ()):
        kind = str(need.get("type") or "").upper()
        path: Path = ("dependsOn", index)
        if kind and "arrayProperties" not in subject.body:
            yield (*path, "type"), f"is {kind}, which is for array jobs, but the job has no arrayProperties"
        elif kind != "SEQUENTIAL" and not need.get("jobId"):
            yield path, "has no jobId: only SEQUENTIAL does without"


def _arrays_are_of_one_size(subject: Subject) -> Findings:
    size = (subject.body.get("arrayProperties") or {}).get("size")
    for index, need in enumerate(subject.body.get("dependsOn") or ()):
        other = subject.referred(JOB, need.get("jobId"))
        if str(need.get("type") or "").upper() == "N_TO_N" and other is not None and size is not None:
            theirs = (other.get("arrayProperties") or {}).get("size")
            if theirs != size:
                has = f"an array of {theirs}" if theirs else "no array"
                yield (
                    ("dependsOn", index, "jobId"),
                    f"is {need['jobId']}, which is {has}, but this one has {size} children",
                )


def _nodes(subject: Subject) -> Findings:
    count = (subject.body.get("nodeOverrides") or {}).get("numNodes")
    nodes = (definition_of(subject) or {}).get("nodeProperties")
    if count is None or not nodes:
        return
    ranges = [str(each.get("targetNodes", "")) for each in nodes.get("nodeRangeProperties") or ()]
    path: Path = ("nodeOverrides", "numNodes")
    if not any(text.endswith(":") for text in ranges):
        yield path, f"is {count}, but no node range of the definition has an open end: {', '.join(ranges)}"
    elif any(int(text.partition(":")[0] or 0) >= count for text in ranges):
        yield path, f"is {count}, but a node range of the definition begins behind that: {', '.join(ranges)}"
    elif int(nodes.get("mainNode") or 0) >= count:
        yield path, f"is {count}, but the main node of the definition is {nodes['mainNode']}"


def _payload(subject: Subject) -> Findings:
    size = len(json.dumps(subject.body, ensure_ascii=False, separators=(",", ":")).encode())
    if size > PAYLOAD:
        yield (), f"has {size:,} bytes as a request, but at most {PAYLOAD:,} are allowed"


def _parameters_are_used(subject: Subject) -> Findings:
    definition = definition_of(subject)
    if definition is None:
        return
    text = json.dumps(definition)
    words = set(REFERENCE.findall(text)) | set(definition.get("parameters") or {})
    for name in subject.body.get("parameters") or {}:
        if name not in words and (near := nearest(name, tuple(words))):
            yield ("parameters", name), f"is not used by the definition. Did you mean {near}?"


def _takes_jobs(subject: Subject) -> Findings:
    job_queue = queue_of(subject)
    if job_queue is not None and is_training(job_queue):
        yield ("jobQueue",), f"is {subject.body['jobQueue']}, a queue for SageMaker training: it takes service jobs"
    elif job_queue is not None and str(job_queue.get("state", "")).upper() == "DISABLED":
        yield ("jobQueue",), f"is {subject.body['jobQueue']}, which is DISABLED"


def _starts(subject: Subject) -> Findings:
    definition, name = definition_of(subject), target_of(QUEUE, str(subject.body["jobQueue"])).name
    if definition is None or queue_of(subject) is None:
        return
    pool = subject.shared(stack_pool)
    pairs = list(pool.pairs(job_need(as_submitted(definition, subject.body)), (name,)))
    verdict = best(pair.verdict for pair in pairs)
    if verdict and verdict.outcome is Feasibility.NEVER:
        yield (), f"can never start on JobQueue/{name}: it {reasons_of(pairs)}"


def _job(**fields: Json) -> Example:
    """Return a job of one container in a plain queue."""
    others = {(QUEUE, "pricing"): queue("elsewhere").body, (DEFINITION, "price"): ec2().body}
    return Example({"jobQueue": "pricing", "jobDefinition": "price", **fields}, others)


def _in_shares(**fields: Json) -> Example:
    """Return a job in a queue with shares."""
    job = _job(**fields)
    policy = {(POLICY, "fair"): {"fairsharePolicy": {"shareDecaySeconds": 60}}}
    shares = {(QUEUE, "pricing"): queue("elsewhere", schedulingPolicyArn="fair").body}
    return Example(job.body, {**job.others, **policy, **shares})


POD = {"type": "container", "eksProperties": {"podProperties": {"containers": [{"name": "main", "image": "a:1"}]}}}
TASK: Spec = {
    "type": "container",
    "ecsProperties": {
        "taskProperties": [{"containers": [{"name": "main", "image": "a:1", "resourceRequirements": size()}]}]
    },
}


def _running(definition: Spec, **fields: Json) -> Example:
    """Return a job of a definition."""
    job = _job(**fields)
    return Example(job.body, {**job.others, (DEFINITION, "price"): definition})


def _on_nodes(count: int) -> Example:
    container = {"image": "a:1", "resourceRequirements": size()}
    nodes = {"numNodes": 4, "mainNode": 0, "nodeRangeProperties": [{"targetNodes": "0:", "container": container}]}
    wide = {
        **nodes,
        "nodeRangeProperties": [
            {"targetNodes": "0:1", "container": container},
            {"targetNodes": "2:", "container": container},
        ],
    }
    return _running({"type": "multinode", "nodeProperties": wide}, nodeOverrides={"numNodes": count})


def _on_instances(**definition: Json) -> Example:
    """Return a job whose queue has an environment of the stack."""
    job = _running(ec2(resourceRequirements=size()).body, **definition)
    queued = {
        (QUEUE, "pricing"): queue("only").body,
        ("ComputeEnvironment", "only"): environments.ec2(maxvCpus=16).body,
    }
    return Example(job.body, {**job.others, **queued})


def _depending(on: Json, **fields: Json) -> Example:
    """Return an array job that depends on another job of the stack."""
    job = _job(dependsOn=[on], **fields)
    other = {(JOB, "load"): {"jobQueue": "pricing", "jobDefinition": "price", "arrayProperties": {"size": 3}}}
    return Example(job.body, {**job.others, **other})


RULES = (
    Rule(
        id="SJ101",
        says="A job in a queue with a fair-share policy has a shareIdentifier.",
        check=_has_share,
        hint="add shareIdentifier: the share that the job is counted for",
        evidence=documented(
            "SubmitJobRequest.shareIdentifier",
            "If the job queue has a fair-share scheduling policy, then this parameter must be specified.",
        ),
        fails=_in_shares(),
        passes=_in_shares(shareIdentifier="A"),
    ),
    Rule(
        id="SJ102",
        says="Only jobs in queues with a scheduling policy have a shareIdentifier or schedulingPriorityOverride.",
        check=_has_no_share,
        hint="remove it, or give the queue a scheduling policy",
        evidence=measured(
            "SubmitJob",
            "Job with shareIdentifier or schedulingPriority can onlybe submitted to job queue with fair share "
            "scheduling policy.",
        ),
        fails=_job(shareIdentifier="A"),
        passes=_in_shares(shareIdentifier="A", schedulingPriorityOverride=3),
    ),
    Rule(
        id="SJ103",
        says="A job's queue takes container jobs.",
        check=_takes_jobs,
        severity=Severity.WARNING,
        evidence=documented(
            "CreateJobQueueRequest.state", "If the job queue state is DISABLED, new jobs can't be added to the queue"
        ),
        fails=Example(_job().body, {**_job().others, (QUEUE, "pricing"): queue("elsewhere", state="DISABLED").body}),
        passes=_job(),
    ),
    Rule(
        id="SJ201",
        says="Jobs on Amazon EKS have eksPropertiesOverride, and only they.",
        check=_overrides_of_pods,
        evidence=measured(
            "SubmitJob", "Container overrides or node overrides should not be set for Batch on EKS jobs."
        ),
        fails=_running(POD, containerOverrides={"command": ["run"]}),
        passes=_running(
            POD, eksPropertiesOverride={"podProperties": {"containers": [{"name": "main", "args": ["run"]}]}}
        ),
    ),
    Rule(
        id="SJ202",
        says="A job has the overrides of the form of its definition.",
        check=_overrides_of_its_form,
        severity=Severity.WARNING,
        evidence=later("SubmitJob", note="overrides of a different form have nothing to override"),
        fails=_running(TASK, containerOverrides={"command": ["run"]}),
        passes=_running(
            TASK, ecsPropertiesOverride={"taskProperties": [{"containers": [{"name": "main", "command": ["run"]}]}]}
        ),
    ),
    Rule(
        id="SJ203",
        says="Sizes of a job in vcpus and memory do not change resourceRequirements.",
        check=_legacy_sizes_count,
        hint="write them in containerOverrides.resourceRequirements",
        severity=Severity.WARNING,
        evidence=documented(
            "ContainerOverrides.vcpus",
            "but doesn't override any vCPU requirement specified in the resourceRequirements structure in the job "
            "definition.",
        ),
        fails=_running(ec2(resourceRequirements=size()).body, containerOverrides={"vcpus": 2}),
        passes=_running(
            ec2(resourceRequirements=size()).body,
            containerOverrides={"resourceRequirements": [{"type": "VCPU", "value": "2"}]},
        ),
    ),
    Rule(
        id="SJ204",
        says="Jobs on Fargate have their sizes in resourceRequirements.",
        check=_no_legacy_sizes_on_fargate,
        severity=Severity.WARNING,
        evidence=documented("ContainerOverrides.vcpus", "It's not supported for jobs running on Fargate resources."),
        fails=_running(fargate().body, containerOverrides={"memory": 2048}),
        passes=_running(
            fargate().body, containerOverrides={"resourceRequirements": [{"type": "MEMORY", "value": "2048"}]}
        ),
    ),
    Rule(
        id="SJ205",
        says="An override names a container of the definition.",
        check=_containers_exist,
        evidence=documented(
            "EksContainerOverride.name", "The name must match a unique container name that you wish to override."
        ),
        fails=_running(POD, eksPropertiesOverride={"podProperties": {"containers": [{"name": "mian"}]}}),
        passes=_running(POD, eksPropertiesOverride={"podProperties": {"containers": [{"name": "main"}]}}),
    ),
    Rule(
        id="SJ206",
        says="No word of a command is empty.",
        check=_commands_have_no_empty_word,
        evidence=documented("ContainerOverrides.command", "This parameter can't contain an empty string."),
        fails=_job(containerOverrides={"command": ["run", ""]}),
        passes=_job(containerOverrides={"command": ["run"]}),
    ),
    Rule(
        id="SJ301",
        says="Dependencies of a type are those of array jobs.",
        check=_array_dependencies,
        evidence=documented(
            "SubmitJobRequest.dependsOn",
            "You can specify a SEQUENTIAL type dependency without specifying a job ID for array jobs",
        ),
        fails=_job(dependsOn=[{"type": "SEQUENTIAL"}]),
        passes=_job(dependsOn=[{"type": "SEQUENTIAL"}], arrayProperties={"size": 2}),
    ),
    Rule(
        id="SJ302",
        says="Arrays that depend on each other child by child have one size.",
        check=_arrays_are_of_one_size,
        severity=Severity.WARNING,
        evidence=documented(
            "SubmitJobRequest.dependsOn",
            "each index child of this job must wait for the corresponding index child of each dependency",
        ),
        fails=_depending({"jobId": "load", "type": "N_TO_N"}, arrayProperties={"size": 2}),
        passes=_depending({"jobId": "load", "type": "N_TO_N"}, arrayProperties={"size": 3}),
    ),
    Rule(
        id="SJ401",
        says="A job with a different number of nodes fits the node ranges of its definition.",
        check=_nodes,
        evidence=documented(
            "NodeOverrides.numNodes",
            "There must be at least one node range in your job definition that has an open upper boundary",
        ),
        fails=_on_nodes(2),
        passes=_on_nodes(8),
    ),
    Rule(
        id="SJ501",
        says="A request has at most 30 KiB.",
        check=_payload,
        evidence=documented(
            "https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html",
            "Maximum job payload size (for SubmitJob API operations)",
        ),
        fails=_job(parameters={"data": "x" * PAYLOAD}),
        passes=_job(parameters={"data": "x"}),
    ),
    Rule(
        id="SJ601",
        says="A parameter that the definition does not use is not almost one that it uses.",
        check=_parameters_are_used,
        severity=Severity.WARNING,
        evidence=documented(
            "SubmitJobRequest.parameters",
            "parameters passed to the job that replace parameter substitution placeholders that are set in the job "
            "definition.",
        ),
        fails=_running(ec2(command=["run", "Ref::action"]).body, parameters={"actoin": "x"}),
        passes=_running(ec2(command=["run", "Ref::action"]).body, parameters={"action": "x"}),
    ),
    Rule(
        id="SJ701",
        says="A job can start in its queue.",
        check=_starts,
        hint="`reconciler placement` shows the verdict on every environment",
        evidence=documented("JobDetail.statusReason", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"),
        fails=_on_instances(containerOverrides={"resourceRequirements": [{"type": "GPU", "value": "1"}]}),
        passes=_on_instances(containerOverrides={"resourceRequirements": [{"type": "VCPU", "value": "2"}]}),
    ),
    near_names("SJ901", fails=_job(jobQueue="pricng"), passes=_job(jobDefinition="price:3")),
)

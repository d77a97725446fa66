"""From a declared job, or the words of a command, to the request of SubmitJob."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.kinds.submission import JOB
from reconciler.live.resolve import references, with_value
from reconciler.model import Address, DeclaredJob, Json, Spec, Stack, target_of
from reconciler.placement.catalogue import catalogue
from reconciler.placement.needs import job_need
from reconciler.placement.queues import pool_of
from reconciler.placement.submitted import as_submitted
from reconciler.placement.verdicts import Feasibility, best
from reconciler.ports import Cloud
from reconciler.problems import InvalidStack, Problem, Refused, WrongUsage

DEFINITION, QUEUE = "JobDefinition", "JobQueue"
VCPU, MEMORY, GPU = "VCPU", "MEMORY", "GPU"
# The unit that a pod has for each size, and how it is written (EksContainerResourceRequirements).
OF_PODS = {VCPU: ("cpu", "{}"), MEMORY: ("memory", "{}Mi"), GPU: ("nvidia.com/gpu", "{}")}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOverrides:
    """What a command sets for one run of a job. `sizes` are by the type of resource requirements: VCPU, MEMORY, GPU."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=dict)
    array_size: int | None = None
    depends_on: tuple[str, ...] = ()
    share: str | None = None

    @property
    def of_container(self) -> bool:
        return bool(self.environment or self.sizes)


@dataclass(frozen=True, slots=True)
class Submission:
    """A request of SubmitJob that is ready to be sent, except for the ids of jobs of the stack that go first.

    `after` has the position in dependsOn, and the submission, of each of those. `body` is the request with the names of
    the stack.
    """

    request: Spec
    body: Spec
    after: tuple[tuple[int, "Submission"], ...] = ()

    @property
    def name(self) -> str:
        return str(self.request["jobName"])


@dataclass(frozen=True, slots=True)
class SubmittedJob:
    """A job that AWS Batch has accepted. Queue and definition are as in the request."""

    id: str
    name: str
    queue: str
    definition: str
    arn: str = ""


def declared_job(stack: Stack, name: str) -> DeclaredJob:
    """Return a job of the stack by its name. Raises `WrongUsage`."""
    from reconciler.syntax.diagnostics import did_you_mean  # noqa: PLC0415 - a name that is right needs none

    own = name.removeprefix(f"{JOB.name}/")
    if own not in stack.jobs:
        known = f"the jobs are {', '.join(sorted(stack.jobs))}" if stack.jobs else "the stack declares no jobs"
        raise WrongUsage(f"there is no job {own} in stack {stack.name}", hint=did_you_mean(own, stack.jobs, known))
    return stack.jobs[own]


def submission_of(
    stack: Stack, job: DeclaredJob, overrides: JobOverrides, *, tags: Mapping[str, str] | None = None, name: str = ""
) -> Submission:
    """Return the request for a declared job, in which names are those of AWS. `tags` and `name` replace its own.

    Raises `InvalidStack` where jobs depend on each other in a circle.
    """
    return _Submitter(stack).submission(job, overrides, {**stack.tags, **(tags or {})}, name, ())


def submit(cloud: Cloud, submission: Submission) -> tuple[SubmittedJob, ...]:
    """Send the request, after those of the jobs that it depends on; return all jobs, the one that is meant last.

    Raises `CloudError`. SubmitJob is not repeated where its answer is lost: each call makes a job.
    """
    request = dict(submission.request)
    jobs: list[SubmittedJob] = []
    for position, first in submission.after:
        jobs += submit(cloud, first)
        request = dict(with_value(request, ("dependsOn", position, "jobId"), jobs[-1].id))
    answer = cloud.call(JOB.create.operation, request)
    meant = SubmittedJob(
        str(answer["jobId"]),
        submission.name,
        target_of(QUEUE, str(request["jobQueue"])).name,
        str(request["jobDefinition"]).rpartition("/")[2],
        str(answer.get("jobArn") or ""),
    )
    return (*jobs, meant)


@dataclass(frozen=True, slots=True)
class _Submitter:
    stack: Stack

    def submission(
        self,
        job: DeclaredJob,
        overrides: JobOverrides,
        tags: Mapping[str, str],
        name: str,
        above: tuple[str, ...],
    ) -> Submission:
        own = job.address.name
        if own in above:
            circle = " -> ".join((*above[above.index(own) :], own))
            message = f"{job.address}: jobs depend on each other in a circle: {circle}"
            raise InvalidStack((Problem("STK019", message, job.places.find(("dependsOn",))),))
        spec = self.with_overrides(job.spec, overrides)
        body = spec
        for path, row, value in references(JOB.rows, spec):
            spec = with_value(spec, path, self.name_in_aws(row.refers_to, value))
        needs = [need for need in spec.get("dependsOn", ()) if isinstance(need, Mapping)]
        firsts = [(at, self.stack.jobs.get(str(need.get("jobId", "")))) for at, need in enumerate(needs)]
        request = {
            JOB.name_member: name or f"{self.stack.name_prefix}{own}",
            **{key: value for key, value in spec.items() if key != "tags"},
            **({"tags": all_tags} if (all_tags := {**tags, **spec.get("tags", {})}) else {}),
        }
        after = ((at, self.submission(first, JobOverrides(), tags, "", (*above, own))) for at, first in firsts if first)
        return Submission(request, body, tuple(after))

    def name_in_aws(self, kind: str, reference: str) -> str:
        """Return what AWS knows a reference by: the name in AWS for one of the stack, else what is written."""
        address = Address(kind, reference)
        return f"{self.stack.name_prefix}{reference}" if address in self.stack.declared else reference

    def with_overrides(self, spec: Spec, overrides: JobOverrides) -> Spec:
        changed = dict(spec)
        if overrides.parameters:
            changed["parameters"] = {**spec.get("parameters", {}), **overrides.parameters}
        if overrides.array_size is not None:
            changed["arrayProperties"] = {"size": overrides.array_size}
        if overrides.share is not None:
            changed["shareIdentifier"] = overrides.share
        if overrides.depends_on:
            changed["dependsOn"] = [*spec.get("dependsOn", ()), *({"jobId": id_} for id_ in overrides.depends_on)]
        return self.with_container(changed, overrides) if overrides.of_container else changed

    def with_container(self, spec: Spec, overrides: JobOverrides) -> Spec:
        """Return the body with sizes and variables for its container, of whatever form its definition is."""
        reference = target_of(DEFINITION, str(spec.get("jobDefinition", "")))
        declared = self.stack.declared.get(reference)
        definition = declared.spec if declared else {}
        if "eksProperties" in definition:
            return _with_pod(spec, definition["eksProperties"], overrides)
        if "ecsProperties" in definition:
            return _with_task(spec, definition["ecsProperties"], overrides)
        if "nodeProperties" in definition:
            return _with_nodes(spec, definition["nodeProperties"], overrides)
        return {**spec, "containerOverrides": _container(spec.get("containerOverrides", {}), overrides)}


def _container(body: Spec, overrides: JobOverrides) -> dict[str, Json]:
    sizes = _merged(body.get("resourceRequirements", ()), "type", "value", overrides.sizes)
    variables = _merged(body.get("environment", ()), "name", "value", overrides.environment)
    more = {"resourceRequirements": sizes, "environment": variables}
    return {**body, **{member: entries for member, entries in more.items() if entries}}


def _merged(entries: Sequence[Spec], key: str, value: str, given: Mapping[str, str]) -> list[Spec]:
    """Return the entries of a keyed list with others in their place, or behind them."""
    kept = [entry for entry in entries if entry.get(key) not in given]
    return [*kept, *({key: name, value: text} for name, text in given.items())]


def _only(containers: Sequence[Spec]) -> str:
    """Return the name of the only container. Raises `WrongUsage` if there are several."""
    if len(containers) != 1:
        raise WrongUsage(
            "sizes and variables of the command line are for jobs of one container",
            hint="write them in the stack, below jobs",
        )
    return str(containers[0].get("name") or "Default")


def _entry_of(entries: Sequence[Spec], name: str) -> tuple[list[Spec], Spec]:
    """Return the other overrides of a list of containers, and those of one."""
    own = next((entry for entry in entries if entry.get("name") == name), {"name": name})
    return [entry for entry in entries if entry.get("name") != name], own


def _with_task(spec: Spec, definition: Spec, overrides: JobOverrides) -> Spec:
    tasks = definition.get("taskProperties") or [{}]
    name = _only(tasks[0].get("containers", ()))
    given = (spec.get("ecsPropertiesOverride", {}).get("taskProperties") or [{}])[0]
    others, own = _entry_of(given.get("containers", ()), name)
    task = {**given, "containers": [*others, _container(own, overrides)]}
    return {**spec, "ecsPropertiesOverride": {"taskProperties": [task]}}


def _with_pod(spec: Spec, definition: Spec, overrides: JobOverrides) -> Spec:
    name = _only(definition.get("podProperties", {}).get("containers", ()))
    pod = spec.get("eksPropertiesOverride", {}).get("podProperties", {})
    others, own = _entry_of(pod.get("containers", ()), name)
    sizes = {
        unit: form.format(overrides.sizes[size]) for size, (unit, form) in OF_PODS.items() if size in overrides.sizes
    }
    resources = own.get("resources", {})
    # A limit without a request is the request, too; requests of the definition would exceed a smaller limit.
    limits = {member: {**resources.get(member, {}), **sizes} for member in ("limits", "requests")} if sizes else {}
    variables = _merged(own.get("env", ()), "name", "value", overrides.environment)
    container = {**own, **({"resources": limits} if limits else {}), **({"env": variables} if variables else {})}
    return {**spec, "eksPropertiesOverride": {"podProperties": {**pod, "containers": [*others, container]}}}


def _with_nodes(spec: Spec, definition: Spec, overrides: JobOverrides) -> Spec:
    """Every range of nodes gets the same."""
    given = spec.get("nodeOverrides", {})
    by_nodes = {each["targetNodes"]: each for each in given.get("nodePropertyOverrides", ())}
    ranges = []
    for each in definition.get("nodeRangeProperties", ()):
        own = by_nodes.pop(each["targetNodes"], {"targetNodes": each["targetNodes"]})
        ranges.append({**own, "containerOverrides": _container(own.get("containerOverrides", {}), overrides)})
    return {**spec, "nodeOverrides": {**given, "nodePropertyOverrides": [*by_nodes.values(), *ranges]}}


def check_placement(stack: Stack, submission: Submission) -> None:
    """Raise `Refused` for a job that can never start in its queue, as far as the stack declares both."""
    definition = stack.declared.get(target_of(DEFINITION, str(submission.body["jobDefinition"])))
    queue = stack.declared.get(target_of(QUEUE, str(submission.body["jobQueue"])))
    if definition is None or queue is None:
        return
    pool = pool_of({queue.address.name: queue.spec}, _bodies(stack, "ComputeEnvironment"), {}, catalogue())
    need = job_need(as_submitted(definition.spec, submission.body))
    verdict = best(pair.verdict for pair in pool.pairs(need, (queue.address.name,)))
    if verdict and verdict.outcome is Feasibility.NEVER:
        raise Refused(
            f"{submission.name} can never start in {queue.address}: it {verdict.detail}"
            + (f" ({verdict.code})" if verdict.code else ""),
            hint=verdict.hint,
        )


def _bodies(stack: Stack, kind: str) -> dict[str, Spec]:
    return {address.name: each.spec for address, each in stack.declared.items() if address.kind == kind}


def job_from_words(definition: str, queue: str) -> DeclaredJob:
    """Return a job that no file declares: of a definition, in a queue."""
    name = target_of(DEFINITION, definition).name
    return DeclaredJob(Address(JOB.name, name), {"jobQueue": queue, "jobDefinition": definition})

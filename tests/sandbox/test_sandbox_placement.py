"""The simulator and the verdicts agree: what fits starts, and what never can waits with AWS's text."""

from itertools import product

import pytest

from reconciler.placement.catalogue import catalogue
from reconciler.placement.needs import job_need
from reconciler.placement.offers import offer_of
from reconciler.placement.verdicts import MAX_RESOURCE, REQUIREMENT, Feasibility, judge

REASON = (
    f"{REQUIREMENT} - The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) "
    "attached to the job queue."
)
TYPES = (["c6i.large"], ["g4dn"], ["optimal"], ["m5.large", "r5.4xlarge"], ["p5"])
KINDS = ("EC2", "SPOT")
MOST = (2, 200)
SIZES = ((1, 128, 0), (2, 4096, 0), (2, 3900, 0), (16, 100_000, 0), (4, 8000, 1), (192, 1000, 8), (100, 1000, 0))


def test_a_job_that_no_instance_type_can_hold_waits_with_the_text_of_aws_until_one_can(lab):
    lab.busy(instanceTypes=["c6i.large"])
    gpu = {"containerOverrides": {"resourceRequirements": [{"type": "GPU", "value": "1"}]}}
    [job] = lab.submit(**gpu)
    lab.clock.turn(2)
    assert (lab.job(job)["status"], lab.job(job)["statusReason"]) == ("RUNNABLE", REASON)
    lab.call("UpdateComputeEnvironment", computeEnvironment="spot", computeResources={"instanceTypes": ["g4dn.xlarge"]})
    lab.clock.turn(120)
    assert lab.statuses(job) in (["RUNNING"], ["SUCCEEDED"])


def test_an_environment_that_is_too_small_is_passed_over(lab):
    lab.environment("small", **lab.ec2("small", instanceTypes=["c6i.large"]))
    lab.environment("large", **lab.ec2("large", instanceTypes=["r6i.2xlarge"]))
    lab.queue("main", "small", "large")
    lab.call("RegisterJobDefinition", **lab.container(command=["sleep", "30"], memory=30_000))
    [job] = lab.submit()
    lab.clock.turn(2)
    assert lab.statuses(job) == ["RUNNING"]


def test_a_queue_may_end_what_no_instance_type_can_hold(lab):
    lab.busy(instanceTypes=["c6i.large"])
    action = {"reason": REQUIREMENT, "state": "RUNNABLE", "maxTimeSeconds": 600, "action": "CANCEL"}
    lab.call("UpdateJobQueue", jobQueue="main", jobStateTimeLimitActions=[action])
    lab.settle()
    [job] = lab.submit(containerOverrides={"resourceRequirements": [{"type": "MEMORY", "value": "4096"}]})
    lab.clock.turn(700)
    ended = lab.job(job)
    assert (ended["status"], ended["statusReason"]) == (
        "FAILED",
        f"Canceled by JobStateTimeLimit action due to reason: {REQUIREMENT}",
    )


@pytest.mark.parametrize(("kind", "types"), [*product(KINDS, TYPES)], ids=str)
def test_what_fits_starts_and_what_never_can_waits_with_its_reason(make_lab, kind, types):
    for most in MOST:
        lab = make_lab()
        strategy = {"allocationStrategy": "SPOT_PRICE_CAPACITY_OPTIMIZED"} if kind == "SPOT" else {}
        lab.busy(type=kind, instanceTypes=types, maxvCpus=most, **strategy)
        offer = offer_of("spot", lab.see("spot"), catalogue())
        for index, (vcpus, memory, gpus) in enumerate(SIZES):
            amounts = {"VCPU": vcpus, "MEMORY": memory, "GPU": gpus}
            requirements = [{"type": name, "value": str(amount)} for name, amount in amounts.items() if amount]
            name = f"job{index}"
            body = {"image": "busybox", "command": ["sleep", "1"], "resourceRequirements": requirements}
            lab.call("RegisterJobDefinition", jobDefinitionName=name, type="container", containerProperties=body)
            verdict = judge(job_need(lab.see_definition(name)), offer, catalogue())
            [job] = lab.submit(jobDefinition=name)
            lab.clock.turn(5)
            seen = lab.job(job)
            if verdict.outcome is Feasibility.NEVER:
                assert verdict.code in (MAX_RESOURCE, REQUIREMENT)
                assert (seen["status"], seen["statusReason"].split(" - ")[0]) == ("RUNNABLE", verdict.code)
                lab.call("CancelJob", jobId=job, reason="seen")
                lab.clock.turn(2)
            else:
                assert seen["status"] in ("STARTING", "RUNNING", "SUCCEEDED"), (verdict, seen)
                lab.clock.turn(60)

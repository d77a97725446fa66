"""What tests of service environments and quota shares have in common."""

ARN = "arn:aws:batch:us-east-1:123456789012"
LIMITS = [{"capacityUnit": "ml.m5.large", "maxCapacity": 4}]

SHARE = {
    "capacityLimits": LIMITS,
    "resourceSharingConfiguration": {"strategy": "LEND"},
    "preemptionConfiguration": {"inSharePreemption": "DISABLED"},
}


def environment(lab, name="gpu", **members):
    request = {"serviceEnvironmentType": "SAGEMAKER_TRAINING", "capacityLimits": LIMITS, **members}
    lab.call("CreateServiceEnvironment", serviceEnvironmentName=name, **request)
    lab.settle()


def queue_request(*environments, **members):
    order = [{"order": place, "serviceEnvironment": each} for place, each in enumerate(environments, 1)]
    return {"jobQueueName": "train", "priority": 1, "jobQueueType": "SAGEMAKER_TRAINING",
            "serviceEnvironmentOrder": order, **members}  # fmt: skip


def queue(lab, *environments, **members):
    lab.call("CreateJobQueue", **queue_request(*environments or ["gpu"], **members))
    lab.settle()
    return lab.see_queue(members.get("jobQueueName", "train"))


def quota_policy(lab):
    policy = {"idleResourceAssignmentStrategy": "FIFO"}
    return lab.call("CreateSchedulingPolicy", name="quotas", quotaSharePolicy=policy)["arn"]


def share(lab, name="vision", **members):
    lab.call("CreateQuotaShare", quotaShareName=name, jobQueue="train", **{**SHARE, **members})
    lab.settle()

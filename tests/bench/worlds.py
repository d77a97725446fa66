"""Stacks of a size, as files."""

import json
from typing import Any

IN_ONE_FILE = 10_000
JOB = """\
  job-{n:05}:
    type: container
    containerProperties:
      image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/job:{n}
      command: [run, --step, "{n}", Ref::input, --index, "${{AWS_BATCH_JOB_ARRAY_INDEX}}"]
      resourceRequirements:
        - {{type: VCPU, value: "{vcpus}"}}
        - {{type: MEMORY, value: "{memory}"}}
      jobRoleArn: arn:aws:iam::123456789012:role/job
      executionRoleArn: arn:aws:iam::123456789012:role/execution
      environment:
        - {{name: STAGE, value: production}}
        - {{name: NUMBER, value: "{n}"}}
        - {{name: BUCKET, value: s3-bucket-of-the-team}}
      mountPoints:
        - {{containerPath: /data, sourceVolume: data, readOnly: false}}
      volumes:
        - {{name: data, host: {{sourcePath: /data}}}}
      logConfiguration:
        logDriver: awslogs
        options: {{awslogs-group: /batch/jobs, awslogs-stream-prefix: job-{n}}}
    parameters: {{input: s3://bucket/{n}}}
    retryStrategy:
      attempts: 3
      evaluateOnExit:
        - {{onStatusReason: "Host EC2*", action: RETRY}}
        - {{onReason: "*", action: EXIT}}
    timeout: {{attemptDurationSeconds: 3600}}
    tags: {{team: bench, number: "{n}"}}
"""


def only_definitions(count: int) -> dict[str, str]:
    """Return a stack of job definitions, in files of a size that is read."""
    files = {"stack.yaml": "stack: bench\ntags: {owner: bench}\n"}
    for start in range(0, count, IN_ONE_FILE):
        numbers = range(start, min(start + IN_ONE_FILE, count))
        jobs = "".join(JOB.format(n=n, vcpus=1 + n % 4, memory=1024 * (1 + n % 8)) for n in numbers)
        name = f"jobs-{start}.yaml" if start else "stack.yaml"
        files[name] = f"{files.get(name, '')}jobDefinitions:\n{jobs}"
    return files


def environments_and_queues(pairs: int, definitions: int) -> dict[str, str]:
    environments = {f"env-{n}": _environment() for n in range(pairs)}
    queues = {f"queue-{n}": {"priority": n, "computeEnvironmentOrder": [f"env-{n}"]} for n in range(pairs)}
    more = {"computeEnvironments": environments, "jobQueues": queues}
    return {**only_definitions(definitions), "compute.json": json.dumps(more)}


FAMILIES = ("c5", "m5", "r5", "c6i", "m6i", "r6i", "c7i", "m6a", "c6a", "r6a", "g4dn", "optimal")


def many_sizes(pairs: int, definitions: int) -> dict[str, str]:
    """Return environments of different types with a queue each, and definitions of which no two are of one size."""
    files = environments_and_queues(pairs, 0)
    compute = json.loads(files["compute.json"])
    for n, environment in enumerate(compute["computeEnvironments"].values()):
        types = [FAMILIES[(n + step) % len(FAMILIES)] for step in range(1 + n % 3)]
        environment["computeResources"] |= {"maxvCpus": 256, "instanceTypes": types}
    jobs = "".join(JOB.format(n=n, vcpus=1 + n * 7 % 48, memory=200 * (1 + n)) for n in range(definitions))
    return {"stack.yaml": f"stack: bench\njobDefinitions:\n{jobs}", "compute.json": json.dumps(compute)}


def one_queue(**members: str) -> dict[str, str]:
    """One queue on one environment, whose compute resources have these members."""
    environment = _environment()
    resources = {**environment["computeResources"], **members}
    body = {
        "computeEnvironments": {"env": {**environment, "computeResources": resources}},
        "jobQueues": {"queue": {"priority": 1, "computeEnvironmentOrder": ["env"]}},
    }
    return {"stack.yaml": json.dumps({"stack": "bench", **body})}


def accounts(count: int) -> list[str]:
    return [f"{100_000_000_000 + n}" for n in range(count)]


def fleet(count: int, regions: tuple[str, ...], pairs: int = 4, definitions: int = 12) -> dict[str, str]:
    """One stack that goes to every region of so many accounts, by a role of the account."""
    environment = {"accounts": accounts(count), "regions": regions}
    role = '    roleArn: !sub "arn:aws:iam::${account}:role/reconciler"'
    targets = f"stacks: {{stack: all}}\nenvironments:\n  all:\n{role}\n"
    targets += "".join(f"    {name}: {json.dumps(value)}\n" for name, value in environment.items())
    files = {f"stack/{name}": text for name, text in environments_and_queues(pairs, definitions).items()}
    return {"reconciler.yaml": targets, **files}


def _environment() -> dict[str, Any]:
    return {
        "type": "MANAGED",
        "computeResources": {
            "type": "SPOT", "allocationStrategy": "SPOT_PRICE_CAPACITY_OPTIMIZED", "minvCpus": 0, "maxvCpus": 64,
            "instanceTypes": ["m5", "c5"], "subnets": ["subnet-0a1b2c3d"], "securityGroupIds": ["sg-0a1b2c3d"],
            "instanceRole": "ecsInstanceRole"},
    }  # fmt: skip

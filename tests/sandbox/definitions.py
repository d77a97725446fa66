"""Register requests of every form, small and sound."""

FARGATE = {
    "image": "busybox",
    "executionRoleArn": "arn:aws:iam::123456789012:role/run",
    "resourceRequirements": [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}],
}


def fargate(**container):
    return {
        "jobDefinitionName": "render",
        "type": "container",
        "platformCapabilities": ["FARGATE"],
        "containerProperties": {**FARGATE, **container},
    }


def multinode(*ranges, nodes=2, main=0):
    container = {"image": "busybox", "vcpus": 1, "memory": 128}
    listed = [{"targetNodes": each, "container": container} if isinstance(each, str) else each for each in ranges]
    properties = {"numNodes": nodes, "mainNode": main, "nodeRangeProperties": listed}
    return {"jobDefinitionName": "mpi", "type": "multinode", "nodeProperties": properties}


def tasks(*containers, **task):
    return {
        "jobDefinitionName": "team",
        "type": "container",
        "ecsProperties": {"taskProperties": [{"containers": list(containers), **task}]},
    }


def pod(*containers, **members):
    return {
        "jobDefinitionName": "pod",
        "type": "container",
        "eksProperties": {"podProperties": {"containers": list(containers), **members}},
    }

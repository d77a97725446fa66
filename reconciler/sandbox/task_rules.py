"""What AWS refuses about ecsProperties: tasks of several containers (cdk-preflight, rules pf-batch-jd-ecs-*)."""

from collections.abc import Sequence

from reconciler.model import Spec
from reconciler.sandbox.answers import refuse_if
from reconciler.sandbox.container_rules import (
    refuse_bad_common,
    refuse_bad_image,
    refuse_bad_storage,
    refuse_bad_volumes,
    refuse_on_fargate,
)

MAX_CONTAINERS = 10
CONDITIONS = ("START", "COMPLETE", "SUCCESS")
IPC_MODES = ("host", "task", "none")
PID_MODES = ("host", "task")


def refuse_bad_tasks(properties: Spec, platform: str) -> None:
    tasks = properties["taskProperties"]
    refuse_if(len(tasks) != 1, "Exactly one taskProperties element must be provided.")
    task = tasks[0]
    containers: Sequence[Spec] = task["containers"]
    refuse_if(not 1 <= len(containers) <= MAX_CONTAINERS, "Number of containers must be between 1 and 10")
    _check_names(containers)
    _check_modes(task)
    _check_dependencies(containers)
    _check_firelens(containers)
    refuse_bad_volumes(task.get("volumes", ()), task_role=task.get("taskRoleArn", ""))
    for container in containers:
        refuse_bad_image(container)
        refuse_bad_common(container, execution_role=task.get("executionRoleArn", ""))
    if platform == "FARGATE":
        _check_fargate(task)


def _check_names(containers: Sequence[Spec]) -> None:
    names = [each.get("name", "") for each in containers]
    refuse_if(len(names) != len(set(names)), "Container names must be unique.")
    refuse_if(
        not any(each.get("essential", True) for each in containers), "At least one container must be set as essential"
    )


def _check_modes(task: Spec) -> None:
    ipc, pid = task.get("ipcMode"), task.get("pidMode")
    refuse_if(ipc and ipc not in IPC_MODES, f"ipcMode {ipc} is not valid. Valid values are: [host, task, none]")
    refuse_if(pid and pid not in PID_MODES, f"Capability {pid} is not valid. Valid capabilities: [host, task]")


def _check_dependencies(containers: Sequence[Spec]) -> None:
    by_name = {each.get("name", ""): each for each in containers}
    for dependency in (dependency for each in containers for dependency in each.get("dependsOn", ())):
        target, condition = dependency.get("containerName", ""), dependency.get("condition", "")
        refuse_if(len(containers) == 1, "Container dependency can not be used in a single-container job.")
        refuse_if(
            condition not in CONDITIONS,
            f"TaskContainer dependency {condition} is not valid. Valid values are: [START, COMPLETE, SUCCESS]",
        )
        refuse_if(target not in by_name, f"containerName {target} must reference a defined container.")
        refuse_if(
            condition != "START" and by_name[target].get("essential", True),
            f"An essential container cannot be the target of a {condition} dependency.",
        )


def _check_firelens(containers: Sequence[Spec]) -> None:
    drivers = [each.get("logConfiguration", {}).get("logDriver") for each in containers]
    refuse_if(
        any("firelensConfiguration" in each for each in containers) and "awsfirelens" not in drivers,
        "When a firelensConfiguration object is specified, at least one container has to be configured with the "
        "awsfirelens log driver",
    )


def _check_fargate(task: Spec) -> None:
    refuse_if(not task.get("executionRoleArn"), "executionRoleArn is required for Fargate.")
    refuse_bad_storage(task)
    for container in task["containers"]:
        refuse_on_fargate(container)

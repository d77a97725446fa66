"""A stack's cloud: Batch, and schedules and notices beside it, each call answered where it belongs."""

from collections.abc import Callable, Mapping
from functools import cached_property

from reconciler.adapters.eventbridge.notices import SERVICE as EVENTS
from reconciler.adapters.eventbridge.notices import Notices
from reconciler.adapters.eventbridge.schedules import SERVICE as SCHEDULER
from reconciler.adapters.eventbridge.schedules import Schedules
from reconciler.model import Identity, Json
from reconciler.ports import Cloud

Operation = Callable[[Mapping[str, Json]], Mapping[str, Json]]


class StackCloud:
    """The `Cloud` port for one stack. `service` returns the cloud of a service by its name, when it is needed."""

    def __init__(self, batch: Cloud, service: Callable[[str], Cloud], stack: str) -> None:
        self._batch = batch
        self._service = service
        self._stack = stack

    def identity(self) -> Identity:
        return self._batch.identity()

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        service = _service_of(request.get("resourceArn"))
        answer = self._operations.get((service, operation))
        return answer()(request) if answer else self._batch.call(operation, request)

    @cached_property
    def _schedules(self) -> Schedules:
        return Schedules(self._service(SCHEDULER), self.identity, self._stack)

    @cached_property
    def _notices(self) -> Notices:
        return Notices(self._service(EVENTS), self.identity, self._stack)

    @cached_property
    def _operations(self) -> Mapping[tuple[str, str], Callable[[], Operation]]:
        """By the service of the ARN in the request, if one is there, and the operation."""
        return {
            ("", "ListSchedules"): lambda: self._schedules.list_schedules,
            ("", "GetSchedule"): lambda: self._schedules.get_schedule,
            ("", "CreateSchedule"): lambda: self._schedules.create_schedule,
            ("", "UpdateSchedule"): lambda: self._schedules.update_schedule,
            ("", "DeleteSchedule"): lambda: self._schedules.delete_schedule,
            (SCHEDULER, "TagResource"): lambda: self._schedules.tag,
            (SCHEDULER, "UntagResource"): lambda: self._schedules.untag,
            ("", "ListRules"): lambda: self._notices.list_rules,
            ("", "PutRule"): lambda: self._notices.put_rule,
            ("", "DeleteRule"): lambda: self._notices.delete_rule,
            (EVENTS, "TagResource"): lambda: self._notices.tag,
            (EVENTS, "UntagResource"): lambda: self._notices.untag,
        }


def _service_of(arn: str | None) -> str:
    """Return the service of an ARN that it is needed for: operations on tags are called the same everywhere."""
    return arn.split(":")[2] if arn and arn.count(":") > 1 else ""

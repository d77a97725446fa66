"""Tell of each call that the clients of a session make, those that botocore makes for itself among them."""

import time
from collections.abc import Mapping
from typing import Any

from botocore import exceptions as boto
from botocore.awsrequest import AWSResponse
from botocore.model import OperationModel
from botocore.session import Session

from reconciler.aws.answers import NoAnswer
from reconciler.ports import Called, Observer
from reconciler.retry import attempt_at

STARTED = "reconciler_started"
# Other failures, such as missing credentials, are those of calls that were not even tried.
SENT = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError)


def observe(session: Session, observer: Observer) -> None:
    """Tell the observer of the calls of all clients that this session creates from now on."""
    calls = _Calls(observer)
    handlers: dict[str, Any] = {
        "before-call": calls.start,
        "after-call": calls.answered,
        "after-call-error": calls.failed,
    }
    for event, handler in handlers.items():
        session.register(event, handler)


class _Calls:
    """What botocore emits around a call. `context` is the call's own, the same in all of its events."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._account = ""

    def start(self, model: OperationModel, context: dict[str, Any], **_more: Any) -> None:
        context[STARTED] = model, time.time(), time.monotonic()

    def answered(
        self, http_response: AWSResponse, parsed: Mapping[str, Any], context: Mapping[str, Any], **_more: Any
    ) -> None:
        self._account = str(parsed.get("Account", self._account))  # GetCallerIdentity alone tells it
        self._tell(
            context,
            status=int(http_response.status_code),
            error=str(parsed.get("Error", {}).get("Code", "")),
            request_id=str(parsed.get("ResponseMetadata", {}).get("RequestId", "")),
        )

    def failed(self, exception: Exception, context: Mapping[str, Any], **_more: Any) -> None:
        if isinstance(exception, NoAnswer):
            self._tell(context, status=exception.status, error=type(exception).__name__)
        elif isinstance(exception, SENT):
            self._tell(context, error=type(exception).__name__)

    def _tell(self, context: Mapping[str, Any], **more: Any) -> None:
        model, began, start = context[STARTED]
        self._observer.called(
            Called(
                service=str(model.service_model.service_id),
                operation=model.name,
                region=str(context.get("client_region", "")),
                started=began,
                seconds=time.monotonic() - start,
                attempt=attempt_at(model.name),
                account=self._account,
                **more,
            )
        )

"""The services around Batch, from moto: loaded when one is first needed, one request at a time as moto has no locks."""

import importlib
import json
import threading
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from reconciler.sandbox.answers import Response
from reconciler.sandbox.mirror import Mirror
from reconciler.sandbox.simulator import ACCOUNT, Simulator
from reconciler.sandbox.wire import Request

NOT_SERVED = "NotImplemented"
BAD_REQUEST, NOT_THERE, BROKEN, NO_SUCH = 400, 404, 500, 501
FAILED = "text/x-moto-failure"  # the type of a page that stands for an exception
FAILURES = {
    NO_SUCH: (NOT_SERVED, "does not answer"),
    BROKEN: ("InternalFailure", "failed at"),
}
MOTOS_OWN = ("/moto-api", "/latest/meta-data/", "/latest/api/")  # paths that moto answers for itself


class Services:
    """Safe between threads. What Batch makes in them is there when it is asked for."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._mirror = Mirror()
        self._lock = threading.Lock()
        self._moto: Any = None

    @property
    def are_used(self) -> bool:
        """Whether anything can be there."""
        return self._moto is not None

    def reset(self) -> None:
        """Forget every resource of these services."""
        if self.are_used:
            with self._lock:
                importlib.import_module("moto.core.base_backend").BackendDict.reset()
                self._mirror = Mirror()

    def __call__(self, request: Request, account: str = ACCOUNT) -> Response:
        with self._lock:
            try:
                self._moto = self._moto or _moto()
            except ImportError:
                message = f"{request.service} needs moto: pip install 'batch-reconciler[sandbox]'"
                return request.error(NO_SUCH, NOT_SERVED, message)
            if refused := _refusal(request):
                return refused
            self._show(request.service, account, request.region)
            with self._around(request.service):
                return _told(request, _run(self._moto, request))

    def _around(self, service: str) -> AbstractContextManager[None]:
        if service != "cloudformation":
            return nullcontext()
        from reconciler.sandbox.stack_resources import stacks_in  # noqa: PLC0415 - reads templates: few sandboxes do

        return stacks_in(self._simulator)

    def _show(self, service: str, account: str, region: str) -> None:
        if service == "ecs":
            self._mirror.show_clusters(account, region, self._simulator.clusters(account, region))
        elif service == "logs":
            self._mirror.show_logs(account, region, self._simulator.log_streams(account, region))


def _moto() -> Any:
    moto = importlib.import_module("moto.server")  # takes a second
    return moto.DomainDispatcherApplication(_backend)


def _backend(service: Any) -> Any:
    """Return moto's application for a service, which answers what goes wrong instead of tearing the connection."""
    application = importlib.import_module("moto.server").create_backend_app(service)
    application.register_error_handler(Exception, _failure)
    return application


def _failure(wrong: Exception) -> Any:
    from werkzeug import Response as Page  # noqa: PLC0415 - comes with moto
    from werkzeug.exceptions import HTTPException  # noqa: PLC0415

    if isinstance(wrong, HTTPException):
        return wrong  # an answer of the service
    if isinstance(wrong, NotImplementedError):
        return Page(str(wrong), NO_SUCH, mimetype=FAILED)
    return Page(f"{type(wrong).__name__}: {wrong}", BROKEN, mimetype=FAILED)


def _refusal(request: Request) -> Response | None:
    """Return why moto must not be asked, or None."""
    if not _is_known(request.service.lower(), request.region) or request.path.startswith(MOTOS_OWN):
        return request.error(NO_SUCH, NOT_SERVED, f"the sandbox does not answer {request.service} {request.operation}")
    if request.has_json and not _is_object(request):
        return request.error(BAD_REQUEST, "SerializationException", "the body is no JSON object, or nested too deeply")
    return None


def _is_object(request: Request) -> bool:
    try:
        return isinstance(request.data(), dict)
    except (ValueError, RecursionError):
        return False


@cache
def _is_known(service: str, region: str) -> bool:
    """Whether moto has the service: its names are those of modules, or first parts of hosts."""
    modules = importlib.import_module("moto.backends").list_of_moto_modules()
    patterns = importlib.import_module("moto.backend_index").backend_url_patterns
    name = importlib.import_module("moto.moto_server.werkzeug_app").SIGNING_ALIASES.get(service, service)
    return name in modules or any(pattern.match(f"http://{name}.{region}.amazonaws.com") for _, pattern in patterns)


def _run(application: Any, request: Request) -> Response:
    from werkzeug.test import Client  # noqa: PLC0415

    answer = Client(application).open(
        request.path,
        method=request.method,
        headers=list(request.headers.items()),
        data=request.body,
        base_url=f"http://{request.headers.get('host', 'localhost')}",
    )
    return Response(answer.status_code, dict(answer.headers), answer.get_data())


def _told(request: Request, answer: Response) -> Response:
    """Return the answer; where moto has none, an error that names what was asked for."""
    kind = answer.headers.get("Content-Type", "")
    what = f"{request.service} {request.operation}"
    if kind.startswith(FAILED):
        code, says = FAILURES[answer.status]
        return request.error(answer.status, code, f"the sandbox {says} {what} ({answer.body.decode()})")
    if answer.status == NOT_THERE and kind.startswith("text/html") and request.service != "s3":
        return request.error(NO_SUCH, NOT_SERVED, f"the sandbox does not answer {what}")
    if request.form and answer.status >= BAD_REQUEST and answer.body.startswith(b"{"):
        # A stack of CloudFormation has met an error of a service that speaks JSON.
        told = json.loads(answer.body)
        return request.error(answer.status, told.get("__type", "InternalFailure"), told.get("message", ""))
    return answer

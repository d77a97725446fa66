"""The front desk of the served sandbox: it passes each request to who answers it, or refuses it by name."""

from reconciler.sandbox import control, tagging
from reconciler.sandbox.answers import Response
from reconciler.sandbox.services import Services
from reconciler.sandbox.simulator import ACCOUNT, Simulator
from reconciler.sandbox.sts import Roles, caller_identity
from reconciler.sandbox.wire import ACCOUNT_HEADER, Request

NO_SIGNATURE = "a request without a signature: the sandbox cannot tell which service it is for"


class Front:
    """Safe between threads."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._services = Services(simulator)
        self._roles = Roles()

    def __call__(self, request: Request) -> Response:
        if control.is_for(request):
            return control.answer(self._simulator, request)
        if control.is_reset(request):
            return self._reset(request)
        account = request.headers.get(ACCOUNT_HEADER) or self._roles.account(request.key) or ACCOUNT
        if request.service == "batch" or (not request.service and request.path.startswith("/v1/")):
            return self._simulator.handle(
                account, request.region, request.method, request.path, request.body, spared=control.spares(request)
            )
        if not request.service:
            return request.error(403, "MissingAuthenticationToken", NO_SIGNATURE)
        if request.service == "sts":
            return self._sts(request, account)
        if request.service == "tagging" and request.operation in tagging.HANDLERS:
            batch = self._simulator.tagged(account, request.region)
            return tagging.answer(request, batch, self._services if self._services.are_used else None)
        return self._services(request, account)

    def _reset(self, request: Request) -> Response:
        self._simulator.reset()
        self._services.reset()
        self._roles = Roles()
        return request.answer({"status": "ok"})  # as moto's server says it

    def _sts(self, request: Request, account: str) -> Response:
        if request.operation == "GetCallerIdentity":
            return caller_identity(account, request.region, self._roles.arn(request.key))
        answer = self._services(request)
        self._roles.learn(answer)
        return answer

"""What can go wrong, where, and with which exit code. Everything a user may read as an error starts here."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Exit(IntEnum):
    """The exit codes: a contract with scripts and CI."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    INVALID = 3
    DENIED = 4
    REFUSED = 5
    STALE = 6
    PARTLY = 7
    UNHEALTHY = 8
    TIMED_OUT = 9
    DECLINED = 10
    USAGE = 64
    INTERRUPTED = 130
    TERMINATED = 143


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A place in the user's files. Lines and columns count from 1; 0 means "the file as a whole"."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `code` is stable (scripts and ignore lists name it); `message` and `hint` are prose.

    `is_claim` says that it is a claim about AWS, which may know better: a stack can switch it off.
    """

    code: str
    message: str
    where: Where | None = None
    hint: str = ""
    severity: Severity = Severity.ERROR
    is_claim: bool = field(default=False, compare=False)

    @property
    def way_out(self) -> str:
        """How to go on where AWS would accept what this error refuses; empty where nothing is to be switched off."""
        is_refusal = self.is_claim and self.severity is Severity.ERROR
        return f'if AWS accepts it: rules: {{disable: {{{self.code}: "why"}}}}' if is_refusal else ""

    @property
    def help(self) -> str:
        """The hint and the way out, in one line."""
        return "; ".join(text for text in (self.hint, self.way_out) if text)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f"\n    hint: {self.help}" if self.help else ""
        return f"{place}{self.severity}[{self.code}]: {self.message}{hint}"


class Stopped(Exception):  # noqa: N818 - it is not always an error: a user may have said no
    """The command cannot go on. Carries the exit code and what the user should read."""

    exit: Exit = Exit.ERROR

    def __init__(self, message: str, *, hint: str = "", problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = problems


class InvalidStack(Stopped):
    """The files do not describe a valid stack; `problems` has every finding, in file order."""

    exit = Exit.INVALID

    def __init__(self, problems: tuple[Problem, ...], message: str = "") -> None:
        super().__init__(message or _count(problems), problems=problems)


class WrongUsage(Stopped):
    exit = Exit.USAGE


class Denied(Stopped):
    """Credentials, permission, wrong account or region."""

    exit = Exit.DENIED


class Refused(Stopped):
    exit = Exit.REFUSED


class Stale(Stopped):
    """The plan is not the one that was reviewed; `problems` are the differences."""

    exit = Exit.STALE


class Declined(Stopped):
    exit = Exit.DECLINED


class Fault(StrEnum):
    """What a failed call means for whoever made it."""

    REFUSED = "refused"  # AWS understood and said no: nothing happened
    THROTTLED = "throttled"  # nothing happened; the same call may go through later
    UNKNOWN = "unknown"  # 5xx or a lost answer: it may have happened
    DENIED = "denied"  # credentials or permission: nothing happened
    UNREACHABLE = "unreachable"  # the request never left: nothing happened


# Those of botocore's standard retry mode (botocore.retries.standard, ThrottledRetryableChecker), and Batch's own.
THROTTLES = ("TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded", "SlowDown",
             "ThrottledException", "RequestThrottledException", "RequestThrottled", "BandwidthLimitExceeded",
             "ProvisionedThroughputExceededException", "TransactionInProgressException",
             "PriorRequestNotComplete", "EC2ThrottledException")  # fmt: skip
DENIALS = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "ExpiredToken", "ExpiredTokenException",
           "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException",
           "MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature",
           "OptInRequired")  # fmt: skip


def fault_of(status: int, code: str) -> Fault:
    """Tell from an HTTP status and an error code what became of a call."""
    if status == 429 or code in THROTTLES:  # noqa: PLR2004 - the number has a name of its own: Too Many Requests
        return Fault.THROTTLED
    if status == 501:  # noqa: PLR2004 - Not Implemented: it will not be there at the next try either
        return Fault.REFUSED
    if status >= 500:  # noqa: PLR2004 - server errors
        return Fault.UNKNOWN
    return Fault.DENIED if code in DENIALS or status in (401, 403) else Fault.REFUSED


@dataclass(slots=True)
class CloudError(Exception):
    """A call to AWS failed. `message` is AWS's own text; the facts page of Batch says to match it by substring only."""

    operation: str
    fault: Fault
    code: str
    message: str
    hint: str = field(default="", kw_only=True)
    request_id: str = field(default="", kw_only=True)

    def __str__(self) -> str:
        """Always the same for the same failure: a plan that tells of it must not differ from try to try."""
        return f"{self.operation}: {self.code}: {self.message}"

    @property
    def reason(self) -> str:
        """What AWS said, with the id that its support asks for; most refusals of Batch have it in the message."""
        known = not self.request_id or self.request_id in self.message
        return f"{self.code}: {self.message}" + ("" if known else f" (request id {self.request_id})")

    @property
    def told(self) -> str:
        return f"{self.operation}: {self.reason}"


def _count(problems: tuple[Problem, ...]) -> str:
    errors = sum(p.severity is Severity.ERROR for p in problems)
    return f"{errors} problem{'s' if errors != 1 else ''} found"

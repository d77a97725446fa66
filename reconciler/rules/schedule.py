"""Rules of schedules: what CreateSchedule refuses, and what fires otherwise than it seems."""

from itertools import islice

from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, inferred, measured
from reconciler.rules.job_queue.environments import queue
from reconciler.rules.shared import near_names
from reconciler.rules.traversal import ec2
from reconciler.schedule.expressions import At, Expression, InvalidExpressionError, Rate, parse_expression
from reconciler.schedule.firings import FIRST_YEAR, find_zone, firings

QUEUE, DEFINITION = "JobQueue", "JobDefinition"
EXPRESSION, ZONE = "scheduleExpression", "scheduleExpressionTimezone"


def _expression(subject: Subject) -> Expression | None:
    """Return the expression of a schedule; None if it is not valid, or not known."""
    try:
        return parse_expression(str(subject.body.get(EXPRESSION)))
    except InvalidExpressionError:
        return None


def _is_expression(subject: Subject) -> Findings:
    try:
        parse_expression(str(subject.body.get(EXPRESSION)))
    except InvalidExpressionError as error:
        yield (EXPRESSION,), f"is not valid: {error}{f' ({error.hint})' if error.hint else ''}"


def _is_zone(subject: Subject) -> Findings:
    try:
        find_zone(str(subject.body.get(ZONE) or ""))
    except InvalidExpressionError as error:
        yield (ZONE,), f"is not valid: {error} ({error.hint})"


def _is_certain(subject: Subject) -> Findings:
    expression = _expression(subject)
    for doubt in expression.doubts if expression else ():
        yield (EXPRESSION,), f"is {subject.body[EXPRESSION]}: {doubt}"


def _fires(subject: Subject) -> Findings:
    expression = _expression(subject)
    if expression is None:
        return
    try:
        zone = find_zone(str(subject.body.get(ZONE) or ""))
    except InvalidExpressionError:
        return
    if not list(islice(firings(expression, zone, FIRST_YEAR), 1)):
        yield (EXPRESSION,), f"is {subject.body[EXPRESSION]}, which never fires in {zone.key}"


def _window(subject: Subject) -> Findings:
    window = subject.body.get("flexibleTimeWindow") or {}
    is_flexible = str(window.get("mode") or "OFF").upper() == "FLEXIBLE"
    minutes = "maximumWindowInMinutes" in window
    if is_flexible and not minutes:
        yield ("flexibleTimeWindow",), "is FLEXIBLE, and has no maximumWindowInMinutes"
    if minutes and not is_flexible:
        yield ("flexibleTimeWindow", "maximumWindowInMinutes"), "is set, but the mode is OFF"


def _dates_in_order(subject: Subject) -> Findings:
    start, end = (subject.body.get(name) for name in ("startDate", "endDate"))
    if start and end and str(end) <= str(start):
        yield ("endDate",), f"is {end}, which is not after startDate {start}"


def _rate_has_start(subject: Subject) -> Findings:
    if isinstance(_expression(subject), Rate) and not subject.body.get("startDate"):
        yield (EXPRESSION,), f"is {subject.body[EXPRESSION]} without a startDate: it fires at once when it is created"


def _once_is_deleted(subject: Subject) -> Findings:
    once = isinstance(_expression(subject), At)
    if once and str(subject.body.get("actionAfterCompletion") or "NONE").upper() == "NONE":
        yield (EXPRESSION,), "happens once, and the schedule stays and counts against the quota"


def _says_retries(subject: Subject) -> Findings:
    target = subject.body.get("target") or {}
    if "maximumRetryAttempts" not in (target.get("retryPolicy") or {}):
        yield ("target",), "says nothing of retries: SubmitJob is tried up to 185 times more within 24 hours"


def _has_queue_for_failures(subject: Subject) -> Findings:
    if not (subject.body.get("target") or {}).get("deadLetterConfig"):
        yield ("target",), "has no deadLetterConfig: a submission that fails for good leaves no trace"


def _schedule(expression: str = "cron(0 3 * * ? *)", **fields: Json) -> Example:
    body = {
        EXPRESSION: expression,
        "job": {"jobName": "nightly", "jobQueue": "pricing", "jobDefinition": "price"},
        "target": {"roleArn": "scheduler", "retryPolicy": {"maximumRetryAttempts": 0}},
    }
    others = {(QUEUE, "pricing"): queue("elsewhere").body, (DEFINITION, "price"): ec2().body}
    return Example({**body, **fields}, others)


def _target(**fields: Json) -> dict[str, Json]:
    target: dict[str, Json] = dict(_schedule().body["target"])
    return {name: value for name, value in {**target, **fields}.items() if value is not None}


DEAD_LETTERS = {"arn": "arn:aws:sqs:us-east-1:123456789012:failed"}
RULES = (
    Rule(
        id="SC101",
        says="scheduleExpression is a cron, rate or at expression of EventBridge Scheduler.",
        check=_is_expression,
        hint="`reconciler explain schedule EXPRESSION` shows when an expression fires",
        evidence=measured("CreateSchedule", "Invalid Schedule Expression cron(0 1 * * * *)."),
        fails=_schedule("cron(0 1 * * * *)"),
        passes=_schedule("cron(0 1 * * ? *)"),
    ),
    Rule(
        id="SC102",
        says="scheduleExpressionTimezone is a time zone of the IANA database.",
        check=_is_zone,
        evidence=documented(
            "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html",
            "EventBridge Scheduler uses the Time Zone Database maintained by the Internet Assigned Numbers Authority "
            "(IANA).",
        ),
        fails=_schedule(scheduleExpressionTimezone="Europe/Berln"),
        passes=_schedule(scheduleExpressionTimezone="Europe/Berlin"),
    ),
    Rule(
        id="SC103",
        says="It is known that AWS accepts the expression.",
        check=_is_certain,
        advice=True,
        severity=Severity.WARNING,
        evidence=inferred(
            "EventBridge Scheduler User Guide, 'Schedule types'", "its words leave open whether AWS accepts it"
        ),
        fails=_schedule("cron(0 9 * * ?)"),
        passes=_schedule("cron(0 9 * * ? *)"),
    ),
    Rule(
        id="SC104",
        says="A schedule fires at some time.",
        check=_fires,
        severity=Severity.WARNING,
        evidence=documented(
            "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html",
            "When time shifts forward in the Spring, if a cron expression falls on a non-existent date and time, your "
            "schedule invocation is skipped.",
        ),
        fails=_schedule("cron(0 3 31 2 ? *)"),
        passes=_schedule("cron(0 3 29 2 ? *)"),
    ),
    Rule(
        id="SC105",
        says="maximumWindowInMinutes goes with the mode FLEXIBLE, and only with it.",
        check=_window,
        advice=True,
        severity=Severity.WARNING,
        evidence=inferred("FlexibleTimeWindow", "a window without a length, or a length without a window"),
        fails=_schedule(flexibleTimeWindow={"mode": "FLEXIBLE"}),
        passes=_schedule(flexibleTimeWindow={"mode": "FLEXIBLE", "maximumWindowInMinutes": 15}),
    ),
    Rule(
        id="SC106",
        says="endDate is after startDate.",
        check=_dates_in_order,
        advice=True,
        severity=Severity.WARNING,
        evidence=inferred("CreateSchedule", "it would never fire"),
        fails=_schedule(startDate="2030-01-02T00:00:00Z", endDate="2030-01-01T00:00:00Z"),
        passes=_schedule(startDate="2030-01-01T00:00:00Z", endDate="2030-01-02T00:00:00Z"),
    ),
    Rule(
        id="SC201",
        says="A rate has a startDate, unless it should fire at once.",
        check=_rate_has_start,
        advice=True,
        severity=Severity.WARNING,
        evidence=documented(
            "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html",
            "If you do not provide a StartDate for a rate-based schedule, your schedule starts invoking the target "
            "immediately.",
        ),
        fails=_schedule("rate(1 day)"),
        passes=_schedule("rate(1 day)", startDate="2030-01-01T00:00:00Z"),
    ),
    Rule(
        id="SC202",
        says="A schedule that fires once is deleted afterwards.",
        check=_once_is_deleted,
        advice=True,
        severity=Severity.WARNING,
        hint="add actionAfterCompletion: DELETE, and remove it from the stack once it has fired",
        evidence=documented(
            "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html",
            "A one-time schedule still counts against your account quota after it has completed running and invoking "
            "its target.",
        ),
        fails=_schedule("at(2030-01-01T00:00:00)"),
        passes=_schedule("at(2030-01-01T00:00:00)", actionAfterCompletion="DELETE"),
    ),
    Rule(
        id="SC203",
        says="A schedule says how often SubmitJob is tried again.",
        check=_says_retries,
        advice=True,
        severity=Severity.WARNING,
        hint="add target.retryPolicy.maximumRetryAttempts: 0 for jobs that must not run twice",
        evidence=inferred("RetryPolicy", "the defaults are 185 retries and 24 hours"),
        fails=_schedule(target=_target(retryPolicy=None, deadLetterConfig=DEAD_LETTERS)),
        passes=_schedule(target=_target(deadLetterConfig=DEAD_LETTERS)),
    ),
    Rule(
        id="SC204",
        says="A schedule has a dead-letter queue.",
        check=_has_queue_for_failures,
        advice=True,
        severity=Severity.WARNING,
        evidence=inferred(
            "EventBridge Scheduler User Guide, 'Configuring a dead-letter queue'",
            "Scheduler does not look into the input: a job that SubmitJob refuses fails each time that it fires",
        ),
        fails=_schedule(),
        passes=_schedule(target=_target(deadLetterConfig=DEAD_LETTERS)),
    ),
    near_names(
        "SC901",
        fails=_schedule(job={"jobName": "nightly", "jobQueue": "pricng", "jobDefinition": "price"}),
        passes=_schedule(),
    ),
)

"""The instants at which a schedule fires, and what surprises about them.

Where clocks go forward, a local time that does not exist is skipped; where they go back, one that exists twice fires
the first time only (Scheduler user guide, schedule-types, "Daylight savings time").
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from reconciler.schedule.expressions import YEAR, At, Cron, Expression, InvalidExpressionError, Rate, parse_expression

DEFAULT_ZONE = "UTC"  # of CreateSchedule
NO_ZONES = {"Factory", "localtime"}  # files beside the zones
HORIZON = timedelta(days=400)  # in which changes of clocks are looked for: each zone that has some has them in a year
FIRST_YEAR = datetime(1970, 1, 1, tzinfo=UTC)  # that an expression can name
DAY, MINUTE, ZERO = timedelta(days=1), timedelta(minutes=1), timedelta(0)


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known of an expression in a zone: whether it is valid, when it fires next, and what surprises."""

    expression: str
    zone: str
    next: tuple[datetime, ...] = ()  # in UTC
    notes: tuple[str, ...] = ()
    error: str = ""  # why it is not valid
    hint: str = ""

    @property
    def is_valid(self) -> bool:
        return not self.error

    @property
    def next_local(self) -> tuple[datetime, ...]:
        """`next` in the zone."""
        zone = ZoneInfo(self.zone or DEFAULT_ZONE) if self.next else None
        return tuple(instant.astimezone(zone) for instant in self.next)


@dataclass(frozen=True, slots=True)
class ActivePeriod:
    """When a schedule may fire: from `start` on, and before `end`. One-time schedules ignore both."""

    start: datetime | None = None
    end: datetime | None = None


ALWAYS = ActivePeriod()


def preview(text: str, zone: str, after: datetime, count: int, period: ActivePeriod = ALWAYS) -> Preview:
    """Return what is known of an expression; `after` is in UTC."""
    try:
        expression = parse_expression(text)
        zone_info = find_zone(zone)
    except InvalidExpressionError as error:
        return Preview(text, zone, error=str(error), hint=error.hint)
    found = tuple(islice(firings(expression, zone_info, after, period), count))
    notes = (
        *expression.doubts,
        *_ending_notes(expression, zone_info, found, count),
        *_expression_notes(expression, zone_info, after, period),
    )
    return Preview(text, zone, found, notes)


def find_zone(name: str) -> ZoneInfo:
    """Return a zone of the Time Zone Database; the empty name is UTC. Raises `InvalidExpressionError`."""
    known = known_zones()
    if name and name not in known:
        by_case = {each.lower(): each for each in known}
        near = difflib.get_close_matches(name.lower(), by_case, n=1)
        raise InvalidExpressionError(
            f"there is no time zone {name}",
            f"did you mean {by_case[near[0]]}?" if near else "write a name of the IANA database, such as Europe/Berlin",
        )
    return ZoneInfo(name or DEFAULT_ZONE)


@cache
def known_zones() -> frozenset[str]:
    return frozenset(available_timezones() - NO_ZONES)


def firings(
    expression: Expression, zone: ZoneInfo, after: datetime, period: ActivePeriod = ALWAYS
) -> Iterator[datetime]:
    """Yield the instants after `after`, in UTC, earliest first.

    A rate that has no start fires at once when its schedule is created, which is taken to be at `after`.
    """
    match expression:
        case At(local=local):
            instant = instant_of(local, zone)
            if instant and instant > after:
                yield instant
        case Rate():
            yield from _within(_beats(expression, after, period.start), period)
        case Cron():
            begin = max(after, period.start) if period.start else after
            instants = (instant_of(local, zone) for local in expression.local_times(_day_before(begin, zone)))
            yield from _within((each for each in instants if each and each > after), period)


def instant_of(local: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the instant of a local time, the first of two; None where clocks skip it."""
    try:
        instant = local.replace(tzinfo=zone).astimezone(UTC)
        return instant if instant.astimezone(zone).replace(tzinfo=None) == local else None
    except OverflowError:  # at the ends of all dates
        return None


def _day_before(instant: datetime, zone: ZoneInfo) -> datetime:
    return (instant.astimezone(zone) - DAY).replace(tzinfo=None)


def _beats(rate: Rate, after: datetime, start: datetime | None) -> Iterator[datetime]:
    interval = rate.interval
    beat = start or after.replace(microsecond=0)
    if start and start <= after:
        if interval is None:
            return
        beat = start + ((after - start) // interval + 1) * interval
    yield beat
    while interval is not None:
        try:
            beat += interval
        except OverflowError:
            return
        yield beat


def _within(instants: Iterator[datetime], period: ActivePeriod) -> Iterator[datetime]:
    for instant in instants:
        if period.end and instant >= period.end:
            return
        if not period.start or instant >= period.start:
            yield instant


def local_text(instant: datetime) -> str:
    """Return an instant of a zone: `Tue 2026-12-01 03:00 CET`, with seconds where there are some."""
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[instant.weekday()]  # not in the language of the machine
    return f"{day} {instant:%Y-%m-%d} {instant:{'%H:%M:%S' if instant.second else '%H:%M'}} {instant.tzname()}"


# Notes


def _ending_notes(expression: Expression, zone: ZoneInfo, found: Sequence[datetime], count: int) -> Iterator[str]:
    match expression:
        case At(local=local) if not found and instant_of(local, zone) is None:
            yield f"it never fires: {local} does not exist in {zone.key}, where clocks skip it"
        case At() if not found:
            yield "the time is in the past: AWS accepts it, but no firing is to come"
        case Cron(years=(*_, last)) if not found and last < YEAR.high:
            yield f"it never fires: its last year is {last}"
        case Cron() | Rate() if not found:
            yield "it never fires"
        case Cron() | Rate() if len(found) < count:
            yield f"it fires only {len(found)} more time{'s' if len(found) > 1 else ''}"


def _expression_notes(expression: Expression, zone: ZoneInfo, after: datetime, period: ActivePeriod) -> Iterator[str]:
    match expression:
        case Rate(in_days=in_days):
            if period.start is None:
                yield "without a start date, it fires at once when the schedule is created"
            if in_days and next(_changes(zone, after), None):
                yield "a day is 24 hours, so the local time shifts when clocks change"
        case Cron():
            yield from _clock_notes(expression, zone, after)
        case At(local=local):
            instant = instant_of(local, zone)
            if instant and instant.astimezone(zone).utcoffset() != local.replace(tzinfo=zone, fold=1).utcoffset():
                yield f"{local} exists twice in {zone.key}: it fires the first time"


def _clock_notes(cron: Cron, zone: ZoneInfo, after: datetime) -> Iterator[str]:
    """Yield what becomes of a firing at the next change of clocks in each direction that concerns one."""
    seen = set()
    for change in _changes(zone, after):
        local = next((each for each in change.local_times if cron.matches(each)), None)
        if local is None or change.is_forward in seen:
            continue
        seen.add(change.is_forward)
        at = f"{local:%H:%M on %Y-%m-%d}"
        if change.is_forward:
            yield f"{at} is skipped: clocks go forward in {zone.key}"
        elif cron.is_hourly:
            yield f"{at} may not repeat where clocks go back in {zone.key}: AWS documents one firing for the two times"
        else:
            yield f"{at} fires once, the first time: clocks go back in {zone.key}"


@dataclass(frozen=True, slots=True)
class ClockChange:
    """The instant from which on a zone has a different offset."""

    instant: datetime
    before: timedelta
    after: timedelta

    @property
    def is_forward(self) -> bool:
        return self.after > self.before

    @property
    def local_times(self) -> Iterator[datetime]:
        """The minutes that the change skips, or repeats."""
        first = self.instant.replace(tzinfo=None) + min(self.before, self.after)
        return (first + n * MINUTE for n in range(abs(self.after - self.before) // MINUTE))


def _changes(zone: ZoneInfo, after: datetime) -> Iterator[ClockChange]:
    """Yield the changes of clocks within the horizon."""
    try:
        days = [after.replace(second=0, microsecond=0) + n * DAY for n in range(HORIZON // DAY)]
    except OverflowError:
        return
    offsets = [_offset(day, zone) for day in days]
    for day, before, later in zip(days, offsets, offsets[1:], strict=False):
        if before != later:
            minutes = next(n for n in range(DAY // MINUTE + 1) if _offset(day + n * MINUTE, zone) != before)
            yield ClockChange(day + minutes * MINUTE, before, later)


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or ZERO

"""The expressions of EventBridge Scheduler as values: `cron(...)`, `rate(...)` and `at(...)`.

The grammar is that of the Scheduler user guide (schedule-types) and of CreateSchedule. It is our own, since no Python
library has it: they lack `L` or `LW`, read `8-8` as every hour, or do not know the year. What those two pages leave
open is accepted with a doubt, never refused.
"""

import re
from calendar import monthrange, weekday
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST = 256  # characters of an expression: CreateSchedule
SATURDAY, SUNDAY = 5, 6  # as `calendar` counts
ANY = "?"
FORMATS = "cron(minutes hours day-of-month month day-of-week year), rate(value unit) or at(yyyy-mm-ddThh:mm:ss)"


class InvalidExpressionError(ValueError):
    """An expression that EventBridge Scheduler refuses, with what is wrong and what to write."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day of the month: counted from the first, or back from the last; or the weekday that is nearest to it."""

    day: int  # from the first: 1 to 31; from the last: how many days before it
    from_end: bool = False
    nearest_weekday: bool = False  # in the same month

    def in_month(self, year: int, month: int) -> tuple[int, ...]:
        _, last = monthrange(year, month)
        day = last - self.day if self.from_end else self.day
        if not 1 <= day <= last:
            return ()
        if self.nearest_weekday:
            match weekday(year, month, day):
                case 5:
                    day += -1 if day > 1 else 2
                case 6:
                    day += 1 if day < last else -2
        return (day,)


@dataclass(frozen=True, slots=True)
class WeekDay:
    """A day of the week: each in the month, the n-th, or the last."""

    day: int  # 1 is Sunday, 7 Saturday
    nth: int = 0  # 1 to 5; 0: each
    is_last: bool = False

    def in_month(self, year: int, month: int) -> tuple[int, ...]:
        _, last = monthrange(year, month)
        first = 1 + (self.day - 2 - weekday(year, month, 1)) % 7
        days = tuple(range(first, last + 1, 7))
        if self.is_last:
            return days[-1:]
        return days[self.nth - 1 : self.nth] if self.nth else days


@dataclass(frozen=True, slots=True)
class Cron:
    """A recurring time of day in a time zone."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[MonthDay | WeekDay, ...]
    months: tuple[int, ...]
    years: tuple[int, ...]
    doubts: tuple[str, ...] = ()

    @property
    def is_hourly(self) -> bool:
        return len(self.hours) == len(HOURS.values)

    def days_in(self, year: int, month: int) -> list[int]:
        return sorted({day for rule in self.days for day in rule.in_month(year, month)})

    def matches(self, local: datetime) -> bool:
        return (
            local.minute in self.minutes
            and local.hour in self.hours
            and local.month in self.months
            and local.year in self.years
            and local.day in self.days_in(local.year, local.month)
        )

    def local_times(self, first: datetime) -> Iterator[datetime]:
        """Yield the local times from the day of `first` on, earliest first, until the last year."""
        for year in self.years:
            for month in self.months:
                if (year, month) < (first.year, first.month):
                    continue
                for day in self.days_in(year, month):
                    if (year, month, day) < (first.year, first.month, first.day):
                        continue
                    for hour in self.hours:
                        for minute in self.minutes:
                            yield datetime(year, month, day, hour, minute)  # noqa: DTZ001 - a local time


@dataclass(frozen=True, slots=True)
class Rate:
    """A recurring interval. A day is 24 hours, also where clocks change."""

    seconds: int
    in_days: bool
    doubts: tuple[str, ...] = ()

    @property
    def interval(self) -> timedelta | None:
        """The interval; None if it is longer than all dates."""
        try:
            return timedelta(seconds=self.seconds)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class At:
    """One local time."""

    local: datetime
    doubts: tuple[str, ...] = ()


Expression = Cron | Rate | At


def parse_expression(text: str) -> Expression:
    """Return an expression as a value. Raises `InvalidExpressionError`."""
    called = re.fullmatch(r"(cron|rate|at)\((.*)\)", text, re.DOTALL)
    if called is None or len(text) > LONGEST:
        raise InvalidExpressionError(_not_called(text), hint=f"write {FORMATS}")
    return PARSERS[called[1]](called[2])


def _not_called(text: str) -> str:
    if len(text) > LONGEST:
        return f"the expression has {len(text)} characters, but AWS accepts at most {LONGEST}"
    if text != text.strip():
        return f"the expression {text!r} begins or ends with white space"
    return f"{text!r} is not a schedule expression"


# rate


RATE = re.compile(r"([0-9]+)(\s+)(minute|hour|day)(s?)")
SECONDS: Mapping[str, int] = {"minute": 60, "hour": 3600, "day": 86400}


def _parse_rate(text: str) -> Rate:
    # AWS has refused white space inside the parentheses, other units, signs and words. It lists the singular units in
    # CreateSchedule, the plural ones in the guide, and has accepted both for 1.
    rate = RATE.fullmatch(text)
    if rate is None:
        raise InvalidExpressionError(
            f"rate({text}) is not a rate",
            hint="write a positive whole number and minutes, hours or days: rate(5 minutes)",
        )
    value, gap, unit, plural = rate.groups()
    if not int(value):
        raise InvalidExpressionError(f"rate({text}) has the value 0", hint=f"write at least 1: rate(1 {unit})")
    doubts = [] if gap == " " else ["AWS documents one space between value and unit"]
    if int(value) != 1 and not plural:
        doubts.append(f"it is not known whether AWS accepts `{unit}` with {value}: write rate({value} {unit}s)")
    return Rate(int(value) * SECONDS[unit], unit == "day", tuple(doubts))


# at


AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")


def _parse_at(text: str) -> At:
    try:
        if AT.fullmatch(text):
            return At(datetime.fromisoformat(text))
    except ValueError as error:
        raise InvalidExpressionError(f"at({text}) is not a time: {error}") from error
    raise InvalidExpressionError(
        f"at({text}) is not a time",
        hint="write at(yyyy-mm-ddThh:mm:ss), without a zone: scheduleExpressionTimezone has the zone",
    )


# cron


@dataclass(frozen=True, slots=True)
class CronField:
    """A field of a cron expression: its name, its range, and the names of its values."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    wraps: bool = True  # whether a range may lead over its end: 20-2

    @property
    def values(self) -> range:
        return range(self.low, self.high + 1)

    @property
    def range_text(self) -> str:
        names = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        return f"{self.low}-{self.high}{names}"


MINUTES = CronField("minutes", 0, 59)
HOURS = CronField("hours", 0, 23)
DAY_OF_MONTH = CronField("day-of-month", 1, 31)
MONTH = CronField("month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"))
DAY_OF_WEEK = CronField("day-of-week", 1, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
YEAR = CronField("year", 1970, 2199, wraps=False)
ITEM = re.compile(r"(?:\*|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:/([0-9]+))?")
ALONE = "AWS documents L, W and # alone in a field: it is not known whether AWS accepts {text} in a list"
MOST_FIELDS = 6


def _parse_cron(text: str) -> Cron:
    fields = text.split()
    doubts = [] if text == " ".join(fields) else ["AWS documents one space between fields, and none around them"]
    if len(fields) == MOST_FIELDS - 1:
        # The guide calls the year optional, the API reference says six fields.
        doubts.append("it is not known whether AWS accepts five fields: add the year, `*`")
    elif len(fields) != MOST_FIELDS:
        raise InvalidExpressionError(
            f"cron({text}) has {len(fields)} fields instead of 6",
            hint="write minutes, hours, day-of-month, month, day-of-week and year: cron(0 3 * * ? *)",
        )
    minutes, hours, day_of_month, month, day_of_week, year = (*fields, "*")[:MOST_FIELDS]
    _check_days(fields, day_of_month, day_of_week)
    return Cron(
        minutes=_values(minutes, MINUTES, doubts),
        hours=_values(hours, HOURS, doubts),
        months=_values(month, MONTH, doubts),
        years=_values(year, YEAR, doubts),
        days=tuple(
            _month_days(day_of_month, doubts) if day_of_week == ANY else _week_days(day_of_week, doubts),
        ),
        doubts=tuple(dict.fromkeys(doubts)),
    )


def _check_days(fields: list[str], day_of_month: str, day_of_week: str) -> None:
    if (day_of_month == ANY) != (day_of_week == ANY):
        return
    if day_of_month == ANY:
        raise InvalidExpressionError(
            "day-of-month and day-of-week are both ?", hint="write * in one of them to fire on every day"
        )
    minutes, hours, _, month, *_ = fields
    days = (ANY, day_of_week) if day_of_month == "*" and day_of_week != "*" else (day_of_month, ANY)
    year = fields[-1] if len(fields) == MOST_FIELDS else "*"
    meant = f"cron({minutes} {hours} {days[0]} {month} {days[1]} {year})"
    raise InvalidExpressionError(
        f"day-of-month is {day_of_month} and day-of-week is {day_of_week}, but one of them must be ?",
        hint=f"did you mean {meant}?",
    )


def _month_days(text: str, doubts: list[str]) -> Iterator[MonthDay]:
    for item in text.split(","):
        special = re.fullmatch(r"(L)(?:-([0-9]+))?(W?)|([0-9]+)W", item)
        if special is None:
            yield from map(MonthDay, _values(item, DAY_OF_MONTH, doubts))
            continue
        if item != text:
            doubts.append(ALONE.format(text=item))
        last, before, weekdays, day = special.groups()
        if not last:
            yield MonthDay(_number(day, DAY_OF_MONTH, doubts), nearest_weekday=True)
            continue
        if before:
            doubts.append(f"it is not known whether AWS accepts {item}: it documents L, LW and 15W")
            if int(before) not in range(DAY_OF_MONTH.high):
                raise InvalidExpressionError(f"day-of-month: {item} is before the first day")
        yield MonthDay(int(before or 0), from_end=True, nearest_weekday=bool(weekdays))


def _week_days(text: str, doubts: list[str]) -> Iterator[WeekDay]:
    for item in text.split(","):
        special = re.fullmatch(r"(?:([0-9A-Za-z]+?)#([0-9]+)|([0-9A-Za-z]*?)L)", item)
        if special is None:
            if "/" in item:
                doubts.append("AWS documents no step in day-of-week")
            yield from map(WeekDay, _values(item, DAY_OF_WEEK, doubts))
            continue
        nth_day, nth, last_day = special.groups()
        if nth_day:
            yield _nth(item, text, _number(nth_day, DAY_OF_WEEK, doubts), int(nth))
            continue
        if item != text:
            doubts.append(ALONE.format(text=item))
        # `L` alone is the last day of the week, `6L` the last Friday of the month.
        yield WeekDay(_number(last_day, DAY_OF_WEEK, doubts), is_last=True) if last_day else WeekDay(DAY_OF_WEEK.high)


def _nth(item: str, text: str, day: int, nth: int) -> WeekDay:
    if item != text:
        raise InvalidExpressionError(
            f"day-of-week is {text}, but with # it accepts one expression only", hint="declare a schedule for each"
        )
    if nth not in range(1, 6):
        raise InvalidExpressionError(f"day-of-week: {item} is in no month", hint="write 1 to 5 after #")
    return WeekDay(day, nth=nth)


def _values(text: str, field: CronField, doubts: list[str]) -> tuple[int, ...]:
    """Return the values that a list of values, ranges and steps stands for, in order."""
    return tuple(sorted({value for item in text.split(",") for value in _item(item, text, field, doubts)}))


def _item(item: str, text: str, field: CronField, doubts: list[str]) -> Iterable[int]:
    parsed = ITEM.fullmatch(item)
    if parsed is None:
        raise InvalidExpressionError(
            f"{field.name} is {text}, which AWS does not accept there",
            hint=f"write {field.range_text}",
        )
    first, last, step = parsed.groups()
    values = list(field.values)
    if first is not None:
        start = _number(first, field, doubts)
        end = _number(last, field, doubts) if last is not None else field.high if step else start
        values = _between(start, end, field)
    if step is None:
        return values
    if not int(step):
        raise InvalidExpressionError(f"{field.name}: the step of {item} is 0", hint="write at least 1 after /")
    if int(step) >= len(field.values):
        doubts.append(f"{field.name}: the step of {item} leads over the end, so only {values[0]} matches")
    return values[:: int(step)]


def _between(start: int, end: int, field: CronField) -> list[int]:
    if start <= end:
        return list(range(start, end + 1))
    if not field.wraps:
        raise InvalidExpressionError(f"{field.name}: the range {start}-{end} ends before it begins")
    return [*range(start, field.high + 1), *range(field.low, end + 1)]


def _number(text: str, field: CronField, doubts: list[str]) -> int:
    if text.upper() in field.names:
        if not text.isupper():
            doubts.append(f"AWS documents names in capitals: {text.upper()}")
        return field.low + field.names.index(text.upper())
    if text.isdecimal() and int(text) in field.values:
        return int(text)
    raise InvalidExpressionError(f"{field.name}: {text} is not in {field.range_text}")


PARSERS: Mapping[str, Callable[[str], Expression]] = {"cron": _parse_cron, "rate": _parse_rate, "at": _parse_at}

"""When schedules fire: calendars, time zones and their clocks."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.schedule.expressions import Cron, InvalidExpressionError, parse_expression
from reconciler.schedule.firings import ActivePeriod, find_zone, firings, preview
from tests.laws import law

MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fired(
    expression: str, after: str, count: int = 3, zone: str = "UTC", period: ActivePeriod | None = None
) -> list[str]:
    found = islice(firings(parse_expression(expression), find_zone(zone), at(after), period or ActivePeriod()), count)
    return [f"{instant:%Y-%m-%dT%H:%M}" for instant in found]


CALENDAR = {
    "cron(0 0 L * ? *)": ["2026-01-31", "2026-02-28", "2026-03-31"],
    "cron(0 0 LW * ? *)": ["2026-01-30", "2026-02-27", "2026-03-31"],
    "cron(0 0 1W * ? *)": ["2026-01-01", "2026-02-02", "2026-03-02"],  # Sundays: within the month
    "cron(0 0 15W * ? *)": ["2026-01-15", "2026-02-16", "2026-03-16"],
    "cron(0 0 31W 1,5 ? *)": ["2026-01-30", "2026-05-29", "2027-01-29"],
    "cron(0 0 31 * ? *)": ["2026-01-31", "2026-03-31", "2026-05-31"],
    "cron(0 0 29 2 ? *)": ["2028-02-29", "2032-02-29", "2036-02-29"],
    "cron(0 0 ? * 3#2 *)": ["2026-01-13", "2026-02-10", "2026-03-10"],
    "cron(0 0 ? * 6#5 *)": ["2026-01-30", "2026-05-29", "2026-07-31"],
    "cron(0 0 ? * 6L *)": ["2026-01-30", "2026-02-27", "2026-03-27"],
    "cron(0 0 ? * L *)": ["2026-01-03", "2026-01-10", "2026-01-17"],
    "cron(0 0 ? * 1 *)": ["2026-01-04", "2026-01-11", "2026-01-18"],
    "cron(0 0 ? * FRI-SUN *)": ["2026-01-02", "2026-01-03", "2026-01-04"],
    "cron(0 0 ? 12 2#1 2026-2027)": ["2026-12-07", "2027-12-06"],
    "cron(0 0 1 JAN ? 2026/2)": ["2026-01-01", "2028-01-01", "2030-01-01"],
    "cron(0 0 30-1 4 ? *)": ["2026-04-01", "2026-04-30", "2027-04-01"],
}


@pytest.mark.parametrize("expression", CALENDAR)
def test_days_are_those_of_the_calendar(expression: str) -> None:
    assert fired(expression, "2025-12-31T23:59") == [f"{day}T00:00" for day in CALENDAR[expression]]


def test_hours_may_lead_over_midnight_and_a_range_of_one_is_one() -> None:
    assert fired("cron(0 22-2/2 * * ? *)", "2026-01-01T20:00", 4) == [
        f"2026-01-0{time}:00" for time in ("1T22", "2T00", "2T02", "2T22")
    ]
    assert fired("cron(30 8-8 * * ? *)", "2026-01-01T00:00", 2) == ["2026-01-01T08:30", "2026-01-02T08:30"]


def test_what_clocks_skip_does_not_fire() -> None:
    berlin = fired("cron(30 2 * * ? *)", "2026-03-28T00:00", 2, "Europe/Berlin")
    assert berlin == ["2026-03-28T01:30", "2026-03-30T00:30"]
    assert fired("cron(30 2 * * ? *)", "2026-03-07T12:00", 1, "America/Los_Angeles") == ["2026-03-09T09:30"]
    assert fired("cron(0 12 30 12 ? 2011)", "2011-12-01T00:00", 1, "Pacific/Apia") == []  # the day was left out


def test_what_clocks_repeat_fires_the_first_time_only() -> None:
    berlin = fired("cron(30 2 * * ? *)", "2026-10-24T12:00", 2, "Europe/Berlin")
    assert berlin == ["2026-10-25T00:30", "2026-10-26T01:30"]
    los_angeles = fired("cron(30 1 * * ? *)", "2026-10-31T12:00", 2, "America/Los_Angeles")
    assert los_angeles == ["2026-11-01T08:30", "2026-11-02T09:30"]
    assert fired("cron(45 1 * * ? *)", "2026-04-04T12:00", 1, "Australia/Lord_Howe") == ["2026-04-04T14:45"]
    assert fired("at(2026-10-25T02:30:00)", "2026-10-01T00:00", 3, "Europe/Berlin") == ["2026-10-25T00:30"]


def test_rates_count_from_their_start_and_days_are_24_hours() -> None:
    assert fired("rate(1 days)", "2026-03-28T12:00", 2, "Europe/Berlin") == ["2026-03-28T12:00", "2026-03-29T12:00"]
    start = ActivePeriod(at("2026-01-01T00:10"), at("2026-01-01T01:00"))
    assert fired("rate(20 minutes)", "2026-01-01T00:30", 9, period=start) == ["2026-01-01T00:50"]
    assert fired("rate(20 minutes)", "2025-01-01T00:30", 1, period=start) == ["2026-01-01T00:10"]


def test_a_period_bounds_what_recurs_and_not_what_happens_once() -> None:
    span = ActivePeriod(at("2026-01-02T00:00"), at("2026-01-04T00:00"))
    assert fired("cron(0 0 * * ? *)", "2025-12-01T00:00", 9, period=span) == ["2026-01-02T00:00", "2026-01-03T00:00"]
    assert fired("at(2026-01-09T00:00:00)", "2025-12-01T00:00", 9, period=span) == ["2026-01-09T00:00"]


NOTES = {
    ("cron(30 2 ? 3 1L *)", "Europe/Berlin"): "it never fires",
    ("cron(15 10 ? * 6L 2022-2023)", ""): "it never fires: its last year is 2023",
    ("cron(0 0 31 2 ? *)", ""): "it never fires",
    ("cron(0 0 31 12 ? 2026)", ""): "it fires only 1 more time",
    ("cron(30 2 * * ? *)", "Europe/Berlin"): "02:30 on 2026-03-29 is skipped: clocks go forward in Europe/Berlin",
    ("cron(0 * * * ? *)", "Europe/Berlin"): "may not repeat",
    ("cron(0 9 * * ? *)", "Europe/Berlin"): "",
    ("rate(1 days)", "Europe/Berlin"): "a day is 24 hours",
    ("rate(5 minutes)", ""): "it fires at once when the schedule is created",
    ("rate(99999999999999999 days)", ""): "it fires only 1 more time",
    ("at(2022-12-31T23:59:59)", ""): "the time is in the past",
    ("at(2026-03-29T02:30:00)", "Europe/Berlin"): "does not exist in Europe/Berlin",
    ("at(2026-10-25T02:30:00)", "Europe/Berlin"): "exists twice in Europe/Berlin",
    ("at(9999-12-31T23:59:59)", "America/Los_Angeles"): "it never fires",
}


@pytest.mark.parametrize(("expression", "zone"), NOTES)
def test_what_surprises_is_noted(expression: str, zone: str) -> None:
    found = preview(expression, zone, at("2026-01-01T00:00"), 3)
    assert found.is_valid
    assert any(NOTES[expression, zone] in note for note in (found.notes or ("",)))
    assert bool(NOTES[expression, zone]) == bool(found.notes)


def test_zones_are_those_of_the_database() -> None:
    assert find_zone("").utcoffset(None) == find_zone("UTC").utcoffset(None)
    for name, near in (("Europe/Berln", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin"), ("../../etc", "")):
        with pytest.raises(InvalidExpressionError) as refused:
            find_zone(name)
        assert near in refused.value.hint


# Any expression, checked minute by minute.

NUMBERS = {"minutes": (0, 59), "hours": (0, 23), "dom": (1, 31), "month": (1, 12), "dow": (1, 7)}
ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns")
Field = tuple[str, set[int]]  # the text, and what it stands for


@st.composite
def fields(draw: st.DrawFn, name: str) -> Field:
    """Return a list of values, ranges and steps."""
    low, high = NUMBERS[name]
    texts, values = [], set()
    for _ in range(draw(st.integers(1, 2))):
        first, last = draw(st.integers(low, high)), draw(st.integers(low, high))
        span = [low + (first - low + n) % (high - low + 1) for n in range((last - first) % (high - low + 1) + 1)]
        step = draw(st.integers(1, 9))
        match draw(st.sampled_from(("value", "range", "every", "from"))):
            case "value":
                texts.append(str(first))
                values.add(first)
            case "range":
                texts.append(f"{first}-{last}/{step}")
                values.update(span[::step])
            case "every":
                texts.append(f"*/{step}")
                values.update(range(low, high + 1, step))
            case "from":
                texts.append(f"{first}/{step}")
                values.update(range(first, high + 1, step))
    return ",".join(texts), values


BEGINS = ("2026-03-28T20:00", "2026-10-24T20:00", "2026-11-01T00:00", "2026-12-31T12:00")
DAYS = st.one_of(
    st.tuples(fields("dom"), st.just(("?", set(range(1, 8))))),
    st.tuples(st.just(("?", set(range(1, 32)))), fields("dow")),
)


@law(100)
@given(fields("minutes"), fields("hours"), DAYS, fields("month"), st.sampled_from(ZONES), st.sampled_from(BEGINS))
def test_a_cron_fires_in_each_minute_that_its_fields_name_and_in_no_other(
    minutes: Field, hours: Field, days: tuple[Field, Field], month: Field, zone: str, begin: str
) -> None:
    dom, dow = days
    text = f"cron({minutes[0]} {hours[0]} {dom[0]} {month[0]} {dow[0]} *)"
    window = [at(begin) + n * MINUTE for n in range(1, 24 * 60)]

    def fits(local: datetime) -> bool:
        return (
            not local.fold
            and local.minute in minutes[1]
            and local.hour in hours[1]
            and local.day in dom[1]
            and local.isoweekday() % 7 + 1 in dow[1]
            and local.month in month[1]
        )

    expected = [instant for instant in window if fits(instant.astimezone(ZoneInfo(zone)))]
    found = firings(parse_expression(text), find_zone(zone), at(begin))
    assert list(islice(found, len(expected))) == expected
    following = next(found, None)
    assert following is None or following > window[-1]


@law(100)
@given(
    st.sampled_from(("L", "LW", "1W", "15W", "31W", "L-2", "31", "*")),
    st.sampled_from(ZONES),
    st.integers(0, 36 * 365 * 24 * 60),
)
def test_firings_are_strictly_increasing_and_their_local_time_fits(day: str, zone: str, minutes: int) -> None:
    cron = parse_expression(f"cron(0/20 0-3 {day} * ? *)")
    assert isinstance(cron, Cron)
    begin, where = at("2024-01-01") + minutes * MINUTE, ZoneInfo(zone)
    found = list(islice(firings(cron, where, begin), 20))
    assert len(found) == 20
    assert all(earlier < later for earlier, later in pairwise([begin, *found]))
    assert all(cron.matches(instant.astimezone(where).replace(tzinfo=None)) for instant in found)


@pytest.mark.parametrize("expression", ["cron(0 0 29 2 ? 2199)", "cron(0 0 30 2 ? *)", "cron(59 23 31 12 ? *)"])
def test_enumeration_ends(expression: str) -> None:
    assert len(list(firings(parse_expression(expression), find_zone("Europe/Berlin"), at("2026-01-01T00:00")))) < 200

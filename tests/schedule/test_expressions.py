"""What EventBridge Scheduler accepts as an expression: AWS's documentation, and answers of CreateSchedule on record."""

import pytest

from reconciler.schedule.expressions import InvalidExpressionError, parse_expression

ACCEPTED = """\
cron(15 10 ? * 6L 2022-2023)
cron(30 8 * * ? *)
cron(0 18 ? * MON-FRI *)
cron(0 8 1 * ? *)
cron(0/15 * * * ? *)
cron(0/10 * ? * MON-FRI *)
cron(0/5 8-17 ? * MON-FRI *)
cron(0/30 20-2 ? * MON-FRI *)
cron(5,35 14 * * ? *)
cron(*/15 * * * ? *)
cron(0 8-8 * * ? *)
cron(0-15/1 * * * ? *)
cron(0 9 ? * * *)
cron(1/10 * * * ? *)
cron(0 0 L * ? *)
cron(0 0 LW * ? *)
cron(0 0 3W * ? *)
cron(0 0 ? * 3#2 *)
cron(0 0 ? * TUE#5 *)
cron(0 0 ? * L *)
cron(0 0 ? * FRIL *)
cron(0 0 ? * SAT-MON *)
cron(0 0 1,15,L * ? *)
cron(0 0 1 JAN,FEB,MAR ? *)
cron(0 0 1 NOV-FEB ? *)
cron(0 0 1 */3 ? *)
cron(59 23 31 12 ? 2199)
cron(00 09 * * ? 1970)
cron(0 0 25-5 * ? *)
cron(0 0 1 1 ? 2026/2)
rate(1 minute)
rate(1 minutes)
rate(1 hour)
rate(1 hours)
rate(1 day)
rate(1 days)
rate(5 minutes)
at(2022-12-31T23:59:59)""".splitlines()
REFUSED = """\
cron(0 1 * * * *)
cron(7 20 * * NOT *)
cron(INVALID)
cron(0 dummy ? * MON-FRI *)
cron(71 8 1 * ? *)
cron()
rate(10 seconds)
rate(10 years)
rate()
rate(10)
rate(10 minutess)
rate(foo minutes)
rate(-10 minutes)
rate( 10 minutes )
 rate(10 minutes)
at(2021-12-31T23:59:59Z)
at(2021-12-31)
cron(0 9 ? * ? *)
cron(0 9 * * *)
cron(*/5 * * * *)
cron(0 9 * * MON-FRI)
cron(0 9 1 * 2 *)
cron(0 24 * * ? *)
cron(60 0 * * ? *)
cron(0/60 0 * * ? * *)
cron(0 0 0 * ? *)
cron(0 0 32 * ? *)
cron(0 0 1 0 ? *)
cron(0 0 1 13 ? *)
cron(0 0 ? * 0 *)
cron(0 0 ? * 8 *)
cron(0 0 * * ? 1969)
cron(0 0 * * ? 2200)
cron(0 0 * * ? 2030-2026)
cron(? 0 * * ? *)
cron(0 0 * ? ? *)
cron(0 0 ? * 3#1,6#3 *)
cron(0 0 ? * 3#1,5 *)
cron(0 0 ? * 3#6 *)
cron(0 0 ? * 3#0 *)
cron(0 0 ? * 3W *)
cron(0 0 W * ? *)
cron(0 0 1-5W * ? *)
cron(0 0 32W * ? *)
cron(0 0 1#2 * ? *)
cron(L 0 * * ? *)
cron(0/0 0 * * ? *)
cron(5- 0 * * ? *)
cron(,5 0 * * ? *)
cron(1-2-3 0 * * ? *)
cron(-5 0 * * ? *)
cron(1.5 0 * * ? *)
cron(0 0 1 JANUARY ? *)
cron(0 0 ? * MONDAY *)
cron(0 0 ? MON MON *)
rate(0 minutes)
rate(1.5 hours)
rate(5minutes)
rate(5 weeks)
rate(+5 minutes)
rate(minutes 5)
rate(5 MINUTES)
at(2026-02-30T10:00:00)
at(2026-12-24T24:00:00)
at(2026-12-24 10:00:00)
at(2026-12-24T10:00)
at(2026-12-24T10:00:00+01:00)
at(tomorrow)
nonsense
0 9 * * ? *
@daily
cron(0 9 * * ? *
CRON(0 9 * * ? *)

""".splitlines()
# What AWS's pages leave open.
DOUBTED = """\
rate(5 minute)
rate(2 day)
rate(5  minutes)
cron(0 9 * * ?)
cron( 0 9 * * ? *)
cron(0  9 * * ? *)
cron(0 9 L-3 * ? *)
cron(0 9 1W,15W * ? *)
cron(0 9 ? * 2/2 *)
cron(0 9 ? * mon-fri *)
cron(*/90 9 * * ? *)""".splitlines()


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_aws_documents_or_has_accepted_is_valid(text: str) -> None:
    assert [doubt for doubt in parse_expression(text).doubts if "in a list" not in doubt] == []


@pytest.mark.parametrize("text", REFUSED)
def test_what_aws_has_refused_or_cannot_be_understood_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(InvalidExpressionError) as refused:
        parse_expression(text)
    assert str(refused.value)


@pytest.mark.parametrize("text", DOUBTED)
def test_what_is_not_known_is_accepted_with_a_doubt(text: str) -> None:
    assert parse_expression(text).doubts


def test_a_line_of_a_crontab_is_refused_with_the_expression_that_it_means() -> None:
    hints = {}
    for text in ("cron(0 9 * * *)", "cron(0 9 * * MON-FRI)", "cron(0 9 1 * *)", "cron(0 9 1 * * *)"):
        with pytest.raises(InvalidExpressionError) as refused:
            parse_expression(text)
        hints[text] = refused.value.hint
    assert hints == {
        "cron(0 9 * * *)": "did you mean cron(0 9 * * ? *)?",
        "cron(0 9 * * MON-FRI)": "did you mean cron(0 9 ? * MON-FRI *)?",
        "cron(0 9 1 * *)": "did you mean cron(0 9 1 * ? *)?",
        "cron(0 9 1 * * *)": "did you mean cron(0 9 1 * ? *)?",
    }


def test_an_expression_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidExpressionError, match="at most 256"):
        parse_expression(f"cron({','.join(['0'] * 200)} 9 * * ? *)")

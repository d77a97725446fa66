"""`reconciler explain`."""

import dataclasses
import difflib
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.cli.options import add_output, parse_count
from reconciler.cli.output import Output
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.kinds.reasons import WaitReason
    from reconciler.model import Json
    from reconciler.report.text.page import Page
    from reconciler.schedule.firings import Preview
    from reconciler.schema import Explained

EXAMPLES = """\
  reconciler explain jobQueues
  reconciler explain computeEnvironments.computeResources.instanceTypes
  reconciler explain minvCpus
  reconciler explain lifecycle.replace
  reconciler explain SP002
  reconciler explain instance c6i.large
  reconciler explain MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT
  reconciler explain schedule "cron(0 3 ? * MON-FRI *)" --timezone Europe/Berlin
  reconciler explain schedule "rate(12 hours)" --from 2026-12-01T00:00:00Z -n 5 -o json
  reconciler explain --rules
  reconciler explain --rules jobDefinitions -v      with hints and sources

Exit code 3: a schedule expression or its time zone is not valid.
"""
LABEL, SHORT_LABEL = 24, 10  # the width of the labels' column
INSTANCE, SCHEDULE = "instance", "schedule"
FIRINGS = 3  # of a schedule that are shown
DEFAULT_ZONE = "UTC"  # of CreateSchedule
EVERYTHING = "rules"  # in place of a field, and as an option


def add(parser: ArgumentParser) -> None:
    parser.add_argument(
        "field",
        metavar="FIELD|RULE|CODE",
        nargs="*",
        help="a section, the path or name of a field, the id of a rule or problem, the code of a waiting job, "
        "`instance TYPE`, or `schedule EXPRESSION`",
    )
    parser.add_argument(
        "--rules", metavar="KIND", nargs="?", const="", help="list the rules of a kind, or all rules and problems"
    )
    parser.add_argument("--timezone", metavar="ZONE", help="of a schedule expression (default: UTC)")
    parser.add_argument(
        "--from",
        dest="after",
        metavar="INSTANT",
        type=_parse_instant,
        help="show when a schedule fires after this: 2026-12-01T00:00:00Z, without an offset in UTC (default: now)",
    )
    parser.add_argument(
        "-n", dest="count", metavar="N", type=parse_count, help=f"how many firings to show (default: {FIRINGS})"
    )
    add_output(parser)


def _parse_instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ArgumentTypeError(f"{text} is not an instant: write it as 2026-12-01T00:00:00Z") from error


def run(args: Namespace, out: Output) -> int:
    subject, *more = args.field or [""]
    if args.rules is not None or subject == EVERYTHING:
        return _list(args.rules or "", args.verbose, out)
    if subject == INSTANCE and more:
        return _explain_instances(more, out)
    if subject == SCHEDULE and more:
        return _explain_schedule(more, args.timezone or "", args.after, args.count or FIRINGS, out)
    if args.timezone or args.after or args.count:
        raise WrongUsage("--timezone, --from and -n are options of `explain schedule EXPRESSION`")
    if more:
        raise WrongUsage(
            f"cannot explain {len(args.field)} things at once",
            hint="name one, `instance TYPE`, or `schedule EXPRESSION` in quotes",
        )
    if not subject:
        raise WrongUsage("nothing to explain", hint="name a field or a rule, or list the rules with --rules")
    from reconciler.report.catalogue import catalogue

    known = catalogue().get(subject.upper())
    if known:
        return _explain_id(known.id, out)
    code = _explain_code(subject, out)
    return _explain_field(subject, out) if code is None else code


def _list(kind: str, verbose: int, out: Output) -> int:
    from reconciler.kinds import SECTIONS, section_named
    from reconciler.report.catalogue import catalogue, entries_page, entry_json

    wanted = section_named(kind)
    if kind and wanted is None:
        raise WrongUsage(f"there is no kind {kind}", hint=f"there are {', '.join(SECTIONS)}")
    entries = [entry for entry in catalogue().values() if wanted is None or entry.kind == wanted.name]
    out.publish(
        lambda width: entries_page(entries, width, sources=bool(verbose)),
        lambda: [entry_json(entry) for entry in entries],
    )
    return Exit.DONE


def _explain_instances(names: list[str], out: Output) -> int:
    from reconciler.placement.catalogue import catalogue, expand
    from reconciler.report.placement import instances_json, instances_page

    known = catalogue()
    candidates = expand(names, known)
    if candidates.unknown and not list(candidates):
        near = difflib.get_close_matches(candidates.unknown[0], [*known.types, *known.families], n=1)
        raise WrongUsage(
            f"there is no instance type {candidates.unknown[0]} in the table of {known.date}",
            hint=f"did you mean {near[0]}?" if near else "name a type, a family or a bundle, such as c6i or optimal",
        )
    out.publish(lambda width: instances_page(candidates, known, width), lambda: instances_json(candidates, known))
    return Exit.DONE


def _explain_schedule(expressions: list[str], zone: str, after: datetime | None, count: int, out: Output) -> int:
    from reconciler.adapters.machine import utc_now
    from reconciler.schedule.firings import preview

    if len(expressions) > 1:
        raise WrongUsage(
            f"cannot explain {len(expressions)} expressions at once",
            hint='write the expression in quotes: "cron(0 3 * * ? *)"',
        )
    found = preview(expressions[0], zone, after or utc_now(), count)
    out.publish(lambda width: _firings_page(found, width), lambda: _firings_json(found))
    return Exit.DONE if found.is_valid else Exit.INVALID


def _firings_page(found: "Preview", width: int) -> "Page":
    from reconciler.report.text.page import Page
    from reconciler.schedule.firings import local_text

    facts = (
        ("why", found.error),
        ("hint", found.hint),
        *(("next", local_text(instant)) for instant in found.next_local),
        *(("note", note) for note in found.notes),
    )
    page = Page(width)
    verdict = ("valid", "green") if found.is_valid else ("not valid", "red")
    page.line((found.expression, "bold"), "  ", verdict, f", in {found.zone or DEFAULT_ZONE}")
    last = ""
    for label, text in facts:
        if text:
            page.line((f"{'' if label == last else label:<{SHORT_LABEL}}", "dim"), text, indent=2, hang=SHORT_LABEL)
            last = label
    return page


def _firings_json(found: "Preview") -> "dict[str, Json]":
    from reconciler.report.json import frame

    return {
        **frame("schedule"),
        "expression": found.expression,
        "timezone": found.zone or DEFAULT_ZONE,
        "valid": found.is_valid,
        "next": [f"{instant:%Y-%m-%dT%H:%M:%SZ}" for instant in found.next],
        "notes": [*filter(None, (found.error, found.hint)), *found.notes],
    }


def _explain_code(code: str, out: Output) -> int | None:
    """Explain why a job waits; None if AWS Batch has no such code."""
    from reconciler.kinds.reasons import WAIT_REASONS

    reason = next((each for each in WAIT_REASONS if each.code == code.upper().partition(" - ")[0]), None)
    if reason is None:
        return None
    facts = {"cause": reason.cause, "remedy": reason.remedy, "time limit": _limit_of(reason)}
    explained = {"code": reason.code, **facts}
    out.publish(lambda width: _facts_page(reason.code, "", facts, width), lambda: explained)
    return Exit.DONE


def _limit_of(reason: "WaitReason") -> str:
    if reason.can_be_limited:
        return "jobStateTimeLimitActions of the queue can end a job that waits for this reason"
    return "jobStateTimeLimitActions do not end a job that waits for this reason"


def _explain_id(id_: str, out: Output) -> int:
    from reconciler.report.catalogue import entry_json, entry_of, entry_page

    entry = entry_of(id_)
    out.publish(lambda width: entry_page(entry, width), lambda: entry_json(entry))
    return Exit.DONE


def _explain_field(field: str, out: Output) -> int:
    from reconciler.adapters.lookup.installed import read_schema
    from reconciler.kinds import SECTIONS
    from reconciler.report.catalogue import nearest_ids, with_rules
    from reconciler.schema import explain, explain_own, nearest, own_names

    schema = read_schema()
    explained = (*with_rules(explain(field, SECTIONS, schema), schema), *explain_own(field))
    if not explained:
        own = tuple(difflib.get_close_matches(field, own_names(), n=1))
        near = nearest_ids(field) or own or nearest(field, SECTIONS, schema)
        raise WrongUsage(f"there is no {field}", hint=f"did you mean {' or '.join(near)}?" if near else "")
    out.publish(lambda width: _page(explained, width), lambda: [dataclasses.asdict(part) for part in explained])
    return Exit.DONE


def _page(explained: "tuple[Explained, ...]", width: int) -> "Page":
    from reconciler.report.text.page import Page

    page = Page(width)
    for part in explained:
        page.blank()
        _write_facts(page, part.path, part.says, part.facts)
    return page


def _facts_page(title: str, says: str, facts: Mapping[str, str], width: int) -> "Page":
    from reconciler.report.text.page import Page

    page = Page(width)
    _write_facts(page, title, says, facts.items())
    return page


def _write_facts(page: "Page", title: str, says: str, facts: Iterable[tuple[str, str]]) -> None:
    page.line((title, "bold"))
    if says:
        page.line(says, indent=2, hang=0)
    for label, text in facts:
        page.line((f"{label:<{LABEL}}", "dim"), text, indent=2, hang=LABEL)

"""Where a stack is locked while it is applied: `lock: {s3: s3://bucket/prefix}` or `lock: {dynamodb: table}`."""

import re
from collections.abc import Mapping as MappingABC

from reconciler.load.expand import Expander
from reconciler.load.findings import Findings, did_you_mean
from reconciler.load.gather import Gathered
from reconciler.load.nodes import MappingNode, Node, SourceMark, where_of
from reconciler.load.shape import mapping_of, text_from
from reconciler.looked_up import Unknown
from reconciler.model import Lock

# Names of buckets and tables as CreateBucket and CreateTable take them.
FORMS: MappingABC[str, tuple[re.Pattern[str], str]] = {
    "s3": (re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^\s]*)?)"), "it reads like s3://bucket/prefix"),
    "dynamodb": (
        re.compile(r"([A-Za-z0-9_.-]{3,255})"),
        "it is the name of a table, 3 to 255 letters, digits, . _ and -",
    ),
}
HINT = "write `lock: {s3: s3://bucket/prefix}` or `lock: {dynamodb: table}`"


def lock_of(gathered: Gathered, expander: Expander) -> Lock | None:
    """Return the lock that the files name; all that name one must agree."""
    findings = expander.findings
    found: list[tuple[Lock, SourceMark]] = []
    for entry in gathered.entries("lock"):
        mapping = mapping_of(entry.expanded(expander), "lock", findings)
        lock = _read(mapping, findings) if mapping else None
        if lock and mapping:
            found.append((lock, mapping.mark))
    for lock, mark in found[1:]:
        if lock != found[0][0]:
            message = f"lock is {lock.place} here, but {found[0][0].place} at {where_of(found[0][1])}"
            findings.add("STK004", message, mark, "write it once; the files of a folder make one stack")
    return found[0][0] if found else None


def _read(mapping: MappingNode, findings: Findings) -> Lock | None:
    for key, (mark, _) in mapping.entries.items():
        if key not in FORMS:
            findings.add("LCK001", f"{key} is no place for a lock", mark, did_you_mean(key, FORMS, HINT))
    given = [(key, *pair) for key, pair in mapping.entries.items() if key in FORMS]
    if len(given) != 1:
        if given or not mapping.entries:
            findings.add("LCK001", "a lock has one place: s3 or dynamodb", mapping.mark, HINT)
        return None
    return _placed(*given[0], findings)


def _placed(service: str, mark: SourceMark, node: Node, findings: Findings) -> Lock | None:
    text = text_from(node, mark, f"lock.{service}", findings)
    if text is None or isinstance(text, Unknown):
        return None
    form, hint = FORMS[service]
    fits = form.fullmatch(text)
    if fits is None:
        findings.add("LCK002", f"{text or 'an empty text'} cannot be lock.{service}", node.mark, hint)
        return None
    return Lock(service, fits[1].rstrip("/"))

"""Rules that a stack has switched off, each with the reason: `rules: {disable: {SP002: "why"}}`."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from reconciler.load.expand import Expander
from reconciler.load.findings import Findings, did_you_mean
from reconciler.load.gather import Gathered
from reconciler.load.nodes import Node, SourceMark, is_null, where_of
from reconciler.load.shape import mapping_of, text_from

DISABLE = "disable"
# Ids of rules have two letters; the codes of what keeps a stack from being understood have more.
PROBLEM_CODE = re.compile(r"[A-Z]{3,}[0-9]{3}")
LIST_HINT = "`reconciler explain --rules` lists the rules"
REASON_HINT = "say for the next reader why the rule does not hold here"


def disabled_rules(gathered: Gathered, expander: Expander, known: Collection[str]) -> dict[str, str]:
    """Return the reasons by rule. What is not `known` is no rule."""
    reader = _SuppressionReader(known, expander.findings)
    for entry in gathered.entries("rules"):
        section = mapping_of(entry.expanded(expander), "rules", expander.findings)
        for key, (mark, node) in section.entries.items() if section else ():
            if key == DISABLE:
                reader.read(node)
            else:
                hint = did_you_mean(key, (DISABLE,), f"it has {DISABLE}")
                expander.findings.add("STK014", f"{key} is no member of rules", mark, hint)
    return reader.reasons


@dataclass(frozen=True, slots=True)
class _SuppressionReader:
    known: Collection[str]
    findings: Findings
    reasons: dict[str, str] = field(default_factory=dict)
    marks: dict[str, SourceMark] = field(default_factory=dict)

    def read(self, node: Node) -> None:
        mapping = mapping_of(node, f"rules.{DISABLE}", self.findings)
        for rule, (mark, reason) in mapping.entries.items() if mapping else ():
            if rule not in self.known:
                self.unknown(rule, mark)
            elif (text := self.reason(rule, mark, reason)) is not None:
                self.keep(rule, mark, text)

    def unknown(self, rule: str, mark: SourceMark) -> None:
        if PROBLEM_CODE.fullmatch(rule.upper()):
            self.findings.add("STK012", f"{rule} is no rule: it cannot be disabled", mark, LIST_HINT)
        else:
            hint = did_you_mean(rule.upper(), sorted(self.known), LIST_HINT)
            self.findings.add("STK012", f"there is no rule {rule}", mark, hint)

    def reason(self, rule: str, mark: SourceMark, node: Node) -> str | None:
        text = "" if is_null(node) else text_from(node, mark, f"the reason to disable {rule}", self.findings)
        if text is not None and not text.strip():
            at = mark if is_null(node) else node.mark
            self.findings.add("STK013", f"{rule} is disabled without a reason", at, REASON_HINT)
            return None
        return text

    def keep(self, rule: str, mark: SourceMark, reason: str) -> None:
        if self.reasons.setdefault(rule, reason) != reason:
            first = where_of(self.marks[rule])
            message = f"{rule} is disabled for another reason at {first}"
            self.findings.add("STK004", message, mark, "write it once; the files of a folder make one stack")
        self.marks.setdefault(rule, mark)

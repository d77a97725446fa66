"""Members that a stack leaves alone: `ignore: [{resources: …, members: […], reason: …, expires: …}]`."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.load.expand import Expander
from reconciler.load.findings import Findings, did_you_mean, listed
from reconciler.load.gather import Gathered
from reconciler.load.nodes import MappingNode, Node, SequenceNode, SourceMark, is_null, where_of
from reconciler.load.shape import mapping_of, text_from
from reconciler.model import Ignore

MEMBERS = ("resources", "members", "reason", "expires")
NEEDED = MEMBERS[:3]
HINTS = {
    "resources": "name them as in ComputeEnvironment/spot; * and ? match",
    "members": "list them as in [computeResources.maxvCpus, tags.*]",
    "reason": "say for the next reader why it is left alone",
    "expires": "the last day on which it holds, as in 2027-03-31",
}
DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
MONTHS = 12


def ignored_members(gathered: Gathered, expander: Expander) -> tuple[Ignore, ...]:
    """Return the entries of all files, in file order; those that cannot be understood are left out."""
    reader = _IgnoreReader(expander.findings)
    return tuple(one for entry in gathered.entries("ignore") for one in reader.entries(entry.expanded(expander)))


@dataclass(frozen=True, slots=True)
class _IgnoreReader:
    findings: Findings

    def entries(self, node: Node) -> Iterator[Ignore]:
        if isinstance(node, SequenceNode):
            for item in node.items:
                entry = mapping_of(item, "an entry of ignore", self.findings)
                if entry is not None and (read := self.entry(entry)):
                    yield read
        elif not is_null(node):
            hint = "write each entry on a line of its own that begins with -"
            self.findings.add("STK005", "ignore must be a list", node.mark, hint)

    def entry(self, entry: MappingNode) -> Ignore | None:
        for key, (mark, _) in entry.entries.items():
            if key not in MEMBERS:
                hint = did_you_mean(key, MEMBERS, f"it has {listed(MEMBERS, 'and')}")
                self.findings.add("IGN001", f"{key} is no member of an entry of ignore", mark, hint)
        given = {key: pair for key, pair in entry.entries.items() if not is_null(pair[1])}
        missing = [key for key in NEEDED if key not in given]
        for key in missing:
            self.findings.add("IGN003", f"an entry of ignore has no {key}", entry.mark, HINTS[key])
        texts = {key: self.text(key, *given[key]) for key in ("resources", "reason", "expires") if key in given}
        members = self.members(*given["members"]) if "members" in given else ()
        if missing or not members or None in texts.values():
            return None
        return Ignore(
            str(texts["resources"]), members, str(texts["reason"]), texts.get("expires") or "", where_of(entry.mark)
        )

    def text(self, key: str, mark: SourceMark, node: Node) -> str | None:
        text = text_from(node, mark, f"{key} of an entry of ignore", self.findings)
        if text is None:
            return None
        if not text.strip() or (key == "expires" and not _is_day(text)):
            self.findings.add("IGN002", f"{text.strip() or 'an empty text'} cannot be {key}", node.mark, HINTS[key])
            return None
        return text

    def members(self, mark: SourceMark, node: Node) -> tuple[str, ...]:
        if not isinstance(node, SequenceNode) or not node.items:
            self.findings.add("IGN002", "members must be a list of members", node.mark, HINTS["members"])
            return ()
        texts = [text_from(item, mark, "a member that is ignored", self.findings) for item in node.items]
        return tuple(text for text in texts if text) if all(texts) else ()


def _is_day(text: str) -> bool:
    found = DAY.fullmatch(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    return year > 0 and 1 <= month <= MONTHS and 1 <= day <= monthrange(year, month)[1]

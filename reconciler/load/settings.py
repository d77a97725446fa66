"""What a stack says about itself: its name, where it may run, what is in front of its names and on its resources."""

import json
import re
from collections.abc import Iterable
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence as SequenceABC
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from reconciler.load.expand import Expander, Scope
from reconciler.load.findings import Findings, did_you_mean
from reconciler.load.gather import Gathered, SectionEntry
from reconciler.load.library import YAML_FILES
from reconciler.load.nodes import SourceMark, Spot, where_of
from reconciler.load.regions import REGION, unknown_region
from reconciler.load.shape import forgotten_sub, mapping_of, text_from
from reconciler.load.states import PlaceReader
from reconciler.looked_up import Unknown, holds_unknown
from reconciler.model import Identity

# The name becomes the value of a tag: at most 256 characters, of which we take the ones that read well everywhere.
STACK_NAME = re.compile(r"[A-Za-z0-9_./-]{1,128}")
ACCOUNT = re.compile(r"[0-9]{12}")
NAME_PREFIX = re.compile(r"[A-Za-z0-9_-]{0,127}")
NAME_HINT = "letters, digits, hyphens and underscores are allowed"
# Offline nobody knows where the stack will run; these let a name or an ARN be checked all the same.
NOWHERE = Identity("000000000000", "us-east-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    stack: str = ""
    account: str | None = None
    region: str | None = None
    name_prefix: str = ""
    tags: MappingABC[str, str] = field(default_factory=dict)


class _SettingText(NamedTuple):
    text: str
    mark: SourceMark


def read_settings(
    gathered: Gathered,
    scope: Scope,
    expander: Expander,
    identity: Identity | None,
    partitions: MappingABC[str, SequenceABC[str]],
) -> tuple[Settings, Expander]:
    """Return the settings, and an expander that knows the stack's name and place: `${stack}`, `${account}` …"""
    findings = expander.findings
    expander = replace(expander, scope=scope)
    reader = _SettingsReader(
        gathered, expander, findings
    )  # where the stack is, these two say: they cannot depend on it
    account = reader.checked("account", ACCOUNT, "an account id has 12 digits; quote it")
    region = reader.checked("region", REGION, "a region reads like us-east-1", chain.from_iterable(partitions.values()))
    if region:
        reader.check_region(region, partitions)
    here = identity or Identity(account or NOWHERE.account, region or NOWHERE.region)
    reader.expander = _placed(expander, here)
    hint = "1 to 128 letters, digits and - _ . / are allowed"
    stack = reader.checked("stack", STACK_NAME, hint)
    if stack is None:
        _unnamed(gathered, reader.expander, findings)
    full = _with(reader.expander, {"stack": stack} if stack else {})
    reader.expander = full
    if full.finder.states:
        PlaceReader(full.finder.states, full, partitions).with_variables(gathered)
    prefix = reader.prefix()
    settings = Settings(
        stack=stack or "",
        account=account,
        region=region,
        name_prefix=prefix,
        tags=reader.tags(),
    )
    return settings, full


def _unnamed(gathered: Gathered, expander: Expander, findings: Findings) -> None:
    library = expander.library
    something = gathered.keys or gathered.bare
    if something and not gathered.entries("stack") and not library.incomplete:
        hint = "add `stack: NAME` to one of its YAML files; the name becomes a tag on every resource"
        names = library.files.names()
        is_file = len(names) == 1 and names[0].endswith(YAML_FILES)
        place = library.shown(names[0]) if is_file else library.files.root
        findings.add("STK003", "no file says which stack this is", Spot(place), hint)


def _placed(expander: Expander, identity: Identity) -> Expander:
    place = {"account": identity.account, "region": identity.region, "partition": identity.partition}
    return _with(expander, place)


def _with(expander: Expander, values: MappingABC[str, str]) -> Expander:
    scope = expander.scope or Scope()
    # What was merged before was merged without these values.
    return replace(expander, scope=replace(scope, values={**scope.values, **values}), merged={})


@dataclass(slots=True)
class _SettingsReader:
    gathered: Gathered
    expander: Expander
    findings: Findings

    def checked(self, key: str, pattern: re.Pattern[str], hint: str, known: Iterable[str] = ()) -> str | None:
        said = self.text(key)
        if said and not pattern.fullmatch(said.text):
            near = did_you_mean(said.text.lower(), known, "")
            what = "name" if key == "stack" else key
            seen = said.text if said.text == said.text.strip() else json.dumps(said.text)  # shows blanks at the ends
            message = f"{seen or 'an empty text'} cannot be the {what} of a stack"
            self.findings.add("STK011", message, said.mark, forgotten_sub(said.text) or near or hint)
            return None
        return said.text if said else None

    def check_region(self, region: str, partitions: MappingABC[str, SequenceABC[str]]) -> None:
        where = where_of(self.gathered.entries("region")[0].node.mark)
        if problem := unknown_region(region, partitions, where):
            self.findings.found[problem] = None

    def prefix(self) -> str:
        """Return the name prefix. One with which AWS takes no name is one problem, and not one a name."""
        said = self.text("namePrefix")
        if said is None:
            return ""
        if not NAME_PREFIX.fullmatch(said.text):
            message = f"namePrefix is the text {said.text}, and AWS refuses names that begin with it"
            self.findings.add("STK007", message, said.mark, forgotten_sub(said.text) or NAME_HINT)
        return said.text

    def text(self, key: str) -> _SettingText | None:
        said = [self.said(key, entry) for entry in self.gathered.entries(key)]
        given = [one for one in said if one]
        for other in given[1:]:
            self.agree(key, given[0], other)
        return given[0] if given else None

    def said(self, key: str, entry: SectionEntry) -> _SettingText | None:
        node = entry.expanded(self.expander)
        text = text_from(node, entry.mark, key, self.findings)
        if isinstance(text, Unknown):
            hint = "write it out, or use a variable that --var sets"
            self.findings.add("VAR018", f"{key} cannot be looked up in AWS: it is needed before", node.mark, hint)
            return None
        return None if text is None else _SettingText(text, node.mark)

    def agree(self, what: str, first: _SettingText, other: _SettingText) -> None:
        if first.text != other.text and not holds_unknown((first.text, other.text)):
            message = f"{what} is {other.text} here, but {first.text} at {where_of(first.mark)}"
            self.findings.add("STK004", message, other.mark, "write it once; the files of a folder make one stack")

    def tags(self) -> dict[str, str]:
        seen: dict[str, _SettingText] = {}
        for entry in self.gathered.entries("tags"):
            mapping = mapping_of(entry.expanded(self.expander), "tags", self.findings)
            for key, (mark, node) in mapping.entries.items() if mapping else ():
                text = text_from(node, mark, f"the tag {key}", self.findings, may_be_secret=True)
                if text is not None:
                    self.agree(
                        f"the tag {key}",
                        seen.setdefault(key, _SettingText(text, node.mark)),
                        _SettingText(text, node.mark),
                    )
        return {key: said.text for key, said in seen.items()}

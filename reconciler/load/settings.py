"""What a stack says about itself: its name, where it may run, what is in front of its names and on its resources."""

import json
import posixpath
import re
from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence as SequenceABC
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from reconciler import __version__
from reconciler.load.expand import Entries, Expander, Scope, StatePlaces
from reconciler.load.files import YAML_FILES
from reconciler.load.sections import Gathered, SectionEntry
from reconciler.load.variables import REGION, unknown_region
from reconciler.model import Identity, Ignore, Lock, StatePlace
from reconciler.placeholders import Unknown, holds_unknown, is_secret_name, is_secret_text
from reconciler.syntax.diagnostics import Findings, did_you_mean, forgotten_sub, listed, mapping_of, text_from
from reconciler.syntax.nodes import (
    AliasNode,
    MappingNode,
    NamedPlace,
    Node,
    SequenceNode,
    SourceMark,
    TaggedNode,
    is_null,
    where_of,
)

# Where the states of Terraform are that `!tfstate` reads: `lookups: {tfstate: {network: s3://bucket/network.tfstate}}`.
#
# A place may use variables, and a variable may look a value up in a state. So places without variables are read before
# the variables, and all others after them.

SECTION = "tfstate"
STATE_MEMBERS = ("url", "region", "roleArn")
OF_S3 = STATE_MEMBERS[1:]
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Names of buckets as CreateBucket takes them.
S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\s].*")
WEB = re.compile(r"https?://[^\s/?#]+(/\S*)?")
USER = re.compile(r"[^/]*//[^/?#]*@")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+")
STATES_HINT = "write `lookups: {tfstate: {network: s3://bucket/network.tfstate}}`"
PLACES = "use s3://bucket/key, an https:// URL, or a file in the repository"


@dataclass(frozen=True, slots=True)
class PlaceReader:
    """Reads places into `places`. `partitions` are the regions that the SDK knows."""

    places: StatePlaces
    expander: Expander
    partitions: MappingABC[str, SequenceABC[str]]

    @property
    def findings(self) -> Findings:
        return self.expander.findings

    def without_variables(self, gathered: Gathered) -> None:
        """Read the places in which nothing is substituted."""
        self.places.is_whole = True
        for entry in gathered.entries("lookups"):
            lookups = self.entries(entry.node)
            for name, (mark, node) in self.entries(lookups[SECTION][1]).items() if SECTION in lookups else ():
                if _has_tags(node):
                    self.places.waiting.add(name)
                else:
                    self.add(name, mark, self.expander.expand(node))

    def entries(self, node: Node) -> Entries:
        """Return the entries of a mapping, as far as they are known without variables."""
        node = _followed(node)
        if isinstance(node, TaggedNode):
            self.places.is_whole = False
        return (self.expander.entries(node) or {}) if isinstance(node, MappingNode) else {}

    def with_variables(self, gathered: Gathered) -> None:
        """Read all places, of which those without variables are known."""
        for entry in gathered.entries("lookups"):
            lookups = mapping_of(entry.expanded(self.expander), "lookups", self.findings)
            for key, (mark, node) in lookups.entries.items() if lookups else ():
                if key != SECTION:
                    hint = did_you_mean(key, (SECTION,), STATES_HINT)
                    self.findings.add("LKP001", f"{key} is not a field of lookups", mark, hint)
                    continue
                states = mapping_of(node, f"lookups.{SECTION}", self.findings)
                for name, (at, inner) in states.entries.items() if states else ():
                    self.add(name, at, inner)
        self.places.waiting.clear()
        self.places.is_whole = True

    def add(self, name: str, mark: SourceMark, node: Node) -> None:
        if not NAME.fullmatch(name):
            hint = "use letters, digits, - and _: in !tfstate, a colon ends the name"
            self.findings.add("LKP002", f"{name} is not a valid name of a state", mark, hint)
            return
        place = self.place(name, mark, node)
        known = self.places.known.get(name)
        if place is None:
            self.places.broken.add(name)
        elif known and known != place:
            first = where_of(self.places.marks[name])
            message = f"the state {name} is {place.url} here, but {known.url} at {first}"
            self.findings.add("STK004", message, mark, "remove one of them: the files of a folder form one stack")
        elif known is None:
            self.places.known[name], self.places.marks[name] = place, mark

    def place(self, name: str, mark: SourceMark, node: Node) -> StatePlace | None:
        if not isinstance(node, MappingNode):
            return self.at(name, mark, node, {})
        for key, (at, _) in node.entries.items():
            if key not in STATE_MEMBERS:
                hint = did_you_mean(key, STATE_MEMBERS, f"a state has {listed(STATE_MEMBERS, 'and')}")
                self.findings.add("LKP001", f"{key} is not a field of a state", at, hint)
        if "url" not in node.entries:
            self.findings.add("LKP002", f"the state {name} has no url", mark, PLACES)
            return None
        more = {key: node.entries[key] for key in OF_S3 if key in node.entries}
        return self.at(name, *node.entries["url"], more)

    def at(
        self, name: str, mark: SourceMark, node: Node, more: MappingABC[str, tuple[SourceMark, Node]]
    ) -> StatePlace | None:
        url = self.text(f"the state {name}", mark, node)
        given = {key: self.text(f"{key} of the state {name}", *entry) for key, entry in more.items()}
        if url is None or None in given.values():
            return None
        if wrong := _wrong_url(url):
            self.findings.add("LKP002", f"the state {name} {wrong[0]}", node.mark, wrong[1])
            return None
        if more and not url.startswith("s3://"):
            key, (at, _) = next(iter(more.items()))
            self.findings.add("LKP002", f"{key} is only for states in S3", at, "remove it")
            return None
        region, role = given.get("region") or "", given.get("roleArn") or ""
        if not self.is_fit(region, role, more):
            return None
        if SCHEME.match(url):
            return StatePlace(url, region, role)
        library = self.expander.library
        here = posixpath.dirname(library.name_of(node.mark))
        return StatePlace(posixpath.normpath(posixpath.join(here, url)), folder=library.files.root)

    def is_fit(self, region: str, role: str, more: MappingABC[str, tuple[SourceMark, Node]]) -> bool:
        before = len(self.findings.found)
        if region and not REGION.fullmatch(region):
            hint = "use a region such as us-east-1"
            self.findings.add("LKP002", f"{region} is not a valid region of a state", more["region"][1].mark, hint)
        elif region and (problem := unknown_region(region, self.partitions, where_of(more["region"][1].mark))):
            self.findings.found[problem] = None
            return True
        if role and not ROLE.fullmatch(role):
            hint = "use an ARN such as arn:aws:iam::123456789012:role/read-states"
            self.findings.add("LKP002", f"{role} is not the ARN of a role", more["roleArn"][1].mark, hint)
        return len(self.findings.found) == before

    def text(self, what: str, mark: SourceMark, node: Node) -> str | None:
        text = text_from(node, mark, what, self.findings)
        if isinstance(text, Unknown):
            hint = "write the value, or use a variable that --var sets"
            self.findings.add("VAR018", f"{what} cannot be looked up: it is required before lookups", node.mark, hint)
            return None
        return text


def _wrong_url(url: str) -> tuple[str, str] | None:
    """Return what is wrong with the place of a state, and what to do. A URL with a secret in it is not repeated."""
    if hint := forgotten_sub(url):
        return f"cannot be at {url}", hint
    if url.startswith("s3://"):
        return None if S3.fullmatch(url) else (f"cannot be at {url}", "use an S3 location such as s3://bucket/key")
    if url.startswith(("https://", "http://")):
        if _has_secret(url):
            hint = "set TF_HTTP_USERNAME and TF_HTTP_PASSWORD in the environment"
            return "has credentials in its URL", hint
        return None if WEB.fullmatch(url) else (f"cannot be at {url}", "write a URL without spaces")
    if scheme := SCHEME.match(url):
        hint = "write its outputs to a file with `terraform output -json`, and use that file"
        return f"cannot be read from {scheme[0]}", hint
    parts = url.split("/")
    if not url.strip() or url.startswith("/") or "\0" in url:
        return f"cannot be at {url or 'an empty string'}", PLACES
    if any(part.startswith(".") and part not in (".", "..") for part in parts):
        return f"is in a hidden file: {url}", "files and folders whose names begin with a dot are not read"
    return None


def _has_secret(url: str) -> bool:
    named = (pair.partition("=")[0] for pair in re.split("[&;]", url.partition("?")[2]) if pair.partition("=")[2])
    return USER.match(url) is not None or is_secret_text(url) or any(map(is_secret_name, named))


def _followed(node: Node) -> Node:
    return node.target if isinstance(node, AliasNode) else node


def _has_tags(node: Node) -> bool:
    """Whether something in a node is substituted, or may be once it is included."""
    match _followed(node):
        case TaggedNode():
            return True
        case MappingNode(entries, _, merges):
            return any(_has_tags(inner) for _, inner in entries.values()) or any(map(_has_tags, merges))
        case SequenceNode(items):
            return any(map(_has_tags, items))
    return False


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
    account = reader.checked("account", ACCOUNT, "an account ID has 12 digits; quote it")
    region = reader.checked(
        "region", REGION, "use a region such as us-east-1", chain.from_iterable(partitions.values())
    )
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
        hint = "add `stack: NAME` to one of its YAML files; every resource is tagged with the name"
        names = library.files.names()
        is_file = len(names) == 1 and names[0].endswith(YAML_FILES)
        place = library.shown(names[0]) if is_file else library.files.root
        findings.add("STK003", "no file sets the name of the stack", NamedPlace(place), hint)


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
            message = f"{seen or 'an empty string'} is not a valid {what} of a stack"
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
            message = f"namePrefix is {said.text}, and AWS rejects names that begin with it"
            self.findings.add("STK007", message, said.mark, forgotten_sub(said.text) or NAME_HINT)
        return said.text

    def text(self, key: str) -> _SettingText | None:
        said = [self.said(key, entry) for entry in self.gathered.entries(key)]
        given = [text for text in said if text]
        for other in given[1:]:
            self.agree(key, given[0], other)
        return given[0] if given else None

    def said(self, key: str, entry: SectionEntry) -> _SettingText | None:
        node = entry.expanded(self.expander)
        text = text_from(node, entry.mark, key, self.findings)
        if isinstance(text, Unknown):
            hint = "write the value, or use a variable that --var sets"
            self.findings.add(
                "VAR018", f"{key} cannot be looked up in AWS: it is required before lookups", node.mark, hint
            )
            return None
        return None if text is None else _SettingText(text, node.mark)

    def agree(self, what: str, first: _SettingText, other: _SettingText) -> None:
        if first.text != other.text and not holds_unknown((first.text, other.text)):
            message = f"{what} is {other.text} here, but {first.text} at {where_of(first.mark)}"
            self.findings.add("STK004", message, other.mark, "remove one of them: the files of a folder form one stack")

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


# Which versions of the tool may use the files: `requiredVersion: ">=0.2,<1"`. The words are those of pip (PEP 440).

OTHER_VERSION = "VER001"  # reported alone: the files may use what this version does not know


def check_required_versions(gathered: Gathered, expander: Expander) -> None:
    for entry in gathered.entries("requiredVersion"):
        node = entry.expanded(expander)
        text = text_from(node, entry.mark, "requiredVersion", expander.findings)
        if text is not None:
            check_required_version(text, node.mark, expander.findings)


def check_required_version(required: str, mark: SourceMark, findings: Findings) -> None:
    """Report a range that this version of the tool is not in; a prerelease may be in it."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - few files require a version

    try:
        versions = SpecifierSet(required or "nothing")  # which allows no version, where pip would allow all
    except InvalidSpecifier:
        message = f"{required or 'an empty string'} is not a range of versions"
        findings.add("VER002", message, mark, f'write a range such as requiredVersion: ">={__version__},<1"')
        return
    if not versions.contains(__version__, prereleases=True):
        message = f"this is reconciler {__version__}, but reconciler {required} is required"
        findings.add(OTHER_VERSION, message, mark, "install a version in this range, or change requiredVersion")


# Where a stack is locked while it is applied: `lock: {s3: s3://bucket/prefix}` or `lock: {dynamodb: table}`.

# Names of buckets and tables as CreateBucket and CreateTable take them.
FORMS: MappingABC[str, tuple[re.Pattern[str], str]] = {
    "s3": (
        re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^\s]*)?)"),
        "use a location such as s3://bucket/prefix",
    ),
    "dynamodb": (
        re.compile(r"([A-Za-z0-9_.-]{3,255})"),
        "use a table name: 3 to 255 letters, digits, . _ and -",
    ),
}
HINT = "write `lock: {s3: s3://bucket/prefix}` or `lock: {dynamodb: table}`"


def lock_of(gathered: Gathered, expander: Expander) -> Lock | None:
    """Return the lock that the files name; all that name one must agree."""
    findings = expander.findings
    locks: list[tuple[Lock, SourceMark]] = []
    for entry in gathered.entries("lock"):
        mapping = mapping_of(entry.expanded(expander), "lock", findings)
        lock = _read(mapping, findings) if mapping else None
        if lock and mapping:
            locks.append((lock, mapping.mark))
    for lock, mark in locks[1:]:
        if lock != locks[0][0]:
            message = f"lock is {lock.place} here, but {locks[0][0].place} at {where_of(locks[0][1])}"
            findings.add("STK004", message, mark, "remove one of them: the files of a folder form one stack")
    return locks[0][0] if locks else None


def _read(mapping: MappingNode, findings: Findings) -> Lock | None:
    for key, (mark, _) in mapping.entries.items():
        if key not in FORMS:
            findings.add("LCK001", f"{key} is not a lock location", mark, did_you_mean(key, FORMS, HINT))
    given = [(key, *pair) for key, pair in mapping.entries.items() if key in FORMS]
    if len(given) != 1:
        if given or not mapping.entries:
            findings.add("LCK001", "a lock requires one location: s3 or dynamodb", mapping.mark, HINT)
        return None
    return _lock_place(*given[0], findings)


def _lock_place(service: str, mark: SourceMark, node: Node, findings: Findings) -> Lock | None:
    text = text_from(node, mark, f"lock.{service}", findings)
    if text is None or isinstance(text, Unknown):
        return None
    form, hint = FORMS[service]
    fits = form.fullmatch(text)
    if fits is None:
        findings.add("LCK002", f"{text or 'an empty string'} is not a valid lock.{service}", node.mark, hint)
        return None
    return Lock(service, fits[1].rstrip("/"))


# Rules that a stack has switched off, each with the reason: `rules: {disable: {SP002: "why"}}`.

DISABLE = "disable"
# Ids of rules have two letters; the codes of what keeps a stack from being understood have more.
PROBLEM_CODE = re.compile(r"[A-Z]{3,}[0-9]{3}")
LIST_HINT = "`reconciler explain --rules` lists the rules"
REASON_HINT = "explain why the rule does not apply here"


def disabled_rules(gathered: Gathered, expander: Expander, known: Collection[str]) -> dict[str, str]:
    """Return the reasons by rule. What is not `known` is no rule."""
    reader = _SuppressionReader(known, expander.findings)
    for entry in gathered.entries("rules"):
        section = mapping_of(entry.expanded(expander), "rules", expander.findings)
        for key, (mark, node) in section.entries.items() if section else ():
            if key == DISABLE:
                reader.read(node)
            else:
                hint = did_you_mean(key, (DISABLE,), f"its only field is {DISABLE}")
                expander.findings.add("STK014", f"{key} is not a field of rules", mark, hint)
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
            self.findings.add("STK012", f"{rule} is not a rule: it cannot be disabled", mark, LIST_HINT)
        else:
            hint = did_you_mean(rule.upper(), sorted(self.known), LIST_HINT)
            self.findings.add("STK012", f"the rule {rule} does not exist", mark, hint)

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
            message = f"{rule} is disabled for a different reason at {first}"
            self.findings.add("STK004", message, mark, "remove one of them: the files of a folder form one stack")
        self.marks.setdefault(rule, mark)


# Members that a stack leaves alone: `ignore: [{resources: …, members: […], reason: …, expires: …}]`.

MEMBERS = ("resources", "members", "reason", "expires")
NEEDED = MEMBERS[:3]
HINTS = {
    "resources": "use KIND/NAME, for example ComputeEnvironment/spot; * and ? are wildcards",
    "members": "list fields, for example [computeResources.maxvCpus, tags.*]",
    "reason": "explain why it is ignored",
    "expires": "use the last valid day, for example 2027-03-31",
}
DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
MONTHS = 12


def ignored_members(gathered: Gathered, expander: Expander) -> tuple[Ignore, ...]:
    """Return the entries of all files, in file order; those that cannot be understood are left out."""
    reader = _IgnoreReader(expander.findings)
    return tuple(
        ignored for entry in gathered.entries("ignore") for ignored in reader.entries(entry.expanded(expander))
    )


@dataclass(frozen=True, slots=True)
class _IgnoreReader:
    findings: Findings

    def entries(self, node: Node) -> Iterator[Ignore]:
        if isinstance(node, SequenceNode):
            for item in node.items:
                entry = mapping_of(item, "an ignore entry", self.findings)
                if entry is not None and (read := self.entry(entry)):
                    yield read
        elif not is_null(node):
            hint = "write each entry on its own line that begins with -"
            self.findings.add("STK005", "ignore must be a list", node.mark, hint)

    def entry(self, entry: MappingNode) -> Ignore | None:
        for key, (mark, _) in entry.entries.items():
            if key not in MEMBERS:
                hint = did_you_mean(key, MEMBERS, f"its fields are {listed(MEMBERS, 'and')}")
                self.findings.add("IGN001", f"{key} is not a field of an ignore entry", mark, hint)
        given = {key: pair for key, pair in entry.entries.items() if not is_null(pair[1])}
        missing = [key for key in NEEDED if key not in given]
        for key in missing:
            self.findings.add("IGN003", f"an ignore entry requires {key}", entry.mark, HINTS[key])
        texts = {key: self.text(key, *given[key]) for key in ("resources", "reason", "expires") if key in given}
        members = self.members(*given["members"]) if "members" in given else ()
        if missing or not members or None in texts.values():
            return None
        return Ignore(
            str(texts["resources"]), members, str(texts["reason"]), texts.get("expires") or "", where_of(entry.mark)
        )

    def text(self, key: str, mark: SourceMark, node: Node) -> str | None:
        text = text_from(node, mark, f"{key} of an ignore entry", self.findings)
        if text is None:
            return None
        if not text.strip() or (key == "expires" and not _is_day(text)):
            self.findings.add(
                "IGN002", f"{text.strip() or 'an empty string'} is not a valid value of {key}", node.mark, HINTS[key]
            )
            return None
        return text

    def members(self, mark: SourceMark, node: Node) -> tuple[str, ...]:
        if not isinstance(node, SequenceNode) or not node.items:
            self.findings.add("IGN002", "`members` must be a list of fields", node.mark, HINTS["members"])
            return ()
        texts = [text_from(item, mark, "an ignored field", self.findings) for item in node.items]
        return tuple(text for text in texts if text) if all(texts) else ()


def _is_day(text: str) -> bool:
    match = DAY.fullmatch(text)
    if match is None:
        return False
    year, month, day = map(int, match.groups())
    return year > 0 and 1 <= month <= MONTHS and 1 <= day <= monthrange(year, month)[1]

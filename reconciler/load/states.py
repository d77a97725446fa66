"""Where the states of Terraform are that `!tfstate` reads: `lookups: {tfstate: {network: s3://bucket/network.tfstate}}`.

A place may use variables, and a variable may look a value up in a state. So places without variables are read before
the variables, and all others after them.
"""

import posixpath
import re
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence as SequenceABC
from dataclasses import dataclass

from reconciler.load.expand import Entries, Expander, StatePlaces
from reconciler.load.sections import Gathered
from reconciler.load.variables import REGION, unknown_region
from reconciler.model import StatePlace
from reconciler.placeholders import Unknown, is_secret_name, is_secret_text
from reconciler.syntax.diagnostics import Findings, did_you_mean, forgotten_sub, listed, mapping_of, text_from
from reconciler.syntax.nodes import AliasNode, MappingNode, Node, SequenceNode, SourceMark, TaggedNode, where_of

SECTION = "tfstate"
MEMBERS = ("url", "region", "roleArn")
OF_S3 = MEMBERS[1:]
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Names of buckets as CreateBucket takes them.
S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\s].*")
WEB = re.compile(r"https?://[^\s/?#]+(/\S*)?")
USER = re.compile(r"[^/]*//[^/?#]*@")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+")
HINT = "write `lookups: {tfstate: {network: s3://bucket/network.tfstate}}`"
PLACES = "a state is in s3://bucket/key, behind https://, or in a file of the repository"


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
                    hint = did_you_mean(key, (SECTION,), HINT)
                    self.findings.add("LKP001", f"{key} is not a member of lookups", mark, hint)
                    continue
                states = mapping_of(node, f"lookups.{SECTION}", self.findings)
                for name, (at, inner) in states.entries.items() if states else ():
                    self.add(name, at, inner)
        self.places.waiting.clear()
        self.places.is_whole = True

    def add(self, name: str, mark: SourceMark, node: Node) -> None:
        if not NAME.fullmatch(name):
            hint = "use letters, digits, - and _: the name ends at the first colon of !tfstate"
            self.findings.add("LKP002", f"{name} cannot be the name of a state", mark, hint)
            return
        place = self.place(name, mark, node)
        known = self.places.found.get(name)
        if place is None:
            self.places.broken.add(name)
        elif known and known != place:
            first = where_of(self.places.marks[name])
            message = f"the state {name} is {place.url} here, but {known.url} at {first}"
            self.findings.add("STK004", message, mark, "write it once; the files of a folder make one stack")
        elif known is None:
            self.places.found[name], self.places.marks[name] = place, mark

    def place(self, name: str, mark: SourceMark, node: Node) -> StatePlace | None:
        if not isinstance(node, MappingNode):
            return self.at(name, mark, node, {})
        for key, (at, _) in node.entries.items():
            if key not in MEMBERS:
                hint = did_you_mean(key, MEMBERS, f"a state has {listed(MEMBERS, 'and')}")
                self.findings.add("LKP001", f"{key} is not a member of a state", at, hint)
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
            hint = "a region reads like us-east-1"
            self.findings.add("LKP002", f"{region} cannot be the region of a state", more["region"][1].mark, hint)
        elif region and (problem := unknown_region(region, self.partitions, where_of(more["region"][1].mark))):
            self.findings.found[problem] = None
            return True
        if role and not ROLE.fullmatch(role):
            hint = "it reads like arn:aws:iam::123456789012:role/read-states"
            self.findings.add("LKP002", f"{role} is not the ARN of a role", more["roleArn"][1].mark, hint)
        return len(self.findings.found) == before

    def text(self, what: str, mark: SourceMark, node: Node) -> str | None:
        text = text_from(node, mark, what, self.findings)
        if isinstance(text, Unknown):
            hint = "write it out, or use a variable that --var sets"
            self.findings.add("VAR018", f"{what} cannot be looked up: it is needed before", node.mark, hint)
            return None
        return text


def _wrong_url(url: str) -> tuple[str, str] | None:
    """Return what is wrong with the place of a state, and what to do. A URL with a secret in it is not repeated."""
    if hint := forgotten_sub(url):
        return f"cannot be at {url}", hint
    if url.startswith("s3://"):
        return None if S3.fullmatch(url) else (f"cannot be at {url}", "a place in S3 reads like s3://bucket/key")
    if url.startswith(("https://", "http://")):
        if _has_secret(url):
            hint = "set TF_HTTP_USERNAME and TF_HTTP_PASSWORD in the environment"
            return "has credentials in its URL", hint
        return None if WEB.fullmatch(url) else (f"cannot be at {url}", "write a URL without blanks")
    if scheme := SCHEME.match(url):
        hint = "write its outputs to a file with `terraform output -json`, and name that file"
        return f"cannot be read from {scheme[0]}", hint
    parts = url.split("/")
    if not url.strip() or url.startswith("/") or "\0" in url:
        return f"cannot be at {url or 'an empty text'}", PLACES
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

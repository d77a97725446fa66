"""The file of targets, `reconciler.yaml`: environments, and the stacks that go there."""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.fleet.target import Consents, FleetTarget
from reconciler.load.expand import Expander, LookupRunner, Scope
from reconciler.load.files import Library
from reconciler.load.settings import OTHER_VERSION, check_required_version
from reconciler.load.variables import GivenValue
from reconciler.ports import Files, Lookups
from reconciler.problems import Problem
from reconciler.syntax.diagnostics import Findings, did_you_mean, listed, mapping_of, text_from
from reconciler.syntax.nodes import (
    Broken,
    BrokenValue,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    SourceMark,
    is_null,
    value_of,
)
from reconciler.syntax.nodes import SequenceNode as Items

# Members of the file of targets, as they are needed: asked for their shape, with all that is wrong told.

Body = dict[str, tuple[SourceMark, Node]]
NOWHERE = Scope()  # what can be substituted before it is known where: nothing


@dataclass(frozen=True, slots=True)
class Members:
    library: Library
    finder: LookupRunner
    findings: Findings

    def mapping(self, node: Node | None, what: str) -> MappingNode | None:
        """Return a mapping as it is written, what is in it not expanded: that needs to know where."""
        if isinstance(node, MappingNode):
            return node
        return mapping_of(self.expanded(node, NOWHERE), what, self.findings) if node is not None else None

    def members(self, body: MappingNode, known: tuple[str, ...], what: str) -> Body:
        entries = self.expander(NOWHERE).entries(body) or {}
        for key, (mark, _) in entries.items():
            if key not in known and not key.startswith("x-"):
                hint = did_you_mean(key, known, f"the fields of {what} are {listed(known, 'and')}")
                self.findings.add("FLT002", f"{key} is not a field of {what}", mark, hint)
        return {key: entry for key, entry in entries.items() if key in known}

    def text(self, body: Body, member: str) -> str:
        if member not in body or isinstance(body[member][1], Broken):
            return ""
        mark, node = body[member]
        return text_from(node, mark, member, self.findings) or ""

    def texts(self, body: Body, member: str) -> list[tuple[SourceMark, str]]:
        """Return a list of texts; one text alone is a list of one."""
        if member not in body:
            return []
        mark, node = body[member]
        items = node.items if isinstance(node, SequenceNode) else (node,)
        found = [(item.mark, text_from(item, mark, f"an entry of {member}", self.findings)) for item in items]
        return [(at, text) for at, text in found if text]

    def truth(self, body: Body, member: str, *, before: bool) -> bool:
        if member not in body:
            return before
        node = body[member][1]
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        if not isinstance(node, Broken):
            self.findings.add("FLT003", f"{member} must be true or false", node.mark, f"write `{member}: true`")
        return before

    def number(self, body: Body, member: str, before: int | None) -> int | None:
        if member not in body:
            return before
        node = body[member][1]
        if (
            isinstance(node, Scalar)
            and isinstance(node.value, int)
            and not isinstance(node.value, bool)
            and node.value >= 0
        ):
            return node.value
        if not isinstance(node, Broken):
            self.findings.add("FLT003", f"{member} must be a number, 0 or more", node.mark, f"write `{member}: 5`")
        return before

    def expanded(self, node: Node, scope: Scope) -> Node:
        return self.expander(scope).expand(node)

    def expander(self, scope: Scope) -> Expander:
        return Expander(self.library, self.finder, self.findings, scope)


EXCLUDE = "exclude"
SECTIONS = ("environments", "stacks", EXCLUDE, "requiredVersion")
PLACE = ("account", "accounts", "region", "regions")
SHARED = ("variables", "variableFiles", "guards")
OF_ENVIRONMENT = (*PLACE, "roleArn", "profile", *SHARED)
OF_STACK = ("environments", *SHARED)
GUARDS = ("adopt", "allowReplace", "allowDestroy", "maxDestroy", "maxInterrupted")
ACCOUNT = re.compile(r"[0-9]{12}")
LIMIT = re.compile(r"[0-9]{1,9}|(100|[0-9]{1,2})%")
MANY = 50_000  # targets; far more than anybody has, far fewer than a slip of a glob could make
Matching = Callable[[str], Sequence[str]]
Leaving = Callable[[str], bool]


def stays(_path: str) -> bool:
    """No link leads anywhere else."""
    return False


def read_fleet(
    files: Files, lookups: Lookups, matching: Matching, leaving: Leaving = stays
) -> tuple[tuple[FleetTarget, ...], tuple[Problem, ...]]:
    """Return the targets of a file in its order, and all that is wrong with it.

    `matching` gives the folders and files of stacks that a glob means, sorted; an empty list where there are none.
    `leaving` tells whether links in a path lead out of the folder of the file, or to something hidden.
    """
    findings = Findings()
    reader = _FleetReader(Library(files, findings), LookupRunner(lookups, findings), findings, matching, leaving)
    targets = tuple(reader.targets())
    return targets, _without_consequences(findings)


def read_excluded(files: Files, lookups: Lookups) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Return the globs of names that imports and coverage of a region leave out, and what is wrong with them."""
    findings = Findings()
    reader = _FleetReader(Library(files, findings), LookupRunner(lookups, findings), findings, lambda _: (), stays)
    roots = (reader.mapping(document.root, "the file") for _, document in reader.library.parts() if document.root)
    known = {key: entry for root in roots if root for key, entry in reader.members(root, SECTIONS, "the file").items()}
    reader.check_version(known)
    globs = tuple(text for _, text in reader.texts(known, EXCLUDE))
    return globs, _without_consequences(findings)


def _without_consequences(findings: Findings) -> tuple[Problem, ...]:
    """Return the problems; in a file for a different version of the tool, only that."""
    problems = findings.in_file_order()
    return tuple(problem for problem in problems if problem.code == OTHER_VERSION) or problems


@dataclass(frozen=True, slots=True)
class _EnvironmentPlace:
    """One account and region of an environment; its body is expanded with both of them known."""

    account: str
    region: str
    suffix: str  # what tells it apart from the others of its environment


@dataclass(frozen=True, slots=True)
class _FleetReader(Members):
    matching: Matching
    leaving: Leaving

    def targets(self) -> Iterator[FleetTarget]:
        parts = [document for _, document in self.library.parts() if document.root is not None]
        if not parts:
            if not self.library.incomplete:
                self.findings.add("FLT001", "no stacks are defined", None, "write `environments:` and `stacks:`")
            return
        root = self.mapping(parts[0].root, "the file")
        known = self.members(root, SECTIONS, "the file") if root else {}
        self.check_version(known)
        environments = self.environments(known)
        for pattern, (mark, node) in self.entries(known, "stacks"):
            yield from self.of_stack(pattern, mark, node, environments)

    def check_version(self, known: Body) -> None:
        if required := self.text(known, "requiredVersion"):
            check_required_version(required, known["requiredVersion"][1].mark, self.findings)

    def environments(self, known: Body) -> dict[str, list[FleetTarget]]:
        """Return each environment's targets as far as they are the same for all stacks, by its name."""
        return {name: list(self.environment(name, node)) for name, (_, node) in self.entries(known, "environments")}

    def environment(self, name: str, node: Node) -> Iterator[FleetTarget]:
        body = self.mapping(node, f"the environment {name}")
        if body is None:
            return
        plain = self.members(body, OF_ENVIRONMENT, "an environment")
        for spot in self.spots(plain):
            values = {"environment": name, "account": spot.account, "region": spot.region}
            scope = Scope({key: value for key, value in values.items() if value})
            inner = {key: (at, self.expanded(value, scope)) for key, (at, value) in plain.items() if key not in PLACE}
            target = FleetTarget(
                name=f"@{name}{spot.suffix}",
                stack="",
                environment=name,
                account=spot.account,
                region=spot.region,
                role_arn=self.text(inner, "roleArn"),
                profile=self.text(inner, "profile"),
            )
            yield self.with_shared(target, inner, offered=True)

    def spots(self, body: Body) -> list[_EnvironmentPlace]:
        accounts, regions = self.either(body, "account"), self.either(body, "region")
        several = len(accounts) > 1, len(regions) > 1
        for mark, account in accounts:
            if account and not ACCOUNT.fullmatch(account):
                self.findings.add(
                    "FLT003",
                    f"{account} is not an account ID: it has 12 digits",
                    mark,
                    "quote it, in case it begins with 0",
                )
        return [
            _EnvironmentPlace(
                account,
                region,
                "".join(f"/{one}" for one, is_one in zip((account, region), several, strict=True) if is_one),
            )
            for _, account in accounts
            for _, region in regions
        ]

    def either(self, body: Body, one: str) -> list[tuple[SourceMark | None, str]]:
        """Return what `account` or `accounts` say; one empty text where neither is there."""
        many = f"{one}s"
        if one in body and many in body:
            self.findings.add("FLT003", f"{one} and {many} exclude each other", body[many][0], f"use {many} only")
        mark, node = body.get(many) or body.get(one) or (None, None)
        if node is None or mark is None:
            return [(None, "")]
        node = self.expanded(node, NOWHERE)
        items = node.items if isinstance(node, Items) else (node,)
        if isinstance(node, Items) and not items:
            self.findings.add("FLT003", f"{many} is empty", mark, f"remove it, or list {one}s")
        found = [(item.mark, text_from(item, mark, one, self.findings)) for item in items]
        return list({text: (at, text) for at, text in found if text}.values())

    def of_stack(
        self, pattern: str, mark: SourceMark, node: Node, environments: dict[str, list[FleetTarget]]
    ) -> Iterator[FleetTarget]:
        node = self.expanded(node, NOWHERE)
        body = self.stack_body(pattern, mark, node)
        if not body:
            self.findings.add(
                "FLT004", f"{pattern} has no environments", mark, "list its environments, for example [dev, prod]"
            )
        names = self.texts(body, "environments")
        there = self.matching(pattern)
        paths = [path for path in there if not self.leaves(path, "the stack", mark)]
        if not there:
            self.findings.add(
                "FLT005", f"the stack {pattern} does not exist", mark, "use a path relative to the folder of this file"
            )
        for at, name in names:
            if name not in environments:
                self.findings.add(
                    "FLT004",
                    f"the environment {name} is not defined",
                    at,
                    did_you_mean(name, environments, "define it under environments"),
                )
            for path in paths:
                for target in environments.get(name, ()):
                    here = replace(target, name=f"{path}{target.name}", stack=path)
                    yield self.with_shared(here, body, offered=False)

    def stack_body(self, pattern: str, mark: SourceMark, node: Node) -> Body:
        """Return the members of a stack; a list, or one name, are its environments."""
        if isinstance(node, Items | Scalar) and not is_null(node):
            return {"environments": (mark, node)}
        whole = self.mapping(node, f"the stack {pattern}")
        return self.members(whole, OF_STACK, "a stack of this file") if whole else {}

    def with_shared(self, target: FleetTarget, body: Body, *, offered: bool) -> FleetTarget:
        """Return the target with what an environment or a stack has of variables and guards; a stack's come later."""
        values = self.values(body)
        files = tuple(
            text for at, text in self.texts(body, "variableFiles") if not self.leaves(text, "the variable file", at)
        )
        return replace(
            target,
            offered={**target.offered, **values} if offered else target.offered,
            variables=target.variables if offered else {**target.variables, **values},
            variable_files=(*target.variable_files, *files),
            consents=self.consents(body, target.consents),
        )

    def leaves(self, path: str, what: str, mark: SourceMark) -> bool:
        """Whether a path is none that this file may name, after saying so: it is part of what reviewers read."""
        normal = posixpath.normpath(path)
        is_outside = normal.startswith(("/", "../")) or normal == ".."
        is_hidden = any(part.startswith(".") and part != "." for part in normal.split("/"))
        if not (is_outside or is_hidden or self.leaving(path)):
            return False
        hint = "use a path inside the folder of this file that is not hidden; links must stay inside it as well"
        self.findings.add("FLT007", f"{what} {path} is outside the folder of this file, or hidden", mark, hint)
        return True

    def values(self, body: Body) -> dict[str, GivenValue]:
        section = mapping_of(body["variables"][1], "variables", self.findings) if "variables" in body else None
        found: dict[str, GivenValue] = {}
        for name, (_, node) in section.entries.items() if section else ():
            try:
                found[name] = GivenValue(value_of(node), node.mark)
            except BrokenValue:
                continue  # it has been reported
        return found

    def consents(self, body: Body, before: Consents) -> Consents:
        section = mapping_of(body["guards"][1], "guards", self.findings) if "guards" in body else None
        if section is None:
            return before
        known = self.members(section, GUARDS, "guards")
        limit = self.text(known, "maxDestroy") or before.max_destroy
        if limit and not LIMIT.fullmatch(limit):
            self.findings.add(
                "FLT003",
                f"{limit} is neither a number nor a percentage",
                known["maxDestroy"][1].mark,
                "for example 5 or 20%",
            )
        return Consents(
            adopt=self.truth(known, "adopt", before=before.adopt),
            allow_replace=self.truth(known, "allowReplace", before=before.allow_replace),
            allow_destroy=tuple(text for _, text in self.texts(known, "allowDestroy")) or before.allow_destroy,
            max_destroy=limit,
            max_interrupted=self.number(known, "maxInterrupted", before.max_interrupted),
        )

    def entries(self, known: Body, section: str) -> Iterator[tuple[str, tuple[SourceMark, Node]]]:
        body = self.mapping(known[section][1], section) if section in known else None
        if body is None or not body.entries:
            place = known[section][0] if section in known else None
            self.findings.add("FLT001", f"no {section} are defined", place, f"write `{section}:`")
        yield from (self.expander(NOWHERE).entries(body) or {}).items() if body else ()

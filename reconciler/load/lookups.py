"""Tagged scalars whose value is outside the files, and everything that can go wrong on the way to it."""

import json
import re
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from reconciler.load.findings import Findings, did_you_mean
from reconciler.load.json_nodes import HALF
from reconciler.load.nodes import Broken, Node, SourceMark, TaggedNode, node_of
from reconciler.load.scalars import plain_value
from reconciler.looked_up import Unknown, secrets_in
from reconciler.model import Json, StatePlace
from reconciler.ports import Lookups, Missing, Reserved, Unsupported
from reconciler.problems import CloudError, Fault
from reconciler.tfstate.address import NotAnAddress, parse_address

STATE = "!tfstate"
FORMS: MappingABC[str, tuple[re.Pattern[str], str]] = {
    "!ssm": (re.compile(r"\S+"), "!ssm /path/of/parameter"),
    "!cfn": (re.compile(r"[^\s.]+\.[A-Za-z0-9]+"), "!cfn stack.Output"),  # neither half can have a dot
    "!secret": (re.compile(r"[^\s#]+(#.+)?"), "!secret name or !secret name#key"),
    "!tfstate": (re.compile(r"[^\s:]+:.+", re.DOTALL), "!tfstate state:outputs.name or !tfstate state:aws_subnet.a.id"),
}
TYPED = ("!env", "!tfstate")  # whose values are of the type that they are to have


@dataclass(slots=True)
class StatePlaces:
    """The places of states by name. `waiting` are those that depend on variables, until these are known; `broken` those
    of which it was reported what is wrong. `is_whole`: every name is known, if only that.
    """

    found: dict[str, StatePlace] = field(default_factory=dict)
    marks: dict[str, SourceMark] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    is_whole: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.found, *self.waiting, *self.broken)


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks every value up once, however often it is used. `found` has what came of it.

    `states` are those that the stack names; None where there is no stack to name any.
    """

    lookups: Lookups
    findings: Findings
    states: StatePlaces | None = None
    found: dict[tuple[str, str], Json] = field(default_factory=dict)

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset(text for value in self.found.values() for text in secrets_in(value))

    @property
    def has_unknown(self) -> bool:
        return any(isinstance(value, Unknown) for value in self.found.values())

    def node(self, name: str, tagged: TaggedNode) -> Node:
        value = self._value(name, tagged)
        return Broken(tagged.mark) if value is None else node_of(_typed(tagged.tag, value), tagged.mark)

    def _value(self, name: str, tagged: TaggedNode) -> Json:
        """Return a value, or None after saying why there is none."""
        if not self._is_formed(name, tagged):
            return None
        place = self._place(name, tagged) if tagged.tag == STATE and self.states else None
        if tagged.tag == STATE and self.states and place is None:
            return None
        try:
            value = self._found(tagged.tag.removeprefix("!"), name, place)
        except Unsupported as error:
            self.findings.add("VAR011", str(error), tagged.mark, error.hint)
        except Reserved as error:
            self.findings.add("VAR021", f"{tagged.tag} {name}: {error}", tagged.mark, error.hint)
        except Missing as error:
            self.findings.add("VAR016", f"{tagged.tag} {name}: {error}", tagged.mark, error.hint)
        except CloudError as error:
            self._refused(name, tagged, error)
        else:
            if value is None:
                hint = "set it, or use a variable with a default"
                self.findings.add("VAR010", f"{tagged.tag} {name}: it is not set", tagged.mark, hint)
            return value
        return None

    def _is_formed(self, name: str, tagged: TaggedNode) -> bool:
        form, example = FORMS.get(tagged.tag, (None, ""))
        wrong = "" if form is None or form.fullmatch(name) else "this names nothing"
        if tagged.tag == STATE and not wrong:
            try:
                parse_address(name.partition(":")[2])
            except NotAnAddress as error:
                wrong = str(error)
        if wrong:
            self.findings.add("VAR015", f"{tagged.tag} {name}: {wrong}", tagged.mark, f"write `{example}`")
        return not wrong

    def _place(self, name: str, tagged: TaggedNode) -> StatePlace | None:
        """Return where the state of a look-up is, or None after saying why that is not known."""
        states, state = self.states or StatePlaces(), name.partition(":")[0]
        if place := states.found.get(state):
            return place
        if state in states.waiting or (not states.is_whole and state not in states.broken):
            message = f"{tagged.tag} {name}: where the state {state} is depends on variables, which are not known yet"
            hint = "write its place without variables, or use the look-up where the value is needed"
            self.findings.add("VAR008", message, tagged.mark, hint)
        elif state not in states.broken:
            hint = did_you_mean(state, states.names, "name its place: `lookups: {tfstate: {NAME: s3://bucket/key}}`")
            self.findings.add("VAR023", f"{tagged.tag} {name}: there is no state {state}", tagged.mark, hint)
        return None

    def _refused(self, name: str, tagged: TaggedNode, error: CloudError) -> None:
        """What may go better next time is no problem of the files."""
        if error.fault not in (Fault.DENIED, Fault.REFUSED):
            raise error
        code = "VAR017" if error.fault is Fault.DENIED else "VAR016"
        self.findings.add(code, f"{tagged.tag} {name}: {error.reason}", tagged.mark, error.hint)

    def _found(self, tag: str, name: str, place: StatePlace | None) -> Json:
        if (tag, name) not in self.found:
            value = self.lookups.find_in_state(name, place) if place else self.lookups.find(tag, name)
            if HALF.search(json.dumps(value, ensure_ascii=False)):
                raise Missing("its value holds half of a character", "set it to text that is UTF-8")
            self.found[tag, name] = value
        return self.found[tag, name]


def _typed(tag: str, value: Json) -> Json:
    """Parameters and outputs are texts to AWS; one that reads like a number or a boolean can stand where one belongs.

    As if it were written here, it still is the same text where a text belongs. A secret stays a text: as one it is
    found again wherever it would be shown. A state says itself what a value is.
    """
    if tag in TYPED or type(value) is not str:
        return value
    plain = plain_value(value)
    is_same = isinstance(plain, int | float) and (not isinstance(plain, bool) or value in ("true", "false"))
    return plain if is_same else value

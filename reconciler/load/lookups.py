"""Tagged scalars whose value is outside the files, and everything that can go wrong on the way to it."""

import re
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from reconciler.load.findings import Findings
from reconciler.load.json_nodes import HALF
from reconciler.load.nodes import Broken, Node, Tagged, node_of
from reconciler.load.scalars import plain_value
from reconciler.looked_up import Secret, Unknown
from reconciler.model import Json
from reconciler.ports import Lookups, Missing, Reserved, Unsupported
from reconciler.problems import CloudError, Fault

FORMS: MappingABC[str, tuple[re.Pattern[str], str]] = {
    "!ssm": (re.compile(r"\S+"), "!ssm /path/of/parameter"),
    "!cfn": (re.compile(r"[^\s.]+\.[A-Za-z0-9]+"), "!cfn stack.Output"),  # neither half can have a dot
    "!secret": (re.compile(r"[^\s#]+(#.+)?"), "!secret name or !secret name#key"),
}


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks every value up once, however often it is used. `found` has what came of it."""

    lookups: Lookups
    findings: Findings
    found: dict[tuple[str, str], Json] = field(default_factory=dict)

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset(str(value) for value in self.found.values() if isinstance(value, Secret) and value)

    @property
    def has_unknown(self) -> bool:
        return any(isinstance(value, Unknown) for value in self.found.values())

    def node(self, name: str, tagged: Tagged) -> Node:
        value = self._value(name, tagged)
        return Broken(tagged.mark) if value is None else node_of(_typed(tagged.tag, value), tagged.mark)

    def _value(self, name: str, tagged: Tagged) -> Json:
        """Return a value, or None after saying why there is none."""
        if not self._is_formed(name, tagged):
            return None
        try:
            value = self._found(tagged.tag.removeprefix("!"), name)
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

    def _is_formed(self, name: str, tagged: Tagged) -> bool:
        form, example = FORMS.get(tagged.tag, (None, ""))
        if form is None or form.fullmatch(name):
            return True
        self.findings.add("VAR015", f"{tagged.tag} {name}: this names nothing", tagged.mark, f"write `{example}`")
        return False

    def _refused(self, name: str, tagged: Tagged, error: CloudError) -> None:
        """What may go better next time is no problem of the files."""
        if error.fault not in (Fault.DENIED, Fault.REFUSED):
            raise error
        code = "VAR017" if error.fault is Fault.DENIED else "VAR016"
        self.findings.add(code, f"{tagged.tag} {name}: {error.reason}", tagged.mark, error.hint)

    def _found(self, tag: str, name: str) -> Json:
        if (tag, name) not in self.found:
            value = self.lookups.find(tag, name)
            if HALF.search("".join(value or ())):
                raise Missing("its value holds half of a character", "set it to text that is UTF-8")
            self.found[tag, name] = value
        return self.found[tag, name]


def _typed(tag: str, value: Json) -> Json:
    """Parameters and outputs are texts to AWS; one that reads like a number or a boolean can stand where one belongs.

    As if it were written here, it still is the same text where a text belongs. A secret stays a text: as one it is
    found again wherever it would be shown.
    """
    if tag == "!env" or type(value) is not str:
        return value
    plain = plain_value(value)
    is_same = isinstance(plain, int | float) and (not isinstance(plain, bool) or value in ("true", "false"))
    return plain if is_same else value

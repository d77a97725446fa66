"""Names and tags: the rules that all kinds share."""

import re
from collections.abc import Mapping

from reconciler.sandbox.answers import refuse_if

NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
MAX_TAGS = 50


def refuse_bad_name(name: str, kind: str) -> None:
    refuse_if(not NAME.fullmatch(name), f"{kind} name should match a valid pattern.")


def refuse_bad_tags(tags: Mapping[str, str]) -> None:
    """The model has checked the sizes of keys and values (AWS Batch User Guide, 'Tag restrictions')."""
    refuse_if(len(tags) > MAX_TAGS, f"A resource can have at most {MAX_TAGS} tags")
    reserved = [key for key in tags if key.lower().startswith("aws:")]
    refuse_if(reserved, f"Tag keys cannot begin with aws: {', '.join(reserved)}")

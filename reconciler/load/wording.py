"""The parser's complaints in our words: what is wrong, and what to do about it."""

from typing import NamedTuple


class Complaint(NamedTuple):
    message: str
    hint: str


QUOTE = "put the text in quotes"
INDENT = "give members of one mapping the same indentation"
TAB = Complaint("a tab cannot indent YAML", "indent with spaces")
NOT_A_START = "found character that cannot start any token"

# Parts of libyaml's messages (its scanner.c and parser.c), what they mean, and what helps.
KNOWN = (
    ("tab character", *TAB),
    ("mapping values are not allowed", "a `:` stands where no key can be", f"{QUOTE}, or check the indentation"),
    ("block sequence entries are not", "a `- ` stands where no list can begin", "begin the list on the next line"),
    ("expected ',' or ']'", "the list in brackets{} neither goes on nor ends here", "check its commas and its `]`"),
    ("expected ',' or '}'", "the mapping in braces{} neither goes on nor ends here", "check its commas and its `}`"),
    ("expected '-' indicator", "a list goes on with something that is no `- ` item", INDENT),
    ("did not find expected key", "this does not continue the mapping above it", f"{INDENT}; check for a stray quote"),
    ("could not find expected ':'", "a key has no `:`", "write `key: value`, with a space"),
    ("unexpected end of stream", "a quote is never closed", "close it; inside single quotes, double a quote: ''"),
    ("unknown escape character", "a backslash in double quotes begins no known escape", "use single quotes"),
    (
        "invalid Unicode character escape",
        "an escape names no character",
        "write the character itself, or \\U and eight digits",
    ),
    ("maximum nesting depth", "this is nested deeper than any file of a stack", "no request of AWS Batch is that deep"),
    ("undefined tag handle", "a tag is written with a handle that nothing declares", "tags have one `!`"),
)


def complaint(problem: str, character: str, opened: str) -> Complaint:
    """Reword what libyaml says about a character; `opened` is where it began what it could not end."""
    if problem == NOT_A_START:
        return TAB if character == "\t" else Complaint(f"a value cannot begin with {character}", QUOTE)
    since = f" that opens at {opened}" if opened else ""
    known = (Complaint(message.format(since), hint) for part, message, hint in KNOWN if part in problem)
    return next(known, Complaint(problem, "check the lines around it"))

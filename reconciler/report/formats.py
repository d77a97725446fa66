"""The formats of -o: one row each, which the options, the checks and the writer read.

Only the function of a format that is asked for imports what makes it: `--help` reads the table, too.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from reconciler.printable import harmless_json, harmless_markup, harmless_text

if TYPE_CHECKING:
    from reconciler.model import Json
    from reconciler.report.fleet import Targets
    from reconciler.report.results import Item

INDENTED = json.JSONEncoder(indent=2, ensure_ascii=False, default=str)
PIECES = 10_000  # parts of a JSON value that are joined before they are written


class MadeOf(Enum):
    """What a format is made of. What no requested format needs is not made."""

    PAGES = auto()  # text, which stdout shows at once and a file contains at the end
    ITEMS = auto()  # what each stack has come to
    DOCUMENTS = auto()  # what `-o json` contains
    EVENTS = auto()  # each is one line of JSON, written when it happens: there is nothing to render at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Everything that a run has come to. `root` finds the folder that paths are relative to: that of the repository.

    `pages` are those that still have to be written, `texts` those that keep their lines.
    """

    items: "Sequence[Item]" = ()
    documents: "Sequence[Json]" = ()
    is_several: bool = False  # whether JSON is an array even of one document
    targets: "Targets | None" = None
    texts: Sequence[str] = ()
    pages: Sequence[str] = ()
    root: Callable[[], str] = lambda: "."


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format. `harmless` keeps it from steering the terminal, log or runner that reads it."""

    made_of: MadeOf
    render: Callable[[Collected], str | Iterator[str]] | None  # text, or pieces of whole lines; None for events alone
    harmless: Callable[[str], str]
    is_one_value: bool = False  # its reader can read nothing else on the same stdout
    tells_step: bool = False  # a step of GitHub Actions gets its outputs and its summary with it
    endings: tuple[str, ...] = ()  # of file names that ask for it


def render_text(run: Collected) -> str:
    return "".join(run.texts) + "\n".join(run.pages)


def render_json(run: Collected) -> Iterator[str]:
    """Yield the lines of one JSON value. The text of a large plan is several times as large as the plan."""
    documents = run.documents if run.is_several or len(run.documents) != 1 else run.documents[0]
    kept: list[str] = []
    for piece in INDENTED.iterencode(documents):
        if len(kept) > PIECES and "\n" in piece:  # the ends of lines are between values, never in one
            line_end = piece.index("\n") + 1
            yield "".join((*kept, piece[:line_end]))
            kept = [piece[line_end:]]
        else:
            kept.append(piece)
    yield "".join((*kept, "\n"))


def render_github(run: Collected) -> str:
    from reconciler.report.ci import github_commands

    return github_commands(run.items, run.root())


def render_sarif(run: Collected) -> str:
    from reconciler.report.ci import sarif_log

    return sarif_log(run.items, run.root())


def render_junit(run: Collected) -> str:
    from reconciler.report.ci import junit_xml

    return junit_xml(run.items, run.root())


def render_markdown(run: Collected) -> str:
    from reconciler.report.markdown import markdown_report, targets_report
    from reconciler.report.placement import placement_markdown
    from reconciler.report.results import Placed

    placed = [item.placement for item in run.items if isinstance(item, Placed)]
    if placed:
        return "\n".join(map(placement_markdown, placed))
    return targets_report(run.targets) if run.targets else markdown_report(run.items)


def render_html(run: Collected) -> str:
    from reconciler.report.html import html_page

    return html_page(run.documents)


def render_mermaid(run: Collected) -> str:
    from reconciler.report.graph import graph_mermaid
    from reconciler.report.results import Graphed

    return "".join(graph_mermaid(item.graph) for item in run.items if isinstance(item, Graphed))


def render_dotenv(run: Collected) -> str:
    from reconciler.report import outputs
    from reconciler.report.results import StackOutputs

    return "".join(outputs.dotenv(item.given) for item in run.items if isinstance(item, StackOutputs))


def render_export(run: Collected) -> str:
    from reconciler.report import outputs
    from reconciler.report.results import StackOutputs

    return "".join(outputs.exports(item.given) for item in run.items if isinstance(item, StackOutputs))


# Text is harmless where it is published: data (YAML, JSON) stays as it is. The commands of `github` are meant to be
# obeyed, and are made so; lines of events are made harmless one by one.
FORMATS: Mapping[str, Format] = {
    "text": Format(made_of=MadeOf.PAGES, render=render_text, harmless=str, endings=(".txt",)),
    "json": Format(
        made_of=MadeOf.DOCUMENTS, render=render_json, harmless=harmless_json, is_one_value=True, endings=(".json",)
    ),
    "jsonl": Format(made_of=MadeOf.EVENTS, render=None, harmless=str, is_one_value=True, endings=(".jsonl",)),
    "github": Format(made_of=MadeOf.ITEMS, render=render_github, harmless=str, tells_step=True),
    "sarif": Format(
        made_of=MadeOf.ITEMS, render=render_sarif, harmless=harmless_json, is_one_value=True, endings=(".sarif",)
    ),
    "junit": Format(
        made_of=MadeOf.ITEMS, render=render_junit, harmless=harmless_markup, is_one_value=True, endings=(".xml",)
    ),
    "markdown": Format(made_of=MadeOf.ITEMS, render=render_markdown, harmless=harmless_text, endings=(".md",)),
    "html": Format(
        made_of=MadeOf.DOCUMENTS,
        render=render_html,
        harmless=harmless_markup,
        is_one_value=True,
        endings=(".html", ".htm"),
    ),
    "mermaid": Format(made_of=MadeOf.ITEMS, render=render_mermaid, harmless=harmless_text),
    "dotenv": Format(made_of=MadeOf.ITEMS, render=render_dotenv, harmless=harmless_text),
    "export": Format(made_of=MadeOf.ITEMS, render=render_export, harmless=harmless_text),
}


def format_of(file: str, offered: Sequence[str]) -> str:
    """Return the offered format that the name of a file asks for; empty if there is none."""
    return next((name for name in offered if file.endswith(FORMATS[name].endings)), "")

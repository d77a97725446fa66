"""What formatting did, for people: on stdout the files, on stderr the words, and the difference for `patch`."""

import difflib
from io import StringIO

from reconciler.fmt import Formatted
from reconciler.problems import Where
from reconciler.report.items import Formatting
from reconciler.report.page import Page

NO_NEWLINE = "\n\\ No newline at end of file\n"


def files_page(found: Formatting, width: int) -> Page:
    """Name the files that are or would be changed, and count all of them."""
    page = Page(width)
    done = "formatted" if found.is_done else "would format"
    for file in found.changed:
        page.whole((done, "yellow"), f" {file.name}")
    page.line(f"{found.path}: {_counts(found)}")
    return page


def words_page(found: Formatting, width: int) -> Page:
    """Tell each word that is or would be another one, a line each, where it stood."""
    page = Page(width)
    done = "changed" if found.is_done else "would change"
    for file in found.changed:
        for word in file.respelled:
            line, column = word.place
            place = Where(file.name, line + 1, column + 1)
            page.whole((f"{place}: ", "dim"), f"{done} {word.before} to {word.after}")
    return page


def difference(file: Formatted) -> str:
    """Return what is different, as `diff -u` writes and `patch` reads it."""
    before, after = (list(StringIO(text.decode("utf-8-sig"))) for text in (file.before, file.after))
    lines = difflib.unified_diff(before, after, file.name, file.name)
    return "".join(line if line.endswith("\n") else line + NO_NEWLINE for line in lines)


def _counts(found: Formatting) -> str:
    changed, broken = len(found.changed), sum(bool(file.problems) for file in found.files)
    counts = {
        "formatted" if found.is_done else "to format": changed,
        "unchanged": len(found.files) - changed - broken,
        "with problems": broken,
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "no YAML files"

"""Tables keep every text, and fit the page whatever is in them."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reconciler.report.text.page import Page
from reconciler.report.text.table import TableColumn, write_table
from tests.laws import law

COLUMNS = (
    TableColumn("drift"),
    TableColumn("resource"),
    TableColumn("declared -> live", is_text=True),
    TableColumn("apply"),
    TableColumn("place", is_optional=True),
)
NARROW = 80  # of a page on which the optional column may be left out
WORDS = st.text("ab/-._:{}", max_size=90).map(str.strip)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(("changed", "undeclared")),
        WORDS.map("JobQueue/{}".format),
        st.lists(WORDS, max_size=12).map(" ".join),
        st.sampled_from(("", "in place", "instances replaced")),
        st.just("stack.yaml:7"),
    ),
    min_size=1,
    max_size=5,
)


def table(rows: list[tuple[str, ...]], width: int) -> list[str]:
    page = Page(width)
    write_table(page, COLUMNS, rows)
    return page.plain.splitlines()


def letters(text: str) -> Counter[str]:
    return Counter(text.replace(" ", "").replace("\n", ""))


@law(40)
@given(ROWS, st.integers(NARROW, 200))
def test_no_line_is_wider_than_the_page_and_no_text_is_lost(rows: list[tuple[str, ...]], width: int) -> None:
    lines = table(rows, width)
    assert max(map(len, lines)) <= width
    heading, *body = lines
    shown = 5 if "place" in heading else 4
    kept = Counter(letters("".join("".join(row[:shown]) for row in rows)))
    assert letters("".join(body)) == kept


def test_columns_without_content_are_left_out() -> None:
    assert table([("changed", "JobQueue/a", "priority 10 -> 5", "", "stack.yaml:7")], 80) == [
        "drift    resource    declared -> live  place",
        "changed  JobQueue/a  priority 10 -> 5  stack.yaml:7",
    ]


def test_a_name_that_does_not_fit_is_folded_behind_a_slash_and_its_text_is_below_it() -> None:
    name = f"ComputeEnvironment/{'Nightly' * 6}"
    assert table([("changed", name, "maxvCpus 256 -> 999", "instances replaced", "stack.yaml:7")], 80) == [
        f"{'drift    resource':<62}apply",
        f"{'changed  ComputeEnvironment/':<62}instances replaced",
        f"         {'Nightly' * 6}",
        "           maxvCpus 256 -> 999",
    ]


def test_a_table_without_a_text_folds_its_widest_column_only_where_it_must() -> None:
    columns = (TableColumn("result"), TableColumn("resource"))
    for width, lines in ((80, 2), (60, 3)):
        page = Page(width)
        write_table(page, columns, [("done", f"ComputeEnvironment/{'Nightly' * 6}")])
        assert len(page.plain.splitlines()) == lines

"""How lines are laid out, whatever they say."""

import pytest

from tests.fmt.formatting import done, fmt, lines, meaning


def same(text: str) -> None:
    assert fmt(text) == lines(text)


def test_every_level_is_indented_by_two_and_so_are_lists() -> None:
    assert fmt("""
        tags:
            team:   risk
        x-list:
        - a
        -   b: 1
            c: 2
        -
          - d
    """) == lines("""
        tags:
          team: risk
        x-list:
          - a
          - b: 1
            c: 2
          - - d
    """)


def test_what_is_in_brackets_stays_there_while_it_fits() -> None:
    assert fmt("""
        tags: { a : b,
          c: d }
        x-list: [ 1,2, {e: f},
          [g],
        ]
    """) == lines("""
        tags: {a: b, c: d}
        x-list: [1, 2, {e: f}, [g]]
    """)


def test_what_does_not_fit_in_a_line_is_written_below_one_another_and_only_that() -> None:
    long = ", ".join(f"{{name: a-rather-long-name-{number}, value: {number}}}" for number in range(4))
    assert fmt(f"x-list: [{long}]\n") == lines("""
        x-list:
          - {name: a-rather-long-name-0, value: 0}
          - {name: a-rather-long-name-1, value: 1}
          - {name: a-rather-long-name-2, value: 2}
          - {name: a-rather-long-name-3, value: 3}
    """)


@pytest.mark.parametrize(("length", "is_one_line"), [(110, True), (111, False)])
def test_a_line_has_at_most_120_characters(length: int, is_one_line: bool) -> None:
    after = fmt(f"x-list: [{'a' * (length - 3)}, b]\n")
    assert (len(after.splitlines()) == 1, max(map(len, after.splitlines())) <= 120) == (is_one_line, True)


def test_what_is_too_long_and_cannot_be_split_stays() -> None:
    same(f"x-text: {'a' * 200}\nx-empty-{'b' * 120}: []\n")


def test_a_comment_in_brackets_takes_them_away() -> None:
    assert fmt("""
        tags: { # of the stack
          a: b, # first
          # the second
          c: [d, e] }
    """) == lines("""
        tags: # of the stack
          a: b # first
          # the second
          c: [d, e]
    """)


def test_blank_lines_are_kept_but_one_and_none_at_the_ends() -> None:
    assert fmt("""


        stack: x



        tags:

          a: b

          c: d


    """) == lines("""
        stack: x

        tags:
          a: b

          c: d
    """)


@pytest.mark.parametrize(
    "text", ["stack: x", "stack: x  \t\n", "stack:\tx\n\n", "\ufeffstack: x\n", "stack: x\r\n", "stack: x\r"]
)
def test_blanks_at_ends_and_odd_line_breaks_go(text: str) -> None:
    assert done(text).after == b"stack: x\n"


def test_numbers_words_and_quoted_texts_stay_as_they_are_written() -> None:
    same("""
        tags: {a: 30.0, b: "08", c: 08, d: no, e: 20140101, f: 1e3, g: ~, h: "", i: 0x1F, j: "true", k: .5, l: +1}
        x-list: [Ref::action, -b, "s3://b", {a: s3://b}, "*", "@a", "${x}", $Latest, a#b]
    """)


def test_single_quotes_become_double_where_that_is_all_there_is_to_change() -> None:
    assert fmt("""
        tags: {'a': 'b', c: 'it''s', d: 'say "x"', e: '\\d', f: "it's"}
    """) == lines("""
        tags: {"a": "b", c: "it's", d: 'say "x"', e: '\\d', f: "it's"}
    """)


def test_block_texts_move_with_their_key_and_keep_what_they_hold() -> None:
    text = """
        x-a:
             - |
                    set -e
                      indented

                    done
             - >-   # folded
                  one
                  two
             - |2+

                    lead

             - |
               no break at the end"""
    after = fmt(text)
    assert after == lines("""
        x-a:
          - |
            set -e
              indented

            done
          - >- # folded
            one
            two
          - |2+

                 lead

          - |-
            no break at the end
    """)
    assert meaning(after) == meaning(lines(text))


def test_a_blank_line_never_gets_into_a_text_that_keeps_its_end() -> None:
    assert fmt("""
        tags: {a: b}

        namePrefix: |+
          x

        stack: y
    """) == lines("""
        stack: y

        namePrefix: |+
          x

        tags: {a: b}
    """)


def test_texts_of_several_lines_are_shifted_as_a_whole() -> None:
    assert fmt("""
        x-a:
            b: "{
                  one: [
                    two  \\
                  ]

                }" # json
            c: plain
             words
    """) == lines("""
        x-a:
          b: "{
              one: [
                two  \\
              ]

            }" # json
          c: plain
            words
    """)


def test_anchors_tags_and_aliases_stay_with_their_values() -> None:
    assert fmt("""
        x-a:   &a
            <<:    {b: c}
            d:  &d  !var   image
            e: !sub   "x ${y}"
            f: ! "plain"
            g: !!str 5
        x-b: [ *a , &e f,  *e ]
        x-c: !!map {}
        x-d:
          - &f
            g: h
          - &i   !env   J
    """) == lines("""
        x-a: &a
          <<: {b: c}
          d: &d !var image
          e: !sub "x ${y}"
          f: ! "plain"
          g: !!str 5
        x-b: [*a, &e f, *e]
        x-c: !!map {}
        x-d:
          - &f
            g: h
          - &i !env J
    """)


def test_empty_values_stay_empty_but_in_braces_they_are_null() -> None:
    assert fmt("""
        x-a:
          b:
          c:   !!null
        x-d:
          -
          - e
        x-f: {g: , h, i: !!null , j: ""}
    """) == lines("""
        x-a:
          b:
          c: !!null
        x-d:
          -
          - e
        x-f: {g: null, h: null, i: !!null , j: ""}
    """)


def test_directives_and_the_mark_of_a_document_stay() -> None:
    assert fmt("""
        %YAML 1.2
        # why
        ---   # the stack
        stack:  x
        ...
    """) == lines("""
        %YAML 1.2
        # why
        --- # the stack
        stack: x
    """)


def test_keys_that_a_question_mark_announces_are_keys_as_all_others() -> None:
    assert fmt("""
        ? stack # the name
        : x
        ? "tags"
        : a: b
    """) == lines("""
        stack: x # the name
        tags:
          a: b
    """)


def test_a_pair_in_a_list_is_a_mapping() -> None:
    assert fmt("x-a: [b: c, d]\n") == "x-a: [{b: c}, d]\n"


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "# one\n\n# two\n"])
def test_a_file_without_values_keeps_its_comments(text: str) -> None:
    assert done(text).after.decode() == text.lstrip("\n")


def test_a_file_that_is_one_value_is_left_alone() -> None:
    assert done("  'just a text'  ").is_changed is False


def test_what_is_nested_as_deeply_as_the_loader_allows_is_formatted() -> None:
    deep = f"x-a: {'[a, {b: ' * 49}c{'}]' * 49}\n"
    after = fmt(deep)
    assert (fmt(after), meaning(after), len(after.splitlines()) > 49) == (after, meaning(deep), True)

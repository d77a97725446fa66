"""Comments stay with what they describe, wherever that goes."""

from tests.fmt.formatting import fmt, lines


def test_comments_move_with_what_they_stand_above_and_beside() -> None:
    assert fmt("""
        # which environments
        jobQueues:
          # the fast one
          fast:
            # tried in this order
            computeEnvironmentOrder: [a] # and no other
            priority: 10   # high
            # nobody may delete it
            lifecycle: {preventDestroy: true}
            state: ENABLED
        # who owns it
        stack: x # rename it
    """) == lines("""
        # who owns it
        stack: x # rename it
        # which environments
        jobQueues:
          # the fast one
          fast:
            state: ENABLED
            priority: 10 # high
            # tried in this order
            computeEnvironmentOrder: [a] # and no other
            # nobody may delete it
            lifecycle: {preventDestroy: true}
    """)


def test_the_line_for_editors_and_comments_about_the_file_stay_first() -> None:
    assert fmt("""
        # yaml-language-server: $schema=x
        # The tags.
        tags: {a: b}
        stack: x
    """) == lines("""
        # yaml-language-server: $schema=x
        stack: x
        # The tags.
        tags: {a: b}
    """)
    assert fmt("""
        # Ours.

        # All about it.

        # The tags.
        tags: {a: b}
        stack: x
    """) == lines("""
        # Ours.

        # All about it.

        stack: x

        # The tags.
        tags: {a: b}
    """)


def test_a_comment_at_the_end_of_a_block_stays_at_its_end() -> None:
    assert fmt("""
        jobQueues:
            a:
                priority: 1
                # state: DISABLED
            # b: {}
        # the end
    """) == lines("""
        jobQueues:
          a:
            priority: 1
            # state: DISABLED
          # b: {}
        # the end
    """)


def test_a_comment_above_the_next_entry_is_not_part_of_the_block_before() -> None:
    assert fmt("""
        tags:
            a: b
        # about the queues

        jobQueues: {}
    """) == lines("""
        tags:
          a: b
        # about the queues

        jobQueues: {}
    """)


def test_comments_below_one_another_behind_a_value_stay_so() -> None:
    assert fmt("""
        stack:   x     # the owner,
                       # for life
        region:  us-east-1  # where
        tags: {a: b}
    """) == lines("""
        stack: x # the owner,
                 # for life
        region: us-east-1 # where
        tags: {a: b}
    """)


def test_comments_that_were_put_in_one_column_are_in_one_column() -> None:
    assert fmt("""
        stack: x            # the owner
        account: "123456789012"  # a guard
        region:  us-east-1  # optional
        namePrefix: x-      # optional
        tags: {a: b}
    """) == lines("""
        stack: x # the owner
        account: "123456789012" # a guard
        region: us-east-1 # optional
        namePrefix: x-    # optional
        tags: {a: b}
    """)


def test_comments_that_are_in_one_column_by_chance_are_not_kept_there() -> None:
    assert fmt("""
        tags:
             a: 123 # one
             b:  12 # two
    """) == lines("""
        tags:
          a: 123 # one
          b: 12 # two
    """)


def test_comments_of_items_stand_above_them_or_behind_their_dash() -> None:
    assert fmt("""
        x-a:
        # first
        - a
        -   # second
            b: 1
        -
            # third
            c: 1

        # fourth
        - d
    """) == lines("""
        x-a:
          # first
          - a
          - # second
            b: 1
          # third
          - c: 1

          # fourth
          - d
    """)


def test_a_comment_between_a_key_and_its_value_goes_above() -> None:
    assert fmt("""
        x-a: # one
          # two
          !!str
          # three
          b # four
    """) == lines("""
        # one
        # two
        # three
        x-a: !!str b # four
    """)


def test_an_entry_that_comes_to_stand_first_is_not_parted_from_its_mapping() -> None:
    assert fmt("""
        jobQueues:
          a:
            priority: 1

            # off
            state: DISABLED
    """) == lines("""
        jobQueues:
          a:
            # off
            state: DISABLED

            priority: 1
    """)


def test_what_looks_like_a_comment_in_a_text_is_none() -> None:
    text = 'tags: {a: "# no", b: x#y}\nx-a: |\n  # no\n'
    assert fmt(text) == text

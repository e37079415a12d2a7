"""Text typed as it comes: wrapped between words, and taken back whole."""

from __future__ import annotations

from io import StringIO

import pytest

from switchroom.cli.typist import Typist


def typed(*pieces: str, width: int = 21) -> str:
    file = StringIO()
    typist = Typist(file, width)
    for piece in pieces:
        typist.type(piece)
    typist.end()
    return file.getvalue()


def test_words_go_to_the_next_line_whole() -> None:
    assert typed("one two three four five six") == "  one two three four\n  five six\n"


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_it_does_not_matter_where_the_pieces_break(size: int) -> None:
    text = "It is on its way:\n\n- a keyboard\n  - and two mice, unbelievably   so\nBye"
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert typed(*pieces) == typed(text)


def test_lines_and_their_indents_are_kept() -> None:
    assert typed("a\n\n  b\tc") == "  a\n\n    b    c\n"


def test_a_word_longer_than_the_line_is_broken() -> None:
    assert typed("x" * 25, width=21) == "  " + "x" * 18 + "\n  " + "x" * 7 + "\n"


def test_wide_characters_take_two_columns() -> None:
    assert typed("木" * 10, width=21) == "  " + "木" * 9 + "\n  木\n"


def test_what_was_typed_is_taken_back_to_its_first_line() -> None:
    file = StringIO()
    typist = Typist(file, 21)
    typist.type("one two three four five six seven ")
    assert typist.rows == 2
    typist.take_back()
    assert file.getvalue().endswith("\r\x1b[1A\x1b[J")


def test_a_single_line_is_taken_back_where_it_stands() -> None:
    file = StringIO()
    typist = Typist(file, 21)
    typist.type("one ")
    typist.take_back()
    assert file.getvalue() == "  one\r\x1b[J"

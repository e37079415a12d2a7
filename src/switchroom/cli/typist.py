"""Text typed into a terminal as it comes: words wrapped at the edge, and taken back where it does not hold."""

from __future__ import annotations

import re
from typing import TextIO

from rich.cells import cell_len, chop_cells

_TOKENS = re.compile(r"\n|[^\S\n]+|\S+")


class Typist:
    """Types one paragraph of pieces.

    Args:
        file: where to.
        width: the columns there are.
        indent: the columns that stay empty on the left.
    """

    def __init__(self, file: TextIO, width: int, indent: int = 2) -> None:
        self.rows = 1
        self._file = file
        self._width = max(width - 1, indent + 10)
        self._margin = " " * indent
        self._column = 0
        self._space = ""
        self._rest = ""

    def type(self, piece: str) -> None:
        """Type a piece. A word that may go on is held back until its end is known."""
        tokens = _TOKENS.findall(self._rest + piece)
        self._rest = tokens.pop() if tokens and not tokens[-1].isspace() else ""
        for token in tokens:
            self._token(token)
        self._file.flush()

    def end(self) -> None:
        """Type what was held back, and end the line."""
        if self._rest:
            self._token(self._rest)
            self._rest = ""
        self._file.write("\n")
        self._file.flush()

    def take_back(self) -> None:
        """Clear all that was typed, as far as the window reaches."""
        up = f"\x1b[{self.rows - 1}A" if self.rows > 1 else ""
        self._file.write(f"\r{up}\x1b[J")
        self._file.flush()

    def _token(self, token: str) -> None:
        if token == "\n":
            self._new_line()
        elif token.isspace():
            self._space += token.replace("\t", "    ")
        else:
            self._word(token)

    def _word(self, word: str) -> None:
        if self._column and self._column + len(self._space) + cell_len(word) > self._width:
            self._new_line()
        pieces = chop_cells(word, self._width - len(self._margin))
        for index, piece in enumerate(pieces):
            if index:
                self._new_line()
            if not self._column:
                self._file.write(self._margin)
                self._column = len(self._margin)
            self._file.write(self._space + piece)
            self._column += len(self._space) + cell_len(piece)
            self._space = ""

    def _new_line(self) -> None:
        self._file.write("\n")
        self.rows += 1
        self._column = 0
        self._space = ""

"""Server-sent events: the data of each, from bytes in whatever pieces the network brings them."""

from __future__ import annotations

from codecs import BOM_UTF8

# https://html.spec.whatwg.org/multipage/server-sent-events.html: lines end in LF, CR LF or CR; an empty line ends an event.


class Events:
    """Takes bytes, gives the data of the events that are complete. Names, ids and comments are of no use here."""

    __slots__ = ("_begins", "_data", "_held", "_mark", "_rest")

    def __init__(self) -> None:
        self._rest: list[bytes] = []  # of a line that has not ended: joined once, however long it gets
        self._held = b""
        self._begins = True
        self._mark = b""
        self._data: list[bytes] = []

    def take(self, piece: bytes) -> list[bytes]:
        """The data of the events that a piece completes, in order."""
        if self._begins:
            piece = self._without_mark(piece)
        if self._held or b"\r" in piece:
            piece = self._with_line_feeds(piece)
        if b"\n" not in piece:
            self._rest.append(piece)
            return []
        first, *lines = piece.split(b"\n")
        lines.insert(0, b"".join((*self._rest, first)))
        self._rest = [lines.pop()]
        return self._read(lines)

    def end(self) -> list[bytes]:
        """The data of an event that the end of the stream completes: some servers leave out the last empty line."""
        lines = [b"".join((*self._rest, self._mark)), b""]
        self._rest, self._held, self._mark = [], b"", b""
        return self._read(lines)

    def _without_mark(self, piece: bytes) -> bytes:
        """The beginning of the stream without a byte order mark, which may come in pieces."""
        piece = self._mark + piece
        if len(piece) < len(BOM_UTF8) and BOM_UTF8.startswith(piece):
            self._mark = piece
            return b""
        self._begins, self._mark = False, b""
        return piece.removeprefix(BOM_UTF8)

    def _with_line_feeds(self, piece: bytes) -> bytes:
        """The piece with LF at the end of each line; a CR at its end is held, for its LF may be yet to come."""
        piece = self._held + piece
        self._held = b"\r" if piece.endswith(b"\r") else b""
        return piece[: len(piece) - len(self._held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _read(self, lines: list[bytes]) -> list[bytes]:
        complete: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif line == b"data":
                self._data.append(b"")
            elif not line and self._data:
                complete.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                self._data = []
        return complete

"""Server-sent events: the data of each, from bytes in whatever pieces the network brings them."""

from __future__ import annotations

# https://html.spec.whatwg.org/multipage/server-sent-events.html: lines end in LF, CR LF or CR; an empty line ends an event.


class Events:
    """Takes bytes, gives the data of the events that are complete. Names, ids and comments are of no use here."""

    __slots__ = ("_data", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def take(self, piece: bytes) -> list[bytes]:
        """The data of the events that a piece completes, in order."""
        if b"\r" in piece or self._rest.endswith(b"\r"):
            return self._lines(piece)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return self._read(lines)

    def end(self) -> list[bytes]:
        """The data of an event that the end of the stream completes: some servers leave out the last empty line."""
        lines = [self._rest.rstrip(b"\r"), b""]
        self._rest = b""
        return self._read(lines)

    def _lines(self, piece: bytes) -> list[bytes]:
        text = self._rest + piece
        held = b"\r" if text.endswith(b"\r") else b""  # its LF may be yet to come
        text = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._rest = rest + held
        return self._read(lines)

    def _read(self, lines: list[bytes]) -> list[bytes]:
        complete: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif not line and self._data:
                complete.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                self._data = []
        return complete

"""Traces in a file: one line of JSON for each span, as it ends."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import msgspec

from switchroom.errors import UserError
from switchroom.tracing import Span, TraceProcessor

_encoder = msgspec.json.Encoder()


class JsonLines(TraceProcessor):
    """A trace processor that appends spans to a file, each as one line with the fields of `Span`.

    A line is one write to the end of the file: what was written is there when the process dies, and several processes may write
    to one file. The turn is the last line of its trace. `close()` it, or use it in a `with`.

    Args:
        path: the file; it is made if it is not there.

    Raises:
        UserError: the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self._file = self.path.open("ab", buffering=0)
        except OSError as error:
            raise UserError(f"JsonLines('{path}'): {error.strerror}. Give a file in a folder that is there.") from error

    def on_span_end(self, span: Span) -> None:
        """Write its line."""
        line = memoryview(_encoder.encode(span) + b"\n")
        while line:
            line = line[self._file.write(line) :]

    def close(self) -> None:
        """Close the file. Nothing can be written afterwards."""
        self._file.close()

    def __enter__(self) -> JsonLines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

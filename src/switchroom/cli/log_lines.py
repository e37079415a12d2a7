"""Switchroom's log as lines on the screen: its warnings and errors, each one sentence without a traceback."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Generator

ROOT = logging.getLogger("switchroom")


class LineHandler(logging.Handler):
    """Gives the text of each warning and error to a function, in the thread of the event loop.

    Args:
        show: shows a line.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._show = show
        self._loop: asyncio.AbstractEventLoop | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Show the record's text."""
        try:
            text = f"{record.levelname.capitalize()}: {record.getMessage()}"
            here = _running_loop()
            if here is None and self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._show, text)
                return
            self._loop = self._loop or here
            self._show(text)
        except Exception:
            self.handleError(record)


@contextlib.contextmanager
def warnings_shown(show: Callable[[str], None], facts_are_shown: bool) -> Generator[None]:
    """Show Switchroom's warnings inside the block, unless the application's own logging shows them on stderr.

    Args:
        show: shows a line.
        facts_are_shown: whether a failure that is also a fact is shown from the fact.
    """
    handler = logging.NullHandler() if _is_on_stderr() else LineHandler(show)
    if facts_are_shown:
        handler.addFilter(lambda record: not hasattr(record, "fact"))
    ROOT.addHandler(handler)
    try:
        yield
    finally:
        ROOT.removeHandler(handler)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _is_on_stderr() -> bool:
    handlers = [*ROOT.handlers, *(logging.getLogger().handlers if ROOT.propagate else ())]
    streams = [handler.stream for handler in handlers if isinstance(handler, logging.StreamHandler)]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return any(stream in (sys.stderr, sys.__stderr__) for stream in streams)  # pyright: ignore[reportUnknownVariableType]

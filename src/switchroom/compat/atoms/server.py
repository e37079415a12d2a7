"""An application: sets a session up for whoever calls, and here, in the terminal, you are the caller."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TextIO

from switchroom.errors import RunError, UserError
from switchroom.session import Reply, Session

Setup = Callable[[Session], Awaitable[object]]


class AtomsApp:
    """An application.

    Args:
        setup_handler: builds the graph of a session, starts it, and waits until it is complete.
    """

    def __init__(self, setup_handler: Setup) -> None:
        if not callable(setup_handler):  # pyright: ignore[reportUnnecessaryComparison]
            raise UserError(f"AtomsApp(setup_handler={setup_handler!r}): pass `async def setup(session): ...`.")
        self.setup_handler = setup_handler

    def run(self, session: Session | None = None, *, source: TextIO | None = None, sink: TextIO | None = None) -> None:
        """Talk: a line is a message, and its answer is printed. It ends with the input, or with the call."""
        asyncio.run(self._talk(session or Session(), source or sys.stdin, sink or sys.stdout))

    async def _talk(self, session: Session, source: TextIO, sink: TextIO) -> None:
        setup = asyncio.ensure_future(self.setup_handler(session))
        try:
            while (line := await asyncio.to_thread(source.readline)) and not setup.done():
                if line.strip():
                    reply = await self._said(session, line.strip(), setup)
                    print(reply.text, file=sink, flush=True)
        except RunError as ended:  # the call is over
            print(ended, file=sys.stderr)
        finally:
            await session.stop()
            await setup

    async def _said(self, session: Session, text: str, setup: asyncio.Future[object]) -> Reply:
        """The answer to a line; what goes wrong in setting up is raised instead of being waited for."""
        sending = asyncio.ensure_future(session.send(text))
        await asyncio.wait([sending, setup], return_when=asyncio.FIRST_COMPLETED)
        if not sending.done() and setup.done() and setup.exception() is not None:
            sending.cancel()
            setup.result()
        return await sending

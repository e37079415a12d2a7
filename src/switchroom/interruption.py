"""A message that a person throws in while a run goes on, and what becomes of it."""

from __future__ import annotations

import asyncio

from switchroom.errors import UserError
from switchroom.messages import Message


class Interruption:
    """A message that a person threw in, and who waits to hear whether it was taken."""

    __slots__ = ("heard", "message", "taken")

    def __init__(self, message: Message, heard: int | None) -> None:
        self.message = message
        self.heard = heard
        self.taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def refuse(self, why: str) -> None:
        """Tell who awaits it that it was not taken; who does not await it is not reminded."""
        if not self.taken.done():
            self.taken.set_exception(UserError(why))
            self.taken.exception()

    def accept(self) -> None:
        """Tell who awaits it that it has taken effect."""
        if not self.taken.done():
            self.taken.set_result(None)

"""A conversation with the application, as tests hold it and read it."""

import re
import textwrap
from typing import Any

from supportgenie import app
from supportgenie.desk import Desk
from supportgenie.state import CustomerState
from switchroom import Message, RunConfig, Runner, RunResult

JOHN, ROBERT, GRACE, ANNA, DAVID, ANN, LENA, SAM = (CustomerState(customer_id=f"C100{number}") for number in range(1, 9))
"""The customers of the demo shop, each signed in."""


class Chat:
    """A customer's conversation with the application, kept in a journal.

    Attributes:
        result: of the last turn.
    """

    def __init__(self, desk: Desk, config: RunConfig) -> None:
        self.desk = desk
        self._config = config
        self.result: RunResult[Any]

    async def say(self, text: str, state: CustomerState | None = None) -> str:
        """Write a message, and read the answer in lines; empty while a person at the desk has to approve something."""
        self.result = await Runner.run(app, text, deps=self.desk, state=state, config=self._config, conversation="chat")
        return _folded(self.result.final_output or "")

    async def approve(self, yes: bool) -> str:
        """Answer, as a person at the desk, what the run waits for."""
        (asked,) = self.result.waiting
        self.result = await Runner.resume(
            app, deps=self.desk, config=self._config, conversation="chat", answers={asked.id: yes}
        )
        return _folded(self.result.final_output)

    @property
    def code(self) -> str:
        """The code in the mail that was sent last, as a customer copies it."""
        return re.findall(r"\d{6}", self.desk.outbox()[-1].body)[0]

    @property
    def answered_by(self) -> str:
        """The agent who has the conversation."""
        assert self.result.last_agent is not None
        return self.result.last_agent.name

    @property
    def transcript(self) -> str:
        """What was said and called so far."""
        return "\n".join(line for message in self.result.messages for line in _lines(message))


def _folded(text: str) -> str:
    """A text in lines that fit into a test."""
    return textwrap.fill(text, 112, subsequent_indent="  ")


def _lines(message: Message) -> list[str]:
    if message.role == "user":
        return [_folded(f"customer: {message.text}")]
    calls = [_folded(f"> {message.agent}: {call.name} {call.args}") for call in message.calls]
    said = [_folded(f"{message.agent}: {message.text}")] if message.role == "assistant" and message.text else []
    return [*said, *calls]

"""A dialogue with an application: a message or many, the turn that a crash left unfinished, the questions to a person."""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
import uuid
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, redirect_stdout
from dataclasses import dataclass, field, replace
from typing import Any, TextIO

from rich.text import Text

from switchroom.cli import brief, report
from switchroom.cli.app import App, load_app
from switchroom.cli.faults import Failed, Wrong, told
from switchroom.cli.kept import default_journal, place
from switchroom.cli.log_lines import warnings_shown
from switchroom.cli.screen import Screen
from switchroom.cli.terminal import Left, ask_line, ask_yes, leaves, present, tolerate, unread
from switchroom.cli.turns import Line, Turn
from switchroom.errors import JournalError, ModelDenied, UserError, unknown
from switchroom.events import ModelAnswered, RunEvent
from switchroom.result import Waiting

PROMPT = "you › "
HELP = """Enter sends. Ctrl-C clears a line or interrupts an answer; at an empty line it leaves, as Ctrl-D, exit and /quit do.
With --conversation ID the command goes on with one that was left."""

_COMMAND = re.compile(r"/[a-z]+")


@dataclass(frozen=True)
class Wish:
    """What the user of `chat` asked for.

    Args:
        message: the one message to send; None for a dialogue.
        as_json: whether stdout gets JSON, an object for each message.
        conversation: the conversation to go on with; "" for a new one.
        journal: the journal's URL where one was given; "" otherwise.
        answers: a person's answers by the questions' ids.
    """

    message: str | None = None
    as_json: bool = False
    conversation: str = ""
    journal: str = ""
    answers: Mapping[str, bool] = field(default_factory=dict[str, bool])


class Dialogue:
    """One conversation at the command line.

    Args:
        app: what answers.
        wish: what the user asked for.
        out: where the JSON goes.
    """

    def __init__(self, app: App, wish: Wish, out: TextIO) -> None:
        self._app = app
        self._out = out
        self._wish = wish
        self._screen = Screen.usual()
        self._conversation = wish.conversation or f"c-{uuid.uuid4().hex[:8]}"
        self._asks = present() and not wish.as_json
        dialogue = self._asks and wish.message is None
        self._line = Line(app, self._conversation, self._show, self._instead if dialogue else None)
        self._before: dict[str, Any] | None = None
        self._waits = False
        self._stuck = False
        self._vain = False
        self._kept = place(app.config.journal)
        self.code = 0

    @property
    def again(self) -> list[str]:
        """The command that goes on with the conversation."""
        journal = ["--journal", self._wish.journal] if self._wish.journal else []
        return ["switchroom", "chat", self._app.reference, "--conversation", self._conversation, *journal]

    async def run(self) -> None:
        """Have the dialogue; `code` is its exit code.

        Raises:
            Left: the person left in the middle of a turn, which can be finished later.
            ClickException: it could not begin.
        """
        self._tell(self._app.honest)
        free = await self._catch_up()
        if self._wish.message is not None:
            over = await self._line.over()
            if over:
                raise Wrong(f"{over} Conversation '{self._conversation}' answers no more messages; begin another one.")
            if free:
                await self._send(self._wish.message)
            else:
                self._tell("Your message was not sent: that turn has to be finished first.", "yellow")
        elif free and not self._wish.answers:
            if self._asks:
                said = f"Conversations are kept in {self._kept}" if self._kept else "Nothing is kept: it ends with this process"
                self._screen.talk.print(Text(f"{said}.", style="dim"))
            await self.many()
        elif not self._wish.answers:
            self._unread()
        self.leave()

    def leave(self) -> None:
        """Say how the conversation goes on, if it can."""
        self._screen.pause()
        if not self._wish.as_json and not self._waits and not self._vain and self._kept:
            self._command("\nTo go on", self.again)

    async def many(self) -> None:
        """Have a conversation, message by message, until the person leaves or has to answer first.

        Raises:
            Left: the person left in the middle of a turn.
        """
        if self._asks:
            self._tell(
                f"Conversation {self._conversation}. Ctrl-C interrupts an answer, Ctrl-D or /quit leaves, /help tells more."
            )
        left_over = ""
        while True:
            if over := await self._line.over():
                self._vain = True
                return self._tell(over, "yellow")
            try:
                message = left_over or (self._heard("\n" + PROMPT) if self._asks else ask_line(""))
            except Left:
                return
            left_over = ""
            if message.strip() and (turn := await self._send(message)):
                left_over = turn.left_over
                if turn.result.waiting or (self._stuck and not self._asks):
                    self._unread()
                    return

    async def _catch_up(self) -> bool:
        """Finish what a crash or a question left unfinished.

        Returns:
            whether the conversation is free for the next message.
        """
        known = await self._line.known()
        if known.root.phase != "open" and not self._wish.answers:
            return True
        if self._wish.answers and not known.root.turn:
            raise Wrong(f"There is no conversation '{self._conversation}' in this journal.")
        for id in self._wish.answers:
            if id not in known.root.asked:
                raise Wrong(unknown(f"Conversation '{self._conversation}'", "open question", id, known.root.asked))
        asked = known.root.messages[-1].text if known.root.messages else ""
        state = "waits for a person" if known.root.asked else "is unfinished; it is finished first"
        if self._wish.answers:
            state = "goes on with your answer"
        self._tell(f"Turn {known.root.turn} {state}: {brief.short(asked, 80)}")
        if not self._wish.as_json:
            for event in known.events:
                self._screen.show(event)
        async with self._thinking():
            turn = await self._line.go_on(self._wish.answers)
        turn = await self._settled(turn)
        found = report.report(turn.result, turn.error)
        free = (await self._line.known()).root.phase != "open"
        if free and self._wish.message is not None:
            self._before = found
        else:
            self._print(found)
        return free

    async def _send(self, message: str) -> Turn:
        self._screen.begin()
        async with self._thinking():
            turn = await self._line.say(message)
        turn = await self._settled(turn)
        found = report.report(turn.result, turn.error)
        if self._before is not None:
            found["finished"], self._before = self._before, None
        self._print(found)
        return turn

    async def _settled(self, turn: Turn) -> Turn:
        """The turn, after a person answered what it asks, if one is there; what is left is told."""
        while turn.result.waiting and self._asks and turn.error is None:
            answers = {waiting.id: self._ask(waiting) for waiting in turn.result.waiting}
            async with self._thinking():
                turn = await self._line.go_on(answers)
        self._screen.pause()
        self._waits = bool(turn.result.waiting)
        self._vain = self._stuck = False
        if turn.error is not None:
            self._failed(turn.error, turn)
        if self._waits and not self._wish.as_json:
            self._put_off(turn.result.waiting[0])
        for waiting in turn.result.waiting:
            self._tell(question(waiting), "yellow")
            if self._kept:
                self._command("Answer (yes or no) with", [*self.again, "--answer", f"{waiting.id}=yes"])
        if self._waits and not self._kept:
            self._tell("It cannot be answered: nothing is kept after this process. Name a journal with --journal.", "yellow")
        return turn

    def _thinking(self) -> AbstractAsyncContextManager[None]:
        """Show a sign of life while a turn goes on, where the turn is shown."""
        return nullcontext() if self._wish.as_json else self._screen.pulse.beating()

    def warn(self, text: str) -> None:
        """Show a warning of Switchroom's own."""
        self._tell(text, "yellow")

    def _put_off(self, waiting: Waiting) -> None:
        """Give who wrote the message a sentence, in the place of the answer that is not there yet."""
        self._out.write(BY_A_PERSON[waiting.question] + "\n")
        self._out.flush()
        self.code = max(self.code, 1)

    def _unread(self) -> None:
        """Say that the lines left over in a pipe were not read, and why."""
        if self._wish.message is None and not self._asks and (lines := unread()):
            why = "what follows would fail in the same way" if self._stuck else "that turn has to be finished first"
            why = "a person's answer is awaited" if self._waits else why
            self._tell(f"{lines[0].upper()}{lines[1:]}: {why}.", "yellow")

    def _failed(self, error: Exception, turn: Turn) -> None:
        wrong = isinstance(error, UserError)
        answered = any(isinstance(event.fact, ModelAnswered) for event in turn.result.events)
        # A new conversation in which no model could be asked: its name is wrong, and there is nothing to go on with.
        self._vain = wrong and not answered and not self._wish.conversation and turn.result.turn == 1
        self._stuck = self._vain or isinstance(error, ModelDenied)
        self._tell(f"Error: {told(error)}", "red")
        self.code = max(self.code, 2 if wrong or isinstance(error, JournalError) else 1)

    def _ask(self, waiting: Waiting) -> tuple[bool, str]:
        self._tell(f"\n{question(waiting)}", "yellow")
        return ask_yes("  y/n › ")

    async def _show(self, event: RunEvent) -> None:
        if not self._wish.as_json:
            self._screen.show(event)

    def _instead(self) -> tuple[str, int] | None:
        heard = self._screen.heard
        self._screen.pause()
        self._tell("\nInterrupted. Say what you want instead; Enter lets it go on, Ctrl-C leaves.")
        text = self._heard(PROMPT)
        return (text, heard) if text.strip() else None

    def _heard(self, prompt: str) -> str:
        """Ask for a line until the person says something to the agents, and return the line.

        Raises:
            Left: the person leaves instead.
        """
        while True:
            text = ask_line(prompt)
            if leaves(text):
                raise Left
            command = text.strip().lower()
            if not _COMMAND.fullmatch(command):
                return text
            if command != "/help":
                self._tell(f"There is no command {command}, and it was not sent to the agents.")
            for line in HELP.splitlines():
                self._tell(line)

    def _print(self, found: dict[str, Any]) -> None:
        if self._wish.as_json:
            self._out.write(report.line(found) + "\n")
            self._out.flush()

    def _command(self, what: str, words: list[str]) -> None:
        """A command to be copied: not folded."""
        self._screen.talk.print(Text(f"{what}: {shlex.join(words)}", style="dim"))

    def _tell(self, text: str, style: str = "dim") -> None:
        if text:
            self._screen.line(Text(brief.clean(text), style=style), 0)


BY_A_PERSON = {
    "approval": "This has to be approved by a person first.",
    "unknown_effect": "A person has to look into this first.",
}
"""What the customer is told while a question to a person waits, by the kind of question."""


def question(waiting: Waiting) -> str:
    """What a person is asked, in words."""
    call = f"{waiting.tool}({brief.arguments(waiting.args)})"
    if waiting.question == "approval":
        return f"{waiting.agent} asks: may {call} be done?"
    return f"{waiting.agent} asks: did {call} happen before the process ended?"


def talk(reference: str, wish: Wish) -> int:
    """Load the application, have the dialogue, and give the exit code."""
    out = sys.stdout
    with redirect_stdout(sys.stderr):  # what the application's modules print is talk
        app = load_app(reference)
    app = replace(app, config=replace(app.config, journal=wish.journal or app.config.journal or default_journal()))
    dialogue = Dialogue(app, wish, out)
    tolerate()
    with warnings_shown(dialogue.warn, not wish.as_json), redirect_stdout(sys.stderr) if wish.as_json else nullcontext():
        try:
            asyncio.run(dialogue.run())
        except Left:
            dialogue.leave()
        except KeyboardInterrupt:
            dialogue.leave()
            raise Failed("Interrupted. The turn is unfinished; it is finished first when you go on.") from None
    return dialogue.code

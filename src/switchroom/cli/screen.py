"""A turn on a screen: who has the conversation, what they look up and do, whom they hand over to, and what they say."""

from __future__ import annotations

import os
import sys
from typing import Literal, TextIO

from rich.console import Console
from rich.text import Text

from switchroom.cli import brief
from switchroom.cli.pulse import Pulse
from switchroom.cli.typist import Typist
from switchroom.events import (
    AnswerCut,
    AnswerRejected,
    AnswerWithdrawn,
    CallsJudged,
    CircleBroken,
    EffectCleared,
    FallbackCalled,
    HandoffCommitted,
    HandoffDeclined,
    HandoffExpired,
    HandoffReturned,
    ModelAnswered,
    NodeFailed,
    NodeHandedOver,
    PersonAnswered,
    PersonAsked,
    RunEvent,
    StepReturned,
    TextDelta,
    ToolFailed,
    ToolReturned,
    ToolStarted,
    TurnAnswered,
    TurnCut,
    TurnStarted,
    Verdict,
)
from switchroom.messages import ToolCall
from switchroom.schema import as_text

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")
"""The colours of agents, in the order in which they appear."""

Shape = Literal["live", "wrapped", "raw"]
"""How answers are written: word by word as they come, whole and wrapped, or whole and not wrapped."""


def console(stream: TextIO) -> Console:
    """A console on a stream; without colours if it is no terminal, or if NO_COLOR asks for that."""
    plain = bool(os.environ.get("NO_COLOR")) or not stream.isatty()
    width = None if stream.isatty() else 100
    return Console(file=stream, color_system=None if plain else "auto", width=width, highlight=False, soft_wrap=True)


def shape_of(stream: TextIO) -> Shape:
    """How answers are to be written to a stream: live on a terminal, untouched elsewhere."""
    return "live" if stream.isatty() and os.environ.get("TERM") != "dumb" else "raw"


class Screen:
    """Shows the events of turns.

    Args:
        talk: where all is shown that is not the answer itself.
        out: where answers are written.
        shape: how they are.

    Characters that would steer a terminal are removed from all that is written, also where it is no terminal: what is piped may
    be shown on one later.
    """

    def __init__(self, talk: Console, out: TextIO, shape: Shape) -> None:
        self.talk = talk
        self._out = out
        self._page = console(out)
        self._shape: Shape = shape
        self._calls: dict[str, list[ToolCall]] = {}
        self._verdicts: dict[str, tuple[Verdict, ...]] = {}
        self._running: set[tuple[str, int]] = set()
        self._broken: set[tuple[str, int]] = set()
        self._colours: dict[str, str] = {}
        self._badge = ""
        self._answerer = ""
        self._open: tuple[str, int] | None = None
        self._typist: Typist | None = None
        self._said = ""
        self._part = 0
        self._cut = False
        self.pulse = Pulse(talk, self._is_free)

    @staticmethod
    def usual() -> Screen:
        """The screen of a conversation: answers on stdout, all else on stderr."""
        return Screen(console(sys.stderr), sys.stdout, shape_of(sys.stdout))

    @property
    def heard(self) -> int:
        """How many characters of the answer that is being written were shown."""
        return len(self._said)

    def begin(self) -> None:
        """A new turn begins: whoever acts first gets a badge."""
        self.pause()
        self._badge = ""
        self._cut = False

    def _is_free(self) -> bool:
        """Whether no line stands open, and no tool runs that may write one."""
        return self._typist is None and self._open is None and not self._running

    def pause(self) -> None:
        """End whatever line stands open."""
        self.pulse.erase()
        if self._typist is not None:
            self._typist.end()
            self._typist = None
        if self._open is not None:
            self.talk.print()
            self._open = None

    def show(self, event: RunEvent) -> None:
        """Show an event."""
        fact, path = event.fact, event.path
        self.pulse.erase()
        match fact:
            case TurnStarted():
                self._broken, self._running = self._running, set()
            case TextDelta():
                self._delta(fact, path)
            case ModelAnswered():
                self._answered(fact, path)
            case StepReturned():
                self._returned(fact, path)
            case AnswerWithdrawn():
                self._withdrawn(fact, path)
            case AnswerRejected():
                self._rejected(fact, path)
            case AnswerCut():
                self._finished()
            case TurnAnswered():
                self._answerer = fact.by
            case TurnCut():
                self._cut = True
            case NodeHandedOver() if self._typist is None:
                self._note(f"{fact.source} → {fact.target}{f': {fact.reason}' if fact.reason else ''}", "dim")
            case FallbackCalled():
                self._note(f"no answer came ({fact.reason}); the fallback speaks", "dim yellow")
            case NodeFailed():
                self._note(f"{fact.node} failed: {fact.error}: {fact.message}", "red")
            case CallsJudged():
                self._judged(fact, path)
            case ToolStarted():
                self._started(fact, path)
            case ToolReturned():
                self._ended(fact, path, brief.result(fact.text), "dim yellow" if fact.failed else "dim")
            case ToolFailed():
                self._ended(fact, path, f"{fact.error}: {fact.message}", "red")
            case EffectCleared():
                self._note(f"· {fact.tool} had begun before, and did not happen", "dim yellow")
            case PersonAsked():
                self._asked(fact, path)
            case PersonAnswered():
                self._note(f"a person says {'yes' if fact.yes else 'no'}{f': {fact.note}' if fact.note else ''}", "yellow")
            case HandoffCommitted():
                self._handed_over(fact, path)
            case HandoffReturned():
                self._handed_back(fact, path)
            case HandoffDeclined():
                self._note(f"→ {fact.target} declines: {fact.reason}", "yellow")
            case HandoffExpired():
                self._note(f"{fact.target} did not answer in time; back to {fact.source}", "yellow")
            case CircleBroken():
                self._note(f"→ {fact.target} would go in a circle; {fact.fallback or fact.source} answers", "yellow")
            case _:
                pass

    # what is said ----------------------------------------------------------------------------------------------------

    def _delta(self, fact: TextDelta, path: str) -> None:
        if _depth(path) or self._shape != "live":
            return
        if self._said and fact.answer != self._part:  # another part of the answer
            self.pause()
            self._said += "\n"
        self._part = fact.answer
        if self._typist is None:
            self._speaks(fact.agent)
            self._typist = Typist(self._out, self._page.width)
        self._said += fact.text
        self._typist.type(brief.clean(fact.text))

    def _answered(self, fact: ModelAnswered, path: str) -> None:
        self._calls[path] = list(fact.message.calls)
        self._answerer = fact.agent if not _depth(path) else self._answerer
        if not fact.message.calls or _depth(path):
            return
        if fact.message.text and not self._said:  # said on the way to the answer
            self._speaks(fact.agent)
            self.line(Text(brief.clean(fact.message.text)))
        self._finished()

    def _returned(self, fact: StepReturned, path: str) -> None:
        if _depth(path):
            return
        text = as_text(fact.output if self._shape == "raw" else fact.last or fact.output, "The answer")
        if self._cut:
            return self._finished()
        if not self._said or (isinstance(fact.output, str) and self._said != text):
            self._speaks(self._answerer)
            self._write(text)
        self._finished()

    def _finished(self) -> None:
        """Whatever was being said is said."""
        self.pause()
        self._said = ""

    def _write(self, text: str) -> None:
        self.pause()
        if self._shape == "raw":
            self._out.write(brief.clean(text) + "\n")
            self._out.flush()
            return
        self._typist = Typist(self._out, self._page.width)
        self._typist.type(brief.clean(text))

    def _withdrawn(self, fact: AnswerWithdrawn, path: str) -> None:
        if _depth(path):
            return
        if self._typist is not None and self._typist.rows < self._page.height:
            self._typist.take_back()
            self._typist = None
        self._finished()
        self.line(Text(f"withdrawn: {brief.short(fact.reason, 100)}", style="dim yellow"))

    def _rejected(self, fact: AnswerRejected, path: str) -> None:
        if not _depth(path):
            self._note(f"not of use, asked again: {fact.reason}", "dim yellow")

    # who has the conversation ----------------------------------------------------------------------------------------

    def _speaks(self, agent: str) -> None:
        if not agent or agent == self._badge:
            return
        self.pause()
        self._badge = agent
        self.talk.print()
        self.talk.print(self.badge(agent))

    def badge(self, agent: str) -> Text:
        """An agent's name in its colour."""
        if self.talk.color_system is None:
            return Text(f"[{agent}]")
        return Text(f" {agent} ", style=f"bold reverse {self._colour(agent)}")

    def _colour(self, agent: str) -> str:
        return self._colours.setdefault(agent, COLOURS[len(self._colours) % len(COLOURS)])

    def _handed_over(self, fact: HandoffCommitted, path: str) -> None:
        if _depth(path):
            return self._note(f"{fact.source} → {fact.target}", "dim")
        self._speaks(fact.source)
        reason = f"  {brief.short(fact.reason, 100)}" if fact.reason else ""
        self.line(Text.assemble("→ ", (fact.target, f"bold {self._colour(fact.target)}"), reason))
        learned = ", ".join(dict.fromkeys(told.partition(":")[0] for told in fact.learned))
        carried = [brief.fields(fact.brief), f"what {learned} told" if learned else ""]
        if any(carried):
            line = brief.short("; ".join(filter(None, carried)), 300)
            self.line(Text(f"carries {line}", style="dim"), 4)

    def _handed_back(self, fact: HandoffReturned, path: str) -> None:
        if _depth(path):
            return self._note(f"{fact.source} → {fact.target}", "dim")
        self._speaks(fact.source)
        outcome = f"  gives back {brief.short(brief.fields(fact.outcome), 120)}".rstrip()
        self.line(Text.assemble("← ", (fact.target, f"bold {self._colour(fact.target)}"), outcome))

    # what is done ----------------------------------------------------------------------------------------------------

    def _judged(self, fact: CallsJudged, path: str) -> None:
        calls = self._calls.get(path, [])
        self._verdicts[path] = fact.verdicts
        for index, verdict in enumerate(fact.verdicts):
            if verdict.args is not None:
                calls[index] = ToolCall(calls[index].name, verdict.args)
            if verdict.kind == "refused":
                self._note(f"· {calls[index].name} refused: {verdict.reason}", "dim yellow")

    def _started(self, fact: ToolStarted, path: str) -> None:
        self._call(fact.agent, fact.tool, fact.index, path)
        self._open = (path, fact.index)
        self._running.add(self._open)

    def _call(self, agent: str, tool: str, index: int, path: str) -> None:
        self.pause()
        depth = _depth(path)
        if not depth:
            self._speaks(agent)
        calls = self._calls.get(path, [])
        args = brief.arguments(calls[index].args) if index < len(calls) else ""
        who = f"{agent} " if depth else ""
        line = brief.short(f"{who}{tool}({args})", self.talk.width - 8 - 2 * depth)
        self.talk.print(Text(f"{'  ' * depth}  · {line}", style="dim"), end="")

    def _ended(self, fact: ToolReturned | ToolFailed, path: str, outcome: str, style: str) -> None:
        call = (path, fact.index)
        if self._open != call:
            self._call(fact.agent, fact.tool, fact.index, path)
        if call in self._broken:  # in an attempt before this one, whose process did not see its end
            again = self._verdicts[path][fact.index].effect in ("read", "idempotent")
            self.talk.print(
                Text(" began before: done again" if again else " began before: found done, not repeated", style="yellow"),
                end="",
            )
        self._open = None
        self._running.discard(call)
        self._broken.discard(call)
        self.talk.print()
        margin = "  " * _depth(path) + "    "
        self.talk.print(Text(f"{margin}{brief.short(outcome, self.talk.width - len(margin) - 2) or 'done'}", style=style))

    def _asked(self, fact: PersonAsked, path: str) -> None:
        self.pause()
        if not _depth(path):
            self._speaks(fact.agent)
        why = (
            "waits for a person's approval"
            if fact.question == "approval"
            else "broke off; a person has to say whether it happened"
        )
        self._note(f"· {fact.tool}({brief.arguments(fact.args)}) {why}", "yellow")

    # lines -----------------------------------------------------------------------------------------------------------

    def _note(self, text: str, style: str) -> None:
        self.line(Text(brief.short(text, 300), style=style))

    def line(self, text: Text, indent: int = 2) -> None:
        """A line of talk; on a terminal it is folded between words where it is too long."""
        self.pause()
        folded = text.wrap(self.talk, max(self.talk.width - indent - 1, 20)) if self.talk.is_terminal and text else [text]
        for part in folded:
            part.rstrip()
            self.talk.print(Text(" " * indent) + part)


def _depth(path: str) -> int:
    """How deep below the step that answers the turn."""
    return max(path.count("/") - 1, 0)

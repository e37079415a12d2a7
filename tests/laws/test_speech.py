"""What was said in a turn is one text: as it is streamed, in the result, in the journal, on resume and in a session."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from switchroom import Agent, Message, RunConfig, Runner, Session, Team, UserError, tool
from switchroom.errors import ModelMisbehaved
from switchroom.events import (
    AnswerCut,
    AnswerReplaced,
    AnswerWithdrawn,
    ModelAnswered,
    RunEvent,
    StepReturned,
    TextDelta,
)
from switchroom.guardrail import Guardrail, Pass, Replace, on_output
from switchroom.journals import MemoryJournal
from switchroom.messages import ToolCall
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.testing import transcript
from switchroom.usage import Usage

NAMES = ("a", "b", "c")
FINAL = "this is all"
EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Answer:
    """One answer of the script: what is said, what is called, and what was said before and taken back."""

    text: str
    calls: tuple[str, ...] = ()
    before: str = ""


@dataclass(frozen=True)
class Script:
    """A turn: the answers, whoever is asked, and the guardrails of the agents."""

    answers: tuple[Answer, ...]
    guards: tuple[str, ...]


words = st.sampled_from(["", "One moment.", "I look it up. ", "damn", "two\nlines"])
calls = st.lists(st.sampled_from(["look", "nothing", *(f"transfer_to_{name}" for name in NAMES)]), max_size=2).map(tuple)
answers = st.builds(Answer, words, calls, st.sampled_from(["", "wrong"]))
scripts = st.builds(
    Script,
    st.lists(answers, max_size=6).map(tuple),
    st.tuples(*[st.sampled_from(["none", "replaces", "holds and replaces", "holds"]) for _ in NAMES]),
)


class Scripted:
    """A model that gives the answers of a script, word by word; every answer behind the script is the final one."""

    def __init__(self, script: Script) -> None:
        self.left = list(script.answers)

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        answer = self.left.pop(0) if self.left else Answer(FINAL)
        if answer.before:
            emit(answer.before)
            await asyncio.sleep(0)
            if not await emit.withdraw("another try"):
                raise AssertionError("the reader of this test clears what is withdrawn")
        for piece in answer.text.split(" "):
            emit(piece if piece == answer.text.split(" ")[0] else f" {piece}")
            await asyncio.sleep(0)
        made = tuple(
            ToolCall(name, {"reason": "so"} if "transfer" in name else {}, f"{i}") for i, name in enumerate(answer.calls)
        )
        return ModelResponse(Message("assistant", answer.text, calls=made), Usage(1))


@tool(effect="read")
async def look() -> str:
    """Look something up."""
    return "found"


async def politely(context: Any, text: str) -> Pass | Replace:
    return Replace(text.replace("damn", "d***")) if "damn" in text else Pass()


async def passing(context: Any, text: str) -> Pass:
    return Pass()


GUARDS: dict[str, list[Guardrail]] = {
    "none": [],
    "replaces": [on_output(politely)],
    "holds": [on_output(passing, hold=True)],
    "holds and replaces": [on_output(politely, hold=True)],
}


def team(script: Script) -> Team:
    """Agents that may hand over to one another, with one model for all, so that the script goes on whoever is asked."""
    model = Scripted(script)
    agents = [
        Agent(name, model=model, tools=[look], guardrails=GUARDS[guard], handoffs=[one for one in NAMES if one != name])
        for name, guard in zip(NAMES, script.guards, strict=True)
    ]
    return Team(agents, entry="a", fallback="a")


class Reader:
    """A screen: the answers by number, what was withdrawn cleared, what replaces in place of what was shown."""

    def __init__(self) -> None:
        self.shown: dict[int, str] = {}
        self.now = 0
        self.is_open = False

    def read(self, event: RunEvent) -> None:
        match event.fact:
            case TextDelta(text=text, answer=answer):
                self.now, self.is_open = answer, True
                self.shown[answer] = self.shown.get(answer, "") + text
            case AnswerWithdrawn():
                self.shown[self.now] = ""
            case AnswerReplaced(text=text):
                self.shown[self.now] = text
            case ModelAnswered(message=message) if message.calls:
                self.is_open = False
            case AnswerCut(heard=heard):
                if self.is_open:
                    self.shown[self.now] = heard
                self.is_open = False
            case _:
                pass

    @property
    def text(self) -> str:
        return "\n".join(text for _, text in sorted(self.shown.items()) if text)


@EXAMPLES
@given(scripts, st.none() | st.tuples(st.integers(0, 12), st.none() | st.integers(0, 9)))
@example(Script((Answer("One moment.", ("transfer_to_b",)),), ("none",) * 3), None)
@example(Script((Answer("One moment.", ("transfer_to_b",)), Answer("damn")), ("none", "holds and replaces", "none")), None)
def test_the_streamed_text_the_result_and_the_journal_agree(script: Script, cut: tuple[int, int | None] | None):
    asyncio.run(check(script, cut))


async def check(script: Script, cut: tuple[int, int | None] | None) -> None:
    config = RunConfig(journal=MemoryJournal(), max_turns=1000, withdraws=True)
    step, reader = team(script), Reader()
    try:
        async with Runner.stream(step, "go", config=config, conversation="c") as events:
            deltas = 0
            async for event in events:
                reader.read(event)
                deltas += event.kind == "text_delta"
                if cut is not None and deltas > cut[0]:
                    interrupt(events, cut[1])
                    cut = None
    except ModelMisbehaved:  # a script may repeat its faults until it is given up
        return
    result = events.result
    assert reader.text == result.final_output == result.text
    returned = next(event.fact for event in reversed(result.events) if isinstance(event.fact, StepReturned))
    assert returned.output == result.final_output
    again = await Runner.resume(step, config=config, conversation="c")
    assert (again.final_output, again.text) == (result.final_output, result.text)
    if not any(isinstance(event.fact, AnswerReplaced) for event in result.events):
        assert " returns " not in transcript(result)  # each part stands where it was said


def interrupt(events: Any, heard: int | None) -> None:
    with contextlib.suppress(UserError):  # it was over
        events.interrupt("stop", heard)


@EXAMPLES
@given(scripts)
def test_a_plain_run_and_a_session_say_what_a_stream_says(script: Script):
    asyncio.run(check_the_ways(script))


async def check_the_ways(script: Script) -> None:
    config = RunConfig(max_turns=1000, withdraws=True)
    try:
        plain = await Runner.run(team(script), "go", config=config)
    except ModelMisbehaved:
        return
    async with Runner.stream(team(script), "go", config=config) as events:
        async for _ in events:
            pass
    assert events.result.final_output == plain.final_output
    async with Session(team(script), config=config) as session:
        reply = await session.send("go")
    assert reply.text == plain.final_output

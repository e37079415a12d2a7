"""is_enabled: which tools and handoffs a model is shown, decided before each request, and the same on resume and in a play."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import (
    Agent,
    RunConfig,
    RunContext,
    Runner,
    Settings,
    Team,
    Tool,
    ToolContext,
    TryAgain,
    UserError,
    handoff,
    tool,
)
from switchroom.events import CallsJudged, ModelAnswered
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.reply import Reply
from switchroom.testing import Cassette, FunctionModel, call
from tests.helpers import facts_of
from tests.laws.worlds import CONVERSATION, Died, DyingJournal, answering, texts


class Plan(BaseModel):
    gold: bool = False


def is_gold(ctx: RunContext[Any, Plan]) -> bool:
    return ctx.state.gold


async def is_gold_async(ctx: RunContext[Any, Plan]) -> bool:
    return ctx.state.gold


@tool(effect="idempotent")
async def upgrade(ctx: ToolContext[Any, Plan]) -> str:
    """Make the customer a gold one."""
    await ctx.update(gold=True)
    return "gold now"


@tool(effect="read", is_enabled=is_gold)
async def lounge() -> str:
    """Open the lounge."""
    return "open"


class Seen:
    """A model that gives answers one after the other, and remembers what it was shown."""

    def __init__(self, *answers: Reply) -> None:
        self.tools: list[list[str]] = []
        self.choices: list[str | None] = []
        self._answers = list(answers)
        self.model = FunctionModel(self._answer)

    def _answer(self, request: ModelRequest) -> Reply:
        self.tools.append([tool.name for tool in request.tools])
        self.choices.append(request.settings.tool_choice)
        said = sum(message.role == "assistant" for message in request.messages)
        return self._answers[min(said, len(self._answers) - 1)]


async def test_a_tool_is_shown_from_the_request_on_for_which_it_is_enabled():
    seen = Seen(call("upgrade"), call("lounge"), "done")
    result = await Runner.run(Agent("a", model=seen.model, tools=[upgrade, lounge]), "go", state=Plan())
    assert seen.tools == [["upgrade"], ["upgrade", "lounge"], ["upgrade", "lounge"]]
    assert texts(result.messages) == ["gold now", "open"]
    assert [fact.disabled for fact in facts_of(ModelAnswered, result.events)] == [("lounge",), (), ()]


@pytest.mark.parametrize("given", [False, is_gold, is_gold_async])
async def test_a_call_of_a_tool_that_is_not_enabled_is_refused_in_words(given: Any):
    ran: list[str] = []

    @tool(is_enabled=given)
    async def hidden() -> None:
        ran.append("hidden")

    seen = Seen(call("hidden"), "done")
    result = await Runner.run(Agent("a", model=seen.model, tools=[upgrade, hidden]), "go", state=Plan())
    assert seen.tools == [["upgrade"], ["upgrade"]]
    assert texts(result.messages) == ["[refused: hidden is not available now; there is upgrade]"]
    assert ran == []


@pytest.mark.parametrize("given", [False, is_gold, is_gold_async])
async def test_a_handoff_that_is_not_enabled_is_neither_shown_nor_made(given: Any):
    seen = Seen(call("transfer_to_vip", reason="x"), "done")
    team = Team([Agent("a", model=seen.model, handoffs=[handoff("vip", is_enabled=given)]), Agent("vip", model=seen.model)])
    result = await Runner.run(team, "go", state=Plan())
    assert seen.tools == [[], []]
    assert texts(result.messages) == ["[refused: transfer_to_vip is not available now; there is no other tool]"]
    enabled = await Runner.run(team, "go", state=Plan(gold=True))
    assert (enabled.last_agent and enabled.last_agent.name) == ("vip" if callable(given) else "a")


async def test_tools_of_all_kinds_may_be_switched():
    async def echo(text: str) -> str:
        return text

    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    tools = [
        Tool.from_schema("echo", "Echo.", schema, echo, is_enabled=is_gold),
        Agent("worker").as_tool(is_enabled=is_gold_async),
        lounge,
    ]
    for gold in (False, True):
        seen = Seen("done")
        await Runner.run(Agent("a", model=seen.model, tools=tools), "go", state=Plan(gold=gold))
        assert seen.tools == [["echo", "worker", "lounge"] if gold else []]


async def test_a_choice_of_what_is_not_enabled_is_not_asked_for():
    closed = replace(lounge, is_enabled=False)
    for choice, made, gold, asked in (
        ("lounge", lounge, False, None),
        ("lounge", lounge, True, "lounge"),
        ("lounge", closed, True, None),
        ("required", lounge, False, None),
        ("required", closed, True, None),
        ("required", lounge, True, "required"),
        ("auto", lounge, False, "auto"),
    ):
        seen = Seen("done")
        agent = Agent("a", model=seen.model, tools=[made], settings=Settings(tool_choice=choice))
        await Runner.run(agent, "go", state=Plan(gold=gold))
        assert seen.choices == [asked]


@pytest.mark.parametrize("given", ["yes", 1, None])
async def test_what_is_neither_a_flag_nor_a_function_is_refused(given: Any):
    with pytest.raises(UserError, match="True, False or a function of the context"):
        tool(is_enabled=given)(is_gold)
    with pytest.raises(UserError, match="True, False or a function of the context"):
        handoff("vip", is_enabled=given)
    odd = tool(name="odd", is_enabled=lambda ctx: given)(upgrade.invoke.function)  # pyright: ignore
    with pytest.raises(UserError, match="is_enabled of 'odd' of agent 'a' returned"):
        await Runner.run(Agent("a", model=answering("x"), tools=[odd]), "go", state=Plan())


async def test_after_a_crash_a_call_is_judged_by_what_was_enabled_when_the_model_was_asked():
    weather = ["open"]

    @tool(effect="read", is_enabled=lambda ctx: weather == ["open"])
    async def garden() -> str:
        return "in the garden"

    agent = Agent("a", model=answering(call("garden"), "done"), tools=[garden])
    for before, after, told in ((["open"], ["shut"], "in the garden"), (["shut"], ["open"], "[refused: garden is not")):
        weather[:] = before
        journal = DyingJournal(lambda event: isinstance(event.fact, CallsJudged))
        with pytest.raises(Died):
            await Runner.run(agent, "go", conversation=CONVERSATION, config=RunConfig(journal=journal))
        weather[:] = after
        result = await Runner.resume(agent, conversation=CONVERSATION, config=RunConfig(journal=journal))
        assert texts(result.messages)[0].startswith(told)


async def test_a_crash_after_any_fact_changes_nothing_of_what_is_said():
    @tool(effect="idempotent")
    async def pay(ctx: ToolContext[Any, Plan], cents: int) -> str:
        if cents > 100:
            raise TryAgain("at most 100")
        await ctx.update(gold=True)
        return "paid"

    clerk = answering(call("lounge"), call("pay", cents=500), call("pay", cents=50), call("lounge"), call("transfer_to_vip"))
    team = Team(
        [
            Agent("clerk", model=clerk, tools=[pay, lounge], handoffs=[handoff("vip", is_enabled=is_gold_async)]),
            Agent("vip", model=answering("welcome")),
        ]
    )
    journal = MemoryJournal()
    whole = await Runner.run(team, "go", conversation=CONVERSATION, config=RunConfig(journal=journal), state=Plan())
    assert texts(whole.messages)[:4] == [
        "[refused: lounge is not available now; there is pay]",
        "[try again: at most 100]",
        "paid",
        "open",
    ]
    for count in range(3, len(journal.read(CONVERSATION)) + 1):  # the first two are one write, with which the turn begins
        dying = DyingJournal(lambda event, count=count: event.seq == count)
        with pytest.raises(Died):
            await Runner.run(team, "go", conversation=CONVERSATION, config=RunConfig(journal=dying), state=Plan())
        config = RunConfig(journal=dying, state_type=Plan)
        result = await Runner.resume(team, conversation=CONVERSATION, config=config)
        assert (result.final_output, texts(result.messages)) == (whole.final_output, texts(whole.messages))


async def test_a_play_shows_what_was_enabled_on_record_and_asks_nobody():
    asked: list[str] = []

    async def by_chance(ctx: RunContext[Any, Plan]) -> bool:
        asked.append(ctx.agent)
        drawn = await ctx.scope.random()
        await ctx.update(gold=not ctx.state.gold)
        return drawn < 2 and len(asked) % 2 == 0

    switched = tool(name="lounge", effect="read", is_enabled=by_chance)(lounge.invoke.function)  # pyright: ignore
    agent = Agent("a", model=answering(call("lounge"), call("lounge"), "done"), tools=[upgrade, switched])
    config = RunConfig(journal=MemoryJournal())
    result = await Runner.run(agent, "go", conversation=CONVERSATION, config=config, state=Plan())
    assert texts(result.messages) == snapshot(["[refused: lounge is not available now; there is upgrade]", "open"])
    assert len(asked) == 3
    asked.clear()
    assert config.journal is not None
    played = await Cassette.from_journal(config.journal, CONVERSATION).play(agent, config=RunConfig(state_type=Plan))
    assert texts(played.result.messages) == texts(result.messages)
    assert asked == []


async def test_the_digest_of_a_request_tells_what_was_not_enabled():
    agent = Agent("a", model=answering("done"), tools=[lounge])
    results = [await Runner.run(agent, "go", state=Plan(gold=gold)) for gold in (True, False)]
    digests = [facts_of(ModelAnswered, result.events)[0].digest for result in results]
    assert digests[0] != digests[1]

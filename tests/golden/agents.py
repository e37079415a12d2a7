"""Golden conversations of agents: tools, guardrails, answers that do not hold, approvals, crashes in calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from switchroom import Agent, Message, NotDone, RunConfig, RunContext, Runner, RunResult, ToolContext, tool
from switchroom.guardrail import Pass, Replace, Trip, on_input, on_output, on_tool
from switchroom.history import Summary
from switchroom.messages import Image, Text
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.models import retrying
from switchroom.testing import call
from switchroom.usage import Usage
from tests.golden.scene import Run
from tests.golden.world import World, newest

LARGE = 70_000
"""Characters of a value that is kept apart from its fact."""


class Case(BaseModel):
    """What agents share."""

    orders: list[str] = []
    notes: int = 0


class Invoice(BaseModel):
    """A typed answer."""

    number: str
    cents: int


def with_case(world: World) -> dict[str, Any]:
    """Options of runs whose agents share a case."""

    def begin(conversation: str) -> Case:
        return Case()

    return {"state": begin, "state_type": Case}


def effects(world: World) -> list[Any]:
    """Tools of each effect class."""

    @tool(effect="read")
    async def look_up(ctx: ToolContext[Any], order: str) -> str:
        """Look an order up."""
        world.happens("look_up", ctx.effect_key)
        return f"order {order} is shipped"

    @tool(effect="idempotent")
    def note_order(ctx: ToolContext[Any], order: str) -> str:
        """Note an order, in a thread."""
        world.happens("note_order", ctx.effect_key)
        return "noted"

    @tool(effect="compensable")
    async def reserve(ctx: ToolContext[Any]) -> dict[str, Any]:
        """Reserve a credit."""
        world.happens("reserve", ctx.effect_key)
        return {"reserved": True, "cents": 4900}

    @tool(effect="irreversible")
    async def charge(ctx: ToolContext[Any], cents: int) -> str:
        """Charge an amount."""
        world.happens("charge", ctx.effect_key)
        return f"charged {cents}"

    async def was_mailed(ctx: ToolContext[Any], args: Mapping[str, Any]) -> Any:
        """Whether the mail went out."""
        return "it was mailed" if world.mended else NotDone()

    @tool(effect="irreversible", reconcile=was_mailed)
    async def mail(ctx: ToolContext[Any]) -> str:
        """Mail a confirmation."""
        world.happens("mail", ctx.effect_key)
        return "mailed"

    return [look_up, note_order, reserve, charge, mail]


def shop(world: World) -> Agent[str]:
    """An agent that uses tools of all kinds; some fail."""

    @tool(effect="read", on_error="tell_model")
    async def archive() -> str:
        """Look into the archive."""
        raise ConnectionError("the archive is closed")

    @tool(effect="idempotent")
    async def remember(ctx: ToolContext[Any], order: str) -> str:
        """Put an order on the case."""
        await ctx.update(orders=[*ctx.state.orders, order])
        return f"{len(ctx.state.orders)} orders"

    rounds = [
        [call("look_up", order="7"), call("note_order", order="7"), call("archive"), call("no_such_tool")],
        [call("remember", order="7"), call("reserve"), call("charge", cents=4900)],
        [call("look_up")],
    ]
    tools = [*effects(world), archive, remember]
    return Agent("clerk", "Help with orders.", tools=tools, model=world.rounds(clerk=[*rounds, "All is done."]))


def brittle(world: World) -> Agent[str]:
    """An agent whose tool fails until the world is mended."""

    @tool(effect="read")
    async def look(ctx: ToolContext[Any]) -> str:
        """Look."""
        world.happens("look", ctx.effect_key)
        world.breaks()
        return "found"

    return Agent("clerk", tools=[look], model=world.rounds(clerk=[call("look")]))


def unanswered(world: World) -> Agent[str]:
    """An agent whose model fails until the world is mended."""

    def answers(request: ModelRequest) -> str:
        world.breaks()
        return "I am here."

    return Agent("clerk", model=world.model(answers))


def guarded(world: World) -> Agent[str]:
    """An agent whose input, output and calls are replaced."""

    async def no_numbers(ctx: RunContext, text: str) -> Pass | Replace:
        return Replace(text.replace("4111", "[number]")) if "4111" in text else Pass()

    async def politely(ctx: RunContext, text: str) -> Replace:
        await ctx.scope.uuid()
        return Replace(f"{text} Thank you.")

    async def low(ctx: RunContext, made: Any) -> Pass | Replace:
        return Replace({"order": "8"}) if made.name == "look_up" else Pass()

    guards = [on_input(no_numbers), on_output(politely), on_tool(low)]
    model = world.rounds(clerk=[call("look_up", order="7")])
    return Agent("clerk", tools=effects(world), guardrails=guards, model=model)


def refused(world: World) -> Agent[str]:
    """An agent whose answer trips a guardrail."""

    async def no_promises(ctx: RunContext, answer: str) -> Pass | Trip:
        return Trip("it promises a refund") if "refund" in answer else Pass()

    return Agent("clerk", guardrails=[on_output(no_promises)], model=world.rounds(clerk=["You get a refund, yes."]))


def typed(world: World) -> Agent[Invoice]:
    """An agent whose first answer is not of its output type."""

    def answers(request: ModelRequest) -> str:
        told = any(message.role == "system" for message in request.messages) or len(request.messages) > 1
        return '{"number": "F-1", "cents": 4900}' if told else "Which invoice?"

    return Agent("clerk", output_type=Invoice, model=world.model(answers))


def interrupted_once(world: World) -> Agent[str]:
    """An agent whose server breaks off after some words, and then answers; it says what that cost."""
    tries: list[str] = []

    async def server(request: ModelRequest, emit: Emit) -> ModelResponse:
        tries.append(request.agent)
        emit("One mo")
        await asyncio.sleep(0)
        if len(tries) == 1:
            raise ConnectionError("the line broke")
        world.happens("server", newest(request))
        usage = Usage(requests=1, input_tokens=20, output_tokens=5, cached_tokens=4, reasoning_tokens=1)
        return ModelResponse(Message("assistant", "One moment, please."), usage, "tests:server")

    return Agent("clerk", model=retrying(server, attempts=2, wait=0))


def summarised(world: World) -> Agent[str]:
    """An agent that sees a summary of what is old."""
    historian = Agent("historian", "Put it in a sentence.", model=world.rounds(historian=["They spoke of parcels."]))
    return Agent("clerk", model=world.rounds(), history=Summary(historian, over=60, keep=2))


def storyteller(world: World) -> Agent[str]:
    """An agent that never ends its story; it answers anything else at once."""

    async def story(request: ModelRequest, emit: Emit) -> ModelResponse:
        if newest(request) == "tell":
            for word in ("Once ", "upon ", "a time"):
                emit(word)
            await asyncio.Event().wait()
        world.happens("story", f"{newest(request)} ({len(request.messages)})")
        return ModelResponse(Message("assistant", f"You said {newest(request)}."))

    return Agent("teller", model=story)


def large(world: World) -> Agent[str]:
    """An agent whose tool returns what is kept apart from its fact."""

    @tool(effect="read")
    async def ledger(ctx: ToolContext[Any], pages: int) -> Any:
        """Read the ledger."""
        world.happens("ledger", ctx.effect_key)
        return "x" * pages if pages > 3 else {"\0blob": "a key that begins as a reference does", "pages": ["\0", "é"]}

    rounds = [[call("ledger", pages=LARGE), call("ledger", pages=LARGE), call("ledger", pages=3)]]
    return Agent("clerk", tools=[ledger], model=world.rounds(clerk=rounds))


def careful(world: World) -> Agent[str]:
    """An agent whose tools a person approves."""

    @tool(effect="irreversible", needs_approval=lambda made: made.args["cents"] > 100)
    async def refund(ctx: ToolContext[Any], cents: int) -> str:
        """Pay money back."""
        world.happens("refund", ctx.effect_key)
        return f"refunded {cents}"

    @tool(effect="idempotent", needs_approval=True)
    async def waive(ctx: ToolContext[Any]) -> str:
        """Waive the fee."""
        world.happens("waive", ctx.effect_key)
        return "waived"

    rounds = [[call("refund", cents=50), call("refund", cents=8900), call("waive")]]
    return Agent("billing", tools=[refund, waive], model=world.rounds(billing=rounds))


def settling(world: World) -> Agent[str]:
    """An agent whose tool runs another, which a person has to approve."""

    @tool(effect="compensable", needs_approval=True)
    async def sign_off(ctx: ToolContext[Any]) -> str:
        """Sign off."""
        world.happens("sign_off", ctx.effect_key)
        return "signed"

    auditor = Agent("auditor", tools=[sign_off], model=world.rounds(auditor=[call("sign_off")]))

    @tool(effect="irreversible")
    async def settle(ctx: ToolContext[Any]) -> str:
        """Settle the case."""
        result = await Runner.run(auditor, "Is it in order?")
        world.happens("settle", ctx.effect_key)
        return f"settled: {result.final_output}"

    rounds = [[call("settle"), call("look_up", order="9")]]
    return Agent("clerk", tools=[settle, *effects(world)], model=world.rounds(clerk=rounds))


def worker(world: World) -> Agent[str]:
    """An agent that asks another and uses each tool, one answer after the other."""
    model = world.rounds(
        clerk=[
            [call("look_up", order="1"), call("advisor", input="What is the tariff?")],
            [call("note_order", order="1"), call("reserve")],
            [call("charge", cents=100), call("mail")],
        ]
    )
    advisor = Agent("advisor", tools=[], model=model, description="knows the tariffs")
    return Agent("clerk", tools=[*effects(world), advisor], model=model)


async def streamed(step: Any, said: Any, conversation: str, config: RunConfig) -> RunResult[Any]:
    """Take a turn while somebody listens."""
    async with Runner.stream(step, said, conversation=conversation, config=config) as events:
        async for _ in events:
            pass
    return events.result


async def interrupted(step: Any, said: Any, conversation: str, config: RunConfig) -> RunResult[Any]:
    """Take a turn, and interrupt it at its first word."""
    async with Runner.stream(step, said, conversation=conversation, config=config) as events:
        taken: Any = None
        async for event in events:
            if event.kind == "text_delta" and taken is None:
                taken = events.interrupt("wait", heard=4)
        await taken
    return events.result


def withdrawing(world: World) -> dict[str, Any]:
    """Options of a run whose listeners clear what was withdrawn."""
    return {"withdraws": True}


def invoice(output: Any) -> Any:
    """A typed answer as JSON."""
    return output.model_dump()


PICTURE = [
    Message("system", "Be brief."),
    Message("user", (Text("What is this?"), Image(data=b"\x89PNG", media_type="image/png"))),
]
LONG_TALK = ("My parcel is late. " * 6, "It was sent on Monday. " * 6, "To the house next door. " * 6)

FINISHED = (
    Run("tools", shop, ("hello", "And order 8?"), options=with_case),
    Run("guards", guarded, ("My card is 4111",), talk=streamed, options=withdrawing),
    Run("typed answer", typed, gist=invoice),
    Run("withdrawn answer", interrupted_once, talk=streamed, options=withdrawing),
    Run("summary", summarised, LONG_TALK),
    Run("interruption", storyteller, ("tell",), talk=interrupted),
    Run("large values", large, ("x" * LARGE, PICTURE)),
    Run("approved", careful, answers={"refund": True, "waive": (False, "not again")}),
    Run("approved inside", settling),
    Run("cleared", worker, lives=("before mail#1", "")),
    Run("person clears", worker, lives=("before charge#1", ""), answers={"charge": False}),
    Run("person confirms", worker, lives=("after charge#1", ""), answers={"charge": (True, "charged 100")}),
)
FAILED = (
    Run("failed tool", brittle, ends="failed"),
    Run("failed model", unanswered, ends="failed"),
    Run("tripped guard", refused, ends="failed", talk=streamed, options=withdrawing),
)
KILLED = tuple(
    Run(
        f"killed {place.partition('#')[0]}",
        worker,
        ends="killed",
        lives=(place,),
        answers={"charge": done, "reserve": done, "mail": done},
    )
    for place, done in (
        ("before clerk answers 0#1", False),
        ("before clerk answers 1#1", False),
        ("before advisor answers 0#1", False),
        ("before look_up#1", False),
        ("after look_up#1", True),
        ("after note_order#1", True),
        ("before reserve#1", False),
        ("after reserve#1", True),
        ("before charge#1", False),
        ("after charge#1", True),
        ("after mail#1", True),
    )
)
WAITING = (
    Run("waits for approval", careful, ends="waiting", answers={"refund": True, "waive": False}, answered=False),
    Run("waits inside", settling, ends="waiting", answered=False),
    Run("waits with an unknown effect", worker, ends="waiting", lives=("after charge#1", ""), answered=False),
)

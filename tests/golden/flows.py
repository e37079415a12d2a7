"""Golden conversations of teams and workflows: handoffs, branches, votes, debates, budgets, crashes and waits in them."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel

from switchroom import (
    Agent,
    Budget,
    Decline,
    Team,
    debate,
    fallback,
    handoff,
    parallel,
    refine,
    route,
    sequential,
    supervisor,
    vote,
)
from switchroom.budget import CheaperModel, FewerVoters, PartialAnswer, SkipOptional
from switchroom.history import keep_last
from switchroom.model import ModelRequest
from switchroom.routing import KeywordRouter
from switchroom.testing import call
from switchroom.workflow import Branches, budgeted
from tests.golden.agents import careful, effects, with_case, worker
from tests.golden.scene import Run
from tests.golden.world import World, newest, question


class Brief(BaseModel):
    """What a target needs to know."""

    order: str


class Outcome(BaseModel):
    """What a target owes."""

    cents: int


class Verdict(BaseModel):
    """A critic's answer."""

    score: int
    feedback: str
    passes: bool


# handoffs -------------------------------------------------------------------------------------------------------------


def desk(world: World) -> Team:
    """A team that hands over on terms: declined, committed with a brief, and given back."""

    def is_open(ctx: Any, brief: Brief) -> Decline | None:
        return Decline("order 9 is closed") if brief.order == "9" else None

    model = world.rounds(
        desk=[
            [call("look_up", order="9"), call("transfer_to_refunds", reason="charged twice", order="9")],
            call("transfer_to_refunds", reason="charged twice", order="7"),
            "You get $12.00 back.",
        ],
        refunds=[[call("note_order", order="7")], call("return_to_desk", cents=1200, reason="it was ours")],
    )
    terms = handoff("refunds", requires=Brief, accepts=is_open, returns=Outcome, filter=keep_last(4))
    refunds = Agent("refunds", "Pay back.", tools=effects(world), model=model)
    return Team([Agent("desk", tools=effects(world), handoffs=[terms], model=model), refunds], entry="desk")


def triage(world: World) -> Team:
    """A team whose target keeps the conversation; the asker is waited for while the target is with it."""
    model = world.rounds(
        triage=[call("transfer_to_billing", reason="an invoice")],
        billing=[[call("look_up", order="3"), call("charge", cents=5)]],
    )
    billing = Agent("billing", tools=effects(world), model=model)
    return Team([Agent("triage", handoffs=[handoff("billing", returns=Outcome)], model=model), billing], entry="triage")


def late(world: World) -> Team:
    """A team whose target does not answer in time."""

    async def answers(request: ModelRequest) -> Any:
        if request.agent == "billing":
            await asyncio.Event().wait()
        asked = newest(request) == "hello"
        return call("transfer_to_billing", reason="late") if asked else f"I answer myself after {len(request.messages)}."

    model = world.model(answers)
    asker = Agent("triage", handoffs=[handoff("billing", deadline=0.05)], model=model)
    return Team([asker, Agent("billing", model=model)], entry="triage")


def circle(world: World) -> Team:
    """A team that hands over in a circle, until its fallback answers."""

    def answers(request: ModelRequest) -> Any:
        if question(request) != "hello" or request.agent == "general":
            return f"{request.agent} answers."
        return call("transfer_to_returns" if request.agent == "orders" else "transfer_to_orders", reason="not mine")

    model = world.model(answers)
    orders = Agent("orders", handoffs=["returns"], model=model)
    returns = Agent("returns", handoffs=["orders"], model=model)
    return Team([orders, returns, Agent("general", model=model)], entry="orders", fallback="general")


# workflows ------------------------------------------------------------------------------------------------------------


def echo(world: World, *names: str, **options: Any) -> list[Agent[Any]]:
    """Agents that say what they heard."""
    model = world.model(lambda request: f"{request.agent} on {newest(request)[:60]}")
    return [Agent(name, model=model, **options) for name in names]


def pipeline(world: World) -> Any:
    """Agents and functions in a row, over a shared state and values that are drawn."""
    researcher, writer = echo(world, "researcher", "writer")

    async def draw(text: str, scope: Any) -> dict[str, Any]:
        await scope.update(notes=scope.state.notes + 1)
        drawn = [await scope.now(), await scope.random(), await scope.uuid()]
        return {"words": len(text.split()), "drawn": len(drawn)}

    def count(found: dict[str, Any]) -> str:
        return f"{found['words']} words, {found['drawn']} draws"

    return sequential(researcher, draw, count, writer)


def collected(world: World) -> Any:
    """Steps over a dict."""
    researcher, writer = echo(world, "researcher", "writer")
    return sequential(researcher, lambda found: {"title": found["input"].title()}, writer, state={"style": "dry"})


def quorum(world: World) -> Any:
    """Branches of which two are enough; one fails, one is stopped, and one is inside another."""
    near, also = echo(world, "near", "also")

    def broken(text: str) -> str:
        raise ConnectionError("not there")

    async def far(text: str) -> str:
        return await asyncio.Event().wait()  # pyright: ignore[reportReturnType]

    return parallel(broken=broken, near=near, inner=sequential(also, lambda text: text.upper()), far=far, quorum=2)


def joined(world: World) -> Any:
    """Branches with a failure, made into one answer."""
    mood, topics = echo(world, "mood", "topics")

    def broken(text: str) -> str:
        raise ConnectionError("not there")

    def put_together(found: Branches) -> str:
        return f"{found['mood']}; {found['topics']}; without {', '.join(found.failures)}"

    return parallel(mood=mood, topics=topics, broken=broken, join=put_together)


def court(world: World) -> Any:
    """A vote with a tie that somebody decides."""
    model = world.model(lambda request: "spam" if request.agent in ("strict", "loud") else "ham")
    judges = [Agent(name, model=model) for name in ("strict", "lenient", "loud", "deaf")]
    return vote(*judges, ties=lambda tie: sorted(tie["tied"])[0])


def argued(world: World) -> Any:
    """A debate of two rounds, in which one side falls silent."""
    optimist, skeptic, moderator = echo(world, "optimist", "skeptic", "moderator")

    def lost(motion: str) -> str:
        if "lost:" in motion:
            raise TimeoutError("the line is dead")
        return "one argument"

    return debate(optimist, skeptic, lost, rounds=2, judge=moderator)


def refined(world: World) -> Any:
    """A draft that passes in its second round."""

    def answers(request: ModelRequest) -> str:
        if request.agent == "writer":
            return "The second draft." if len(request.messages) > 1 else "The first draft."
        passes = "second" in newest(request)
        return Verdict(score=9 if passes else 4, feedback="Write it again.", passes=passes).model_dump_json()

    model = world.model(answers)
    return refine(Agent("writer", model=model), Agent("critic", output_type=Verdict, model=model), rounds=3)


def managed(world: World) -> Any:
    """A manager with workers, one of which fails."""

    def count(text: str) -> int:
        """Count words."""
        return len(text.split())

    def broken(topic: str) -> str:
        """Look into the archive."""
        raise ConnectionError("the archive is closed")

    model = world.rounds(
        boss=[
            [call("research", input="exchanges"), call("count", text="how many are these"), call("broken", topic="x")],
            [call("write", input="the facts")],
        ]
    )
    workers = {"research": Agent("researcher", model=model), "write": Agent("writer", model=model)}
    return supervisor(Agent("boss", model=model), workers={**workers, "count": count, "broken": broken})


def chain(world: World) -> Any:
    """A fallback whose first step fails and whose second is not accepted."""
    model = world.model(lambda request: "I don't know" if request.agent == "backup" else f"{request.agent} helps.")

    def primary(text: str) -> str:
        raise ConnectionError("not there")

    steps = (primary, Agent("backup", model=model), Agent("last_resort", model=model))
    return fallback(*steps, accept=lambda answer: "know" not in answer)


def routed(world: World) -> Any:
    """A classifier of words, with a question where it is not sure."""
    billing, tech = echo(world, "billing", "tech")
    words = KeywordRouter({"billing": ["invoice", "refund"], "tech": ["error", "broken"]})
    return route(words, {"billing": billing, "tech": tech}, clarify="Is it about {routes}?")


def spending(world: World) -> Any:
    """Votes and branches under a budget, which does with less, one thing after the other."""
    dear = world.model(lambda request: "dear")
    cheap = world.model(lambda request: "cheap")
    judges = vote(*[Agent(f"judge{number}", model=dear) for number in range(3)])
    extra = parallel(needed=Agent("needed", model=dear), extra=Agent("extra", model=dear), optional=["extra"])

    async def again(text: str, scope: Any) -> list[Any]:
        tallies = [(await scope.call(judges, text)).tally for _ in range(3)]
        return [*tallies, dict((await scope.call(extra, text)).results)]

    return budgeted(again, Budget(turns=10, degrade=(FewerVoters(1), CheaperModel(cheap), SkipOptional())))


def partly(world: World) -> Any:
    """Branches of which a budget allows two."""
    return budgeted(parallel(*echo(world, "a", "b", "c")), Budget(turns=2, degrade=(PartialAnswer(),)))


def printing(world: World) -> Any:
    """A row whose last step fails until the world is mended."""

    def print_out(text: str) -> str:
        world.breaks()
        return f"printed: {text}"

    return sequential(*echo(world, "researcher", "writer"), print_out)


def nested(world: World) -> Any:
    """A function that runs workflows inside of workflows."""
    first, second = echo(world, "first", "second")
    row = sequential(parallel(a=first, b=worker(world)), lambda found: "; ".join(map(str, found.results.values())))

    async def both(text: str, scope: Any) -> str:
        found = await scope.call(row, text)
        return f"{await scope.call(second, found[:20])} | {await scope.uuid() != ''}"

    return both


def approving(world: World) -> Any:
    """Branches of which one waits for a person, in a row."""
    [other] = echo(world, "other")
    return sequential(parallel(money=careful(world), other=other), lambda found: str(sorted(found.results.items())))


def winner(output: Any) -> Any:
    """What a vote came to."""
    return [output.winner, output.tally]


def conclusion(output: Any) -> Any:
    """What a debate came to."""
    return [
        output.conclusion,
        output.rounds,
        [[one.round, one.side, one.text] for one in output.arguments],
        sorted(output.failures),
    ]


def draft(output: Any) -> Any:
    """What a draft came to."""
    return [output.draft, output.passed, output.rounds, output.verdict.score]


def branches(output: Any) -> Any:
    """What branches came to."""
    return [dict(output.results), {name: failure.failed for name, failure in sorted(output.failures.items())}]


FINISHED = (
    Run("handoffs", desk),
    Run("handoff kept", triage, ("hello", "And now?")),
    Run("handoff expired", late),
    Run("circle", circle),
    Run("row", pipeline, options=with_case),
    Run("row over a dict", collected),
    Run("quorum", quorum, gist=branches),
    Run("join", joined),
    Run("vote", court, gist=winner),
    Run("debate", argued, gist=conclusion),
    Run("refine", refined, gist=draft),
    Run("supervisor", managed),
    Run("fallback", chain),
    Run("route", routed, ("my invoice is wrong", "hello", "an error in my invoice", "it is broken")),
    Run("budget", spending),
    Run("partial", partly, gist=branches),
    Run("approved in a branch", approving, answers={"refund": True, "waive": False}),
    Run("nested", nested, lives=("before charge#1", ""), answers={"charge": False}),
)
FAILED = (Run("failed step", printing, ends="failed"),)
KILLED = (
    Run("killed in a row", printing, ends="killed", lives=("before writer answers 0#1",)),
    Run("killed in a branch", quorum, ends="killed", lives=("before also answers 0#1",), gist=branches),
    Run("killed in a vote", court, ends="killed", lives=("after loud answers 0#1",), gist=winner),
    Run("killed in a debate", argued, ends="killed", lives=("before moderator answers 0#1",), gist=conclusion),
    Run("killed in refine", refined, ends="killed", lives=("before critic answers 0#2",), gist=draft),
    Run("killed in a worker", managed, ends="killed", lives=("before writer answers 0#1",)),
    Run("killed in a fallback", chain, ends="killed", lives=("before last_resort answers 0#1",)),
    Run("killed in a route", routed, ("my invoice is wrong",), "killed", ("before billing answers 0#1",)),
    Run("killed in a budget", spending, ends="killed", lives=("before needed answers 0#1",)),
    Run("killed after a handoff", triage, ends="killed", lives=("after charge#1",), answers={"charge": True}),
    Run("killed in a target", desk, ends="killed", lives=("before refunds answers 0#1",)),
    Run("killed in nested steps", nested, ends="killed", lives=("after note_order#1",)),
)
WAITING = (
    Run("waits in a branch", approving, ends="waiting", answers={"refund": False, "waive": True}, answered=False),
    Run("waits in nested steps", nested, ends="waiting", lives=("after charge#1", ""), answered=False),
)

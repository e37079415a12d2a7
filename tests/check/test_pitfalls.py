"""Findings about how parts hang together: what is said of each, and that its remedy is one."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import (
    Agent,
    Event,
    Node,
    Runner,
    Session,
    Team,
    handoff,
    tool,
)
from switchroom.check import check
from switchroom.step import Scope
from tests.check.findings import Says, findings, found, graph


class Cart(Says):
    """Keeps what is bought in its state."""

    def __init__(self) -> None:
        super().__init__("cart")
        self.state: Any = {"things": []}
        self.things: list[str] = []


class Peeks(Node):
    """Looks into another node."""

    def __init__(self, cart: Cart) -> None:
        super().__init__("hall")
        self.cart = cart

    async def process_event(self, event: Event) -> None:
        event.metadata["full"] = len(self.cart.things) > 3
        await self.send_event(event)


class Asks(Node):
    """Uses another node only as one may."""

    def __init__(self, cart: Cart) -> None:
        super().__init__("hall")
        self.cart = cart

    async def process_event(self, event: Event) -> None:
        event.metadata["to"] = self.cart.name
        await self.send_event(event)


def test_a_node_that_reaches_into_another():
    def session(kind: Callable[[Cart], Node]) -> Session:
        cart = Cart()
        return graph([kind(cart), cart], [("hall", "cart")])

    assert found(session(Peeks), session(Asks), "reaches-in") == snapshot(
        (
            "warning",
            "Node 'hall' uses self.cart.things, which is another's own: neither can change without the other.",
            "Send an event, put it into a handoff's context, or share it as state.",
        )
    )


class Forgets(Says):
    """Counts in an attribute."""

    count = 0

    async def process_event(self, event: Event) -> None:
        self.count += 1
        await super().process_event(event)


class Counted(BaseModel):
    """How often it was asked."""

    count: int = 0


class Remembers(Says):
    """Counts in its state."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.state: Counted = Counted()
        self.greeting = "hello"

    async def process_event(self, event: Event) -> None:
        self.state.count += 1
        await super().process_event(event)


def test_a_node_that_forgets():
    wrong, mended = graph([Forgets("a")], []), graph([Remembers("a")], [])
    assert found(wrong, mended, "forgets") == snapshot(
        (
            "warning",
            "Node 'a' changes self.count, which is lost with the process.",
            "Keep it in self.state, a pydantic model: self.state = YourState(count=...).",
        )
    )


@pytest.mark.parametrize(
    "change",
    [
        "self.seen = 1",
        "self.seen += 1",
        "self.seen, other = 1, 2",
        "self.seen['a'] = 1",
        "self.seen['a']['b'] += 1",
        "self.seen.append(1)",
        "self.seen.last.x = 1",
        "del self.seen['a']",
        "self.seen: int = 1",
    ],
)
def test_every_way_of_changing_an_attribute_is_seen(change: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "changing.py").write_text(
        "from switchroom import OutputNode\n\n\nclass Changing(OutputNode):\n"
        f"    async def process_event(self, event):\n        {change}\n        self.state = 2\n        self.log('x')\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "changing", raising=False)
    changing: Any = importlib.import_module("changing")
    says = [finding.says for finding in findings(graph([changing.Changing()], []), "forgets")]
    assert says == ["Node 'Changing' changes self.seen, which is lost with the process."]


def test_agents_that_wait_for_one_another():
    @tool(effect="read")
    async def ask_b(text: str) -> str:
        """Ask b."""
        try:
            return (await Runner.run(b, text)).final_output
        except OSError as error:
            return str(error)

    a = Agent("a", tools=[ask_b])
    b = Agent("b", tools=[a.as_tool()])
    mended = Agent("a", tools=[Agent("b", description="b").as_tool()])
    assert found(a, mended, "circular-dependency") == snapshot(
        (
            "warning",
            "a -> b -> a: each waits for the answer of the next, which may go on for ever.",
            "Let one of them answer by itself, or hand the conversation over instead of asking.",
        )
    )


def test_agents_that_are_awaited_together_and_lost_together():
    helper = Agent("helper")

    async def careless(text: str, scope: Scope) -> str:
        return str(await asyncio.gather(scope.call(helper, text), scope.call(helper, text)))

    async def careful(text: str, scope: Scope) -> str:
        return str(await asyncio.gather(scope.call(helper, text), scope.call(helper, text), return_exceptions=True))

    assert found(careless, careful, "unhandled-failure") == snapshot(
        (
            "warning",
            "'careless' awaits agents together, and the first that fails loses what the others answered.",
            "Pass gather(..., return_exceptions=True) and look at each, or use parallel(...), where failures are values.",
        )
    )

    async def sleeps(text: str, scope: Scope) -> str:
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))
        return await scope.call(helper, text)

    assert findings(sleeps, "unhandled-failure") == []


def test_a_failure_that_is_dropped_without_a_word():
    helper = Agent("helper")

    async def careless(text: str, scope: Scope) -> str:
        try:
            return await scope.call(helper, text)
        except Exception:
            pass
        return ""

    async def careful(text: str, scope: Scope) -> str:
        try:
            return await scope.call(helper, text)
        except ConnectionError as error:
            return f"The helper is not there: {error}"

    assert found(careless, careful, "unhandled-failure") == snapshot(
        (
            "warning",
            "'careless' drops failures without a word: whoever asked gets nothing, and nobody learns why.",
            "Log it, say what is missing, or let it go on to whoever can do something about it.",
        )
    )


def test_a_tool_that_handles_no_failure_of_the_agent_it_asks():
    helper = Agent("helper")

    async def ask(text: str) -> str:
        """Ask the helper."""
        return (await Runner.run(helper, text)).final_output

    wrong = Agent("a", tools=[tool(effect="read")(ask)])
    mended = Agent("a", tools=[tool(effect="read", on_error="tell_model")(ask)])
    assert found(wrong, mended, "unhandled-failure") == snapshot(
        (
            "warning",
            "'ask' asks an agent, and a failure of that one ends the run of 'a', too.",
            "Let the model go on without it: @tool(on_error='tell_model'), or supervisor(...); or catch what may fail.",
        )
    )


def test_what_stands_in_an_application_that_cannot_be_run():
    with pytest.raises(Exception, match="is not a step"):
        check(7)


def test_a_handoff_with_terms_is_a_handoff():
    assert findings(Team([Agent("a", handoffs=[handoff("b")]), Agent("b")]), "unreachable") == []

"""What passes on its way in and on its way out, whoever answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supportgenie import SupportGenie, app, config
from supportgenie.contacts import CARD, emails_in, without_cards
from supportgenie.desk import Desk
from supportgenie.guards import KEPT_BACK, LONGEST, leaving, shortened
from supportgenie.instructions import DUTIES
from supportgenie.state import KNOWN, CustomerState
from switchroom import RunConfig, Runner
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel

CARD_NUMBER = "4111 1111 1111 1111"
ANN = CustomerState(name="Ann Ortega", customer_id="C1006")


def saying(answer: str) -> FunctionModel:
    """A model that has one answer, whatever it is asked."""
    return FunctionModel(lambda request: answer)


# In


async def test_a_card_number_reaches_neither_a_model_nor_the_journal_of_handle_query(desk: Desk):
    asked: list[ModelRequest] = []

    def listening(request: ModelRequest) -> str:
        asked.append(request)
        return "Thank you."

    reply = await SupportGenie(FunctionModel(listening), desk=desk).ahandle_query(
        f"take {CARD_NUMBER} for order 113542617735902"
    )
    assert reply.run is not None
    assert asked[0].messages[-1].text == f"take {CARD} for order 113542617735902"
    assert "1111" not in repr(asked)
    assert "1111" not in repr(reply.run.facts)


async def test_whoever_runs_the_team_with_its_own_config_has_no_card_number_in_the_journal(desk: Desk):
    asked: list[ModelRequest] = []

    def listening(request: ModelRequest) -> str:
        asked.append(request)
        return "Thank you."

    options = replace(config, model=FunctionModel(listening), journal=MemoryJournal())
    result = await Runner.run(app, f"take {CARD_NUMBER}", deps=desk, config=options)
    assert "1111" not in repr(asked)
    assert "1111" not in repr(result.messages)
    assert "1111" not in repr(result.facts)


async def test_who_wrote_a_card_number_is_told_not_to(desk: Desk):
    reply = await SupportGenie(desk=desk).ahandle_query(f"I was charged twice on {CARD_NUMBER}", {"name": "Grace"})
    assert reply.text.startswith("Hello Grace! Please never write a card's number here; I have not kept it.")


async def test_who_is_abusive_is_answered_calmly_and_by_a_person_soon(desk: Desk):
    reply = await SupportGenie(desk=desk).ahandle_query("cancel order 370795561790, you idiots", {"customer_id": "C1001"})
    order = desk.find_order("370795561790")
    assert order is not None
    assert order.status == "cancelled"
    assert reply.text.startswith("Order 370795561790 is cancelled")
    assert (reply.answered_by, reply.needs_escalation) == ("escalation", True)


async def test_how_a_customer_sounds_is_kept_for_all_agents(desk: Desk):
    moods: list[str] = []

    def listening(request: ModelRequest) -> str:
        moods.append("heated" if '"mood": "heated"' in request.instructions else "calm")
        return "I see."

    genie = SupportGenie(FunctionModel(listening), desk=desk)
    for text in ("where is my damn parcel", "ok thanks"):
        await genie.ahandle_query(text, conversation="c")
    assert moods == ["heated", "calm"]


async def test_without_a_shared_state_messages_pass_all_the_same(desk: Desk):
    options = RunConfig(model=saying("Hello."), journal=MemoryJournal())
    result = await Runner.run(app, f"hi, {CARD_NUMBER}", deps=desk, config=options)
    assert result.final_output == "Hello."
    assert result.messages[0].text == f"hi, {CARD}"


# Out


async def said(desk: Desk, answer: str, state: CustomerState | None = None, text: str = "hello") -> str:
    """What reaches the customer of an answer."""
    options = replace(config, model=saying(answer), journal=MemoryJournal())
    return (await Runner.run(app, text, deps=desk, state=state, config=options)).final_output


async def test_other_customers_addresses_and_numbers_do_not_leave(desk: Desk):
    answer = "John's mail is john.smith@example.com, his phone +1 206 555 0101; the order is 370795561790."
    assert await said(desk, answer, ANN) == (
        "John's mail is j***@example.com, his phone [number removed]; the order is 370795561790."
    )


async def test_the_customers_own_and_the_shops_own_may_be_told(desk: Desk):
    answer = "We write to ann.ortega@example.com, call +34 960 555 106, or mail care@shop.example.com, +1 800 555 0142."
    assert await said(desk, answer, ANN) == answer
    assert "ortega@" not in await said(desk, answer)


async def test_what_the_customer_wrote_may_be_told_back(desk: Desk):
    assert await said(desk, "I write to new@example.org.", text="mail me at new@example.org") == "I write to new@example.org."


async def test_card_numbers_do_not_leave(desk: Desk):
    assert await said(desk, f"I charged {CARD_NUMBER} for order 113542617735902.") == (
        f"I charged {CARD} for order 113542617735902."
    )


@pytest.mark.parametrize(
    "answer",
    [
        "My instructions are: " + " ".join(DUTIES[3].split()),
        "I call transfer_to_billing now.",
        "router puts the conversation through to you.\nReason: money",
        f"I was told: {KNOWN}",
    ],
)
async def test_nothing_of_how_the_desk_works_leaves(desk: Desk, answer: str):
    assert await said(desk, answer) == KEPT_BACK


@pytest.mark.parametrize("duty", DUTIES)
def test_each_agents_instructions_are_recognised(duty: str):
    assert leaving(f"Sure! {duty}", None, None) == KEPT_BACK


def test_an_answer_is_no_book():
    long = leaving("This is a sentence of some length. " * 400, None, None)
    assert len(long) <= LONGEST
    assert long.endswith("length.")
    assert shortened("word " * 1_000).endswith("word …")
    assert len(shortened("x" * 10_000)) <= LONGEST


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.emails(), st.text())
def test_nothing_leaves_that_may_not_whatever_stands_around_it(before: str, email: str, after: str):
    left = leaving(f"{before} {email} {CARD_NUMBER} {after}", CustomerState(), None)
    assert email not in emails_in(left)
    assert without_cards(left) == left
    assert len(left) <= LONGEST


@given(st.text(max_size=LONGEST))
def test_what_has_left_once_leaves_again_as_it_is(text: str):
    once = leaving(text, CustomerState(), None)
    assert leaving(once, CustomerState(), None) == once


async def test_a_leak_is_not_shown_before_it_is_taken_back(desk: Desk):
    options = replace(config, model=saying("Write to john.smith@example.com please."), journal=MemoryJournal())
    shown: list[Any] = []
    async with Runner.stream(app, "whom do I write to?", deps=desk, config=options) as events:
        async for event in events:
            shown += [event.text] if event.kind == "text_delta" else []
    assert "".join(shown) == "Write to j***@example.com please."

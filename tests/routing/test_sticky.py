"""Stickiness: a conversation stays where it is, unless it is clearly somebody else's, or a person asks to leave."""

from __future__ import annotations

from typing import Any

import pytest

from switchroom import Agent, RunConfig, Runner, UserError, route
from switchroom.journals import MemoryJournal
from switchroom.routing import Asked, KeywordRouter, StickyRouter, openers
from switchroom.routing.sticky import BACK, wants_person
from switchroom.testing import FunctionModel
from tests.routing.data import learned

WORDS = KeywordRouter({"sales": ["price"], "support": ["broken"], "billing": ["invoice"]})


def chat(*said: tuple[str, str]) -> list[dict[str, Any]]:
    """A conversation of a person ("") and agents."""
    return [
        {"role": "assistant", "content": text, "agent": who} if who else {"role": "user", "content": text} for who, text in said
    ]


def test_who_has_the_conversation_keeps_it_when_nothing_is_said_of_others():
    decision = StickyRouter(WORDS).decide(chat(("", "a price?"), ("sales", "9 dollars."), ("", "yes please")))
    assert (decision.route, decision.abstained, decision.by) == ("sales", False, "sticky")
    assert decision.candidates[0] == ("sales", decision.confidence)
    assert decision.reason == "stays with 'sales'"


def test_a_clear_switch_is_made_and_an_unclear_one_is_not():
    asked = Asked("my invoice", active="sales")
    assert StickyRouter(WORDS).decide(asked).route == "billing"
    unsure = StickyRouter(KeywordRouter({"sales": "price", "billing": "invoice"}, confidence=0.4)).decide(asked)
    assert unsure.route == "sales"
    assert unsure.reason == "stays with 'sales', and 'billing' has 0.40"
    assert unsure.candidates == (("sales", 0.6), ("billing", 0.4))


def test_the_confidence_that_a_switch_takes_can_be_set():
    router = learned()
    text = "how is the weather"
    sure = router.decide(text)
    assert sure.route == "weather"
    for at_least, expected in ((sure.confidence - 0.01, "weather"), (min(1.0, sure.confidence + 0.001), "alarm")):
        assert StickyRouter(router, at_least=at_least).decide(Asked(text, active="alarm")).route == expected


def test_without_a_conversation_the_router_inside_decides():
    assert StickyRouter(WORDS).decide("a price?").route == "sales"
    assert StickyRouter(WORDS).decide("hm").abstained


@pytest.mark.parametrize(
    "text",
    [
        "Let me talk to a human",
        "I want to speak with a real person!",
        "agent",
        "Human please",
        "get me your manager",
        "can you connect me to an operator",
        "Ich möchte mit einem Mitarbeiter sprechen",
        "quiero hablar con una persona",
        "I don't want to talk to a bot, I want a human!",
        "why can't I talk to a human?",
        "can I get a real person",
        "could I speak directly to someone real?",
        "I need a person to help me",
        "get me a human now",
        "need help speaking with somebody",
    ],
)
def test_who_asks_for_a_person_gets_one(text: str):
    decision = StickyRouter(WORDS, human="desk").decide(Asked(text, active="sales"))
    assert (decision.route, decision.reason) == ("desk", "a person was asked for")


@pytest.mark.parametrize(
    "text",
    [
        "my insurance agent told me to call",
        "is the manager plan dearer?",
        "I am a person of few words",
        "a talk on humans",
        "I need a table for one person, please",
        "I want to add a person to my booking",
        "I need to change the agent of my insurance",
        "I want a representative sample",
        "am I talking to a real person?",
    ],
)
def test_who_only_speaks_of_persons_does_not_ask_for_one(text: str):
    assert not wants_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "I do not want a human",
        "I don't want to talk to a human",
        "I don\u2019t need an agent, thanks",
        "please never connect me to an agent",
        "no need to talk to a person",
        "I'd rather chat with you than with a person",
    ],
)
def test_who_wants_no_person_gets_none(text: str):
    assert StickyRouter(WORDS, human="desk").decide(Asked(text, active="sales")).route == "sales"


def test_who_asks_to_go_back_gets_whom_they_had_before():
    said = chat(("", "a price?"), ("sales", "9 dollars."), ("", "my invoice"), ("billing", "Here."), ("", "take me back"))
    assert StickyRouter(WORDS).decide(said).route == "sales"
    assert StickyRouter(WORDS).decide(said[2:]).route == "billing"  # nobody was there before


@pytest.mark.parametrize("text", ["go back please", "Can we go back?", "switch back", "back to the last agent, please"])
def test_who_asks_to_go_back_is_understood(text: str):
    assert BACK.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "I want my money back",
        "when will you get back to me?",
        "I want to go back to Berlin on Friday",
        "can I get back my deposit?",
        "back to the last order that I made",
    ],
)
def test_who_only_speaks_of_a_way_back_stays(text: str):
    assert not BACK.search(text)


def test_a_route_that_cannot_be_reached_is_not_chosen():
    down = {"billing"}
    router = StickyRouter(WORDS, healthy=lambda route: route not in down)
    decision = router.decide("my invoice")
    assert (decision.route, decision.abstained) == (None, True)
    assert decision.reason == "'billing' cannot be reached now"
    assert router.decide(Asked("my invoice", active="sales")).route == "sales"
    assert router.decide(Asked("yes", active="billing")).abstained
    down.clear()
    assert router.decide("my invoice").route == "billing"


def test_a_route_that_no_longer_exists_holds_nobody():
    assert StickyRouter(WORDS).decide(Asked("a price?", active="gone")).route == "sales"
    assert StickyRouter(WORDS).decide(Asked("hm", active="gone")).abstained


def test_agents_may_have_another_name_than_their_route():
    router = StickyRouter(WORDS, agents={"sales-agent": "sales"})
    assert router.decide(chat(("", "hi"), ("sales-agent", "Hello."), ("", "yes"))).route == "sales"
    with pytest.raises(UserError, match="has no route 'slaes'"):
        StickyRouter(WORDS, agents={"x": "slaes"})


async def test_in_a_run_it_knows_who_answered_in_the_turn_before():
    agents = {name: Agent(name, model=FunctionModel(lambda request: request.agent)) for name in ("sales", "support", "billing")}
    app = route(StickyRouter(WORDS), agents, fallback=lambda text: "nobody")
    config = RunConfig(journal=MemoryJournal())
    said = [
        (await Runner.run(app, text, config=config, conversation="c")).final_output
        for text in ("hm", "a price?", "yes", "it is broken", "yes")
    ]
    assert said == ["nobody", "sales", "sales", "support", "support"]


def test_openers_are_told_from_what_goes_on():
    examples, others = openers([[("a flight", "air"), ("yes", "air"), ("a hotel", "stay")], [("two rooms", "stay")]])
    assert examples == [("a flight", "air"), ("a hotel", "stay"), ("two rooms", "stay")]
    assert others == ["yes"]

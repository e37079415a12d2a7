"""A message with a name and an address is an introduction, whatever else it is taken for."""

from __future__ import annotations

import pytest

from supportgenie import SupportGenie
from supportgenie.introduction import introduction_in
from supportgenie.routing import router
from tests.supportgenie.chat import Chat

INTRODUCED = {
    "I am Ann Ortega, ann.ortega@example.com": "Ann Ortega",
    "Hello, my name is Ann Ortega and my email is ann.ortega@example.com": "Ann Ortega",
    "Ann Ortega, ann.ortega@example.com": "Ann Ortega",
    "ann.ortega@example.com": "",
    "hi I am Ann": "Ann",
    "My name is John Smith": "John Smith",
    "this is Lena Farkas, you can reach me at lena@example.com or +36 1 555 0107": "Lena Farkas",
    "Good morning, it's Sam Okafor here. My e-mail address is sam.okafor@example.com": "Sam Okafor",
    "Name: Grace Hawkings, e-mail: grace.hawkings@example.com": "Grace Hawkings",
    "I'm María López (maria@example.net)": "María López",
}
NOT = [
    "I am waiting for my parcel",
    "I am angry, ann@example.com",
    "I am Ann and my order 900100200302 is late",
    "cancel it, ann@example.com",
    "my name is wrong in my profile",
    "this is ridiculous",
    "this is urgent",
    "is ann@example.com a customer?",
    "subscribe ann@example.com",
    "hello",
    "",
    "I am locked out",
    "it's broken",
]


@pytest.mark.parametrize(("text", "name"), INTRODUCED.items())
def test_a_name_and_an_address_are_an_introduction(text: str, name: str):
    found = introduction_in(text)
    assert found is not None
    assert found.name == name
    assert router().decide(text).route is None


@pytest.mark.parametrize("text", NOT)
def test_whoever_wants_something_has_not_only_introduced_themselves(text: str):
    assert introduction_in(text) is None


@pytest.mark.parametrize("text", INTRODUCED)
def test_an_introduction_is_welcomed_opens_no_case_and_signs_nobody_in(text: str):
    with SupportGenie() as genie:
        reply = genie.handle_query(text)
        assert genie.desk.find_ticket("T-00002") is None
        assert genie.desk.outbox() == ()
    assert ", and welcome! What can I do for you" in reply.text
    assert not reply.needs_escalation


async def test_an_introduction_is_not_taken_for_the_complaint_that_was_asked_for(chat: Chat):
    await chat.say("I want to file a complaint")
    assert await chat.say("I am Ann Ortega, ann.ortega@example.com") == "Thank you, Ann Ortega. And what happened?"
    assert chat.desk.find_ticket("T-00002") is None
    answer = await chat.say("My parcel came three weeks late and the box was open")
    assert "T-00002" in answer
    assert "reach you" not in answer
    ticket = chat.desk.find_ticket("T-00002")
    assert ticket is not None
    assert "three weeks late" in ticket.body
    assert ticket.body.endswith("Contact: Ann Ortega, ann.ortega@example.com")

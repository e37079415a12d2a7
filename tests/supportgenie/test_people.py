"""Calling in a person: one case per conversation, with a priority, a number to quote, and a way to get back to the customer."""

from __future__ import annotations

import pytest

from supportgenie.desk import Desk
from supportgenie.records import NotFound
from supportgenie.state import CustomerState
from tests.supportgenie.chat import JOHN, Chat
from tests.supportgenie.test_tools import ALL, told


def test_what_is_added_to_a_ticket_is_added_once_and_never_lowers_its_priority(desk: Desk):
    opened = desk.open_ticket("Broken", "It is broken.", priority="high")
    first, again = (desk.add_to_ticket(opened.number, "Contact: ann@example.com", priority="normal") for _ in range(2))
    assert (first.body, first.priority) == ("It is broken.\nContact: ann@example.com", "high")
    assert again == first
    assert desk.add_to_ticket(opened.number, "", priority="urgent").priority == "urgent"
    with pytest.raises(NotFound, match="no ticket T-99999"):
        desk.add_to_ticket("T-99999", "hello")


async def test_a_conversation_has_one_case(chat: Chat):
    await chat.say("I want to file a complaint about order 900100200307, the courier was rude")
    await chat.say("let me talk to a person")
    assert chat.desk.find_ticket("T-00003") is None
    ticket = chat.desk.find_ticket("T-00002")
    assert ticket is not None
    assert ticket.priority == "urgent"
    assert "the courier was rude" in ticket.body
    assert "Asks for a person." in ticket.body


@pytest.mark.parametrize(
    "before", ["I want to file a complaint about order 900100200307, the courier was rude", "let me talk to a person"]
)
async def test_a_danger_gets_its_own_case(chat: Chat, before: str):
    await chat.say(before)
    answer = " ".join((await chat.say("and now there is smoek coming from the charger!")).split())
    assert "A colleague has your case as T-00003 already." in answer
    first, danger = chat.desk.find_ticket("T-00002"), chat.desk.find_ticket("T-00003")
    assert first is not None
    assert danger is not None
    assert danger.priority == "urgent"
    assert "smoek" in danger.body
    assert "smoek" not in first.body


async def test_what_comes_after_a_danger_is_not_buried_in_its_case(chat: Chat):
    await chat.say("smoke comes out of my charger")
    await chat.say("it is burning now!!")
    assert chat.desk.find_ticket("T-00003") is None  # the same danger has one case
    await chat.say("I also have a complaint about order 900100200307, the courier was rude")
    complaint = chat.desk.find_ticket("T-00003")
    assert complaint is not None
    assert complaint.subject == "Complaint"


async def test_an_address_is_noted_in_both_cases(chat: Chat):
    await chat.say("I want to file a complaint about order 900100200307, the courier was rude")
    await chat.say("and my charger is smoking")
    await chat.say("Sam Okafor, sam@example.org")
    for number in ("T-00002", "T-00003"):
        ticket = chat.desk.find_ticket(number)
        assert ticket is not None
        assert ticket.body.endswith("Contact: Sam Okafor, sam@example.org")


@pytest.mark.parametrize("tool", ["open_ticket", "escalate_to_human"])
@pytest.mark.parametrize(
    ("known", "reachable"),
    [({}, False), ({"name": "Ann"}, False), ({"email": "a@b.example"}, True), ({"phone": "+1 206 555 0144"}, True)],
)
async def test_a_case_says_whether_somebody_could_get_back(desk: Desk, tool: str, known: dict[str, str], reachable: bool):
    args = {"subject": "x", "body": "y"} if tool == "open_ticket" else {"summary": "x"}
    opened = await told(desk, ALL[tool], CustomerState.of(known), **args)
    assert opened["reachable"] is reachable


async def test_a_contact_needs_an_address_or_a_number(desk: Desk):
    refused = await told(desk, ALL["note_contact"], CustomerState(), name="Ann", email="ann at example", phone="none")
    assert refused["refused"].startswith("I need an e-mail address or a phone number")


async def test_what_the_caller_vouched_for_stays_and_what_is_said_is_in_the_case(desk: Desk):
    opened = desk.open_ticket("x", "y")
    state = CustomerState(name="Ann", email="ann@example.com", ticket_number=opened.number)
    noted = await told(desk, ALL["note_contact"], state, name="Bob", email="bob@example.org")
    assert noted["ticket"] == opened.number
    ticket = desk.find_ticket(opened.number)
    assert ticket is not None
    assert ticket.body == "y\nContact: Bob, bob@example.org"


# How the rules ask for it


async def test_a_name_alone_is_asked_about_once_more(chat: Chat):
    assert (await chat.say("let me talk to a person")).endswith("an e-mail address or a\n  phone number?")
    assert await chat.say("Sam Okafor") == "Thank you, Sam Okafor. At which e-mail address or phone number can we reach you?"
    assert (await chat.say("it's sam@example.org")).startswith("Thank you, Sam Okafor. It stands in your case T-00002:")
    ticket = chat.desk.find_ticket("T-00002")
    assert ticket is not None
    assert ticket.body.endswith("Contact: Sam Okafor, sam@example.org")


async def test_who_does_not_want_to_say_it_is_told_where_to_call(chat: Chat):
    await chat.say("let me talk to a person")
    assert await chat.say("no, I'd rather not") == (
        "All right. Whenever you like, you reach us at +1 800 555 0142 or care@shop.example.com."
    )


async def test_who_turns_to_something_else_is_put_through(chat: Chat):
    await chat.say("let me talk to a person")
    await chat.say("oh, and where is order 732201349959?")
    assert chat.answered_by == "support"


async def test_what_stays_unclear_ends_with_somebody_who_gets_back(chat: Chat):
    await chat.say("flumsy wobbles")
    assert chat.answered_by == "fallback"
    assert "I am sorry, but I still do not understand" in await chat.say("frobnicate")
    assert (await chat.say("Ann Smith, ann@smith.example.com")).startswith(
        "Thank you, Ann Smith. It stands in your case T-00002"
    )
    ticket = chat.desk.find_ticket("T-00002")
    assert ticket is not None
    assert ticket.body.startswith("flumsy wobbles\nfrobnicate\n")


async def test_of_a_known_customer_no_contact_is_asked(chat: Chat):
    await chat.say("flumsy wobbles", CustomerState(name="Ann Ortega", customer_id="C1006"))
    answer = await chat.say("frobnicate")
    assert "T-00002" in answer
    assert "reach you" not in answer


async def test_after_the_question_a_clear_message_is_put_through(chat: Chat):
    await chat.say("flumsy wobbles")
    await chat.say("I forgot my password")
    assert chat.answered_by == "technical"


async def test_a_department_whose_question_did_not_help_passes_it_on(chat: Chat):
    await chat.say("How can I cancel order 370795561790?", JOHN)
    await chat.say("purple elephants")
    await chat.say("more purple elephants")
    assert chat.answered_by == "fallback"

"""The person who is signed in at a message counts: nobody inherits a conversation together with its customer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from supportgenie import SupportGenie, config
from supportgenie.desk import Desk
from supportgenie.state import CustomerState
from supportgenie.supervision import Supervised
from switchroom import Message
from switchroom.model import Emit, ModelRequest, ModelResponse
from tests.supportgenie.chat import Chat

JOHNS = "370795561790"


@pytest.fixture
def signs_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sign a customer in at the command line, or nobody."""
    return lambda account: monkeypatch.setenv("SUPPORTGENIE_CUSTOMER", account)


def status(desk: Desk) -> str:
    order = desk.find_order(JOHNS)
    assert order is not None
    return order.status


@pytest.mark.parametrize("other", ["C1002", "", "C9999"])
async def test_a_conversation_that_goes_on_under_another_sign_in_leaves_the_first_ones_order_alone(
    chat: Chat, signs_in: Callable[[str], None], other: str
):
    signs_in("C1001")
    assert JOHNS in await chat.say(f"where is order {JOHNS}?")
    signs_in(other)
    told = [await chat.say(text) for text in ("cancel my order", "yes", f"cancel order {JOHNS}", "what is in my order?")]
    assert status(chat.desk) == "placed"
    assert "John" not in " ".join(told)
    assert "Alder" not in " ".join(told)


async def test_another_customer_hears_nothing_of_what_was_said_before(chat: Chat, signs_in: Callable[[str], None]):
    signs_in("C1001")
    await chat.say("I am Zebedee. Where is my order?")
    signs_in("C1002")
    told = [await chat.say(text) for text in ("yes", "purple elephants", "where is it?", "cancel my order")]
    assert JOHNS not in " ".join(told)
    await chat.say("let me talk to a human")
    assert "Zebedee" not in chat.desk.tickets_of("C1002")[0].body


async def test_who_signs_in_during_a_conversation_goes_on_with_it(chat: Chat, signs_in: Callable[[str], None]):
    signs_in("")
    await chat.say(f"cancel order {JOHNS}")
    signs_in("C1001")
    assert "is cancelled" in await chat.say(f"cancel order {JOHNS}")


async def test_a_proof_by_a_code_holds_as_long_as_the_environment_names_nobody_else(
    chat: Chat, signs_in: Callable[[str], None]
):
    signs_in("")
    await chat.say("show me my invoices")
    await chat.say("john.smith@example.com")
    await chat.say(chat.code)
    assert "John Smith" in await chat.say("show me my invoices")
    signs_in("C1002")
    assert "John Smith" not in await chat.say("show me my invoices")


async def test_a_state_that_a_program_gives_is_not_overruled_by_the_environment(chat: Chat, signs_in: Callable[[str], None]):
    signs_in("C1002")
    assert "John Smith" in await chat.say("show me my invoices", CustomerState(customer_id="C1001"))
    assert "John Smith" in await chat.say("show me my invoices")


def test_the_environment_signs_nobody_in_where_a_program_asks(desk: Desk, signs_in: Callable[[str], None]):
    signs_in("C1001")
    assert "John Smith" not in SupportGenie(desk=desk).handle_query("show me my invoices").text


def test_a_profile_of_another_person_inherits_nothing_of_the_first_one(desk: Desk):
    genie = SupportGenie(desk=desk)
    genie.handle_query(f"where is order {JOHNS}?", {"name": "Zebedee", "email": "john.smith@example.com"}, conversation="c")
    told = [
        genie.handle_query(text, {"customer_id": "C1006"}, conversation="c").text
        for text in ("hello", "purple elephants", "cancel it", "show me my invoices")
    ]
    assert "Zebedee" not in " ".join(told)
    assert JOHNS not in " ".join(told)
    assert "Ann Ortega" in told[-1]


async def test_no_model_reads_what_another_person_wrote_before(desk: Desk, signs_in: Callable[[str], None]):
    read: list[str] = []

    async def reads(request: ModelRequest, emit: Emit) -> ModelResponse:
        read.append(" ".join(message.text for message in request.messages) + request.instructions)
        return ModelResponse(Message("assistant", "Good."))

    chat = Chat(desk, replace(config, model=Supervised(reads, routes=False), journal="memory:who-is-signed-in"))
    signs_in("C1001")
    await chat.say("my name is Zebedee")
    signs_in("C1002")
    await chat.say("hello")
    await chat.say("hello again")
    assert "Zebedee" in read[0]
    assert "hello hello" not in read[0]
    assert not [text for text in read[1:] if "Zebedee" in text or "C1001" in text]

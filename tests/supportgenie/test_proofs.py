"""Numbers that cannot be guessed, guesses that are counted, and codes by which an owner proves to be one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from supportgenie import Reply, SupportGenie
from supportgenie.desk import Desk
from supportgenie.policy import POLICY
from supportgenie.state import CustomerState
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel, call
from tests.supportgenie.test_tools import ALL, told

TODAY = date(2025, 3, 14)

# Numbers


def test_the_numbers_of_new_orders_invoices_and_accounts_cannot_be_guessed_from_others(desk: Desk):
    orders = [desk.place_order("C1001", {"mouse-m": 1}, key=f"k-{index}") for index in range(20)]
    numbers = [int(order.number) for order in orders]
    assert len({*numbers}) == 20
    assert {len(order.number) for order in orders} == {12}
    assert numbers != sorted(numbers)
    invoices = [int(invoice.number) for invoice in desk.invoices_of("C1001")[:20]]
    assert invoices not in (sorted(invoices), sorted(invoices, reverse=True))
    ids = [desk.open_account("Nora Quill", f"nora{index}@example.com").id for index in range(20)]
    assert ids != sorted(ids)


# Wrong guesses


def guess(genie: SupportGenie, number: str, conversation: str = "c", profile: Mapping[str, Any] | None = None) -> Reply:
    return genie.handle_query(f"where is order {number}?", profile, conversation=conversation)


class Clock:
    """A clock that a test sets, in seconds."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize("profile", [None, {"customer_id": "C1006"}], ids=["stranger", "signed in"])
def test_wrong_numbers_are_slowed_down_and_then_a_person_goes_on(profile: Mapping[str, Any] | None):
    clock = Clock()
    with SupportGenie(desk=Desk.open(today=TODAY, clock=clock)) as genie:
        for number in range(POLICY.quick_guesses):
            assert "order 1234567" in guess(genie, f"1234567{number}", profile=profile).text
        assert f"wait {POLICY.guess_wait_s} seconds" in guess(genie, "12345677", profile=profile).text
        clock.seconds += POLICY.guess_wait_s
        last = guess(genie, "12345678", profile=profile)
        assert (last.answered_by, last.needs_escalation) == ("escalation", True)
        assert "a colleague goes on" in last.text
        assert genie.desk.find_ticket("T-00002") is not None


def test_after_waiting_the_right_number_is_answered():
    clock = Clock()
    with SupportGenie(desk=Desk.open(today=TODAY, clock=clock)) as genie:
        for number in range(POLICY.quick_guesses):
            guess(genie, f"1234567{number}")
        clock.seconds += POLICY.guess_wait_s
        assert "was shipped" in guess(genie, "732201349959").text


def test_once_a_person_goes_on_no_number_is_looked_up_any_more():
    with SupportGenie(desk=Desk.open(today=TODAY)) as genie:
        for number in range(POLICY.conversation_guesses):
            guess(genie, f"1234567{number}")
        assert "was shipped" not in guess(genie, "732201349959").text
        assert "was shipped" in guess(genie, "732201349959", conversation="another").text


def test_a_customer_who_guesses_in_many_conversations_is_stopped_in_all_and_keeps_their_own_orders():
    ann = {"customer_id": "C1006"}
    with SupportGenie(desk=Desk.open(today=TODAY)) as genie:
        for number in range(POLICY.account_guesses):
            guess(genie, f"123456{number:02}", conversation=f"c-{number}", profile=ann)
        assert guess(genie, "370795561790", conversation="new", profile=ann).answered_by == "escalation"
        assert "was delivered" in guess(genie, "900100200302", conversation="other", profile=ann).text


async def test_numbers_that_a_model_looks_up_at_the_same_time_are_counted_one_by_one(desk: Desk):
    numbers = [f"1234567{index}" for index in range(8)]
    calls = [call("find_order", number=number) for number in [*numbers, "732201349959"]]

    def answering(request: ModelRequest) -> Any:
        if request.agent == "router":
            return "support"
        return calls if "puts the conversation through" in request.messages[-1].text else "Done."

    reply = await SupportGenie(FunctionModel(answering), desk=desk).ahandle_query("where are they?", conversation="c")
    assert reply.run is not None
    results = [message.text for message in reply.run.messages if message.role == "tool"]
    assert sum("there is no order" in text for text in results) <= POLICY.quick_guesses
    assert not any("shipped" in text for text in results[-1:])
    assert desk.guesses("conversation:c") == POLICY.conversation_guesses


def test_a_guess_is_counted_once_however_often_its_call_runs(desk: Desk):
    for _ in range(3):
        desk.count_guess(["conversation:c", "account:C1001"], key="the same call")
    assert desk.guesses("conversation:c") == desk.guesses("account:C1001") == 1


# Codes


def code_of(desk: Desk) -> str:
    return re.findall(r"\d{6}", desk.outbox()[-1].body)[0]


def ask(genie: SupportGenie, *texts: str, conversation: str = "c") -> str:
    return [genie.handle_query(text, conversation=conversation).text for text in texts][-1]


def test_who_reads_the_accounts_mail_gets_what_was_asked_for_before(desk: Desk):
    genie = SupportGenie(desk=desk)
    ask(genie, "cancel order 370795561790", "john.smith@example.com")
    assert "order 370795561790 is cancelled".lower() in ask(genie, f"it is {code_of(desk)}").lower()
    assert "invoices of John Smith" in ask(genie, "show me my invoices")


@pytest.mark.parametrize(
    ("texts", "end"),
    [
        (["How can I cancel order 370795561790?"], "Shall I cancel it for you?"),
        (["I'd like to buy a mouse", "yes please"], "is placed: 1 x Pebble mouse"),
        (["I want a refund for order 900100200301"], "order 900100200301"),
        (["show me my invoices"], "invoices of John Smith"),
        (["change the address of order 370795561790"], "What is the new address"),
        (["take the keyboard out of order 370795561790"], "now holds 2 x Pebble mouse"),
        (["what would leaving my contract early cost?"], "plan runs until"),
        (["I was charged twice for order 900100200301"], "T"),
        (["how much is the platinum plan?", "ok, go ahead"], "Platinum plan now"),
    ],
)
def test_a_code_resumes_whatever_was_asked(desk: Desk, texts: list[str], end: str):
    genie = SupportGenie(desk=desk)
    assert "at which e-mail address is your account?" in ask(genie, *texts)
    ask(genie, "john.smith@example.com")
    told = ask(genie, code_of(desk))
    assert end in told
    assert "at which e-mail address" not in told


def test_an_address_in_the_message_gets_its_code_at_once(desk: Desk):
    genie = SupportGenie(desk=desk)
    assert "write the code here" in ask(genie, "cancel order 370795561790, I am john.smith@example.com")
    assert "is cancelled" in ask(genie, code_of(desk))


def test_a_code_works_once_in_its_own_conversation_and_for_ten_minutes():
    clock = Clock()
    with SupportGenie(desk=Desk.open(today=TODAY, clock=clock)) as genie:
        for conversation in ("c", "d"):
            ask(genie, "show me my invoices", "john.smith@example.com", conversation=conversation)
        first, second = (re.findall(r"\d{6}", mail.body)[0] for mail in genie.desk.outbox())
        assert first != second
        assert "not right" in ask(genie, second, conversation="c")
        clock.seconds += POLICY.code_minutes * 60 + 1
        assert "too old" in ask(genie, first, conversation="c")


def test_wrong_codes_end_with_a_person_in_a_conversation_and_for_the_account():
    clock = Clock()
    with SupportGenie(desk=Desk.open(today=TODAY, clock=clock)) as genie:
        for number in range(POLICY.account_guesses):
            ask(genie, "show me my invoices", "john.smith@example.com", conversation=f"c-{number}")
            ask(genie, "000000", conversation=f"c-{number}")
            clock.seconds += POLICY.guess_wait_s
        assert "colleague goes on" in ask(genie, "show me my invoices", "john.smith@example.com", conversation="c-new")
        # The owner who has signed in is not locked out by what others tried.
        signed_in = genie.handle_query("show me my invoices", {"customer_id": "C1001"})
        assert "invoices of John Smith" in signed_in.text
        assert len([mail for mail in genie.desk.outbox() if mail.subject == "Your code"]) == POLICY.codes_per_day


def test_a_message_that_proves_nothing_does_not_repeat_what_was_asked(desk: Desk):
    genie = SupportGenie(desk=desk)
    ask(genie, "cancel order 370795561790", "mallory@example.net")
    assert "not right" in ask(genie, "123456")
    assert desk.outbox() == ()
    order = desk.find_order("370795561790")
    assert order is not None
    assert order.status == "placed"


async def test_a_language_model_proves_who_writes_by_its_tools(desk: Desk):
    texts: list[str] = []

    def answering(request: ModelRequest) -> Any:
        last = request.messages[-1]
        if "puts the conversation through" in last.text:
            return call("cancel_order", number="370795561790")
        if last.role == "tool":
            texts.append(last.text)
            return (
                "What is the e-mail address of your account?" if "identify" in last.text else "Please write the code, or: done."
            )
        if request.agent == "router":
            return "support"
        if "@" in last.text:
            return call("send_code", email=last.text)
        if last.text.isdecimal():
            return [call("confirm_code", code=last.text), call("cancel_order", number="370795561790")]
        return call("cancel_order", number="370795561790")

    genie = SupportGenie(FunctionModel(answering), desk=desk)
    await genie.ahandle_query("cancel order 370795561790", conversation="c")
    assert texts[-1].startswith('{"refused":"I do not know yet whose account it is')
    await genie.ahandle_query("john.smith@example.com", conversation="c")
    assert "if there is an account with that address" in texts[-1]
    await genie.ahandle_query(code_of(desk), conversation="c")
    await genie.ahandle_query("please", conversation="c")
    order = desk.find_order("370795561790")
    assert order is not None
    assert order.status == "cancelled"


async def test_the_tools_that_prove_ask_for_what_is_missing(desk: Desk):
    assert "not an e-mail address" in (await told(desk, ALL["send_code"], CustomerState(), email="nowhere"))["refused"]
    assert "no code was sent" in (await told(desk, ALL["confirm_code"], CustomerState(), code="123456"))["refused"]


def test_a_desk_of_the_former_version_gets_the_tables_for_proofs(tmp_path: Path):
    file = tmp_path / "desk.db"
    Desk.open(file, today=TODAY).close()
    with sqlite3.connect(file) as books_of_old:
        books_of_old.executescript("DROP TABLE codes; DROP TABLE guesses; PRAGMA user_version = 1;")
    books_of_old.close()
    with SupportGenie(desk=file) as genie:
        assert genie.desk.guesses("conversation:c") == 0
        assert genie.desk.find_order("370795561790") is not None

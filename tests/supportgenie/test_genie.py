"""SupportGenie as a program uses it: one reply to every query, from wherever it is asked, whatever happens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path

import pytest

from supportgenie import CustomerProfile, Reply, SupportGenie, app
from supportgenie.desk import Desk
from supportgenie.genie import LONGEST_QUERY
from supportgenie.policy import POLICY
from supportgenie.reply import FAILED
from switchroom import Agent, RunConfig, RunError, Runner, ToolContext, UserError, tool
from switchroom.journals import MemoryJournal
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.testing import FunctionModel, ScriptedModel, call

ANN = {"name": "Ann", "tier": "gold"}
ORDER = "where is order 732201349959?"


@pytest.fixture
def genie() -> Iterator[SupportGenie]:
    with SupportGenie(desk=Desk.open(today=date(2025, 3, 14))) as made:
        yield made


def test_a_query_is_answered_with_one_frozen_reply(genie: SupportGenie):
    reply = genie.handle_query(ORDER, {"name": "Robert Jones", "customer_id": "C1002"})
    assert reply.text == (
        "Hello Robert! Order 732201349959 was shipped on March 12, 2025 with Swift Parcel, tracking number SP7322013499US; "
        "it should arrive by March 16, 2025."
    )
    assert (reply.answered_by, reply.route, reply.needs_escalation, reply.waiting) == ("support", "support", False, ())
    with pytest.raises(FrozenInstanceError):
        reply.text = "something else"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("query", "route", "answered_by", "escalated"),
    [
        (ORDER, "support", "support", False),
        ("the app crashes when I open it", "technical", "technical", False),
        ("how much is the Harrow laptop?", "sales", "sales", False),
        ("which payment methods do you take?", "sales", "billing", False),
        ("I want to file a complaint", "escalation", "escalation", True),
        ("what are your opening hours, can I call you?", "escalation", "escalation", False),
        ("flumsy wobbles", "fallback", "fallback", False),
        ("hello", "support", "router", False),
    ],
)
def test_the_reply_says_who_answered_and_by_which_way(
    genie: SupportGenie, query: str, route: str, answered_by: str, escalated: bool
):
    reply = genie.handle_query(query)
    assert (reply.route, reply.answered_by, reply.needs_escalation) == (route, answered_by, escalated)


# From wherever


def test_it_can_be_asked_from_many_threads_at_once(genie: SupportGenie):
    def ask(number: int) -> Reply:
        return genie.handle_query(ORDER, {"name": f"Ann{'abcdefgh'[number]}"}, conversation=f"c-{number}")

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(ask, range(8)))
    assert [reply.text[:12] for reply in replies] == [f"Hello Ann{sign}! " for sign in "abcdefgh"]


async def test_it_can_be_asked_in_a_running_loop_waited_for_or_awaited(genie: SupportGenie):
    told = genie.handle_query(ORDER, ANN)
    awaited = await genie.ahandle_query(ORDER, ANN)
    assert told.text == awaited.text
    together = await asyncio.gather(*(genie.ahandle_query(ORDER, ANN) for _ in range(4)))
    assert {reply.text for reply in together} == {told.text}


@pytest.mark.parametrize("waits", [True, False])
async def test_a_tool_of_another_application_can_ask_it(genie: SupportGenie, waits: bool):
    @tool(effect="read")
    async def ask_support(ctx: ToolContext) -> str:
        """Ask the support desk."""
        return (await genie.ahandle_query(ORDER)).text

    @tool(effect="read", name="ask_support")
    def ask_support_and_wait(ctx: ToolContext) -> str:
        """Ask the support desk."""
        assert threading.current_thread() is not threading.main_thread()
        return genie.handle_query(ORDER).text

    script = ScriptedModel([call("ask_support"), "done"])
    clerk = Agent("clerk", tools=[ask_support_and_wait if waits else ask_support], model=script)
    result = await Runner.run(clerk, "go", config=RunConfig(journal=MemoryJournal()))
    assert "732201349959 was shipped" in result.messages[2].text


def test_the_team_runs_without_it_too(genie: SupportGenie):
    assert genie.team is app
    result = Runner.run_sync(genie.team, ORDER, config=genie.config)
    assert "was shipped" in result.final_output


# Along a conversation


def test_a_conversation_goes_on_and_remembers(genie: SupportGenie):
    first = genie.handle_query("How can I cancel order 370795561790?", {"name": "John", "customer_id": "C1001"})
    second = genie.handle_query("yes please", conversation=first.conversation)
    assert second.text.startswith("Order 370795561790 is cancelled")
    assert second.conversation == first.conversation
    assert genie.handle_query("hello").conversation != first.conversation


def test_two_desks_keep_their_conversations_apart(genie: SupportGenie):
    genie.handle_query("How can I cancel order 370795561790?", {"customer_id": "C1001"}, conversation="c")
    with SupportGenie() as other:
        assert "cancelled" not in other.handle_query("yes please", conversation="c").text


def test_what_is_learned_later_is_added_to_what_is_known(genie: SupportGenie):
    genie.handle_query("hello", ANN, conversation="c")
    genie.handle_query("thanks", {"phone": "+1 206 555 0144", "hobby": "chess"}, conversation="c")
    reply = genie.handle_query("let me talk to a person", conversation="c")
    ticket = genie.desk.find_ticket("T-00002")
    assert ticket is not None
    assert ticket.body.endswith("Contact: Ann, +1 206 555 0144")
    assert "reach you" not in reply.text


def test_a_conversation_kept_in_a_file_goes_on_in_another_process(tmp_path: Path):
    files = {"desk": tmp_path / "desk.db", "journal": f"sqlite:///{tmp_path}/chats.db"}
    with SupportGenie(**files) as one:  # pyright: ignore[reportArgumentType]
        one.handle_query("How can I cancel order 370795561790?", {"customer_id": "C1001"}, conversation="c")
    with SupportGenie(**files) as other:  # pyright: ignore[reportArgumentType]
        assert other.handle_query("yes please", conversation="c").text.startswith("Order 370795561790 is cancelled")


def test_who_has_signed_in_gets_at_nothing_but_their_own(genie: SupportGenie):
    ann = CustomerProfile(name="Ann Ortega", customer_id="C1006")
    for query in ("where is order 370795561790?", "I can't find bill #37777", "cancel order 370795561790"):
        assert "you have no" in genie.handle_query(query, ann).text
    order = genie.desk.find_order("370795561790")
    assert order is not None
    assert order.status == "placed"
    assert "was delivered" in genie.handle_query("where is order 900100200302?", ann).text
    assert "was shipped" in genie.handle_query(ORDER, {"customer_id": "unknown-here"}).text


# What waits for a person


def test_what_waits_for_a_person_is_said_and_resumed(genie: SupportGenie):
    genie.handle_query("I want a refund for order 00123842", {"customer_id": "C1003"}, conversation="c")
    reply = genie.handle_query("yes please", conversation="c")
    (question,) = reply.waiting
    assert question.text == "the refund of $1,200.00 for order 00123842"
    assert (question.agent, question.tool, question.args) == ("refunds", "refund", {"order": "00123842", "cents": 120_000})
    assert reply.text == (
        "Thank you. Before this is done a colleague has to approve it: the refund of $1,200.00 for order 00123842. "
        "You need not do anything; you hear from us within 2 days."
    )
    meanwhile = genie.handle_query("hello?", conversation="c")
    assert meanwhile.waiting == reply.waiting
    assert meanwhile.text.startswith("A colleague still has to look at the refund of $1,200.00 for order 00123842;")
    done = genie.resume("c", {question.id: True})
    assert done.text.startswith("Done: $1,200.00 of order 00123842 is on the way back to you")
    assert (done.answered_by, done.waiting) == ("billing", ())


def test_a_refund_that_is_not_approved_goes_to_a_person_with_the_reason(genie: SupportGenie):
    genie.handle_query("I want a refund for order 00123842", {"customer_id": "C1003"}, conversation="c")
    (question,) = genie.handle_query("yes please", conversation="c").waiting
    reply = genie.resume("c", {question.id: (False, "the phone has not come back")})
    assert (reply.answered_by, reply.needs_escalation) == ("escalation", True)
    assert "T-00002" in reply.text


def test_a_wrong_answer_or_conversation_is_the_developers_fault(genie: SupportGenie):
    with pytest.raises(UserError, match="no conversation 'nowhere'"):
        genie.resume("nowhere", {"x": True})


# Whatever happens


def failing(error: Exception) -> FunctionModel:
    def fail(request: ModelRequest) -> str:
        raise error

    return FunctionModel(fail)


@pytest.mark.parametrize("error", [RunError("the provider is down"), ConnectionError("no route"), KeyError("oops")])
def test_a_model_that_fails_leaves_nobody_without_an_answer(error: Exception):
    with SupportGenie(failing(error)) as genie:
        reply = genie.handle_query(ORDER, ANN)
        again = genie.handle_query(ORDER, conversation=reply.conversation)
    assert reply.text == again.text == FAILED
    assert POLICY.phone in reply.text
    assert (reply.needs_escalation, reply.answered_by, reply.route) == (True, "fallback", "fallback")
    assert type(reply.error) is type(error)
    assert str(error) not in reply.text


def test_a_model_that_misbehaves_is_apologised_for_and_the_next_message_is_answered():
    with SupportGenie(FunctionModel(lambda request: call("no_such_tool"))) as genie:
        reply = genie.handle_query(ORDER)
    assert reply.text == FAILED
    assert type(reply.error).__name__ == "ModelMisbehaved"


def test_a_model_that_fails_later_on_keeps_the_route_that_was_chosen():
    def answering(request: ModelRequest) -> str:
        if request.agent == "router":
            return "technical"
        raise ConnectionError("gone")

    with SupportGenie(FunctionModel(answering)) as genie:
        assert genie.handle_query("the app crashes").route == "technical"


def test_a_model_that_never_answers_does_not_keep_a_customer_waiting():
    async def silent(request: ModelRequest, emit: Emit) -> ModelResponse:
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes it")

    with SupportGenie(silent, deadline=0.05) as genie:
        reply = genie.handle_query(ORDER)
    assert reply.text == FAILED
    assert type(reply.error).__name__ == "DeadlineExceeded"


def test_a_desk_that_fails_is_apologised_for(genie: SupportGenie):
    genie.desk.close()
    assert genie.handle_query(ORDER).text == FAILED


def test_a_fault_of_the_developer_is_raised():
    with SupportGenie(failing(UserError("set the key"))) as genie, pytest.raises(UserError, match="set the key"):
        genie.handle_query(ORDER)


@pytest.mark.parametrize("query", [None, 7, b"hello", ["hello"]])
def test_a_query_that_is_no_text_is_the_developers_fault(genie: SupportGenie, query: object):
    with pytest.raises(UserError, match="as text"):
        genie.handle_query(query)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "query", ["", " ", "\n", "\x00", "\ud800", "🙂", "a" * 1_000_000, "'; DROP TABLE orders;--", "<b>", "%s{0}"]
)
def test_any_text_of_a_customer_is_answered(genie: SupportGenie, query: str):
    reply = genie.handle_query(query)
    assert reply.text
    assert reply.error is None
    assert reply.run is not None
    assert len(reply.run.messages[0].text) <= LONGEST_QUERY

"""What stands between agents and their model: a named department is a transfer, and a person takes over where one has to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from supportgenie import SupportGenie
from supportgenie.desk import Desk
from supportgenie.supervision import Supervised, model_of
from switchroom import UserError
from switchroom.errors import ModelDenied
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel, call
from switchroom.testing.models import ScriptedModel


def desk_staff(router: str, others: Callable[[ModelRequest], object] = lambda request: "Done.") -> FunctionModel:
    """A model that classifies as the router, and answers as everybody else."""
    return FunctionModel(lambda request: router if request.agent == "router" else others(request))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("department", ["support", "technical", "sales", "escalation", "fallback"])
async def test_a_department_named_and_nothing_else_is_a_transfer(desk: Desk, department: str):
    reply = await SupportGenie(desk_staff(department), desk=desk).ahandle_query("something")
    assert (reply.answered_by, reply.route, reply.text) == (department, department, "Done.")


@pytest.mark.parametrize(
    "named",
    [
        " Technical.\n",
        '"technical"',
        "**technical**",
        "Category: technical",
        "Department - Technical",
        "transfer_to_technical",
        '{"department": "technical"}',
    ],
)
async def test_it_is_understood_however_it_is_written(desk: Desk, named: str):
    reply = await SupportGenie(desk_staff(named), desk=desk).ahandle_query("the app crashes")
    assert reply.answered_by == "technical"


async def test_billing_is_reached_by_way_of_sales(desk: Desk):
    reply = await SupportGenie(desk_staff("billing"), desk=desk).ahandle_query("where is my invoice?")
    assert (reply.answered_by, reply.route) == ("sales", "sales")


@pytest.mark.parametrize("text", ["Hello!", "Do you mean technical or sales?", "gardening", "42", "[1]", '{"a": 1, "b": 2}'])
async def test_any_other_text_of_the_router_is_its_answer(desk: Desk, text: str):
    reply = await SupportGenie(desk_staff(text), desk=desk).ahandle_query("hello")
    assert (reply.answered_by, reply.text, reply.route) == ("router", text, "support")


async def test_only_the_router_is_taken_at_its_word(desk: Desk):
    reply = await SupportGenie(desk_staff("support", lambda request: "technical"), desk=desk).ahandle_query("hello")
    assert (reply.answered_by, reply.text) == ("support", "technical")


async def test_a_person_takes_over_in_the_same_turn_and_gives_the_one_reply(desk: Desk):
    asked: list[ModelRequest] = []

    def answering(request: ModelRequest) -> object:
        asked.append(request)
        return "A colleague calls you." if request.agent == "escalation" else "I am sorry, I cannot help with that."

    reply = await SupportGenie(desk_staff("support", answering), desk=desk).ahandle_query("please paint my house")
    assert (reply.text, reply.answered_by, reply.route) == ("A colleague calls you.", "escalation", "support")
    assert reply.needs_escalation
    assert [request.agent for request in asked] == ["support", "escalation"]
    brief = asked[1].messages[-1].text
    assert '"answered":"I am sorry, I cannot help with that."' in brief
    assert '"summary":"please paint my house"' in brief
    assert reply.run is not None
    assert [m.text for m in reply.run.messages if m.role == "assistant" and m.text] == ["A colleague calls you."]
    assert asked[1].tools


async def test_who_hands_over_to_escalation_by_itself_is_not_helped_along(desk: Desk):
    script = ScriptedModel(
        ["support", call("transfer_to_escalation", reason="angry", topic="complaint", summary="he is angry"), "A person calls."]
    )
    reply = await SupportGenie(script, desk=desk).ahandle_query("you idiots")
    assert (reply.text, reply.answered_by, len(script.requests)) == ("A person calls.", "escalation", 3)


async def test_an_answer_that_is_good_enough_stays(desk: Desk):
    reply = await SupportGenie(desk_staff("support"), desk=desk).ahandle_query("where is my parcel?")
    assert (reply.text, reply.answered_by, reply.needs_escalation) == ("Done.", "support", False)


async def test_a_model_by_its_name_is_looked_up_when_it_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    genie = SupportGenie("openai:gpt-5.4-mini", desk=desk)
    with pytest.raises(ModelDenied):
        await genie.ahandle_query("hello")


async def test_a_name_of_no_provider_is_the_developers_fault(desk: Desk):
    with pytest.raises(UserError, match="names no provider"):
        await SupportGenie("gpt", desk=desk).ahandle_query("hello")


def of_the_request_alone(request: ModelRequest) -> str:
    return "hello"


@pytest.mark.parametrize("wrong", ["", " ", 7, object(), of_the_request_alone])
def test_what_is_no_model_is_refused_at_once(desk: Desk, wrong: object):
    with pytest.raises(UserError, match="pass a model"):
        SupportGenie(wrong, desk=desk)  # pyright: ignore[reportArgumentType]


def test_a_model_says_of_itself_what_it_says():
    assert Supervised(FunctionModel(lambda request: "x")).honest == ""
    assert model_of(FunctionModel(lambda request: "x"))


async def test_what_the_router_looks_up_is_no_route(desk: Desk):
    script = ScriptedModel([call("search_articles", query="opening hours"), "We are there until 20:00."])
    reply = await SupportGenie(script, desk=desk).ahandle_query("when are you open?")
    assert (reply.answered_by, reply.route) == ("router", "support")

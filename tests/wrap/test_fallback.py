"""One model fails, and the next one answers: in order, for these failures, and a person reads exactly one answer."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, RunConfig, Runner, UserError
from switchroom.errors import DeadlineExceeded, ModelDenied, ModelError, ModelUnavailable
from switchroom.events import AnswerWithdrawn, ModelAnswered, RunEvent, TextDelta
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.models import FallbackModel, OpenAIChat, OpenAIResponses, retrying
from switchroom.reply import respond
from switchroom.testing import ScriptedModel
from tests.helpers import facts_of, run_of
from tests.servers.faults import Cut, Stalls, server_error, wrong_key
from tests.servers.http import Server, serving
from tests.servers.manners import Manners
from tests.servers.said import Said


class Named:
    """A model with a name, which fails or says something, and is counted."""

    def __init__(self, name: str, error: Exception | None = None, say_first: str = "") -> None:
        self.name = name
        self.asked = 0
        self._error = error
        self._say_first = say_first

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        self.asked += 1
        emit(self._say_first)
        if self._error is not None:
            raise self._error
        return await respond(f"{self.name} says hello", emit, "the test")

    def __repr__(self) -> str:
        return self.name


def chat(server: Server, **options: Any) -> OpenAIChat:
    return OpenAIChat("gpt-test", base_url=server.url, api_key="any", retries=0, **options)


async def read(agent: Agent[Any], **options: Any) -> tuple[list[RunEvent], str, str]:
    """The events of a stream, what a reader has before his eyes at its end, and all that was ever shown."""
    events: list[RunEvent] = []
    eyes = ever = ""
    async with Runner.stream(agent, "Hello?", config=RunConfig(**options)) as stream:
        async for event in stream:
            events.append(event)
            match event.fact:
                case TextDelta():
                    eyes += event.fact.text
                    ever += event.fact.text
                case AnswerWithdrawn():
                    eyes = ""
                case _:
                    pass
    assert stream.result.final_output == eyes
    return events, eyes, ever


async def test_the_first_that_answers_is_the_last_that_is_asked():
    models = [Named("a", ConnectionError("gone")), Named("b", ModelUnavailable("busy")), Named("c"), Named("d")]
    result = await Runner.run(Agent("x", model=FallbackModel(*models)), "Hello?")
    assert result.final_output == "c says hello"
    assert [model.asked for model in models] == [1, 1, 1, 0]
    assert result.usage.requests == 1


def test_one_model_is_nothing_to_fall_back_to():
    with pytest.raises(UserError) as caught:
        FallbackModel("openai:gpt-test")
    assert str(caught.value) == snapshot(
        "FallbackModel('openai:gpt-test') has nothing to fall back to. Pass at least two models."
    )


@pytest.mark.parametrize(
    "error", [ModelError("no", "m", 400), ModelDenied("key"), TimeoutError("slow"), ConnectionError("gone")]
)
async def test_all_failures_of_a_server_are_fallen_back_from(error: Exception):
    result = await Runner.run(Agent("x", model=FallbackModel(Named("a", error), Named("b"))), "Hello?")
    assert result.final_output == "b says hello"


async def test_other_exceptions_are_raised_unless_they_are_named():
    first, second = Named("a", ValueError("a bug")), Named("b")
    with pytest.raises(ValueError, match="a bug"):
        await Runner.run(Agent("x", model=FallbackModel(first, second)), "Hello?")
    assert second.asked == 0
    result = await Runner.run(Agent("x", model=FallbackModel(first, second, on=(ValueError,))), "Hello?")
    assert result.final_output == "b says hello"
    with pytest.raises(ModelDenied):
        await Runner.run(Agent("x", model=FallbackModel(Named("a", ModelDenied("key")), second, on=(ModelError,))), "Hello?")


async def test_the_last_failure_is_raised_and_says_what_came_before(caplog: pytest.LogCaptureFixture):
    model = FallbackModel(
        Named("a", ConnectionError("gone")), Named("b", ModelDenied("wrong key")), Named("c", ValueError("no"))
    )
    with pytest.raises(ValueError, match="no") as caught:
        await Runner.run(Agent("clerk", model=model), "Hello?")
    assert caught.value.__notes__ == snapshot(
        ["Before, a failed: ConnectionError: gone", "Before, b failed: ModelDenied: wrong key"]
    )
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == snapshot(
        [
            ("WARNING", "a failed for agent 'clerk', the next model is asked: gone"),
            ("WARNING", "b failed for agent 'clerk', the next model is asked: wrong key"),
        ]
    )
    assert run_of(caught.value).usage.requests == 0
    assert repr(model) == "FallbackModel(a, b, c)"


async def test_a_failure_over_what_somebody_heard_is_raised_and_says_what_came_before(caplog: pytest.LogCaptureFixture):
    last = Named("c")
    model = FallbackModel(Named("a", ConnectionError("gone")), Named("b", ModelUnavailable("cut"), say_first="Dear"), last)
    with pytest.raises(ModelUnavailable, match="cut") as caught:
        await read(Agent("x", model=model))
    assert caught.value.__notes__ == ["Before, a failed: ConnectionError: gone"]
    assert last.asked == 0
    assert [record.getMessage() for record in caplog.records] == ["a failed for agent 'x', the next model is asked: gone"]


async def test_who_clears_what_was_withdrawn_reads_one_answer():
    model = FallbackModel(Named("a", ConnectionError("gone"), "Dear"), Named("b", ModelUnavailable("cut"), "Hi"), Named("c"))
    events, eyes, ever = await read(Agent("x", model=model), withdraws=True)
    assert eyes == "c says hello"
    assert ever == "DearHic says hello"
    assert [fact.reason for fact in facts_of(AnswerWithdrawn, events)] == ["gone", "cut"]
    assert [fact.attempt for fact in facts_of(TextDelta, events)] == [1, 2, 3, 3, 3]


async def test_a_listener_says_itself_whether_it_clears():
    class Screen:
        def __init__(self, withdraws: bool) -> None:
            self.withdraws = withdraws

        def __call__(self, event: RunEvent) -> None:
            pass

    for withdraws in (True, False):
        last = Named("b")
        model = FallbackModel(Named("a", ConnectionError("gone"), "Dear"), last)
        running = Runner.run(Agent("x", model=model), "Hello?", config=RunConfig(listeners=(Screen(withdraws),)))
        if withdraws:
            assert (await running).final_output == "b says hello"
        else:
            with pytest.raises(ConnectionError):
                await running
        assert last.asked == withdraws


async def test_where_nobody_listens_nothing_was_heard():
    model = FallbackModel(Named("a", ConnectionError("gone"), "Dear"), Named("b"))
    assert (await Runner.run(Agent("x", model=model), "Hello?")).final_output == "b says hello"


async def test_a_name_stands_for_its_model(monkeypatch: pytest.MonkeyPatch):
    async with serving(server_error()) as first, serving(Said("Hello."), Manners(strict=False)) as second:
        monkeypatch.setenv("VLLM_BASE_URL", first.url)
        monkeypatch.setenv("LMSTUDIO_BASE_URL", second.url)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        names = ("openai:without-a-key", "lmstudio:m")
        result = await Runner.run(Agent("x", model=FallbackModel(*names)), "Hello?")
    assert [fact.model for fact in result.facts if isinstance(fact, ModelAnswered)] == ["lmstudio:m"]
    assert not first.requests


async def test_a_name_that_nobody_knows_is_the_developer_s_fault_whatever_else_fails():
    with pytest.raises(UserError, match="no model adapter 'olama'"):
        await Runner.run(Agent("x", model=FallbackModel(Named("a", ConnectionError("gone")), "olama:m", Named("c"))), "Hello?")


async def test_from_a_server_that_fails_to_one_of_another_protocol():
    async with serving(server_error()) as first, serving(wrong_key()) as second, serving(Said("Hello, Ann.")) as third:
        good = OpenAIResponses("gpt-test", base_url=third.url, api_key="any")
        model = FallbackModel(chat(first), chat(second), good)
        events, eyes, ever = await read(Agent("x", model=model))
        assert (await Runner.run(Agent("x", model=model), "Hello?")).final_output == "Hello, Ann."
    assert eyes == ever == "Hello, Ann."
    assert not facts_of(AnswerWithdrawn, events)
    assert [len(server.requests) for server in (first, second, third)] == [2, 2, 2]


async def test_a_stream_that_is_cut_goes_on_with_another_server_s_whole_answer():
    async with serving(Cut("amidst", after=5)) as first, serving(Said("Hello, Ann.")) as second:
        model = FallbackModel(chat(first), chat(second))
        events, eyes, ever = await read(Agent("x", model=model), withdraws=True)
    assert eyes == "Hello, Ann."
    assert ever == "The line is openHello, Ann."
    assert len(facts_of(AnswerWithdrawn, events)) == len(facts_of(ModelAnswered, events)) == 1


async def test_a_stream_that_is_cut_before_a_word_goes_on_for_everybody():
    async with serving(Cut("after headers")) as first, serving(Said("Hello, Ann.")) as second:
        events, eyes, ever = await read(Agent("x", model=FallbackModel(chat(first), chat(second))))
    assert eyes == ever == "Hello, Ann."
    assert not facts_of(AnswerWithdrawn, events)


async def test_a_cut_that_somebody_read_is_raised_and_no_other_server_is_asked():
    async with serving(Cut("amidst", after=5)) as first, serving(Said("Hello, Ann.")) as second:
        with pytest.raises(ModelUnavailable):
            await read(Agent("x", model=FallbackModel(chat(first), chat(second))))
    assert not second.requests


async def test_a_server_that_is_too_slow_is_fallen_back_from_and_the_run_s_deadline_is_not():
    async with serving(Stalls()) as first, serving(Said("Hello, Ann.")) as second:
        model = FallbackModel(chat(first, timeout=0.05), chat(second))
        assert (await Runner.run(Agent("x", model=model), "Hello?")).final_output == "Hello, Ann."
        with pytest.raises(DeadlineExceeded):
            await Runner.run(
                Agent("x", model=FallbackModel(chat(first), chat(second))), "Hello?", config=RunConfig(deadline=0.05)
            )
    assert len(second.requests) == 1


async def test_it_stands_wherever_a_model_stands(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.ERROR)
    busy = Named("busy", ModelUnavailable("busy", "m", 429, 0.001))
    inner = FallbackModel(retrying(busy, attempts=2), Named("down", ConnectionError("gone")))
    model = retrying(FallbackModel(inner, ScriptedModel(["Hello."])), wait=0.001)
    assert (await Runner.run(Agent("x", model=model), "Hello?")).final_output == "Hello."
    assert busy.asked == 2

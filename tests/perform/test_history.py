"""What a model gets to see: by a window of tokens, or with what is old put in the words of an agent, made once and kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchroom import Agent, Message, RunConfig, Runner, UserError, handoff, tool
from switchroom.errors import ModelUnavailable
from switchroom.events import HandoffCommitted, HistorySummarised, ModelAnswered
from switchroom.history import Summary, keep_last, keep_tokens
from switchroom.journals import MemoryJournal
from switchroom.messages import ToolCall
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel, call
from tests.helpers import facts_of, keeping, texts


def one(message: Message) -> int:
    """A token a message."""
    return 1


def said(count: int) -> list[Message]:
    return [Message("user" if i % 2 == 0 else "assistant", f"message {i}") for i in range(count)]


class Seen:
    """A model that answers "answer n", and remembers what it was shown."""

    def __init__(self) -> None:
        self.requests: list[ModelRequest] = []
        self.model = FunctionModel(self.answer)

    def answer(self, request: ModelRequest) -> str:
        self.requests.append(request)
        return f"answer {len(self.requests)}"

    @property
    def last(self) -> list[tuple[str, str]]:
        return texts(self.requests[-1].messages)


class Summariser:
    """An agent that says how many lines it was given, and remembers them."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.agent = Agent("historian", "Put it in short.", model=FunctionModel(self.answer))

    def answer(self, request: ModelRequest) -> str:
        self.given.append(request.messages[-1].text)
        return f"{len(self.given[-1].splitlines())} lines"


def test_a_window_of_tokens_holds_the_newest_messages_that_fit():
    policy = keep_tokens(3, count=one)
    assert [message.text for message in policy(said(10))] == ["message 7", "message 8", "message 9"]


def test_the_newest_message_is_shown_even_if_it_alone_is_too_long():
    policy = keep_tokens(1, count=lambda message: 100)
    assert [message.text for message in policy(said(3))] == ["message 2"]


@given(st.integers(1, 12), st.lists(st.sampled_from(["user", "assistant", "call"]), min_size=1, max_size=12))
def test_a_window_of_tokens_never_tears_a_call_from_its_result(budget: int, kinds: list[str]):
    messages: list[Message] = []
    for index, kind in enumerate(kinds):
        match kind:
            case "call":
                calls = (ToolCall("look", {}, f"{index}a"), ToolCall("look", {}, f"{index}b"))
                messages += [Message("assistant", "", calls)]
                messages += [Message("tool", "seen", call_id=made.id) for made in calls]
            case "user":
                messages.append(Message("user", "hi"))
            case _:
                messages.append(Message("assistant", "yes"))
    policy = keep_tokens(budget, count=one)
    shown = policy(messages)
    assert list(shown) == messages[len(messages) - len(shown) :]
    assert shown
    assert shown[0].role != "tool"
    assert len(shown) <= budget or not [message for message in shown[1:] if message.role != "tool"]


def test_a_policy_that_keeps_nothing_is_refused():
    with pytest.raises(UserError, match="at least 1"):
        keep_tokens(0)
    with pytest.raises(UserError, match="at least 1"):
        Summary(len, over=0)
    with pytest.raises(UserError, match="at least 1"):
        Summary(len, over=9, keep=0)


async def test_an_agents_own_policy_goes_before_that_of_the_run():
    seen = Seen()
    agent = Agent("clerk", model=seen.model, history=keep_last(1))
    await Runner.run(agent, said(6), config=RunConfig(history=keep_last(4)))
    assert len(seen.last) == 1


async def test_what_is_old_is_summarised_once_and_the_next_summary_builds_on_it():
    seen, historian = Seen(), Summariser()
    policy = Summary(historian.agent, over=6, keep=2, count=one)
    agent, config = Agent("clerk", model=seen.model, history=policy), keeping()
    summaries: list[HistorySummarised] = []
    for turn in range(1, 9):
        result = await Runner.run(agent, f"question {turn}", conversation="c", config=config)
        summaries += facts_of(HistorySummarised, result.events)
    assert [(fact.upto, fact.text) for fact in summaries] == [(5, "5 lines"), (11, "7 lines")]
    assert historian.given[1].splitlines()[0] == "system: [What was said before, in short: 5 lines]"
    assert seen.last == [
        ("system", "[What was said before, in short: 7 lines]"),
        ("clerk", "answer 6"),
        ("user", "question 7"),
        ("clerk", "answer 7"),
        ("user", "question 8"),
    ]


async def test_the_summary_is_kept_by_the_journal_and_not_made_again_by_another_process():
    seen, historian, journal = Seen(), Summariser(), MemoryJournal()
    agent = Agent("clerk", model=seen.model, history=Summary(historian.agent, over=4, keep=1, count=one))
    for turn in range(3):
        await Runner.run(agent, f"question {turn}", conversation="c", config=RunConfig(journal=journal))
    made = len(historian.given)
    again = MemoryJournal()
    again.append("c", journal.read("c"))
    await Runner.run(agent, "question 3", conversation="c", config=RunConfig(journal=again))
    assert made == 1
    assert len(historian.given) == 1
    assert seen.last[0] == ("system", "[What was said before, in short: 4 lines]")


async def test_what_a_summary_costs_is_part_of_the_runs_usage():
    seen, historian = Seen(), Summariser()
    agent = Agent("clerk", model=seen.model, history=Summary(historian.agent, over=2, keep=1, count=one))
    result = await Runner.run(agent, said(5))
    assert result.by_agent["historian"].requests == 1


async def test_a_function_can_summarise_too():
    seen = Seen()

    async def first_words(text: str) -> str:
        return " ".join(re.findall(r": (\w+)", text))

    agent = Agent("clerk", model=seen.model, history=Summary(first_words, over=2, keep=1, count=one))
    await Runner.run(agent, said(3))
    assert seen.last == [("system", "[What was said before, in short: message message]"), ("user", "message 2")]


async def test_a_summary_that_is_no_text_is_an_error_that_says_so():
    async def nothing(text: str) -> str:
        return ""

    agent = Agent("clerk", model=Seen().model, history=Summary(nothing, over=2, keep=1, count=one))
    with pytest.raises(UserError, match=r"The summary of agent 'clerk' gave ''; Summary\(by=...\) is a step that gives text"):
        await Runner.run(agent, said(3))


async def test_a_policy_that_gives_no_messages_is_an_error_that_says_so():
    def wrong(messages: Sequence[Message]) -> Sequence[Message]:
        return iter(messages)  # pyright: ignore[reportReturnType]

    with pytest.raises(UserError, match="it gives a sequence of messages"):
        await Runner.run(Agent("clerk", model=Seen().model, history=wrong), "hi")


def test_a_policy_that_is_none_is_refused_with_the_agents_name():
    with pytest.raises(UserError, match=r"Agent 'clerk': history is 5; give a policy such as keep_last\(50\)"):
        Agent("clerk", history=5)  # pyright: ignore[reportArgumentType]


async def test_a_handoff_can_have_what_was_said_summarised_for_its_target():
    seen, historian = Seen(), Summariser()
    billing = Agent("billing", model=seen.model)
    clerk = Agent(
        "clerk",
        model=FunctionModel(lambda request: call("transfer_to_billing", reason="money")),
        handoffs=[handoff(billing, filter=Summary(historian.agent, over=2, keep=1, count=one))],
    )
    result = await Runner.run(clerk, said(5))
    [committed] = facts_of(HandoffCommitted, result.events)
    assert texts(committed.messages or ()) == [
        ("system", "[What was said before, in short: 4 lines]"),
        ("user", "message 4"),
    ]
    assert seen.last[0] == ("system", "[What was said before, in short: 4 lines]")
    assert result.by_agent["historian"].requests == 1


async def test_a_summary_never_tears_a_call_from_its_result():
    historian = Summariser()

    @tool(effect="read")
    def look() -> str:
        return "seen"

    def model(request: ModelRequest):
        assert request.messages[0].role != "tool"
        return call("look") if request.messages[-1].role == "user" else "done"

    agent = Agent("clerk", model=FunctionModel(model), tools=[look], history=Summary(historian.agent, 3, keep=1, count=one))
    config = keeping()
    for turn in range(6):
        result = await Runner.run(agent, f"question {turn}", conversation="c", config=config)
        assert len(facts_of(ModelAnswered, [e for e in result.events if "historian" not in e.path])) == 2


async def test_a_policy_may_be_async_for_an_agent_and_for_a_handoff():
    seen = Seen()

    async def newest(messages: Sequence[Message]) -> Sequence[Message]:
        return messages[-1:]

    await Runner.run(Agent("clerk", model=seen.model, history=newest), said(5))
    assert seen.last == [("user", "message 4")]
    billing = Agent("billing", model=seen.model)
    hand = FunctionModel(lambda request: call("transfer_to_billing", reason="money"))
    await Runner.run(Agent("clerk", model=hand, handoffs=[handoff(billing, filter=newest)]), said(5))
    assert seen.last[0] == ("user", "message 4")
    assert len(seen.last) == 2


async def test_a_summary_whose_model_is_not_there_leaves_nobody_without_an_answer(caplog: pytest.LogCaptureFixture):
    seen = Seen()

    def unavailable(request: ModelRequest) -> str:
        raise ModelUnavailable("the server is busy", "openai:m", 429)

    historian = Agent("historian", model=FunctionModel(unavailable))
    agent = Agent("clerk", model=seen.model, history=Summary(historian, over=2, keep=1, count=one))
    config = keeping()
    result = await Runner.run(agent, said(5), conversation="c", config=config)
    assert result.final_output == "answer 1"
    assert len(seen.last) == 5
    assert "could not be summarised: the server is busy" in caplog.text
    assert (await Runner.resume(agent, conversation="c", config=config)).final_output == "answer 1"


async def test_a_summary_counts_each_message_of_a_conversation_once():
    counted: list[Message] = []

    def count(message: Message) -> int:
        counted.append(message)
        return 1

    agent = Agent("clerk", model=Seen().model, history=Summary(Summariser().agent, over=1_000, keep=1, count=count))
    config = keeping()
    for turn in range(40):
        await Runner.run(agent, f"question {turn}", conversation="c", config=config)
    assert len(counted) <= 80

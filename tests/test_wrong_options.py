"""Every option and argument with values of wrong types: a `UserError` where the caller passes it, and never anything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from supportgenie import SupportGenie
from switchroom import Agent, Budget, RunConfig, Runner, Session, Team, UserError, sequential, set_default_model
from switchroom.arguments import ID_BYTES, check_id
from switchroom.cli.commands import switchroom
from switchroom.context import CURRENT
from switchroom.history import Summary, keep_last
from switchroom.journal import NoJournal
from switchroom.journals import MemoryJournal, SqliteJournal
from switchroom.session import OutputNode
from switchroom.testing import FunctionModel, ScriptedModel
from tests.helpers import keeping, last


class Case(BaseModel):
    """A shared state."""

    open: bool = True


class Appends:
    """It has the method `append`, as lists have, and no other of a journal."""

    def append(self, conversation: str, events: Any) -> None:
        raise AssertionError("nothing is appended")


class Speechless:
    """Its text cannot be made."""

    def __repr__(self) -> str:
        raise ValueError("no text")


class Waits:
    """An object that is called like an async function."""

    async def __call__(self, given: Any) -> Any:
        return given


async def waits(given: Any) -> Any:
    return given


def makes(given: Any) -> Any:
    yield given


async def makes_later(given: Any) -> Any:
    yield given


def takes_nothing() -> Case:
    return Case()


def takes_two(one: Any, two: Any) -> Case:
    return Case()


echo = Agent("clerk", model=FunctionModel(last))
NO_VALUES: list[Any] = [5, 1.5, True, b"x", [], {}, (), object(), Speechless()]
NO_FUNCTIONS: list[Any] = [*NO_VALUES, "text", Case(), takes_nothing, takes_two, makes, makes_later]
NO_PLAIN_FUNCTIONS: list[Any] = [*NO_FUNCTIONS, waits, Waits()]
NO_TUPLES: list[Any] = [5, "text", {}, {1}, len, Speechless()]
NO_FLAGS: list[Any] = [None, 0, 1, "yes", "", [], Speechless()]
NO_NAMES: list[Any] = [None, *NO_VALUES, "half \ud800", "a\0b"]
NO_JOURNALS: list[Any] = [
    5,
    0,
    True,
    b"memory:",
    [],
    {},
    (),
    set[int](),
    object(),
    Speechless(),
    Appends(),
    MemoryJournal,
    NoJournal,
    Path("chats.db"),
    "sqlite:///a\0b.db",
    "sqlite:///half \ud800.db",
    "memory:\0",
    "memory:\udcff",
]
NO_URLS = [
    "",
    "chats.db",
    "sqlite:",
    "sqlite://",
    "sqlite:///",
    "sqlite:////?x=1",
    "sqlite:///x.db?synchronous=never",
    "mysql://x",
    ":",
    "://",
]

WRONG: dict[str, list[Any]] = {
    "journal": NO_JOURNALS,
    "model": [*NO_VALUES, FunctionModel, Agent, echo, Team([echo]), sequential(echo), takes_nothing, lambda request: "x"],  # pyright: ignore[reportUnknownLambdaType]
    "max_turns": [None, 0, -1, 1.5, True, "5", [], Speechless(), float("nan")],
    "deadline": [0, -1, True, "5", [], float("nan"), Speechless()],
    "budget": [*NO_VALUES, "cheap", Budget],
    "deps": NO_FUNCTIONS,
    "state": [*NO_PLAIN_FUNCTIONS, Case, dict],
    "state_type": [*NO_VALUES, "Case", Case(), dict, int, list[int], BaseModel | None, takes_nothing],
    "history": [*NO_FUNCTIONS, Summary],
    "redact": NO_PLAIN_FUNCTIONS,
    "parallel_tools": [None, 0, -1, 1.5, True, "5", Speechless()],
    "listeners": [*NO_TUPLES, None, *([value] for value in [*NO_PLAIN_FUNCTIONS, None, Case, Waits])],
    "withdraws": NO_FLAGS,
    "wrappers": [*NO_TUPLES, None, *([value] for value in [*NO_PLAIN_FUNCTIONS, None])],
    "detached": NO_FLAGS,
    "workflow_name": NO_NAMES,
    "trace_include_sensitive_data": NO_FLAGS,
    "trace_processors": [*NO_TUPLES, None, *([value] for value in [*NO_VALUES, None, takes_nothing])],
    "request_id": NO_NAMES,
}


def each(values: list[Any]) -> list[Any]:
    """Values as the parameters of a test, with ids that need not print them."""
    return [pytest.param(value, id=f"{number}-{type(value).__name__}") for number, value in enumerate(values)]


def pairs(table: Mapping[str, list[Any]]) -> list[Any]:
    """The rows of a table as the parameters of a test."""
    rows = [(name, number, value) for name, values in table.items() for number, value in enumerate(values)]
    return [pytest.param(name, value, id=f"{name}-{number}-{type(value).__name__}") for name, number, value in rows]


@pytest.mark.parametrize(("option", "value"), pairs(WRONG))
def test_an_option_of_a_run_that_is_wrong_is_refused_when_it_is_given(option: str, value: Any):
    with pytest.raises(UserError, match="(?i)trace.processor" if option == "trace_processors" else option):
        RunConfig(**{option: value})


def test_the_table_has_every_option():
    assert set(RunConfig.__dataclass_fields__) - set(WRONG) <= {"when_busy", "busy_timeout", "while_waiting"}


def test_factories_of_all_kinds_are_taken():
    class Makes:
        def __call__(self, conversation: str) -> Case:
            return Case()

    class Handles:
        def __init__(self, conversation: str, size: int = 3) -> None:
            self.size = size

    RunConfig(state=Makes(), deps=Handles)
    RunConfig(state=lambda conversation, more=1: Case(), deps=waits, history=waits)  # pyright: ignore[reportUnknownLambdaType]

    def of_any(*given: Any) -> Any:
        return given[0]

    RunConfig(state=of_any, deps=Waits(), redact=of_any, history=keep_last(3))
    RunConfig(deps=str, listeners=(print,), wrappers=(of_any,))


@pytest.mark.parametrize("made", each([None, 5, {}, Case, "x", Speechless()]))
async def test_a_factory_that_makes_no_state_is_told_so(made: Any):
    config = keeping(state=lambda conversation: made)  # pyright: ignore[reportUnknownLambdaType]
    with pytest.raises(UserError, match="it gives a pydantic model"):
        await Runner.run(echo, "go", config=config, conversation="c")
    assert (await Runner.run(echo, "go", config=RunConfig(journal=config.journal), conversation="c")).turn == 1


@pytest.mark.parametrize("given", each([Speechless(), takes_nothing, object()]))
async def test_a_state_that_json_cannot_hold_is_refused(given: Any):
    class Odd(BaseModel):
        held: Any = None

    wrong: list[Any] = [Odd(held=given), 5, {}, Case, "x"]
    for state in wrong:
        with pytest.raises(UserError):
            await Runner.run(echo, "go", state=state)


# how runs are called -------------------------------------------------------------------------------------------------

LONGEST = "é" * (ID_BYTES // 2)
NO_IDS: list[Any] = [
    5,
    0,
    True,
    b"c",
    [],
    {},
    object(),
    Speechless(),
    "",
    "a\0b",
    "half \ud800",
    LONGEST + "x",
    "x" * 1_000_000,
]
NO_CONFIGS: list[Any] = [5, 0, True, "", "memory:", [], {}, object(), Speechless(), RunConfig]
NO_ANSWERS: list[Any] = [
    5,
    0,
    True,
    "id",
    "",
    [],
    [("id", True)],
    (),
    {"id"},
    object(),
    Speechless(),
    {5: True},
    {None: True},
    {b"id": True},
    {Speechless: True},
    {"id": None},
    {"id": "yes"},
    {"id": 1},
    {"id": [True, "note"]},
    {"id": (True,)},
    {"id": (True, 5)},
    {"id": (1, "note")},
    {"id": (True, "note", "more")},
    {"id": (False, "half \ud800")},
    {"id": Speechless()},
]


async def calls(**given: Any) -> None:
    """Run in all ways."""
    options: dict[str, Any] = {"config": keeping(), **given}
    with pytest.raises(UserError):
        await Runner.run(echo, "go", **options)
    with pytest.raises(UserError):
        async with Runner.stream(echo, "go", **options) as events:
            async for _ in events:
                pass
    with pytest.raises(UserError):
        Runner.run_sync(echo, "go", **options)
    with pytest.raises(UserError):
        resumed: dict[str, Any] = {"conversation": "c", **options}
        await Runner.resume(echo, **resumed)


@pytest.mark.parametrize("id", each(NO_IDS))
async def test_an_id_that_is_none_is_refused_by_every_way_to_run(id: Any):
    await calls(conversation=id)


@pytest.mark.parametrize("config", each(NO_CONFIGS))
async def test_options_that_are_none_are_refused_by_every_way_to_run(config: Any):
    await calls(config=config)


@pytest.mark.parametrize("config", each(NO_CONFIGS))
async def test_options_that_are_none_are_refused_inside_a_run_too(config: Any):
    async def outer(input: str, scope: Any) -> str:
        for call in (Runner.run, Runner.stream, Runner.run_sync):
            with pytest.raises(UserError):
                await call(echo, "go", config=config)  # pyright: ignore[reportGeneralTypeIssues, reportUnknownMemberType]
        return "refused"

    assert (await Runner.run(outer, "go")).final_output == "refused"
    assert CURRENT.get() is None


@pytest.mark.parametrize("answers", each(NO_ANSWERS))
async def test_answers_that_are_none_are_refused_and_the_conversation_goes_on(answers: Any):
    config = keeping()
    await Runner.run(echo, "one", config=config, conversation="c")
    with pytest.raises(UserError):
        await Runner.resume(echo, config=config, conversation="c", answers=answers)
    assert (await Runner.resume(echo, config=config, conversation="c", answers={})).final_output == "one"
    assert (await Runner.run(echo, "two", config=config, conversation="c")).turn == 2


@pytest.mark.parametrize("url", NO_URLS)
async def test_a_url_that_names_no_journal_is_refused(url: str):
    with pytest.raises(UserError):
        await Runner.run(echo, "go", config=RunConfig(journal=url), conversation="c")
    with pytest.raises(UserError):
        Session(echo, journal=url)


@pytest.mark.parametrize("id", each(["x", "x" * ID_BYTES, LONGEST, "a/b#0", "🙂", " ", "c\n1", "'; drop table entries; --"]))
async def test_any_other_id_is_an_id(id: str, tmp_path: Path):
    for journal in (MemoryJournal(), SqliteJournal(tmp_path / "chats.db")):
        config = RunConfig(journal=journal)
        assert (await Runner.run(echo, "one", config=config, conversation=id)).conversation == id
        assert (await Runner.resume(echo, config=config, conversation=id)).final_output == "one"
        session = Session(echo, conversation=id, journal=MemoryJournal())
        assert (await session.send("two")).text == "two"
        await session.stop()
        if isinstance(journal, SqliteJournal):
            journal.close()
    assert check_id(id, "conversation", "conversation") == check_id(id, "message", "message_id") == id


@pytest.mark.parametrize("id", each(NO_IDS))
def test_ids_of_messages_and_conversations_are_held_to_the_same(id: Any):
    with pytest.raises(UserError, match="message_id"):
        check_id(id, "message", "message_id")
    with pytest.raises(UserError, match="Conversations"):
        check_id(id, "conversation", "Conversations.messages(...)")


@pytest.mark.parametrize("model", each(WRONG["model"]))
def test_a_default_model_that_is_none_is_refused(model: Any):
    with pytest.raises(UserError, match="set_default_model"):
        set_default_model(model)


# sessions ------------------------------------------------------------------------------------------------------------

OF_SESSIONS: dict[str, list[Any]] = {
    "conversation": NO_IDS,
    "journal": [*NO_JOURNALS, NoJournal()],
    "fallback": [5, "text", Speechless(), object(), OutputNode, []],
    "deadline": [None, 0, -1, "5", True, float("inf"), float("nan"), Speechless(), []],
    "config": [*NO_CONFIGS, RunConfig(deadline=3)],
    "step": [5, "text", Speechless(), object(), OutputNode, []],
}


@pytest.mark.parametrize(("option", "value"), pairs(OF_SESSIONS))
def test_an_option_of_a_session_that_is_wrong_is_refused_when_it_is_given(option: str, value: Any):
    with pytest.raises(UserError):
        session(**{option: value})


def session(**options: Any) -> Session:
    given: dict[str, Any] = {"step": echo, **options}
    return Session(**given)


NO_MESSAGES: list[Any] = [None, 5, b"x", [], {}, object(), Speechless(), "", "half \ud800", [5], {"role": "robot"}]
NO_METADATA: list[Any] = [5, "text", [1], {"held": Speechless()}, {"half": "\ud800"}, {"deep": float("nan")}]
WAYS: dict[str, tuple[Callable[[Session, Any], Any], list[Any]]] = {
    "send": (lambda session, given: session.send(given), NO_MESSAGES),
    "metadata": (lambda session, given: session.send("x", metadata=given), NO_METADATA),
    "speak": (lambda session, given: session.speak(given), NO_MESSAGES),
    "greeting": (lambda session, given: session.join(greeting=given), [one for one in NO_MESSAGES if one != ""]),
    "caller": (lambda session, given: session.join(given), NO_METADATA),
    "variables": (lambda session, given: session.join(None, given), NO_METADATA),
    "answer": (lambda session, given: session.answer(given), [None, *NO_ANSWERS]),
    "interrupt": (lambda session, given: session.interrupt(given), [one for one in NO_MESSAGES if one is not None]),
    "heard": (lambda session, given: session.interrupt(heard=given), [-1, 1.5, "5", True, [], Speechless()]),
}
CALLS = {way: values for way, (_, values) in WAYS.items()}


@pytest.mark.parametrize(("way", "value"), pairs(CALLS))
async def test_what_is_wrong_is_refused_and_the_session_goes_on(way: str, value: Any, tmp_path: Path):
    journal = SqliteJournal(tmp_path / "chats.db")
    session = Session(echo, conversation="c", journal=journal)
    assert (await session.send("one")).text == "one"
    with pytest.raises(UserError):
        await WAYS[way][0](session, value)
    assert (await session.send("two")).text == "two"
    assert [message.text for message in session.messages] == ["one", "one", "two", "two"]
    await session.stop()
    journal.close()


# the support application and the command line -------------------------------------------------------------------------


@pytest.mark.parametrize("id", each(NO_IDS))
def test_the_support_desk_refuses_an_id_that_is_none_and_goes_on(id: Any):
    with SupportGenie() as genie:
        with pytest.raises(UserError):
            genie.handle_query("Hello", conversation=id)
        with pytest.raises(UserError):
            genie.resume(id)
        assert genie.handle_query("Hello", conversation="c").text


@pytest.mark.parametrize("answers", each(NO_ANSWERS))
def test_the_support_desk_refuses_answers_that_are_none(answers: Any):
    with SupportGenie() as genie:
        genie.handle_query("Hello", conversation="c")
        with pytest.raises(UserError):
            genie.resume("c", answers)


@pytest.mark.parametrize("journal", each(NO_JOURNALS))
def test_the_support_desk_refuses_a_journal_that_is_none(journal: Any):
    with pytest.raises(UserError):
        SupportGenie(journal=journal)


@pytest.mark.parametrize("id", each(["a\0b", "half \udcff", "x" * 513, "é" * 257]))
def test_chat_refuses_an_id_that_is_none(id: str):
    result = CliRunner().invoke(switchroom, ["chat", "supportgenie", "hello", "--conversation", id], prog_name="switchroom")
    assert (result.exit_code, "--conversation" in result.output) == (2, True)


async def test_a_journal_that_holds_nothing_yet_is_a_journal():
    class Empty(MemoryJournal):
        def __len__(self) -> int:
            return 0

    journal = Empty()
    session = Session(Agent("clerk", model=ScriptedModel(["hi"])), conversation="c", journal=journal)
    await session.send("hello")
    assert journal.entries["c"]
    await session.stop()


async def test_answers_may_be_any_mapping():
    class Answers(Mapping[str, bool]):
        def __getitem__(self, id: str) -> bool:
            return True

        def __iter__(self) -> Any:
            return iter(["nobody asked"])

        def __len__(self) -> int:
            return 1

    config = keeping()
    await Runner.run(echo, "one", config=config, conversation="c")
    with pytest.raises(UserError, match="no open question 'nobody asked'"):
        await Runner.resume(echo, config=config, conversation="c", answers=Answers())

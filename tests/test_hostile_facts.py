"""Failures on disk that anybody may have written: reviving one imports nothing, runs nothing, and always gives an exception."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchroom import RunConfig, RunError, Runner, sequential
from switchroom.errors import JournalUnreadable
from switchroom.events import RunEvent, StepFailed
from switchroom.events.codec import decode, encode
from switchroom.failure import add_note, failure, revived, told
from switchroom.journals import MemoryJournal
from tests.patience import HANGS_S

RAN: list[str] = []
"""What ran of the classes below."""


class Making(Exception):
    """An exception that does something when it is made, and has methods, a property and a slot."""

    __slots__ = ("slot",)
    shared: Any = None

    def __new__(cls, *args: Any) -> Making:
        RAN.append("new")
        return super().__new__(cls, *args)

    def __init__(self, *args: Any) -> None:
        RAN.append("init")
        super().__init__(*args)

    def __setstate__(self, state: Any) -> None:
        RAN.append("setstate")

    def method(self) -> str:
        return "a method"

    @property
    def watched(self) -> str:
        return "a property"

    @watched.setter
    def watched(self, value: str) -> None:
        RAN.append("setter")


class NoException:
    """A class that is no exception."""

    def __new__(cls, *args: Any) -> NoException:
        RAN.append("no exception")
        return super().__new__(cls)


MAKING = f"{Making.__module__}:{Making.__qualname__}"
PLACES = [
    "os:system",
    "os:_exit",
    "subprocess:Popen",
    "builtins:exec",
    "builtins:eval",
    "builtins:__import__",
    "builtins:object",
    "builtins:type",
    "builtins:BaseException",
    "builtins:SystemExit",
    "builtins:KeyboardInterrupt",
    "builtins:GeneratorExit",
    "builtins:StopIteration",
    "builtins:StopAsyncIteration",
    "asyncio.exceptions:CancelledError",
    "switchroom.attempt:Suspended",
    f"{NoException.__module__}:{NoException.__qualname__}",
    f"{MAKING}.method",
    f"{MAKING}.__init__.__globals__",
    "builtins:Exception.__subclasses__",
    "antigravity:fly",
    "this:s",
    "tests.never_imported:Error",
    "../../etc/passwd:Error",
    "",
    ":",
    "builtins:",
    ":Exception",
    "x" * 100_000,
    "\0:\0",
]
"""Names that stand for no exception that may be made."""


def nested(depth: int) -> Any:
    inner: Any = 1
    for _ in range(depth):
        inner = {"a": [inner]}
    return inner


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Whatever a test does, nothing that a fact names is called or imported."""
    RAN.clear()

    def called(*args: Any, **options: Any) -> None:
        RAN.append("called")

    monkeypatch.setattr(os, "system", called)
    monkeypatch.setattr(subprocess, "Popen", called)
    modules = set(sys.modules)
    yield
    assert RAN == []
    assert not {"antigravity", "this", "tests.never_imported"} & (set(sys.modules) - modules)


@pytest.mark.parametrize("of", PLACES)
@pytest.mark.parametrize("args", [(), ("echo", 1), ({"shell": True},), (nested(500),)], ids=["none", "two", "a dict", "deep"])
def test_a_name_that_is_no_exception_of_this_process_is_a_run_error(of: str, args: tuple[Any, ...]):
    error = revived(StepFailed("Lost", "what was said", of, args, {"field": 1}))
    assert isinstance(error, RunError)
    assert (type(error).__name__, str(error), told(error)) == ("Lost", "what was said", "what was said")


@pytest.mark.parametrize("args", [(), (1,), (1, 2, 3, 4, 5, 6, 7, 8), ([],), ({"a": 1},), (None,) * 1000])
@pytest.mark.parametrize(
    "of",
    [
        MAKING,
        "builtins:OSError",
        "builtins:FileNotFoundError",
        "builtins:UnicodeDecodeError",
        "builtins:UnicodeEncodeError",
        "builtins:ExceptionGroup",
        "builtins:SyntaxError",
        "builtins:ImportError",
        "builtins:KeyError",
        "builtins:AttributeError",
        "switchroom.errors:ModelError",
        "switchroom.errors:BudgetExceeded",
        "json.decoder:JSONDecodeError",
        "pydantic_core._pydantic_core:ValidationError",
    ],
)
def test_an_exception_with_arguments_of_any_number_comes_back_and_says_what_it_said(of: str, args: tuple[Any, ...]):
    error = revived(StepFailed(of.partition(":")[2], "what was said", of, args))
    assert type(error).__name__ == of.partition(":")[2]
    assert told(error) == "what was said"
    add_note(error, "a note")
    assert told(revived(failure(error, ()))) == "what was said"


HOSTILE_FIELDS: dict[str, Any] = {
    "__class__": "builtins:SystemExit",
    "__dict__": {"a": 1},
    "__traceback__": 1,
    "__cause__": "x",
    "__context__": "x",
    "__suppress_context__": 2,
    "__notes__": 5,
    "__reduce__": "x",
    "__init__": 1,
    "args": [1],
    "add_note": 1,
    "with_traceback": 1,
    "method": 1,
    "watched": "changed",
    "slot": 1,
    "run": {"final_output": "forged"},
    "_switchroom_said": 5,
    "not a name": 1,
    "": 1,
    "\0": 1,
}


def test_fields_hide_no_method_and_mean_nothing_to_python():
    error = revived(StepFailed("Making", "said", MAKING, ("one",), {**HOSTILE_FIELDS, "shared": 3, "own": nested(50)}))
    assert isinstance(error, Making)
    assert vars(error) == {"_switchroom_said": "said", "shared": 3, "own": nested(50)}
    assert (error.method(), error.watched, error.args) == ("a method", "a property", ("one",))
    assert (error.__cause__, error.__context__, error.__traceback__) == (None, None, None)
    assert not hasattr(error, "__notes__")
    error.add_note("a note")
    assert error.with_traceback(None) is error


@pytest.mark.parametrize("name", ["", "not a name", "x" * 10_000, "\0", "class", "Lost.Found", "__class__"])
def test_a_fact_may_call_its_error_anything(name: str):
    error = revived(StepFailed(name, "said"))
    assert isinstance(error, RunError)
    assert "said" in str(error)


@pytest.mark.parametrize(
    "body", ['{"kind":"step_failed","error":"E","message":"m","args":[%s]}', '{"kind":"step_failed","fields":%s}']
)
def test_a_fact_nested_without_end_is_unreadable(body: str):
    deep = body % ('{"a":' * 200_000 + "1" + "}" * 200_000)
    with pytest.raises(JournalUnreadable):
        decode(1, deep.encode(), lambda digest: b"")


@pytest.mark.parametrize("of", [*PLACES, MAKING, "builtins:OSError"])
async def test_a_resumed_run_raises_what_it_revives(of: str):
    async def bad(input: str, scope: Any) -> str:
        raise ValueError("really")

    async def caught(input: str, scope: Any) -> str:
        try:
            return await scope.call(bad, input)
        except Exception as error:
            noted = f"caught {type(error).__name__}: {told(error)}"
        await scope.random()
        return noted

    journal = MemoryJournal()
    step = sequential(caught)
    await Runner.run(step, "go", conversation="c", config=RunConfig(journal=journal))
    forged: list[RunEvent] = []
    for event in journal.read("c"):
        fact = event.fact
        if isinstance(fact, StepFailed):
            event = msgspec.structs.replace(event, fact=StepFailed("Error", "forged", of, (1, "x"), HOSTILE_FIELDS))
        forged.append(event)
    last = next(index for index, event in enumerate(forged) if event.kind == "value_drawn")
    before = MemoryJournal()
    before.append("c", forged[: last + 1])
    result = await asyncio.wait_for(Runner.resume(step, conversation="c", config=RunConfig(journal=before)), HANGS_S)
    name, _, said = result.final_output.partition(": ")
    assert (name in ("caught Error", "caught Making", "caught OSError"), said) == (True, "forged")


def _json(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    leaves = (
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    )
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=8
    )


_names = st.text(max_size=12) | st.sampled_from(list(HOSTILE_FIELDS))
_known = [
    f"{kind.__module__}:{kind.__qualname__}"
    for kind in (Making, OSError, KeyError, UnicodeDecodeError, RunError, ExceptionGroup)
]


@settings(max_examples=300, deadline=None)
@given(
    st.builds(
        StepFailed,
        error=st.text(max_size=20),
        message=st.text(),
        of=st.text(max_size=30) | st.sampled_from([*PLACES, *_known]),
        args=st.lists(_json(_names), max_size=5).map(tuple),
        fields=st.dictionaries(_names, _json(_names), max_size=5),
        through=st.lists(st.text(), max_size=3).map(tuple),
    )
)
def test_any_fact_that_can_be_read_gives_an_exception_that_can_be_kept_again(fact: StepFailed):
    error = revived(fact)
    assert isinstance(error, Exception)
    assert fact.message in told(error)
    body, blobs = encode(failure(error, ()))
    decode(1, body, blobs.__getitem__)

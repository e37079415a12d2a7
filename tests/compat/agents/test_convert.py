"""Messages as items and back: nothing is lost but who said it and what was thought."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from switchroom.compat.agents import Agent, RunConfig, Runner, UserError, function_tool
from switchroom.compat.agents.convert import items_of, messages_of
from switchroom.messages import File, Image, Message, Part, Text, ToolCall
from switchroom.testing import ScriptedModel, call

_words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(lambda text: bool(text.strip()))
_data = st.binary(min_size=1, max_size=8)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_words, inner, max_size=2),
    max_leaves=4,
)
_parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, _words),
    st.builds(Image, url=st.just(""), data=_data, media_type=st.just("image/png")),
    st.just(Image(url="https://example.com/a.png")),
    st.builds(File, name=_words, url=st.just(""), data=_data, media_type=st.just("application/pdf")),
    st.builds(File, name=_words, url=st.just("https://example.com/a.pdf"), data=st.just(b""), media_type=st.just("")),
)
_args = st.dictionaries(_words, _json, max_size=3) | st.sampled_from(["", "{", "no JSON"])
_calls = st.lists(st.builds(ToolCall, st.sampled_from(["look", "pay"]), _args, st.text("abc", min_size=1)), max_size=3)


@st.composite
def _turns(draw: st.DrawFn) -> list[Message]:
    """An answer with what its calls came to; one that only calls begins a turn, for items do not say where an answer begins."""
    calls = tuple(draw(_calls))
    text = draw(_words) if not calls else draw(_words | st.just(""))
    refusal = bool(text) and draw(st.booleans())
    results = [Message("tool", draw(st.text(st.characters(exclude_categories=("Cs",)))), call_id=made.id) for made in calls]
    asked = draw(st.builds(Message, st.just("user"), _words | st.lists(_parts, min_size=1, max_size=3).map(tuple)))
    told = [Message("system", draw(_words))] if draw(st.booleans()) else []
    return [asked, *told, Message("assistant", text, calls, refusal=refusal), *results]


@given(st.lists(_turns(), max_size=4))
def test_messages_become_items_and_the_same_messages_again(turns: list[list[Message]]) -> None:
    messages = [message for turn in turns for message in turn]
    assert list(messages_of(items_of(messages))) == messages


@given(st.lists(_turns(), max_size=4))
def test_items_become_messages_and_the_same_items_again(turns: list[list[Message]]) -> None:
    items = items_of([message for turn in turns for message in turn])
    assert items_of(messages_of(items)) == items


def test_text_is_what_a_person_says() -> None:
    assert messages_of("hello") == (Message("user", "hello"),)


def test_the_forms_in_which_items_come_are_read() -> None:
    items: list[Any] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "What is this?"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"role": "assistant", "content": "Let me see."},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"at": 1}'},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "A phone."}]},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}], "id": "msg_1"},
        Message("user", "Why?"),
    ]
    assert messages_of(items) == snapshot(
        (
            Message(role="system", content="Be brief.", calls=(), call_id="", agent="", refusal=False, items=()),
            Message(
                role="user", content=(Text(text="What is this?"),), calls=(), call_id="", agent="", refusal=False, items=()
            ),
            Message(
                role="assistant",
                content="Let me see.",
                calls=(ToolCall(name="look", args={"at": 1}, id="c1"),),
                call_id="",
                agent="",
                refusal=False,
                items=(),
            ),
            Message(role="tool", content="A phone.", calls=(), call_id="c1", agent="", refusal=False, items=()),
            Message(role="assistant", content="No.", calls=(), call_id="", agent="", refusal=True, items=()),
            Message(role="user", content="Why?", calls=(), call_id="", agent="", refusal=False, items=()),
        )
    )


def test_chat_messages_are_read_as_well() -> None:
    items: list[Any] = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "look", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "A phone."},
    ]
    assert messages_of(items) == snapshot(
        (
            Message(role="user", content="hi", calls=(), call_id="", agent="", refusal=False, items=()),
            Message(
                role="assistant",
                content="",
                calls=(ToolCall(name="look", args={}, id="c1"),),
                call_id="",
                agent="",
                refusal=False,
                items=(),
            ),
            Message(role="tool", content="A phone.", calls=(), call_id="c1", agent="", refusal=False, items=()),
        )
    )


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"type": "computer_call", "id": "c"}, "of type 'computer_call'"),
        ({"type": "item_reference", "id": "c"}, "of type 'item_reference'"),
        ({"role": "user", "content": [{"type": "input_file", "file_id": "f1"}]}, "file 'f1' at a provider"),
        ({"role": "user", "content": [{"type": "input_image", "file_id": "f1"}]}, "file 'f1' at a provider"),
        ({"role": "user", "content": [{"type": "input_file", "file_data": "!"}]}, "no valid base64"),
        ({"role": "system", "content": [{"type": "input_image", "image_url": "https://a.b"}]}, "picture or a file"),
        ({"role": "assistant", "content": [{"type": "sound"}]}, "has the part"),
        (7, "The input holds 7"),
    ],
)
def test_what_only_a_provider_understands_is_refused(item: Any, told: str) -> None:
    with pytest.raises(UserError, match=told):
        messages_of([item])


async def test_the_items_of_a_run_are_the_input_of_the_next() -> None:
    @function_tool
    def look(at: int) -> str:
        """Look."""
        return "A phone."

    model = ScriptedModel([call("look", at=1), "It is a phone.", "It is still one."])
    agent = Agent("eye", tools=[look])
    config = RunConfig(model=model)
    first = await Runner.run(agent, "What is it?", run_config=config)
    second = await Runner.run(agent, [*first.to_input_list(), {"role": "user", "content": "And now?"}], run_config=config)
    assert second.to_input_list() == snapshot(
        [
            {"role": "user", "content": "What is it?"},
            {"type": "function_call", "call_id": "call_1_0", "name": "look", "arguments": '{"at":1}'},
            {"type": "function_call_output", "call_id": "call_1_0", "output": "A phone."},
            {
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": "It is a phone.", "annotations": []}],
            },
            {"role": "user", "content": "And now?"},
            {
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": "It is still one.", "annotations": []}],
            },
        ]
    )
    asked = [(message.role, message.text) for message in model.requests[2].messages]
    assert asked == snapshot(
        [
            ("user", "What is it?"),
            ("assistant", ""),
            ("tool", "A phone."),
            ("assistant", "It is a phone."),
            ("user", "And now?"),
        ]
    )

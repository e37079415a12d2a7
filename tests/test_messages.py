"""Messages: their parts, what a caller may pass as input, and the chat form in and out."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, Message, RunConfig, Runner, UserError
from switchroom.journals import MemoryJournal
from switchroom.messages import File, Image, Text, ToolCall, messages_from, parse_args
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel
from tests.helpers import keeping, last

PICTURE = b"\x89PNG\r\n\x1a\n"
DATA = "data:image/png;base64," + base64.b64encode(PICTURE).decode()


def refusal(given: Any) -> str:
    with pytest.raises(UserError) as error:
        messages_from(given)
    return str(error.value)


# messages -------------------------------------------------------------------------------------------------------------


def test_a_messages_text_is_its_content_or_its_parts_of_text_put_together():
    parts = (Text("look: "), Image(url="https://x/y.png"), Text("this one"))
    assert (Message("user", "hello").text, Message("user", parts).text, Message("assistant").text) == (
        "hello",
        "look: this one",
        "",
    )


def test_the_chat_form_has_the_role_and_the_text():
    assert Message("user", (Text("a"), File(data=b"x"), Text("b"))).as_chat() == {"role": "user", "content": "ab"}
    assert Message("assistant", calls=(ToolCall("look"),), agent="clerk").as_chat() == {"role": "assistant", "content": ""}
    assert Message("tool", "7", call_id="a").as_chat() == {"role": "tool", "content": "7"}


def test_messages_are_values():
    assert Message("user", "hello") == Message("user", "hello")
    assert Message("user", "hello") != Message("assistant", "hello")
    with pytest.raises(AttributeError):
        Message("user", "hello").content = "x"  # pyright: ignore[reportAttributeAccessIssue]


# input ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("hello", (Message("user", "hello"),)),
        (" hello\n", (Message("user", " hello\n"),)),
        ("grüß Gott", (Message("user", "grüß Gott"),)),
        (Message("system", "hello"), (Message("system", "hello"),)),
        (Text("hello"), (Message("user", (Text("hello"),)),)),
        (Image(url="u"), (Message("user", (Image(url="u"),)),)),
        ([Text("a"), File(name="f", data=b"x")], (Message("user", (Text("a"), File(name="f", data=b"x"))),)),
        ([Message("user", "a"), Text("b")], (Message("user", "a"), Message("user", (Text("b"),)))),
        ({"role": "user", "content": "a"}, (Message("user", "a"),)),
        ({"content": "a"}, (Message("user", "a"),)),
        ([{"role": "user", "content": "a"}, Message("assistant", "b")], (Message("user", "a"), Message("assistant", "b"))),
        ((message for message in [Message("user", "a")]), (Message("user", "a"),)),
    ],
)
def test_input_of_any_form_is_read_into_messages(given: Any, read: tuple[Message, ...]):
    assert messages_from(given) == read


async def test_a_text_of_a_class_of_its_own_is_a_text():
    class Markup(str):
        """As templates give it."""

    agent = Agent("clerk", model=FunctionModel(last))
    assert (await Runner.run(agent, Markup("hello"), config=keeping())).final_output == "hello"


# the chat form in -----------------------------------------------------------------------------------------------------

CHAT: list[dict[str, Any]] = [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "where "}, {"type": "input_text", "text": "is it?"}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "look", "arguments": '{"n": 1}'}}],
    },
    {"role": "tool", "tool_call_id": "a", "content": "in the post"},
    {"role": "assistant", "content": [{"type": "output_text", "text": "In the post."}]},
]


def test_a_conversation_in_chat_form_is_read_whole():
    assert messages_from(CHAT) == (
        Message("system", "Be brief."),
        Message("user", (Text("where "), Text("is it?"))),
        Message("assistant", calls=(ToolCall("look", {"n": 1}, "a"),)),
        Message("tool", "in the post", call_id="a"),
        Message("assistant", (Text("In the post."),)),
    )


async def test_a_model_is_asked_with_the_conversation_that_was_passed():
    seen: list[ModelRequest] = []

    def answer(request: ModelRequest) -> str:
        seen.append(request)
        return "done"

    chat = [*CHAT, {"role": "user", "content": "when?"}]
    result = await Runner.run(Agent("clerk", model=FunctionModel(answer)), chat)
    assert tuple(seen[0].messages) == messages_from(chat)
    assert [message.as_chat() for message in result.messages][-2:] == [
        {"role": "user", "content": "when?"},
        {"role": "assistant", "content": "done"},
    ]


@pytest.mark.parametrize(
    ("call", "read"),
    [
        ({"name": "look"}, ToolCall("look")),
        ({"name": "look", "arguments": {"n": 1}, "id": 7}, ToolCall("look", {"n": 1}, "7")),
        ({"function": {"name": "look", "arguments": ""}}, ToolCall("look")),
        ({"function": {"name": "look", "arguments": None}, "id": None}, ToolCall("look")),
        ({"function": {"name": "look", "arguments": "[1]"}}, ToolCall("look", "[1]")),
        ({"function": {"name": "look", "arguments": '{"n"'}}, ToolCall("look", '{"n"')),
    ],
)
def test_a_call_in_chat_form_is_read(call: dict[str, Any], read: ToolCall):
    assert messages_from([{"role": "assistant", "tool_calls": [call]}]) == (Message("assistant", calls=(read,)),)


@pytest.mark.parametrize("arguments", [[1], 7])
async def test_a_conversation_whose_call_has_no_object_for_arguments_can_be_gone_on_with(arguments: Any):
    agent = Agent("clerk", model=FunctionModel(last))
    chat = [
        {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "look", "arguments": arguments}}]},
        {"role": "tool", "tool_call_id": "a", "content": "7"},
        {"role": "user", "content": "and now?"},
    ]
    here, elsewhere = MemoryJournal(), MemoryJournal()
    try:
        await Runner.run(agent, chat, config=RunConfig(journal=here), conversation="c")
    except UserError:
        return
    elsewhere.entries = here.entries
    assert (await Runner.resume(agent, conversation="c", config=RunConfig(journal=elsewhere))).final_output == "and now?"


def test_arguments_are_an_object_or_the_text_that_is_none():
    assert [parse_args(text) for text in ('{"n": 1}', "{}", "[1]", "null", "x", "")] == [{"n": 1}, {}, "[1]", "null", "x", ""]


def test_pictures_come_by_address_or_by_their_bytes():
    def picture(part: dict[str, Any]) -> Any:
        return messages_from([{"role": "user", "content": [part]}])[0].content[0]

    assert picture({"type": "image_url", "image_url": {"url": "https://x/y.png"}}) == Image(url="https://x/y.png")
    assert picture({"type": "input_image", "image_url": "https://x/y.png"}) == Image(url="https://x/y.png")
    assert picture({"type": "image_url", "image_url": {"url": DATA}}) == Image(data=PICTURE, media_type="image/png")
    assert picture({"type": "input_image", "image_url": "data:,x"}) == Image(url="data:,x")


def test_a_picture_whose_bytes_are_damaged_is_refused():
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,abc"}}
    assert "base64" in refusal([{"role": "user", "content": [part]}])


async def test_a_picture_reaches_the_model_with_its_bytes():
    def describe(request: ModelRequest) -> str:
        picture = request.messages[-1].content[1]
        assert isinstance(picture, Image)
        return f"{picture.media_type} of {len(picture.data)} bytes"

    content = [{"type": "text", "text": "what is this?"}, {"type": "image_url", "image_url": {"url": DATA}}]
    result = await Runner.run(Agent("clerk", model=FunctionModel(describe)), [{"role": "user", "content": content}])
    assert result.final_output == "image/png of 8 bytes"


def test_a_chat_message_of_another_form_is_refused():
    given: list[Any] = [
        [{"role": "robot", "content": "x"}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": []}],
        [{"role": "user", "content": {"type": "text", "text": "x"}}],
        [{"role": "user", "content": [{"type": "input_audio"}]}],
        [{"role": "assistant", "tool_calls": [{"id": "a"}]}],
        [{"role": "assistant", "tool_calls": {"name": "look"}}],
    ]
    assert [refusal(one) for one in given] == snapshot(
        [
            "A chat message has the role 'robot'; it may be system, user, assistant or tool.",
            "The input is empty. Pass the text of a message.",
            "The input is empty. Pass the text of a message.",
            "A chat message's content is {'type': 'text', 'text': 'x'}; it may be a list, and content text as well.",
            "The content part {'type': 'input_audio'} is not known; use text, image_url, or File(...).",
            "A chat message calls {'id': 'a'}; a call is {'id': ..., 'function': {'name': ..., 'arguments': ...}}.",
            "A chat message's tool_calls is {'name': 'look'}; it may be a list, and content text as well.",
        ]
    )

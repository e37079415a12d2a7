"""The scripts once more, answered by a server that speaks OpenAI's protocols and refuses what OpenAI would refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from supportgenie import Desk, SupportGenie
from switchroom import Model
from switchroom.messages import messages_from
from switchroom.model import ModelRequest, ToolSpec
from switchroom.models import OpenAIChat, OpenAIResponses
from switchroom.testing import FunctionModel
from tests.servers.asked import Asked, Json, text_of
from tests.servers.http import serving
from tests.servers.said import Said
from tests.speaking import said_of
from tests.supportgenie.llm import llm
from tests.supportgenie.scripts import SCRIPTS, Script, play, transcript

PROTOCOLS = {"chat": OpenAIChat, "responses": OpenAIResponses}


def spoken(asked: Asked) -> Said:
    """What the function that plays a language model says to a request that came over the wire."""
    tools = [ToolSpec(name, tool.get("description", ""), tool["parameters"]) for name, tool in asked.tools.items()]
    said = [item for item in map(_chat, asked.items) if item["role"] not in ("system", "developer")]
    return said_of(llm(ModelRequest("", asked.instructions, messages_from(said), _as_declared(tools))))


def _chat(item: Json) -> Json:
    """An item of either protocol as a chat message."""
    match item:
        case {"type": "function_call", "name": name, "arguments": arguments, "call_id": id}:
            call = {"id": id, "function": {"name": name, "arguments": arguments}}
            return {"role": "assistant", "content": "", "tool_calls": [call]}
        case {"type": "function_call_output", "call_id": id, "output": output}:
            return {"role": "tool", "content": output, "tool_call_id": id}
        case {"role": "assistant", "content": list()}:
            return {"role": "assistant", "content": text_of(item)}
        case _:
            return item


def _as_declared(tools: list[ToolSpec]) -> list[ToolSpec]:
    """Tools without what strict schemas demand besides: there, what has a default counts as required."""
    return [ToolSpec(tool.name, tool.description, {**tool.parameters, "required": []}) for tool in tools]


async def told(script: Script, model: Model) -> str:
    with SupportGenie(model, desk=Desk.open(today=date(2025, 3, 14))) as genie:
        return transcript(script, await play(script, genie))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_script_goes_over_the_wire_as_it_goes_without(name: str, protocol: str):
    made: Callable[..., Model] = PROTOCOLS[protocol]
    async with serving(spoken) as server:
        over_http = await told(SCRIPTS[name], made("gpt-test", base_url=server.url, api_key="any"))
    assert over_http == await told(SCRIPTS[name], FunctionModel(llm))

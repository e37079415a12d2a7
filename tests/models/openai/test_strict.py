"""Answers of declared types: the schema as servers take it, an object around what is none, and the value that comes back."""

from __future__ import annotations

import datetime
import enum
import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from inline_snapshot import snapshot
from pydantic import AnyUrl, BaseModel, Field
from typing_extensions import TypedDict

from switchroom import Agent, Runner
from switchroom.errors import ModelMisbehaved
from switchroom.models.openai.strict import json_format
from switchroom.output import Output
from tests.models.openai.lines import hear, line
from tests.servers.asked import Api, Asked, Json
from tests.servers.http import in_turn
from tests.servers.said import Said, as_json


class Town(BaseModel):
    name: str = Field(description="as it stands on maps")
    people: Annotated[int, Field(ge=0)]


class Mood(enum.Enum):
    CALM = "calm"
    CROSS = "cross"


class Report(BaseModel):
    town: Town = Field(description="where")
    mood: Mood
    kind: Literal["short", "long"]
    notes: list[str] | None


class Tree(BaseModel):
    name: str
    branches: list[Tree]


class Lenient(BaseModel):
    name: str = "nobody"


class Long(BaseModel):
    name: Annotated[str, Field(min_length=3)]


class Linked(BaseModel):
    at: AnyUrl


class Raw(BaseModel):
    data: bytes


class Dated(BaseModel):
    on: datetime.date
    id: UUID


class Loose(BaseModel):
    anything: Any
    named: dict[str, int]


@dataclass
class Point:
    x: int
    y: int


class Pair(TypedDict):
    left: str
    right: str


BONN = {"name": "Bonn", "people": 331_885}
REPORT = {"town": BONN, "mood": "calm", "kind": "short", "notes": None}

# Each with an answer, and whether the server may enforce its schema.
TYPES: list[tuple[Any, Any, bool]] = [
    (Report, REPORT, True),
    (Tree, {"name": "oak", "branches": [{"name": "left", "branches": []}]}, True),
    (Lenient, {}, False),
    (Long, {"name": "Bonn"}, False),
    (Linked, {"at": "https://example.com/"}, False),
    (Raw, {"data": "abc"}, False),
    (Dated, {"on": "2026-01-02", "id": "12345678-1234-5678-1234-567812345678"}, True),
    (Loose, {"anything": [1, None], "named": {"a": 1}}, False),
    (Point, {"x": 1, "y": 2}, True),
    (Pair, {"left": "a", "right": "b"}, True),
    (dict[str, int], {"a": 1}, False),
    (list[str], ["a", "b"], True),
    (list[Town], [BONN], True),
    (Mood, "cross", True),
    (int, 7, True),
    (float, 1.5, True),
    (bool, True, True),
    (int | None, None, True),
    (str | int, "seven", True),
    (Town | Point, {"x": 1, "y": 2}, True),
    (tuple[int, str], [1, "a"], False),
    (datetime.date, "2026-01-02", True),
    (Literal["yes", "no"], "no", True),
]


def form_of(asked: Asked) -> Json:
    """The form of an answer, as it was asked for."""
    match asked.api:
        case "chat":
            assert asked.body["response_format"]["type"] == "json_schema"
            return asked.body["response_format"]["json_schema"]
        case "responses":
            form = dict(asked.body["text"]["format"])
            assert form.pop("type") == "json_schema"
            return form


async def test_a_server_takes_the_schema_of_any_type_and_its_answer_is_read_as_it(api: Api):
    expected: list[Said] = []
    async with line(lambda asked: expected[-1], api) as (server, model):
        for of, plain, strict in TYPES:
            shape = Output(of, "the test").shape
            assert shape is not None
            wrapped = not isinstance(plain, dict) or of == Town | Point
            expected.append(as_json({"answer": plain} if wrapped else plain))
            heard = await hear(Agent("a", model=model, output_type=of), "Well?")
            assert heard.result.final_output == shape.load(plain)
            assert json.loads(heard.shown) == plain
            form = form_of(server.requests[-1])
            assert (form["strict"], "answer" in form["schema"].get("properties", {})) == (strict, wrapped), of
            assert form["schema"]["type"] == "object"
    assert len(server.requests) == len(TYPES)


async def test_the_form_of_an_answer_that_the_server_enforces(api: Api):
    async with line(as_json(REPORT), api) as (server, model):
        result = await Runner.run(Agent("a", model=model, output_type=Report), "Well?")
    assert result.final_output == Report.model_validate(REPORT)
    assert form_of(server.requests[0]) == snapshot(
        {
            "name": "Report",
            "schema": {
                "$defs": {
                    "Mood": {"enum": ["calm", "cross"], "title": "Mood", "type": "string"},
                    "Town": {
                        "properties": {
                            "name": {"description": "as it stands on maps", "title": "Name", "type": "string"},
                            "people": {"minimum": 0, "title": "People", "type": "integer"},
                        },
                        "required": ["name", "people"],
                        "title": "Town",
                        "type": "object",
                        "additionalProperties": False,
                    },
                },
                "properties": {
                    "town": {"description": "where", "anyOf": [{"$ref": "#/$defs/Town"}]},
                    "mood": {"$ref": "#/$defs/Mood"},
                    "kind": {"enum": ["short", "long"], "title": "Kind", "type": "string"},
                    "notes": {"anyOf": [{"items": {"type": "string"}, "type": "array"}, {"type": "null"}], "title": "Notes"},
                },
                "required": ["town", "mood", "kind", "notes"],
                "title": "Report",
                "type": "object",
                "additionalProperties": False,
            },
            "strict": True,
        }
    )


async def test_a_list_is_asked_for_and_given_in_an_object(api: Api):
    async with line(as_json({"answer": [BONN]}), api) as (server, model):
        result = await Runner.run(Agent("a", model=model, output_type=list[Town]), "Which?")
    assert result.final_output == [Town(name="Bonn", people=331_885)]
    assert result.messages[-1].text == '[{"name": "Bonn", "people": 331885}]'
    assert form_of(server.requests[0]) == snapshot(
        {
            "name": "answer",
            "schema": {
                "type": "object",
                "properties": {"answer": {"items": {"$ref": "#/$defs/Town"}, "type": "array"}},
                "required": ["answer"],
                "$defs": {
                    "Town": {
                        "properties": {
                            "name": {"description": "as it stands on maps", "title": "Name", "type": "string"},
                            "people": {"minimum": 0, "title": "People", "type": "integer"},
                        },
                        "required": ["name", "people"],
                        "title": "Town",
                        "type": "object",
                        "additionalProperties": False,
                    }
                },
                "additionalProperties": False,
            },
            "strict": True,
        }
    )


def test_a_type_that_holds_itself_is_an_object_at_the_root():
    assert json_format(Output(Tree, "the test").schema or {}) == snapshot(
        {
            "name": "Tree",
            "schema": {
                "properties": {
                    "name": {"title": "Name", "type": "string"},
                    "branches": {"items": {"$ref": "#/$defs/Tree"}, "title": "Branches", "type": "array"},
                },
                "required": ["name", "branches"],
                "title": "Tree",
                "type": "object",
                "$defs": {
                    "Tree": {
                        "properties": {
                            "name": {"title": "Name", "type": "string"},
                            "branches": {"items": {"$ref": "#/$defs/Tree"}, "title": "Branches", "type": "array"},
                        },
                        "required": ["name", "branches"],
                        "title": "Tree",
                        "type": "object",
                        "additionalProperties": False,
                    }
                },
                "additionalProperties": False,
            },
            "strict": True,
        }
    )


async def test_a_server_that_enforces_nothing_may_say_it_in_its_own_way(api: Api):
    said = ["[1, 2]", '{"answer": [1, 2]}', '```json\n{"answer": [1, 2]}\n```', "```\n[1, 2]\n```", ' {"answer":[1,2]}\n']
    async with line(in_turn(*map(Said, said)), api) as (_, model):
        for _ in said:
            result = await Runner.run(Agent("a", model=model, output_type=list[int]), "Which?")
            assert result.final_output == [1, 2]


async def test_what_is_not_of_the_type_goes_back_to_the_model(api: Api):
    wrong = ["one and two", '{"answer": [1, 2], "more": 3}', '{"numbers": [1, 2]}', '{"answer": "two"}']
    answers = [answer for said in wrong for answer in (Said(said), as_json({"answer": [1, 2]}))]
    async with line(in_turn(*answers), api) as (server, model):
        for _ in wrong:
            result = await Runner.run(Agent("a", model=model, output_type=list[int]), "Which?")
            assert result.final_output == [1, 2]
            assert "[Your answer could not be used" in server.requests[-1].newest


async def test_what_is_never_of_the_type_is_given_up(api: Api):
    async with line(Said("two"), api) as (_, model):
        with pytest.raises(ModelMisbehaved, match="got something wrong"):
            await Runner.run(Agent("a", model=model, output_type=list[int]), "Which?")

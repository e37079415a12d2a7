"""JSON schemas and validation from Python types, built once per type; values to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, Generic, Literal, Optional, TypeVar, cast

import msgspec
import pydantic
import pydantic_core
from pydantic import BaseModel, TypeAdapter

from switchroom.errors import UserError

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Invalid(Exception):
    """A value is not of its declared type; the text says where and why, in words a model can act on."""


class Shape(Generic[T]):
    """A declared type: its schema, and its values from JSON and to JSON.

    Args:
        of: any type that pydantic knows.
        owner: who declared it, for error messages.

    Raises:
        UserError: pydantic cannot make a schema of the type.
    """

    __slots__ = ("_adapter", "_read", "of", "owner")

    def __init__(self, of: type[T], owner: str) -> None:
        self._read: tuple[Any, Any] = (None, None)
        self.of = of
        self.owner = owner
        try:
            self._adapter: TypeAdapter[T] = TypeAdapter(of)
        except (pydantic.PydanticUserError, pydantic.PydanticSchemaGenerationError) as error:
            raise UserError(f"{owner} declares the type {of!r}, of which no schema can be made: {error}") from error

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the type."""
        return self._adapter.json_schema()

    def load(self, value: Any) -> T:
        """The typed value of plain data that was valid when it was read; of what was read last it is there already."""
        plain, typed = self._read
        if plain is value and plain is not None:
            self._read = (None, None)  # a value that can change is given once
            return typed
        return self._adapter.validate_json(pydantic_core.to_json(value))

    def read(self, text: str) -> Any:
        """The plain data of JSON text, which may stand in a fenced block, and is of the type.

        Raises:
            Invalid: it is no JSON, or not of the type.
        """
        text = _unfenced(text)
        try:
            typed = self._adapter.validate_json(text)
            plain = _decode(text)
        except pydantic.ValidationError as error:
            raise Invalid(explained(error)) from error
        except (ValueError, RecursionError) as error:
            raise Invalid(str(error)) from error
        self._read = (plain, typed)
        return plain

    def text(self, value: T) -> str:
        """A value as the JSON text that `read` reads."""
        return self._adapter.dump_json(value, by_alias=True, round_trip=True).decode()


_decode = msgspec.json.decode


def jsonable(value: Any, owner: str) -> Any:
    """Any value that JSON can hold (models, dataclasses, dates, enums included) as plain data.

    Raises:
        UserError: JSON cannot hold it.
    """
    if value is None or type(value) is str:
        return value
    try:
        plain = pydantic_core.to_jsonable_python(value)
        _check_finite(plain)
        return plain
    except (pydantic_core.PydanticSerializationError, RecursionError, ValueError) as error:
        raise UserError(
            f"{owner} gave a {type(value).__name__}, which JSON cannot hold ({error}). "
            "Give plain data, a pydantic model or a dataclass."
        ) from error


def _check_finite(value: Any) -> None:
    """JSON has no infinity, and no number that is none.

    Raises:
        ValueError: there is one in the value.
    """
    match value:
        case float() if not isfinite(value):
            raise ValueError(f"{value} is no JSON number")
        case dict():
            for inner in cast("dict[str, Any]", value).values():
                _check_finite(inner)
        case list():
            for inner in cast("list[Any]", value):
                _check_finite(inner)
        case _:
            pass


def as_text(value: Any, owner: str) -> str:
    """A value as a model reads it: text verbatim, anything else as its JSON.

    Raises:
        UserError: JSON cannot hold it.
    """
    if type(value) is str:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise UserError(
                    f"{owner} returned a text that is no valid Unicode ({error}), which JSON cannot hold."
                ) from error
        return value
    try:
        return pydantic_core.to_json(value).decode()
    except (pydantic_core.PydanticSerializationError, RecursionError, ValueError) as error:
        raise UserError(
            f"{owner} returned a {type(value).__name__}, which JSON cannot hold ({error}). "
            "Return text, plain data, a pydantic model or a dataclass."
        ) from error


def is_model_type(given: Any) -> bool:
    """Return True if a value is the class of a pydantic model."""
    return isinstance(given, type) and issubclass(given, BaseModel)


def as_json(model: BaseModel) -> dict[str, Any]:
    """A model as plain data from which `as_model` makes the same one again: by its names in JSON, without what it computes."""
    try:
        plain = model.model_dump(mode="json", by_alias=True, round_trip=True)
    except (pydantic_core.PydanticSerializationError, RecursionError, ValueError) as error:
        raise UserError(f"A {type(model).__name__} holds what JSON cannot ({error}).") from error
    return jsonable(plain, type(model).__name__)


def as_model(kind: type[M], data: Any) -> M:
    """The model of plain data, read as JSON is, so that a strict model takes dates and enums too."""
    return kind.model_validate_json(pydantic_core.to_json(data))


def strict_object(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object's fields as a tool's parameters: without titles, which cost tokens and say nothing."""
    return cast("dict[str, Any]", _untitled(schema))


def explained(error: pydantic.ValidationError) -> str:
    """A validation error in one line per fault: where, and what is wrong."""
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc']) or 'value'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)[:8]
    )


def model_of(name: str, fields: dict[str, Any], closed: bool = True) -> type[BaseModel]:
    """A pydantic model of a function's parameters; a closed one refuses others."""
    config = pydantic.ConfigDict(extra="forbid" if closed else "ignore")
    return pydantic.create_model(name, __config__=config, **fields)


def _untitled(schema: Any, named: bool = False) -> Any:
    match schema:
        case dict():
            fields = cast("dict[str, Any]", schema)
            untitled: dict[str, Any] = {}
            for key, value in fields.items():
                if named or key not in ("title", *_EXAMPLES):
                    untitled[key] = _untitled(value, named=key in ("properties", "$defs") and not named)
                elif key in _EXAMPLES:  # a value may have a key called title
                    untitled[key] = value
            if not named and isinstance(untitled.get("prefixItems"), list):
                untitled.setdefault("items", {})  # servers want it of every array, also of a tuple's
            return untitled
        case list():
            return [_untitled(value) for value in cast("list[Any]", schema)]
        case _:
            return schema


_EXAMPLES = ("default", "const", "enum", "examples")


def _unfenced(text: str) -> str:
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```"):
        return stripped[3:-3].removeprefix("json").strip()
    return stripped


def fields_of(schema: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The fields of a pydantic model that checks what a JSON schema says of an object's plain properties.

    Returns:
        the fields by neutral names with the properties as aliases, and whether other properties are refused.
    """
    required = set(schema.get("required", ()))
    fields: dict[str, Any] = {}
    properties: Mapping[str, Any] = schema.get("properties", {})
    for position, (name, about) in enumerate(properties.items()):
        kind: Any = _python_type(about)
        optional: Any = Optional[kind]  # noqa: UP045 - None's own type takes no `|`
        default = ... if name in required else None
        fields[f"p{position}"] = (kind if name in required else optional, pydantic.Field(default, alias=name))
    return fields, schema.get("additionalProperties") is False


def _python_type(about: Any) -> Any:
    match about:
        case {"enum": [*values]} if values and all(isinstance(value, str | int) for value in values):
            return Literal[tuple(values)]
        case {"type": "array", **rest}:
            return list[_python_type(rest.get("items", {}))]
        case {"type": str(kind)} if kind in _PLAIN:
            return _PLAIN[kind]
        case _:
            return Any


_PLAIN: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "object": dict[str, Any],
    "null": type(None),
}

"""A function's signature and docstring as a tool's schema, and a model's arguments as the function's keywords."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, get_type_hints

import pydantic
from pydantic.fields import FieldInfo

from switchroom.context import RunContext, ToolContext
from switchroom.errors import UserError
from switchroom.schema import Invalid, explained, model_of, strict_object


class Signature:
    """What a function takes.

    Args:
        fn: the function.
        owner: who declares it, for error messages.
        local_names: names that its annotations may use beside those of its module.

    Attributes:
        schema: the JSON schema of its parameters.
        summary: its docstring, without what it says of the parameters.
        wants_context: whether its first parameter is annotated `ToolContext`.
        check: gives the keyword arguments of a model's arguments; raises `Invalid`.

    Raises:
        UserError: a parameter has no name of its own or no schema.
    """

    def __init__(self, fn: Callable[..., Any], owner: str, local_names: Mapping[str, Any]) -> None:
        self.summary, described = _documented(inspect.getdoc(bare(fn)) or "")
        hints = _hints(bare(fn), owner, local_names)
        parameters = list(inspect.signature(fn).parameters.values())
        self.wants_context = bool(parameters) and _is_context(hints.get(parameters[0].name))
        fields: dict[str, Any] = {}
        aliases: list[str] = []
        for position, parameter in enumerate(parameters[1:] if self.wants_context else parameters):
            _refuse_unnamed(parameter, position, owner)
            # Fields stand under neutral names, so that a parameter may be called `json` or `_id`.
            fields[f"p{position}"] = _field(parameter, hints.get(parameter.name, Any), described.get(parameter.name))
            aliases.append(parameter.name)
        try:
            model = model_of(owner, fields)
            self.schema = strict_object(model.model_json_schema(by_alias=True))
        except (pydantic.PydanticUserError, pydantic.PydanticSchemaGenerationError) as error:
            raise UserError(f"{owner}: no schema can be made of its signature: {error}") from error
        self.check = _checking(model, list(fields), aliases)


def _checking(
    model: type[pydantic.BaseModel], fields: list[str], aliases: list[str]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def check(args: dict[str, Any]) -> dict[str, Any]:
        try:
            validated = model.model_validate(args)
        except pydantic.ValidationError as error:
            raise Invalid(explained(error)) from error
        keywords: dict[str, Any] = {}
        for field, alias in zip(fields, aliases, strict=True):
            keywords[alias] = getattr(validated, field)
        return keywords

    return check


def bare(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A function without the partial application around it."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    return fn


def _refuse_unnamed(parameter: inspect.Parameter, position: int, owner: str) -> None:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise UserError(f"{owner}: a model cannot pass {parameter}. Give each parameter a name of its own.")
    if position == 0 and parameter.name == "self" and parameter.annotation is parameter.empty:
        raise UserError(f"{owner} is a method, and no model can pass its self. Make a tool of the bound one: tool(it.method).")


def _field(parameter: inspect.Parameter, hint: Any, described: str | None) -> Any:
    said: dict[str, Any] = {"description": described} if described else {}
    default = parameter.default
    if isinstance(default, FieldInfo):
        hint = Annotated[hint, default]
        if default.default_factory is not None:
            return hint, pydantic.Field(alias=parameter.name, default_factory=default.default_factory, **said)
        default = ... if default.is_required() else default.default
    elif default is parameter.empty:
        default = ...
    return hint, pydantic.Field(default, alias=parameter.name, **said)


def _is_context(hint: Any) -> bool:
    kind = getattr(hint, "__origin__", hint)
    return kind is ToolContext or kind is RunContext


def _hints(fn: Callable[..., Any], owner: str, local_names: Mapping[str, Any]) -> dict[str, Any]:
    target = fn if inspect.isroutine(fn) else fn.__call__
    try:
        return get_type_hints(target, localns=dict(local_names), include_extras=True)
    except NameError as error:
        raise UserError(f"{owner}: an annotation cannot be resolved: {error}. Define the type at module level.") from error


def _documented(doc: str) -> tuple[str, dict[str, str]]:
    """A docstring's text for the model, and what it says of each parameter."""
    style = next((style for style, mark in _STYLES if re.search(mark, doc, re.MULTILINE)), None)
    if style is None:
        return doc, {}
    import griffe

    texts: list[str] = []
    described: dict[str, str] = {}
    for section in griffe.Docstring(doc).parse(griffe.Parser(style), warnings=False):
        match section.kind:
            case griffe.DocstringSectionKind.text:
                texts.append(str(section.value))
            case griffe.DocstringSectionKind.parameters:
                described |= {parameter.name: parameter.description.strip() for parameter in section.value}
            case _:
                pass
    return "\n\n".join(texts), described


_STYLES: tuple[tuple[Literal["google", "numpy", "sphinx"], str], ...] = (
    ("google", r"^(Args|Arguments|Parameters):\s*$"),
    ("numpy", r"^Parameters\s*\n-{3,}"),
    ("sphinx", r"^\s*:param "),
)

"""A function's signature and docstring as a tool's schema, and a model's arguments as the function's keywords."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pydantic
from pydantic.fields import FieldInfo
from typing_extensions import Doc

from switchroom.context import RunContext, ToolContext
from switchroom.docstrings import read_docstring
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
        hints = _hints(bare(fn), owner, local_names)
        parameters = list(inspect.signature(fn).parameters.values())
        names = [parameter.name for parameter in parameters]
        self.summary, described = read_docstring(inspect.getdoc(bare(fn)) or "", names)
        self.wants_context = bool(parameters) and _takes_context(parameters[0], hints)
        fields: dict[str, Any] = {}
        aliases: list[str] = []
        for position, parameter in enumerate(parameters[1:] if self.wants_context else parameters):
            _refuse_unnamed(parameter, position, owner)
            hint = hints.get(parameter.name, Any)
            _refuse_context(parameter, hint, owner)
            # Fields stand under neutral names, so that a parameter may be called `json` or `_id`.
            fields[f"p{position}"] = _field(parameter, _with_description(hint), described.get(parameter.name))
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


def _takes_context(first: inspect.Parameter, hints: Mapping[str, Any]) -> bool:
    """Return whether a first parameter is annotated as the context, and can be given by position."""
    kind = _plain(hints.get(first.name))
    return (kind is ToolContext or kind is RunContext) and first.kind in (
        first.POSITIONAL_ONLY,
        first.POSITIONAL_OR_KEYWORD,
    )


def _plain(hint: Any) -> Any:
    """Return a type without its arguments, and without what `Annotated` says of it."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return get_origin(hint) or hint


def _refuse_context(parameter: inspect.Parameter, hint: Any, owner: str) -> None:
    """Refuse a parameter that is the context, and not the first one.

    Raises:
        UserError: it says where the context has to stand.
    """
    for kind in (hint, *get_args(hint)):
        plain = _plain(kind)
        if not isinstance(plain, type) or not issubclass(plain, RunContext):
            continue
        name = plain.__name__
        if plain is ToolContext or plain is RunContext:
            raise UserError(
                f"{owner}: the parameter '{parameter.name}' is a {name}, which a model cannot pass. "
                f"Make it the first parameter, annotated {name} or {name}[Deps, State] alone: (ctx: {name}, ...)."
            )
        raise UserError(
            f"{owner}: the parameter '{parameter.name}' is annotated {name}, a subclass of the context, and a run gives none. "
            f"Annotate the first parameter ToolContext[Deps, State], or give that a name: {name} = ToolContext[Deps, State]."
        )
    if parameter.name == "ctx" and parameter.annotation is parameter.empty:
        raise UserError(
            f"{owner}: the parameter 'ctx' has no annotation, so that a model would have to pass it. Annotate the context, "
            "as the first parameter: (ctx: ToolContext, ...); rename the parameter if it is something else."
        )


def _with_description(hint: Any) -> Any:
    """Return a type in which a text in `Annotated` is a description, as `Field(description=...)` is."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        kind, *about = args
        text = next((text for one in about if (text := _text_of(one))), "")
        if text and not any(isinstance(one, FieldInfo) and one.description for one in about):
            about.insert(0, pydantic.Field(description=text))
        return Annotated[(_with_description(kind), *about)]
    if origin is Union or origin is UnionType:
        return Union[tuple(map(_with_description, args))]  # noqa: UP007 - a type that is only known when this runs
    if origin in (list, set, frozenset, tuple, dict):
        generic: Any = origin
        return generic[tuple(one if one is ... else _with_description(one) for one in args)]
    return hint


def _text_of(about: Any) -> str:
    match about:
        case str():
            return about.strip()
        case Doc():
            return about.documentation.strip()
        case _:
            return ""


def _hints(fn: Callable[..., Any], owner: str, local_names: Mapping[str, Any]) -> dict[str, Any]:
    target = fn if inspect.isroutine(fn) else fn.__call__
    try:
        return get_type_hints(target, localns=dict(local_names), include_extras=True)
    except NameError as error:
        raise UserError(f"{owner}: an annotation cannot be resolved: {error}. Define the type at module level.") from error

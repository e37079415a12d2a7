"""What the steps of a workflow are there for, and what those can say that others go by."""

from __future__ import annotations

import typing
from enum import Enum
from typing import Any, Literal, cast, get_args, get_origin

from pydantic import BaseModel

from switchroom.workflow.base import Workflow
from switchroom.workflow.debate import Debate
from switchroom.workflow.parallel import Parallel
from switchroom.workflow.refine import Refine
from switchroom.workflow.vote import Voting

_LABELS = ("route", "label", "category", "department", "intent", "classification")


def roles_in(workflow: Workflow[Any, Any]) -> dict[int, str]:
    """What the steps of a workflow do that do not all do the same, by their identity."""
    match workflow:
        case Parallel(join=step) if step is not None:
            return {id(step): "joins"}
        case Voting(ties=step) if step is not None:
            return {id(step): "decides ties"}
        case Debate(judge=step) if step is not None:
            return {id(step): "judges"}
        case Refine(writer=writer, critic=critic):
            return {id(writer): "writes", id(critic): "judges"}
        case _:
            return {}


def labels_of(kind: Any) -> tuple[str, ...] | None:
    """What a classifier can say whose answers are of a type: the members of an enum or a literal, or of a field of one."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(member.value) for member in kind)
    if get_origin(kind) is Literal:
        return tuple(str(value) for value in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name in _LABELS:
            if name in kind.model_fields:
                return labels_of(kind.model_fields[name].annotation)
    return None


def labels_of_router(given: Any) -> tuple[str, ...] | None:
    """The routes that a router knows, of which it may name none; None for what is no router."""
    routes: object = getattr(given, "routes", None)
    if not isinstance(routes, tuple):
        return None
    named = cast("tuple[object, ...]", routes)
    return cast("tuple[str, ...]", named) if all(isinstance(route, str) for route in named) else None


def labels_of_function(function: Any) -> tuple[str, ...] | None:
    """What a function can say that classifies, by the type that it says it gives."""
    try:
        return labels_of(typing.get_type_hints(function).get("return"))
    except Exception:  # annotations that cannot be evaluated say nothing
        return None

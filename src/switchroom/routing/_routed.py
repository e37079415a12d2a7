"""A router before an agent's model: what it is sure of is put through at once, and only the rest is asked of the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from msgspec.structs import replace

from switchroom._handoff import transfer_names
from switchroom.errors import UserError
from switchroom.events import RouteDecided
from switchroom.messages import Message, ToolCall
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.routing.asked import Asked
from switchroom.routing.decision import Decision
from switchroom.routing.router import Router
from switchroom.usage import Usage

Brief: TypeAlias = Callable[[Decision, Asked], Mapping[str, Any]]


def routed(model: Model, router: Router, *, targets: Mapping[str, str] | None = None, brief: Brief | None = None) -> Model:
    """A model that puts a person's message through by a router, and is asked itself where the router leaves it open.

    The router's word is a handoff like any that a model makes: with its brief, accepted or declined by the target, and not in a
    circle. It is made of a message that a person wrote, and only to whom the agent that is asked may hand over. Each decision
    is a fact (`RouteDecided`), one that was left open, too.

    Args:
        model: who is asked otherwise; most often that of the agent who meets people first.
        router: who decides at once, without asking a model itself.
        targets: the agents of routes that are called otherwise, or are reached by way of another.
        brief: the fields of the handoff's brief (`requires=`), from the decision and what was asked; also its "reason".

    Raises:
        UserError: the router waits for a model, or is none, or the model is none.
    """
    if not isinstance(router, Router) or isinstance(model, Router) or not callable(model):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"routed({model!r}, {router!r}): pass a model, and then the router that stands before it.")
    if router.waits:
        raise UserError(
            f"Router '{router.name}' asks a model itself, and is put before one. Leave that part to the model of the agent, or "
            "let the router decide as a step: route(router, {...})."
        )
    return RoutedModel(model, router, dict(targets or {}), brief or _nothing)


@dataclass(frozen=True, eq=False)
class RoutedModel:
    """A model with a router before it; made by `routed`.

    Args:
        model: who is asked where the router leaves it open.
        router: who decides.
        targets: the agents of routes that are called otherwise.
        brief: what the target is told.
    """

    model: Model
    router: Router
    targets: Mapping[str, str]
    brief: Brief

    async def __call__(self, request: ModelRequest, emit: Emit, /) -> ModelResponse:
        """Put the last message through if the router is sure, and ask the model if not."""
        asked = _asked(request)
        if asked is None:
            return await self.model(request, emit)
        said = await self.router.adecide(asked)
        target = None if said.route is None else self.targets.get(said.route, said.route)
        known = {tool.name for tool in request.tools}
        transfer = "" if target is None else next((name for name in transfer_names(target) if name in known), "")
        if target is None or not transfer:
            left = RouteDecided(None, request.agent, said.confidence, said.candidates, said.by, said.reason)
            answer = await self.model(request, emit)
            return answer if answer.decided is not None else replace(answer, decided=left)  # another router's word counts more
        decided = RouteDecided(said.route, target, said.confidence, said.candidates, said.by, said.reason)
        args = {"reason": f"{said.by}: {said.reason or said.route}", **self.brief(said, asked)}
        call = ToolCall(transfer, args)
        return ModelResponse(Message("assistant", calls=(call,)), Usage(requests=0), decided=decided)

    def __getattr__(self, name: str) -> Any:
        """What the model says of itself."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.model, name)


def _asked(request: ModelRequest) -> Asked | None:
    """What a person just said; None if the last message is nobody's, or no text."""
    messages = request.messages
    if not messages or messages[-1].role != "user" or not messages[-1].text.strip():
        return None
    return Asked(messages[-1].text, messages[:-1])


def _nothing(decision: Decision, asked: Asked) -> Mapping[str, Any]:
    """A brief of nothing but the reason."""
    return {}

"""What stands between the agents and their model: it takes a bare department's name at its word, and calls in a person."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cached_property
from inspect import signature
from typing import Any

from msgspec.structs import replace

from supportgenie.judge import ESCALATION, Case, Cause, needs_escalation
from supportgenie.routing import ROUTER, put_through_first
from supportgenie.state import known_in
from supportgenie.turns import TRANSFER, Turn, to_be_answered, turns_of
from switchroom import Message, Model, UserError
from switchroom.messages import ToolCall
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.models import Heard, named, retrying

_SHOWN = 1_000
_TURNS = 3

# What the router's model may name that is not its own to put through to, and by way of whom that is reached.
_BY_WAY_OF = {"billing": "sales", "refunds": "sales", "payment_investigator": "sales"}
_LABEL = re.compile(
    r"^\W*(?:(?:department|category|classification|class|route|answer|label)\W+)?(?:transfer_to_)?(\w+)\W*$", re.I
)
_URGENT: tuple[Cause, ...] = ("danger", "urgency")


class Supervised:
    """A model whose answers are looked at before they count.

    * Where the router's model only names a department, as weak models do that are asked to classify, that is the transfer.
    * Where a final answer leaves a customer with whom a person should speak, it becomes a transfer to escalation, which carries
      the answer: escalation replies, in the same turn, and the customer gets one reply.

    * What the router's own router (`supportgenie.routing`) is sure of is put through without the model, if that is wanted.

    Args:
        model: who answers.
        routes: whether the model is asked last whom a message is for, and not first.
    """

    def __init__(self, model: Model, *, routes: bool = True) -> None:
        self.model = model
        self._routes = routes

    @cached_property
    def _reception(self) -> Model:
        """Who is asked for the router: what was learned is read from its file only when somebody writes."""
        return put_through_first(self.model) if self._routes else self.model

    @property
    def honest(self) -> str:
        """What the model says of itself, if it is no language model."""
        return getattr(self.model, "honest", "")

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Answer the request as the model does, but for these two cases."""
        request = without_others_messages(request)
        answers = self._reception if request.agent == ROUTER else self.model
        response = await answers(request, emit)
        message = response.message
        if message.calls or not message.text.strip():
            return response
        heard = Heard(request)
        call = _put_through(heard, message) or _escalated(heard, message)
        return response if call is None else replace(response, message=Message("assistant", calls=(call,)))


def without_others_messages(request: ModelRequest) -> ModelRequest:
    """Return a request without the messages of another person, who was signed in before in the same conversation."""
    others = int(known_in(request.instructions).get("others_messages", 0))
    return replace(request, messages=request.messages[others:]) if others else request


def model_of(model: Model | str) -> Model:
    """A model, or the one of a name, which is asked again once if its server is unavailable.

    Raises:
        UserError: it is neither a model nor a name.
    """
    match model:
        case str() if model.strip():
            return _ByName(model.strip())
        case Model() if _takes_a_request(model):
            return model
        case _:
            raise UserError(
                f"model={model!r}: pass a model, which takes (request, emit), or the name of one, 'openai:gpt-5.4-mini'. "
                "A function of the request alone is made a model by switchroom.testing.FunctionModel(fn)."
            )


class _ByName:
    """The model of a name, looked for when it is first asked: a wrong name is no reason not to start."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        return await retrying(named(self.name), attempts=2)(request, emit)


def _takes_a_request(model: Model) -> bool:
    try:
        signature(model).bind(None, None)
    except TypeError:
        return False
    return True


def _put_through(heard: Heard, message: Message) -> ToolCall | None:
    """The transfer that the router's model means by a department's name and nothing else."""
    named = _LABEL.match(_unwrapped(message.text)) if heard.request.agent == ROUTER else None
    if named is None:
        return None
    department = named[1].lower()
    department = _BY_WAY_OF.get(department, department)
    if f"{TRANSFER}{department}" not in heard.tools:
        return None
    text = heard.text[:_SHOWN]
    case = {"topic": department, "summary": text} if department == ESCALATION else {"topic": department}
    return ToolCall(f"{TRANSFER}{department}", {"reason": f"this is for {department}", **case})


def _unwrapped(text: str) -> str:
    """The one value of a JSON object, of a model that classifies into one; else the text."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        return text
    match found:
        case {**fields} if len(fields) == 1:  # pyright: ignore[reportUnknownVariableType]
            return str(next(iter(fields.values())))  # pyright: ignore[reportUnknownArgumentType]
        case _:
            return text


def _escalated(heard: Heard, message: Message) -> ToolCall | None:
    """The transfer to escalation, if a person has to take over."""
    if f"{TRANSFER}{ESCALATION}" not in heard.tools:
        return None
    case = Case(heard.request.agent, message.text, turns_of(to_be_answered(heard.request.messages), Turn))
    cause = needs_escalation(case)
    if cause is None:
        return None
    reason = f"a person has to take over: {cause.replace('_', ' ')}"
    return ToolCall(f"{TRANSFER}{ESCALATION}", {"reason": reason, **incident(case, cause)})


def incident(case: Case, cause: Cause) -> Mapping[str, Any]:
    """The brief for escalation: what the customer said, and what was about to be answered."""
    said = "\n".join(turn.text for turn in case.turns[-_TURNS:])
    return {
        "topic": cause,
        "summary": said[-_SHOWN:],
        "answered": case.answer[:_SHOWN],
        "urgent": cause in _URGENT,
    }

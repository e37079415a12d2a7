"""A router that asks a model, and makes something of whatever the model says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import replace as with_fields
from functools import cached_property
from typing import Any, cast

from msgspec.structs import replace

from switchroom.agent import Agent
from switchroom.defaults import named
from switchroom.errors import UserError, unknown
from switchroom.messages import Message
from switchroom.model import Emit, Model, ModelRequest, ModelResponse, nobody
from switchroom.prices import price_of
from switchroom.routing.asked import Asked
from switchroom.routing.decision import CANDIDATES, Decision, left_open
from switchroom.routing.router import Router

SAID = 0.9
"""The confidence of an answer that is a route and nothing else, from a model that does not say how sure it is."""

MENTIONED = 0.7
"""The same of an answer in whose prose one route is named."""

TURNS = 6
"""Messages before the last that the model sees, when it is asked outside of a run."""

_FIELDS = ("route", "label", "category", "intent", "department", "classification")
_NOBODY = ("none", "null", "unknown", "unclear", "no route", "n/a", "")
_OBJECTS = 20
_JSON = json.JSONDecoder()
_DENIED = re.compile(
    r"(?:\bnot|n['\u2019]t|\bnor|\bneither|\brather than|\binstead of)"
    r"(?:\s+(?:a|an|the|for|about|to|any|really|be))*[\s\"'`*]*$"
)
_SPENT: ContextVar[list[ModelResponse] | None] = ContextVar("switchroom_routing_spent", default=None)


class ModelRouter(Router):
    """Asks a model which route a message is for.

    The model is asked for an object of the route, its confidence and a reason; a bare name, prose around it, fences and other
    capitals are understood, too. A label that is no route, and an answer that names several, leave the decision open. In a run
    the question is a step of it: its tokens are counted, and after a crash it is not asked again.

    Args:
        model: a model, or a name such as "openai:gpt-5.4-mini".
        routes: the routes, best with what each is for: `{"billing": "charges, invoices, refunds"}`.
        instructions: what the model should know beside that.
        at_least: the confidence below which the decision is left open.
        name: how decisions and paths call it.

    Raises:
        UserError: there are no routes, or one has no name.
    """

    waits = True

    def __init__(
        self,
        model: Model | str,
        routes: Mapping[str, str] | Iterable[str],
        *,
        instructions: str = "",
        at_least: float = 0.0,
        name: str = "model",
    ) -> None:
        about = dict(cast("Mapping[str, str]", routes)) if isinstance(routes, Mapping) else dict.fromkeys(routes, "")
        if isinstance(routes, str):
            raise UserError(
                f"ModelRouter '{name}' has the routes {routes!r}. Pass a list of names, best with what each is for."
            )
        for route in about:
            if not isinstance(route, str) or not _bare(route):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise UserError(f"ModelRouter '{name}' has the route {route!r}. Give it a name of letters.")
        if not about:
            raise UserError(f"ModelRouter '{name}' has no routes. Pass their names, best with what each is for.")
        self.name = name
        self.routes = tuple(about)
        self._given = model
        self._at_least = at_least
        self._instructions = _instructions(about, instructions)
        self._schema = _schema(self.routes)

    @cached_property
    def _model(self) -> Model:
        return named(self._given, f" of router '{self.name}'") if isinstance(self._given, str) else self._given

    @cached_property
    def _agent(self) -> Agent[str]:
        return Agent(self.name, self._instructions, model=self._ask)

    async def _ask(self, request: ModelRequest, emit: Emit, /) -> ModelResponse:
        """Ask the model for an object; its answer is for nobody to see."""
        response = await self._model(replace(request, output_schema=self._schema), nobody)
        spent = _SPENT.get()
        if spent is not None:
            spent.append(response)
        return response

    async def judge(self, asked: Asked, scope: Any) -> Decision:
        """Ask the model.

        Raises:
            ModelError: it cannot be asked.
        """
        active = [Message("system", f"'{asked.active}' has the conversation now.")] if asked.active in self.routes else []
        spent: list[ModelResponse] = []
        token = _SPENT.set(spent)
        try:
            if scope is None:
                messages = [*asked.before[-TURNS:], *active, Message("user", asked.text)]
                response = await self._ask(ModelRequest(self.name, self._instructions, messages), nobody)
                text = response.message.text
            else:
                text = await scope.call(self._agent, [*active, Message("user", asked.text)])
        finally:
            _SPENT.reset(token)
        prices = [price_of(response.usage, response.model) for response in spent]
        return self._read(text, sum(response.usage.total_tokens for response in spent), float(sum(filter(None, prices))))

    def _read(self, text: str, tokens: int, cost: float) -> Decision:
        label, confidence, reason = _said(text)
        route = self._known(label)
        if route is None and label is not None and confidence is None:
            route, confidence = self._mentioned(text), MENTIONED
        if route is None:
            wanted = _shown(label if label is not None else text)
            reason = (
                "the model named nobody"
                if _bare(wanted) in _NOBODY
                else unknown(f"'{self.name}'", "route", wanted, self.routes)
            )
            return with_fields(left_open(self.routes, self.name, reason), tokens=tokens, cost=cost)
        sure = SAID if confidence is None else confidence
        rest = min(sure, (1 - sure) / max(1, len(self.routes) - 1))  # whoever is named comes first, however unsure
        others = [(other, rest) for other in self.routes if other != route]
        candidates = ((route, sure), *others[: CANDIDATES - 1])
        left = sure < self._at_least
        return Decision(None if left else route, sure, candidates, left, self.name, reason, tokens, cost)

    def _known(self, label: str | None) -> str | None:
        """The route that a label means, also with other capitals, in quotes, or with a full stop."""
        if label is None:
            return None
        if label in self.routes:
            return label
        alike = [route for route in self.routes if _bare(route) == _bare(label)]
        return alike[0] if len(alike) == 1 else None

    def _mentioned(self, text: str) -> str | None:
        """The one route that is named in a text, and not denied; None if none is, or several are."""
        plain = _bare(text)
        found = [route for route in self.routes if _names(plain, _bare(route))]
        found = [one for one in found if not any(one != other and _bare(one) in _bare(other) for other in found)]
        return found[0] if len(found) == 1 else None


def _said(text: str) -> tuple[str | None, float | None, str]:
    """The label that an answer gives, how sure it is, and why; a confidence of None means that it does not say."""
    found = [fields for one in _objects(text) if (fields := _answering(one)) is not None]
    labels = {str(_label(fields) or "") for fields in found}
    if len(labels) != 1:  # none, or they contradict one another
        return text.strip(), None, ""
    fields = found[-1]
    reason = fields.get("reason")
    sure = _confidence(fields.get("confidence"))
    return labels.pop(), SAID if sure is None else sure, reason if isinstance(reason, str) else ""


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The objects of JSON that stand in a text."""
    at = text.find("{")
    for _ in range(_OBJECTS):
        if at < 0:
            return
        try:
            told, end = _JSON.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield told
        at = text.find("{", end)


def _answering(told: dict[str, Any]) -> dict[str, Any] | None:
    """The object that answers: this one, or one in it; its fields without capitals."""
    inner = [cast("dict[str, Any]", value) for value in told.values() if isinstance(value, dict)]
    plain = [{str(name).casefold(): value for name, value in one.items()} for one in (told, *inner)]
    return next((one for one in plain if not one or any(field in one for field in (*_FIELDS, "confidence", "reason"))), None)


def _label(fields: dict[str, Any]) -> Any:
    return next((fields[field] for field in _FIELDS if field in fields), None)


def _names(text: str, route: str) -> bool:
    """Whether a text names a route, and not only to say that it is not that one."""
    named = re.finditer(rf"(?<!\w){re.escape(route)}(?!\w)", text)
    return any(not _DENIED.search(text[max(0, one.start() - 60) : one.start()]) for one in named)


def _confidence(given: Any) -> float | None:
    """A confidence as a number from 0 to 1, also of a percentage."""
    if isinstance(given, str):
        try:
            given = float(given.strip().rstrip("%"))
        except ValueError:
            return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 100:
        return None
    return given / 100 if given > 1 else float(given)


def _bare(label: str) -> str:
    return re.sub(r"[\s_-]+", " ", label).strip().strip("\"'`*.,!?:;()[]").strip().casefold()


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"


def _instructions(about: Mapping[str, str], more: str) -> str:
    listed = "\n".join(f"- {route}: {said}" if said else f"- {route}" for route, said in about.items())
    return (
        "Say who should answer the last message of the person. Choose one of:\n"
        f"{listed}\n"
        'Answer with a JSON object: "route", one of the names as written above, or null if nobody fits; "confidence", from 0 '
        'to 1; "reason", a few words. Do not answer the message itself.' + (f"\n{more}" if more else "")
    )


def _schema(routes: tuple[str, ...]) -> Mapping[str, Any]:
    return {
        "type": "object",
        "properties": {
            "route": {"anyOf": [{"type": "string", "enum": list(routes)}, {"type": "null"}]},
            "confidence": {"type": "number"},
            "reason": {"type": "string"},
        },
        "required": ["route", "confidence", "reason"],
        "additionalProperties": False,
    }

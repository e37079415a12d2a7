"""Models: which one an agent gets and why, whose key is there, and whether it answers when it is asked."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from switchroom.agent import Agent
from switchroom.cli.diagnosis.finding import Finding, shown
from switchroom.cli.faults import told
from switchroom.defaults import DEFAULT_MODEL, model_for, named
from switchroom.errors import ModelUnavailable, UserError
from switchroom.messages import Message
from switchroom.model import Model, ModelRequest, nobody
from switchroom.models.openai.providers import PROVIDERS, Provider

SET_ONE = "Set SWITCHROOM_MODEL=provider:model and the provider's key, or pass model= to the agent or to RunConfig."
NONE_NEEDED = "`switchroom demo` and `switchroom chat supportgenie` need none."
_DEEP = 8  # models within one another that are looked into for a name
PATIENCE = 60.0
"""Seconds that a model gets to answer."""


@dataclass(frozen=True)
class Chosen:
    """The model that an agent gets.

    Args:
        model: the model.
        why: what chose it.
        by_name: whether it was named, so that its key can only come from the environment.
    """

    model: Model
    why: str
    by_name: bool

    @property
    def name(self) -> str:
        """What it is called: "provider:model" where it, or what it wraps, says so, else its type or function."""
        asked: Any = self.model
        for _ in range(_DEEP):
            said = getattr(asked, "name", None)
            if isinstance(said, str) and said:
                return said
            asked = getattr(asked, "model", None)
        if type(self.model).__module__.startswith("switchroom.wrap."):
            return repr(self.model)
        return getattr(self.model, "__name__", type(self.model).__name__)

    @property
    def provider(self) -> Provider | None:
        """Who is asked for its answers, where that is known."""
        return PROVIDERS.get(self.name.partition(":")[0])

    @property
    def honest(self) -> str:
        """What it says of itself where it is no language model; "" otherwise."""
        return getattr(self.model, "honest", "")


def chosen(agent: Agent[Any], configured: Model | str | None) -> Chosen:
    """The model that an agent gets, and why.

    Raises:
        UserError: there is none, or its name is not known.
    """
    model = model_for(agent, configured)
    for given, why in ((agent.model, "as the agent says"), (configured, "as RunConfig(model=...) says")):
        if given:
            return Chosen(model, why, isinstance(given, str))
    wanted = os.environ.get("SWITCHROOM_MODEL")
    for name, why in (
        (wanted, "as SWITCHROOM_MODEL says"),
        (DEFAULT_MODEL, "since OPENAI_API_KEY is set and nothing names another"),
    ):
        with suppress(UserError):  # it may be wrong, and set_default_model(...) goes before it
            if name and model is named(name):
                return Chosen(model, why, True)
    return Chosen(model, "as set_default_model(...) says", False)


def default() -> Finding:
    """The finding about the model of an agent of which nothing but the environment says which."""
    try:
        found = chosen(Agent("any"), None)
    except UserError as error:
        if wanted := os.environ.get("SWITCHROOM_MODEL"):
            says = f"SWITCHROOM_MODEL is {wanted!r}. {error}"
            return Finding("model", "fault", says, "Set it to provider:model, or unset it.")
        says = "Nothing in the environment names a model; agents need one of their own, or of their run."
        return Finding("model", "warning", says, f"{SET_ONE} {NONE_NEEDED}")
    return described("An agent that names no model", found)


def keys() -> Iterator[Finding]:
    """The findings about the keys of providers: which are there, and whether they can be right."""
    names = sorted({provider.key for provider in PROVIDERS.values() if provider.key})
    there = {name: key for name in names if (key := os.environ.get(name))}
    for name, key in there.items():
        if key != key.strip(" \t\r\n\"'"):
            says = f"{name} begins or ends with a space, a line break or a quotation mark."
            yield Finding("keys", "warning", says, "Set it anew, without what was copied along.")
    said = ", ".join(f"{name} ({shown(key.strip())})" for name, key in there.items())
    yield Finding("keys", "ok", f"set: {said}" if said else "no provider's key is set")


def described(who: str, found: Chosen) -> Finding:
    """The finding about the model that somebody gets."""
    provider = found.provider
    says = f"{who}: {found.name}, {found.why}"
    if found.honest:
        return Finding("model", "ok", f"{says}. {found.honest}")
    if provider is None:
        return Finding("model", "ok", f"{says}.")
    address = provider.address.partition("?")[0]
    says += f"; it is asked at {address or 'the address of OpenAI'}." if found.by_name else "."
    if found.by_name and address and not address.startswith(("http://", "https://")):
        return Finding("model", "fault", says, "That is no address: it begins with https://, or http:// for a server nearby.")
    if provider.key and not os.environ.get(provider.key):
        if found.by_name:
            return Finding("model", "fault", f"{says} {provider.key} is not set.", f"Set {provider.key}.")
        remedy = f"Set {provider.key}, unless the code passes api_key= or a client of its own."
        return Finding("model", "warning", f"{says} {provider.key} is not set.", remedy)
    return Finding("model", "ok", says)


def answers(models: Sequence[tuple[str, Chosen]], configured: Model | str | None) -> list[Finding]:
    """Ask models once each, and say how long they took.

    Args:
        models: each with an agent that gets it; where there are none, the one is asked that any agent would get.
        configured: the run's model.
    """
    if not models:
        try:
            models = [("any", chosen(Agent("any"), configured))]
        except UserError:
            return [Finding("answer", "fault", "There is no model to be asked.", SET_ONE)]

    async def all_of_them() -> list[Finding]:
        return [await _answer(model, agent) for agent, model in models]

    return asyncio.run(all_of_them())


async def _answer(found: Chosen, agent: str) -> Finding:
    if found.honest:
        return Finding("answer", "ok", f"{found.name} answers by rules: there is nothing to ask.")
    request = ModelRequest(agent, "", (Message("user", "Say ok."),))
    began = time.perf_counter()
    clock = asyncio.timeout(PATIENCE)
    try:
        async with clock:
            answer = (await found.model(request, nobody)).message
    except Exception as error:
        why = f" within {PATIENCE:g} s." if clock.expired() else f": {told(error)}"
        remedy = _AGAIN if clock.expired() or isinstance(error, ModelUnavailable) else ""
        return Finding("answer", "fault", f"{found.name} did not answer{why}", remedy)
    took = time.perf_counter() - began
    said = " ".join(answer.text.split())
    return Finding("answer", "ok", f"{found.name} answered in {took:.1f} s: {said[:80]!r}.")


_AGAIN = "Ask again in a moment. Can its address be reached from here (proxy, firewall)?"

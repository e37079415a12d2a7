"""Asking a model within a budget: what the call may take is spoken for before, and what it took is spent."""

from __future__ import annotations

from typing import TypeAlias

from msgspec.structs import replace

from switchroom.defaults import named
from switchroom.ledger import Ledger, Less, cheaper_of
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.perform.run import AgentRun, Note
from switchroom.tokens import count_tokens
from switchroom.usage import Usage

Asked: TypeAlias = tuple[ModelRequest, Emit]


async def within_budget(run: AgentRun, ledger: Ledger, model: Model, asked: Asked, note: Note) -> ModelResponse:
    """What a model answers, if the call fits into the budget; it waits for calls in flight that may give something back.

    Raises:
        BudgetExceeded: it does not fit, and all that was to be done with less is done.
    """
    request, emit = asked
    path = run.scope.path
    own = model
    at_most = _at_most(request, ledger)
    waited: Ledger | None = None
    try:
        while True:
            model = own
            cheaper = cheaper_of(ledger)
            if cheaper is not None:
                rule, less = cheaper
                model = named(rule.model) if isinstance(rule.model, str) else rule.model
                await _tell(less, note)
            name = getattr(model, "name", "")
            short = ledger.shortage(at_most, name, path)
            if short is None:
                break
            if short.may_pass:
                before, waited = waited, short.ledger
                if before is not None and before is not waited:
                    before.ask_next()
                await waited.change(path, asked_again=before is waited)
                continue
            applied = short.ledger.next_less()
            if not applied:
                raise short.ledger.exceeded(short.resource)
            for less in applied:
                await _tell(less, note)
        ledger.hold(at_most, name, path)
    finally:
        if waited is not None:
            waited.ask_next()
    response: ModelResponse | None = None
    try:
        response = await run.ask_model(model, replace(request, seconds=run.scope.remaining), emit)
        return response
    finally:
        if isinstance(response, ModelResponse):
            ledger.settle(path, response.usage, response.model)
        else:
            ledger.settle(path, None, "")


def _at_most(request: ModelRequest, ledger: Ledger) -> Usage:
    """What a call may use, as far as it was declared: its request, and the longest answer that it asks for."""
    if not any(account.budget.tokens or account.budget.money for account in ledger.around()):
        return Usage(1)  # counting costs as much as the conversation is long
    specs = [(spec.name, spec.description, spec.parameters) for spec in request.tools]
    sent = count_tokens(request.instructions, *request.messages, *([specs] if specs else ()))
    return Usage(1, sent, request.settings.max_tokens or 0)


async def _tell(less: Less, note: Note) -> None:
    if less.ledger.first_time(less.place):
        await note(less.fact)

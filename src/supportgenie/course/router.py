"""The router of the course: it names the department that a query is for, and how sure it is."""

from __future__ import annotations

from functools import cache
from typing import Final, Literal, TypeAlias, cast

from supportgenie.routing import TARGETS, router
from supportgenie.supervision import model_of
from switchroom import Model, RunConfig, Runner, UserError
from switchroom.routing import CascadeRouter, Decision, GroupedRouter, ModelRouter, Router

Department: TypeAlias = Literal["support", "technical", "sales", "escalation"]

DEPARTMENTS: Final[dict[Department, str]] = {
    "support": "orders, parcels, delivery, addresses, general questions",
    "technical": "accounts, passwords, the app and the site, devices that do not work",
    "sales": "products, prices, plans, the newsletter, and money: invoices, payments, refunds",
    "escalation": "complaints, disputes, danger, anything urgent, the wish to talk to a person",
}
"""The departments, with the subjects of each."""


class RouterAgent:
    """Classifies queries.

    Without a model, SupportGenie's own router decides: keywords for danger and for the wish to talk to a person, then a
    classifier that learned from labelled messages.

    Args:
        model: the name of a model is asked about queries that SupportGenie's router leaves open; a model object is asked about
            every query.

    Raises:
        UserError: the model is neither a model nor a name.
    """

    def __init__(self, model: Model | str | None = None) -> None:
        self.router: Router = _router(model)

    def classify(self, query: str) -> Department:
        """Return the department that a query is for; `support`, which takes general questions, if the router cannot tell.

        Raises:
            UserError: the query is not text.
            ModelError: the model cannot be asked.
        """
        return cast("Department", self.decide(query).route or "support")

    def decide(self, query: str) -> Decision:
        """Return the router's decision on a query, with its confidence and the other candidates.

        Raises:
            UserError: the query is not text.
            ModelError: the model cannot be asked.
        """
        if not isinstance(query, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"The query is {type(query).__name__}. Pass the customer's message as text.")
        # A run of its own, so that a notebook, whose event loop is running, can wait for a router that asks a model.
        return Runner.run_sync(self.router, query, config=RunConfig(detached=True)).final_output


def _router(model: Model | str | None) -> Router:
    match model:
        case None:
            return _learned()
        case str():
            return CascadeRouter([_learned(), ModelRouter(model_of(model), DEPARTMENTS)], name="router")
        case _:
            return ModelRouter(model_of(model), DEPARTMENTS, name="router")


@cache
def _learned() -> Router:
    """Return SupportGenie's router, with billing as a part of sales."""
    known = router()
    return GroupedRouter(known, {route: TARGETS.get(route, route) for route in known.routes}, name="departments")

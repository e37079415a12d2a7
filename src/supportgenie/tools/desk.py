"""What every tool over the desk shares: its context, who the customer is, what is remembered, and how the desk's no is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias

from supportgenie.desk import Desk
from supportgenie.records import Customer, DeskError, NotFound
from supportgenie.views import View
from switchroom import ToolContext

DeskContext: TypeAlias = ToolContext[Desk]
P = ParamSpec("P")


def told(
    lookup: Callable[Concatenate[DeskContext, P], View],
) -> Callable[Concatenate[DeskContext, P], View]:
    """Let a tool give the desk's no as its result: the message is written for the customer, and the run goes on.

    Anything else that goes wrong is a fault, and stays an exception.
    """

    @wraps(lookup)
    def answered(ctx: DeskContext, *args: P.args, **kwargs: P.kwargs) -> View:
        try:
            return lookup(ctx, *args, **kwargs)
        except DeskError as no:
            return {"refused": str(no)}

    return answered


def remember(ctx: DeskContext, **facts: Any) -> None:
    """Keep facts in the shared state, if the conversation has one. A tool's thread waits until that is done."""
    if ctx.state is not None:
        ctx.update(**{name: value for name, value in facts.items() if value})


def check_owner(ctx: DeskContext, customer_id: str, record: str) -> None:
    """Let a customer who has signed in at nothing but what is their own. Of others, who knows a number is taken for its owner.

    Raises:
        NotFound: it is somebody else's; whose is not told, nor that it exists.
    """
    state = ctx.state
    if state is not None and state.signed_in and state.customer_id.lower() != customer_id.lower():
        raise NotFound(f"you have no {record}")


def customer_of(ctx: DeskContext, who: str | None) -> Customer:
    """The customer who is named, else the one whom the conversation is with.

    Raises:
        NotFound: nobody is named or known, or the name fits nobody or several, or somebody else than who has signed in.
    """
    state = ctx.state
    wanted = who or (state and (state.customer_id or state.name)) or ""
    found = ctx.deps.find_customers(wanted) if wanted else ()
    if state is not None and wanted == state.name != who:
        # Many are called Ann: a name that nobody gave as an answer has to be the whole one.
        found = tuple(one for one in found if one.name.lower() == wanted.lower())
    if not wanted or (not found and not who):
        raise NotFound("I do not know yet who you are")
    if len(found) != 1:
        several = "several accounts fit" if found else "no account fits"
        raise NotFound(f"{several} {wanted}")
    check_owner(ctx, found[0].id, f"account of {wanted}")
    # Whose account it is does not say who is writing, so nobody is called by its name because of it.
    remember(ctx, customer_id=found[0].id, tier=found[0].tier)
    return found[0]

"""What every tool over the desk shares: its context, who the customer is, what is remembered, and how the desk's no is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeAlias

from supportgenie.desk import Desk
from supportgenie.identity import contradicts
from supportgenie.records import Customer, DeskError, NotFound
from supportgenie.state import CustomerState
from supportgenie.views import View
from switchroom import ToolContext

DeskContext: TypeAlias = ToolContext[Desk]
P = ParamSpec("P")

UNKNOWN: Final = (
    "I do not know yet whose account it is; I need its e-mail address together with the number of one of its orders or invoices"
)


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


def identified(ctx: DeskContext) -> Customer | None:
    """The customer's account, if it is known whose it is (see `supportgenie.identity`); a number alone does not say."""
    state = ctx.state
    if not isinstance(state, CustomerState) or not state.customer_id:
        return None
    return ctx.deps.find_account(state.customer_id)


def check_owner(ctx: DeskContext, customer_id: str, record: str) -> None:
    """Let customers at nothing that is plainly somebody else's; of a customer of whom nothing is known, the number is enough.

    Raises:
        NotFound: it is somebody else's; whose is not told, nor that it exists.
    """
    known = identified(ctx)
    if known is not None:
        others = known.id != customer_id
    else:
        owner = ctx.deps.find_account(customer_id)
        others = owner is not None and isinstance(ctx.state, CustomerState) and contradicts(ctx.state, owner)
    if others:
        raise NotFound(f"you have no {record}")


def without_owner(ctx: DeskContext, view: View) -> View:
    """What a record says, without whose it is and where that person lives, unless it is the customer's own."""
    return view if identified(ctx) else {name: told for name, told in view.items() if name not in ("customer", "address")}


def customer_of(ctx: DeskContext, who: str | None) -> Customer:
    """The customer whom the conversation is with, whose account may be told and changed.

    Args:
        ctx: the call's context.
        who: a name, an e-mail address or an id, if one was given. It says who is meant, and proves nothing.

    Raises:
        NotFound: it is not known whose account it is, or somebody else's is meant.
    """
    known = identified(ctx)
    if known is None:
        raise NotFound(UNKNOWN)
    if who and known not in ctx.deps.find_customers(who):
        raise NotFound(f"you have no account of {who}")
    remember(ctx, tier=known.tier)
    return known

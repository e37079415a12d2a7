"""What all tools over the desk share: their context, who the customer is, wrong guesses, and how the desk's no is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeAlias

from supportgenie.desk import Desk
from supportgenie.policy import POLICY
from supportgenie.records import (
    Customer,
    DeskError,
    Invoice,
    MustWait,
    NotFound,
    NotIdentified,
    Order,
    TooManyGuesses,
)
from supportgenie.state import CustomerState
from supportgenie.views import View
from switchroom import ToolContext

DeskContext: TypeAlias = ToolContext[Desk]
P = ParamSpec("P")

UNKNOWN: Final = "I do not know yet whose account it is: only its owner may have that"
TOO_MANY: Final = "too many numbers or codes were wrong: I look up no more of them here, and a colleague goes on"


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
        except NotIdentified as no:
            return {"refused": str(no), "identify": True}
        except TooManyGuesses as no:
            return {"refused": str(no), "too_many_guesses": True}
        except MustWait as no:
            return {"refused": str(no), "wait_s": no.seconds}
        except DeskError as no:
            return {"refused": str(no)}

    return answered


def remember(ctx: DeskContext, **facts: Any) -> None:
    """Keep facts in the shared state, if the conversation has one. A tool's thread waits until that is done."""
    if ctx.state is not None:
        ctx.update(**{name: value for name, value in facts.items() if value})


def identified(ctx: DeskContext) -> Customer | None:
    """Return the account of the customer who is signed in (see `supportgenie.identity`); None for anybody else."""
    state = ctx.state
    if not isinstance(state, CustomerState) or not state.customer_id:
        return None
    return ctx.deps.find_account(state.customer_id)


def owner(ctx: DeskContext) -> Customer:
    """Return the account of the customer who is signed in.

    Raises:
        NotIdentified: nobody is. What was asked for is not looked up, so that no answer tells whether it exists.
    """
    known = identified(ctx)
    if known is None:
        raise NotIdentified(UNKNOWN)
    return known


def customer_of(ctx: DeskContext, who: str | None) -> Customer:
    """Return the account of the customer whom the conversation is with, which may be told and changed.

    Args:
        ctx: the call's context.
        who: a name, an e-mail address or an id, if one was given. It says who is meant, and proves nothing.

    Raises:
        NotIdentified: nobody is signed in.
        NotFound: somebody else's account is meant.
    """
    known = owner(ctx)
    if who and known not in ctx.deps.find_customers(who):
        raise NotFound(f"you have no account of {who}")
    remember(ctx, tier=known.tier)
    return known


def own_order(ctx: DeskContext, number: str) -> Order:
    """Return an order of the customer who is signed in.

    Raises:
        NotIdentified: nobody is signed in.
        NotFound: it is nobody's, or somebody else's; the answer is the same.
        TooManyGuesses: it was one wrong number too many.
    """
    buyer = owner(ctx)
    found = ctx.deps.find_order(number)
    if found is None or found.customer_id != buyer.id:
        check_guesses(ctx, account := f"account:{buyer.id}")
        raise wrong_guess(ctx, f"you have no order {number}", account)
    return found


def own_invoice(ctx: DeskContext, number: str) -> Invoice:
    """Return an invoice of the customer who is signed in; it raises as `own_order` does."""
    payer = owner(ctx)
    found = ctx.deps.find_invoice(number)
    if found is None or found.customer_id != payer.id:
        check_guesses(ctx, account := f"account:{payer.id}")
        raise wrong_guess(ctx, f"you have no invoice {number}", account)
    remember(ctx, invoice_number=found.number)
    return found


def check_guesses(ctx: DeskContext, *accounts: str) -> None:
    """Let nobody guess on who has guessed wrongly too often, or a moment ago.

    Args:
        ctx: the call's context.
        accounts: what the guess concerns beside the conversation, such as `codes:ann@example.com`.

    Raises:
        TooManyGuesses: a person has to go on.
        MustWait: the next guess has to wait. This one counts all the same, and is not looked at.
    """
    if _has_guessed_out(ctx, accounts):
        raise TooManyGuesses(TOO_MANY)
    wait = max(map(ctx.deps.seconds_to_wait, (_conversation(ctx), *accounts)))
    if wait:
        no = wrong_guess(ctx, "", *accounts)
        raise no if isinstance(no, TooManyGuesses) else MustWait(wait)


def wrong_guess(ctx: DeskContext, reason: str, *accounts: str) -> DeskError:
    """Count a wrong number or code, and return what to raise: NotFound with the reason, or that it was one too many."""
    ctx.deps.count_guess((_conversation(ctx), *accounts), key=ctx.effect_key)
    return TooManyGuesses(TOO_MANY) if _has_guessed_out(ctx, accounts) else NotFound(reason)


def _has_guessed_out(ctx: DeskContext, accounts: tuple[str, ...]) -> bool:
    if ctx.deps.guesses(_conversation(ctx)) >= POLICY.conversation_guesses:
        return True
    return any(ctx.deps.guesses(account) >= POLICY.account_guesses for account in accounts)


def _conversation(ctx: DeskContext) -> str:
    return f"conversation:{ctx.scope.conversation}"

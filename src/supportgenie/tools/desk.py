"""What all tools over the desk share: their context, who the customer is, wrong guesses, and how the desk's no is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeAlias, TypeVar

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
T = TypeVar("T")

UNKNOWN: Final = "I do not know yet whose account it is: only its owner may have that"
ACCOUNT: Final = "account:"
"""What the subject of a guess begins with that a customer who is signed in has made."""

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
        DeskError: it is nobody's, or somebody else's; the answer is the same, and as `guess` says.
    """
    buyer = owner(ctx)
    found = ctx.deps.find_order(number)
    if found is not None and found.customer_id == buyer.id:
        return found
    return guess(ctx, _nothing, f"you have no order {number}", f"{ACCOUNT}{buyer.id}")


def own_invoice(ctx: DeskContext, number: str) -> Invoice:
    """Return an invoice of the customer who is signed in; it raises as `own_order` does."""
    payer = owner(ctx)
    found = ctx.deps.find_invoice(number)
    if found is None or found.customer_id != payer.id:
        return guess(ctx, _nothing, f"you have no invoice {number}", f"{ACCOUNT}{payer.id}")
    remember(ctx, invoice_number=found.number)
    return found


def guess(ctx: DeskContext, find: Callable[[], T | None], reason: str, *accounts: str) -> T:
    """Look up what a customer may have guessed, unless too much was guessed wrongly. Calls at the same time wait for another.

    Args:
        ctx: the call's context.
        find: the look-up; None is a wrong guess, which is counted.
        reason: what is said of a wrong guess.
        accounts: what the guess concerns beside the conversation, such as `codes:ann@example.com`.

    Raises:
        NotFound: the guess was wrong.
        MustWait: the last wrong ones were a moment ago. This one counts as well, and is not looked up.
        TooManyGuesses: a person has to go on.
    """
    subjects = (f"conversation:{ctx.scope.conversation}", *accounts)
    with ctx.deps.guessing():
        if _has_guessed_out(ctx, subjects):
            raise TooManyGuesses(TOO_MANY)
        wait = max(map(ctx.deps.seconds_to_wait, subjects))
        found = None if wait else find()
        if found is None:
            ctx.deps.count_guess(subjects, key=ctx.effect_key)
        out = _has_guessed_out(ctx, subjects)
    if found is not None:
        return found
    if out:
        raise TooManyGuesses(TOO_MANY)
    raise _must_wait(wait, accounts) if wait else NotFound(reason)


def _must_wait(seconds: int, accounts: tuple[str, ...]) -> MustWait:
    """Say what happened and what helps; the wrong ones may be those of another conversation about the same account."""
    if not accounts:
        return MustWait(seconds, helps="the right number is in the confirmation e-mail")
    if accounts[0].startswith(ACCOUNT):
        helps = "your own orders need no waiting, and `list my orders` shows their numbers"
        return MustWait(seconds, "today from your account", helps)
    return MustWait(seconds, "today for this e-mail address")


def _has_guessed_out(ctx: DeskContext, subjects: tuple[str, ...]) -> bool:
    conversation, *accounts = subjects
    if ctx.deps.guesses(conversation) >= POLICY.conversation_guesses:
        return True
    return any(ctx.deps.guesses(account) >= POLICY.account_guesses for account in accounts)


def _nothing() -> None:
    """The look-up of what is known to be somebody else's."""

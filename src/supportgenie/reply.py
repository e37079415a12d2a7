"""What a customer is answered, and what whoever runs the desk gets to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from supportgenie.judge import ESCALATION, Case, needs_escalation
from supportgenie.policy import POLICY, dollars
from supportgenie.supervision import ROUTER
from supportgenie.turns import TRANSFER, Turn, turns_of
from switchroom import Message, RunResult

Route: TypeAlias = Literal["support", "technical", "sales", "escalation", "fallback"]
_ROUTES: tuple[str, ...] = get_args(Route)

FAILED: Final = (
    "I am sorry, something went wrong on our side, and I cannot answer that right now. "
    f"A colleague can: call {POLICY.phone}, {POLICY.hours}, or write to {POLICY.email}. "
    "If you leave your name and an e-mail address or a phone number here, somebody gets back to you."
)
"""What a customer is told whom nobody could answer."""

_TICKETS = ("open_ticket", "escalate_to_human")
# Escalation answers these by itself; nobody has to do anything.
_INFORMATION = ("review", "contact_customer_service")


@dataclass(frozen=True)
class Question:
    """What a person at the desk is asked.

    Args:
        id: the key of its answer in `SupportGenie.resume(conversation, {id: True})`.
        agent: who wants to call the tool.
        tool: its name.
        args: with what.
        text: the same in words.
    """

    id: str
    agent: str
    tool: str
    args: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Reply:
    """The one answer to a customer's message.

    Args:
        text: what the customer is told.
        answered_by: the agent who has the conversation, and told it.
        route: the department that the router chose last. Where the router answers itself, as it does a greeting, that is
            `support`, whose general inquiries these are; where nobody could be asked, `fallback`.
        needs_escalation: whether a person has to take over from the agents, or has already been called in.
        conversation: its id, to go on with.
        waiting: what a person at the desk is asked first; the text says so to the customer.
        error: what went wrong, of a reply that says only that something did.
        run: the run behind it (messages, facts, usage), as far as there was one.
    """

    text: str
    answered_by: str
    route: Route
    needs_escalation: bool
    conversation: str
    waiting: tuple[Question, ...] = ()
    error: Exception | None = field(default=None, repr=False)
    run: RunResult[Any] | None = field(default=None, repr=False, compare=False)


def reply_of(result: RunResult[Any], conversation: str) -> Reply:
    """The reply that a run came to."""
    by = result.last_agent.name if result.last_agent else ROUTER
    waiting = tuple(Question(q.id, q.agent, q.tool, q.args, in_words(q.tool, q.args)) for q in result.waiting)
    # With an output, the message came while a person is asked, and was answered at once.
    text = str(result.final_output) if result.final_output is not None or not waiting else _waits(waiting)
    return Reply(text, by, route_of(result.messages), _escalated(result.messages, by, text), conversation, waiting, run=result)


def answer_while_waiting(questions: Iterable[str]) -> str:
    """Return the answer to a message that comes while a person at the desk decides the questions, given in words."""
    what = " and ".join(questions)
    return (
        f"A colleague still has to look at {what}; until then I cannot go on here. I have noted your message. "
        f"If it is urgent, call {POLICY.phone}."
    )


def failed(error: Exception, conversation: str) -> Reply:
    """The reply where nobody could answer: an apology, and how to reach a person."""
    run: RunResult[Any] | None = getattr(error, "run", None)
    route = route_of(run.messages, "fallback") if run is not None else "fallback"
    return Reply(FAILED, "fallback", route, True, conversation, error=error, run=run)


def route_of(messages: Sequence[Message], otherwise: Route = "support") -> Route:
    """The department to which the router put a conversation through last."""
    for message in reversed(messages):
        for call in message.calls if message.agent == ROUTER else ():
            target = call.name.removeprefix(TRANSFER)
            if target in _ROUTES:
                return cast("Route", target)
    return otherwise


def _escalated(messages: Sequence[Message], by: str, text: str) -> bool:
    turns = turns_of(messages, Turn)
    if by != ESCALATION:
        return needs_escalation(Case(by, text, turns)) is not None
    if any(turn.got(tool) for turn in turns for tool in _TICKETS):
        return True
    topics = [turn.brief.get("topic", "") for turn in turns if turn.got(f"{TRANSFER}{ESCALATION}")]
    return not topics or topics[-1] not in _INFORMATION


def _waits(questions: Sequence[Question]) -> str:
    what = " and ".join(question.text for question in questions)
    return (
        f"Thank you. Before this is done a colleague has to approve it: {what}. "
        f"You need not do anything; you hear from us within {POLICY.complaint_days} days."
    )


def in_words(tool: str, args: dict[str, Any]) -> str:
    """Return a call that a person at the desk has to approve, as a customer is told of it."""
    match tool:
        case "refund":
            return f"the refund of {dollars(args['cents'])} for order {args['order']}"
        case "close_account":
            return "closing the account"
        case _:
            return tool.replace("_", " ")

"""SupportGenie without a language model: rules per agent that call the same tools, and answer from what these return."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from supportgenie.contacts import CARD
from supportgenie.languages import IN_ENGLISH
from supportgenie.offline import billing, escalation, fallback, payments, reach, refunds, sales, support, technical
from supportgenie.offline.acts import Act, Answer, Procedure, explain, joined
from supportgenie.offline.declining import decline, leave
from supportgenie.offline.proving import limits, prove
from supportgenie.offline.routing import clarify, look_it_up, nobodys, put_through, small_talk, unclear_again
from supportgenie.offline.talk import Talk
from switchroom import Message
from switchroom.models import Heard, OfflineModel, Rule, call, otherwise

_NO_CARDS = "Please never write a card's number here; I have not kept it."


def rules(*procedures: Procedure) -> list[Rule]:
    """Procedures as an agent's rules: the first that knows an answer gives it, and if none does, a question is asked."""

    def first(heard: Heard) -> Message | None:
        talk = Talk(heard)
        answers = (procedure(talk) for procedure in procedures)
        return next((_message(answer, talk) for answer in answers if answer is not None), None)

    return [first, otherwise(lambda heard: clarify(Talk(heard)))]


def _message(answer: Answer, talk: Talk) -> Message:
    match answer:
        case Act(tool, args):
            return Message("assistant", calls=(call(tool, **args),))
        case text:
            greeting = "" if text.startswith("Hello") else talk.greeting
            language = talk.language
            honest = f"{language.honest} {IN_ENGLISH}" if language else ""
            return Message("assistant", joined(honest, greeting.strip(), _NO_CARDS if CARD in talk.text else "", text))


def _own(procedures: Mapping[str, Procedure], talk: Talk) -> Answer | None:
    """What a department does about its own topics; of one that only has an article, it quotes that."""
    procedure = procedures.get(talk.topic)
    if procedure is not None:
        return procedure(talk)
    return explain(talk) if talk.topic and talk.fresh else None


def _department(procedures: Mapping[str, Procedure]) -> list[Rule]:
    return rules(limits, prove, leave, decline, *_steps(procedures))


def _steps(procedures: Mapping[str, Procedure]) -> tuple[Procedure, ...]:
    return (small_talk, put_through, partial(_own, procedures), unclear_again)


offline = OfflineModel(
    {
        "router": rules(small_talk, put_through, look_it_up, nobodys),
        "support": _department(support.PROCEDURES),
        "technical": _department(technical.PROCEDURES),
        "sales": _department(sales.PROCEDURES),
        "billing": _department(billing.PROCEDURES),
        "refunds": rules(limits, *_steps(refunds.PROCEDURES)),
        "payment_investigator": rules(limits, *_steps(payments.PROCEDURES)),
        "escalation": rules(reach.contact, leave, *_steps(escalation.PROCEDURES)),
        "fallback": rules(reach.contact, small_talk, put_through, look_it_up, fallback.ask_once, fallback.follow_up),
    }
)

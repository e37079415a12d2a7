"""Who answers: the router puts a message through by its topic, and a department passes on what is not its own."""

from __future__ import annotations

import re
from typing import Any

from supportgenie.contacts import without_emails
from supportgenie.introduction import introduction_in
from supportgenie.offline.acts import Act, Answer, act, recent
from supportgenie.offline.talk import Talk
from supportgenie.policy import POLICY, dollars
from supportgenie.profile import CustomerProfile
from supportgenie.understanding import department_of

# The handoffs that the agents have, beside the one to escalation, as (from, to the department of the topic): by way of.
_WAYS = {
    ("router", "billing"): "sales",
    ("sales", "billing"): "billing",
    ("billing", "sales"): "sales",
    ("router", "support"): "support",
    ("router", "technical"): "technical",
    ("router", "sales"): "sales",
    ("router", "fallback"): "fallback",
}

OWN = {"refunds": ("get_refund",), "payment_investigator": ("payment_issue", "payment_dispute")}
"""The topics of those who were asked by billing; they give back whatever else comes up."""

UNCLEAR = "unclear"
NOT_SURE = "I am not sure that I understand."

_GREETING = re.compile(
    r"\W*(hi+|hello|hey+|hiya|good (morning|afternoon|evening|day)|greetings|howdy|hola|hallo|bonjour)\b"
    r"(\W+(there|all|everyone|you|how are you))*\W*$",
    re.I,
)
_THANKS = re.compile(
    r"\W*((ok(ay)?|great|perfect|super|wonderful|no|nothing|that('?s| is) (all|it|great|fine))\W+)*"
    r"(many |so )?(thanks?|thank you|thx|cheers|ty|(muchas )?gracias|danke|merci|obrigad[oa]|grazie|bedankt|dzi[eę]kuj[eę]"
    r"|te[sş]ekk[uü]rler)\b"
    r"(\W+(you|a lot|so much|very much|again|for \w+( \w+){0,3}|that('?s| is) (all|it)|bye|that helped|great|then))*\W*$"
    r"|\W*(great|perfect|awesome|cool|super|ok(ay)?|alright|that('?s| is) (all|it|great|fine))\W*$",
    re.I,
)
_ABOUT_US = re.compile(
    r"\W*(who (are|r) you|what are you|what('?s| is) your name|what (can|do) you do|how can you help( me)?"
    r"|(please )?help( me)?( please)?"
    r"|(are|r) you (an? )?(real|human|person|bot|robot|machine|ai|chatbot)( (human|person))?)\W*$",
    re.I,
)
_OURSELVES = (
    "I am SupportGenie, this shop's automatic help desk and no human; my answers come from rules and from the shop's records. "
    "I look after orders and parcels, invoices and refunds, accounts and plans, and devices that do not work. "
    "If you would rather talk to a person, say so. What is it about?"
)
_BYE = re.compile(r"\W*(good ?bye|bye( bye)?|see you( later)?|ciao|have a (nice|good|great) (day|evening|one))\W*$", re.I)


def small_talk(talk: Talk) -> Answer | None:
    """A greeting, thanks, a goodbye, or words that are meant for somebody else than a shop."""
    if talk.now.results:
        return None
    if _GREETING.match(talk.text):
        whom = f" {talk.name}" if talk.name else ""
        return f"Hello{whom}, and welcome! What can I do for you: is it about an order, an invoice, your account or a device?"
    introduced = introduction_in(talk.text)
    if introduced is not None and (talk.topic in ("", UNCLEAR) or not talk.before.said):
        called = CustomerProfile(name=introduced.name).called
        welcome = f"Hello {called}, and welcome!" if called else "Hello, and welcome!"
        return f"{welcome} What can I do for you: is it about an order, an invoice, your account or a device?"
    if _ABOUT_US.match(talk.text):
        return _OURSELVES
    if _BYE.match(talk.text):
        return "Goodbye, and have a good day!"
    if _THANKS.match(talk.text):
        return "You're welcome! Write again whenever something comes up."
    if talk.topic == "off_topic" and talk.fresh:
        return "I cannot help with that. I look after orders, invoices, accounts and devices of this shop; what is it about?"
    return None


def put_through(talk: Talk) -> Answer | None:
    """The handoff to whoever has the topic; None if it is the agent's own, or not known."""
    department = department_of(talk.topic) if talk.topic else ""
    if not department or department in (talk.agent, "router") or not talk.fresh or talk.topic in OWN.get(talk.agent, ()):
        return None
    if talk.agent in OWN:
        other = {"status": "other_matter"} if talk.agent == "refunds" else {"finding": "other_matter"}
        return act("return_to_billing", **other)
    way = way_to(department, talk.agent)
    return _handed(talk, way, **case_of(talk, talk.topic, way))


def way_to(department: str, agent: str) -> str:
    """Whom an agent has to hand over to, so that a department gets it."""
    return department if department == "escalation" else _WAYS.get((agent, department), "router")


def case_of(talk: Talk, topic: str, target: str) -> dict[str, Any]:
    """What the next agent is told: the topic, with the numbers that were given; of an incident, what the customer wrote."""
    if target == "escalation":
        return {"topic": topic, "summary": recent(talk), "urgent": topic in ("hardware_safety", "stolen_card")}
    case: dict[str, Any] = {"topic": topic, "order_number": talk.order, "invoice_number": talk.invoice}
    if target in ("billing", "sales") and talk.agent != "billing":
        case |= {"amount": dollars(talk.cents) if talk.cents else "", "month": talk.month}
    return case


def look_it_up(talk: Talk) -> Answer | None:
    """For a message that no pattern knows: the article that it is about says whose it is."""
    found = talk.got("search_articles")
    if found is None:
        return act("search_articles", query=without_emails(talk.text)[:300]) if talk.now.concepts else None
    if not found.get("articles"):
        return None
    topic = str(found["articles"][0]["topic"])
    department = department_of(topic)
    if department == "escalation":
        return _handed(talk, department, topic=topic, summary=talk.text)
    return _handed(talk, _WAYS.get((talk.agent, department), "support" if talk.agent == "router" else "router"), topic=topic)


def nobodys(talk: Talk) -> Answer:
    """The handoff to who takes what fits nobody."""
    return act("transfer_to_fallback", reason="it is not clear what it is about", topic=UNCLEAR)


def unclear_again(talk: Talk) -> Answer | None:
    """The way to who takes what fits nobody, of a department whose question did not help."""
    if talk.agent in OWN or talk.fresh or not talk.before.said.startswith(NOT_SURE) or talk.before.by != talk.agent:
        return None
    return act("transfer_to_router", reason="it is not clear what it is about", topic=UNCLEAR)


def clarify(talk: Talk) -> str:
    """One question, when nothing else is left to say."""
    if not talk.words:
        return "I could not read any words in that. Would you tell me in a sentence what it is about?"
    if talk.topic not in ("", UNCLEAR) and (department_of(talk.topic) == talk.agent or talk.agent in OWN):
        about = (
            f"order {talk.order}" if talk.order else talk.topic.replace("_", " ").removeprefix("check ").removeprefix("get ")
        )
        return f"{NOT_SURE} Is it still about {about}, or about something else?"
    if talk.foreign and talk.language is None:
        return f"I am sorry, I did not understand that; I only read English. Would you try again, or call {POLICY.phone}?"
    return (
        "I did not quite get what it is about. Is it an order, an invoice, your account or a device? "
        f"If you would rather talk to somebody, the number is {POLICY.phone}."
    )


def _handed(talk: Talk, target: str, **case: Any) -> Act:
    about = str(case["topic"]).replace("_", " ")
    return act(f"transfer_to_{target}", reason=f"the customer writes about: {about}", **case)

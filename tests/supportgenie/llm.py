"""A language model as a function: it plays one for the scripts, from nothing but instructions, messages and tools.

What it does not find there it cannot do: a call of a tool that the agent does not have, or without an argument that the tool's
schema asks for, fails the test. It never looks at an agent's name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeAlias

from switchroom.messages import ToolCall
from switchroom.model import ModelRequest
from switchroom.testing import call

Answer: TypeAlias = str | ToolCall | list[str | ToolCall]


class Reading:
    """A request as a language model reads it."""

    def __init__(self, request: ModelRequest) -> None:
        self.request = request

    @cached_property
    def customer(self) -> str:
        """The customer's last message."""
        return next(message.text for message in reversed(self.request.messages) if message.role == "user")

    @cached_property
    def lately(self) -> dict[str, Any]:
        """What came back since then, by the tool that was called; of one called twice, the last."""
        found: dict[str, Any] = {}
        calls: dict[str, str] = {}
        for message in self.request.messages:
            match message.role:
                case "user":
                    found = {}
                case "assistant":
                    calls |= {made.id: made.name for made in message.calls}
                case _:
                    found[calls.get(message.call_id, "")] = _data(message.text)
        return found

    @cached_property
    def ever(self) -> dict[str, Any]:
        """The same for the whole conversation."""
        calls = {made.id: made.name for message in self.request.messages for made in message.calls}
        return {calls[m.call_id]: _data(m.text) for m in self.request.messages if m.role == "tool"}

    @cached_property
    def before(self) -> str:
        """What was said to the customer last."""
        texts = [message.text for message in self.request.messages if message.role == "assistant" and message.text]
        return texts[-1] if texts else ""

    @cached_property
    def name(self) -> str:
        """The customer's first name, if the instructions tell it."""
        known = re.search(r'"name": "(\w+)', self.request.instructions)
        return known[1] if known else ""

    @cached_property
    def order(self) -> str:
        """The order's number, from anywhere in the conversation."""
        everything = "\n".join(message.text for message in reversed(self.request.messages))
        found = re.search(r"\b\d{8,12}\b", self.customer) or re.search(r"\b\d{8,12}\b", everything)
        return found.group() if found else ""

    def says(self, pattern: str) -> bool:
        """Whether the customer's last message has it."""
        return re.search(pattern, self.customer, re.I) is not None

    def is_told(self, text: str) -> bool:
        """Whether the instructions say it."""
        return " ".join(text.split()) in " ".join(self.request.instructions.split())

    def use(self, tool: str, /, **args: Any) -> ToolCall:
        """A call, as the tool's schema allows it."""
        spec = next((spec for spec in self.request.tools if spec.name == tool), None)
        assert spec is not None, f"{tool} is not among {[spec.name for spec in self.request.tools]}"
        known, needed = spec.parameters["properties"], spec.parameters.get("required", [])
        assert set(needed) <= set(args) <= set(known), f"{tool} takes {list(known)} and needs {needed}; given were {list(args)}"
        return call(tool, **args)


def _data(text: str) -> Any:
    for mark in ("Brief: ", "Outcome: "):
        if mark in text:
            text = text.split(mark)[1]
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except ValueError:
        return text


def llm(request: ModelRequest) -> Answer:
    """The next message: what the first duty does of which the instructions speak."""
    reading = Reading(request)
    assert reading.is_told("State only what a tool told you")
    duty = next(duty for duty, told in DUTIES.items() if reading.is_told(told))
    return duty(reading)


def triage(read: Reading) -> Answer:
    """Which department."""
    about = {"reason": "that is what the customer writes about", "topic": _topic(read)}
    numbered = {**about, "order_number": read.order} if re.search(r"\d{8}", read.customer) else about
    if read.says(r"money back|refund|charged|invoice|how much|buy"):
        return read.use("transfer_to_sales", **numbered)
    if read.says(r"turn on|crash|log in|password"):
        return read.use("transfer_to_technical", **about)
    if read.says(r"order|parcel"):
        return read.use("transfer_to_support", **numbered)
    return "Hello! How can I help you?"


def _topic(read: Reading) -> str:
    topics = {"refund": r"money back|refund", "price": r"how much", "device": r"turn on", "cancel": r"cancel"}
    return next((topic for topic, words in topics.items() if read.says(words)), "order")


def orders(read: Reading) -> Answer:
    """Orders and parcels, from their records."""
    if not read.says(r"order|parcel"):
        return read.use("transfer_to_router", reason="that is not about an order", topic=_topic(read))
    found = read.lately.get("find_order")
    if found is None:
        return read.use("find_order", number=read.order)
    if "refused" in found:
        return f"I am sorry, {found['refused']}. Could you check the number in your confirmation e-mail?"
    greeting = f"{read.name}, " if read.name and not read.before else ""
    if read.says("cancel"):
        return f"{greeting}order {found['order']} is {found['status']} and can still be cancelled. Shall I do that for you?"
    return f"{greeting}order {found['order']} is {found['status']}, with {found['carrier']}, and comes by {found['expected']}."


def faults(read: Reading) -> Answer:
    """Steps, one question, and what the tool's verdict asks for."""
    assert read.is_told("call diagnose: it keeps the diagnosis and gives the next question")
    found = read.lately.get("diagnose")
    if found is None:
        asked = read.use("diagnose", problem="device_wont_start", said=read.customer)
        return asked if read.before else [asked, read.use("search_articles", query="laptop does not turn on")]
    if found.get("verdict") == "hardware":
        return read.use(
            "transfer_to_escalation",
            reason="the questions are over and it is the device",
            topic="hardware",
            summary=f"The {found['device']} does not turn on.",
            device=found["device"],
            findings=found["findings"],
            tried="charging, the power button, another cable",
        )
    steps = read.lately.get("search_articles")
    told = f"I am sorry to hear that, {read.name}. {steps['articles'][0]['text'].split(' A light')[0]} " if steps else "I see. "
    return told + str(found["ask"])


def shop(read: Reading) -> Answer:
    """Products with their price and what may be suggested; money goes on."""
    if read.says(r"money back|refund|charged|invoice"):
        return read.use("transfer_to_billing", reason="it is about money", topic="refund", order_number=read.order)
    if not read.says(r"how much|buy|laptop"):
        return read.use("transfer_to_router", reason="that is not about buying", topic=_topic(read), order_number=read.order)
    found = read.lately.get("find_product")
    if found is None:
        return read.use("find_product", product="Harrow 14 laptop")
    offer = found.get("suggest")
    more = f" By the way, the {offer['product']} {offer['why']}; it is {offer['price']}." if offer else ""
    return f"The {found['product']} is {found['price']}: {found['about']}.{more} Would you like to have one?"


def money(read: Reading) -> Answer:
    """Refunds are delegated, and what came of them is told."""
    assert read.is_told("tell the customer what it says, with its amount, number and day")
    told = read.lately.get("return_to_billing")
    if told is not None and told["status"] == "refunded":
        where = f"is on its way (refund {told['refund_number']}) and is with you by {told['expected']}"
        return f"{told['amount']} for order {told['order_number']} {where}."
    if told is not None:
        return told["explanation"] or "It was not refunded."
    if read.says("thank"):
        return f"You are welcome, {read.name}!"
    return read.use("transfer_to_refunds", reason="money is wanted back", order_number=read.order)


def refunding(read: Reading) -> Answer:
    """Look, ask, refund, return."""
    made = read.lately.get("refund")
    if isinstance(made, dict):
        return read.use(
            "return_to_billing",
            reason="the refund is made",
            status="refunded",
            order_number=made["order"],
            amount=made["amount"],
            refund_number=made["refund"],
            expected=made["expected"],
        )
    if made is not None:
        return read.use("return_to_billing", status="not_approved", order_number=read.order, explanation=str(made))
    found = read.ever.get("check_refund")
    if found is None:
        return read.use("check_refund", order=read.order)
    if read.says(r"^\W*yes\b") and "Shall I return it?" in read.before:
        return read.use("refund", order=found["order"], cents=found["cents"])
    return f"I can return {found['refundable']} for order {found['order']}, until {found['until']}. Shall I return it?"


def people(read: Reading) -> Answer:
    """A ticket, its number, and how to reach the customer."""
    noted = read.lately.get("note_contact")
    if noted is not None:
        return f"Thank you, {noted['name'].split()[0]}. A colleague gets back to you about {noted['ticket']} soon."
    if "reach you" in read.before and (given := re.search(r"([\w ]+), (\S+@\S+) or (\+[\d ]+)", read.customer)):
        return read.use("note_contact", name=given[1], email=given[2], phone=given[3].strip())
    brief = read.lately["transfer_to_escalation"]
    opened = read.lately.get("open_ticket") or read.lately.get("escalate_to_human")
    if opened is None and brief.get("device"):
        body = "\n".join([brief["summary"], *brief["findings"]])
        return read.use("open_ticket", subject=f"Broken {brief['device']}", body=body, priority="high")
    if opened is None:
        return read.use("escalate_to_human", summary=brief["summary"])
    sorry = "I am very sorry. " if read.says("enough") else ""
    told = f"{sorry}{brief['answered']} " if brief["answered"] else sorry
    ask = "" if opened["reachable"] else " How can we reach you, by e-mail or phone, and what is your name?"
    return f"{told}A colleague takes it from here: your case is {opened['ticket']}.{ask}"


DUTIES: dict[Callable[[Reading], Answer], str] = {
    triage: "You meet the customer first.",
    orders: "You look after orders, parcels and addresses.",
    faults: "You help with accounts, passwords, signing up, the app, the site and devices.",
    shop: "You help people choose and buy",
    money: "You look after invoices and fees, and lead refunds and payments.",
    refunding: "You process refunds and nothing else.",
    people: "You take what needs a person.",
}

"""A typed classification with confidence and reasoning picks the agent: the pattern known as Structured Routing."""

from __future__ import annotations

import re
from enum import StrEnum

from pydantic import BaseModel

from command import asked, command, say
from reading import spoken, stem, words
from switchroom import Agent, RunConfig, Runner, route
from switchroom.events import RouteDecided
from switchroom.model import ModelRequest


class Department(StrEnum):
    """Who takes an inquiry."""

    BILLING = "billing"
    TECH = "tech"
    SALES = "sales"
    GENERAL = "general"


class Classification(BaseModel):
    """What the classifier says."""

    department: Department
    confidence: float
    reasoning: str


classifier = Agent(
    "classifier",
    "Classify the customer's inquiry, and say how sure you are, from 0 to 1, and why.",
    output_type=Classification,
)
desk = route(
    classifier,
    {
        Department.BILLING: Agent("billing", "Answer questions on invoices, payments and refunds."),
        Department.TECH: Agent("tech", "Help with errors and what does not work."),
        Department.SALES: Agent("sales", "Answer questions on plans and prices."),
        Department.GENERAL: Agent("general", "Help with anything else."),
    },
    by="department",
    at_least=0.6,
    clarify="Is that about {routes}?",
)

SIGNS = {
    Department.BILLING: frozenset(words("invoice invoices bill charge charged refund payment paid pay twice money")),
    Department.TECH: frozenset(words("error bug broken crash crashes slow fails login screen app sync")),
    Department.SALES: frozenset(words("price prices plan plans upgrade discount demo seats buy order")),
}
PLANS = {"starter": 9, "team": 29, "business": 79}


def classified(text: str) -> Classification:
    """The department most of whose words are in the text; as sure as it is ahead of the others."""
    said = dict.fromkeys(spoken(text))
    found = {department: [word for word in said if stem(word) in signs] for department, signs in SIGNS.items()}
    total = sum(len(signs) for signs in found.values())
    if not total:
        return Classification(department=Department.GENERAL, confidence=0.9, reasoning="no department's words")
    best = max(found, key=lambda department: len(found[department]))
    share = round(len(found[best]) / total, 2)
    return Classification(department=best, confidence=share, reasoning=f"it says {', '.join(found[best])}")


def offline(request: ModelRequest) -> str:
    """The classification by words, and each department's answer by what the text holds."""
    text = request.messages[-1].text
    match request.agent:
        case "classifier":
            return classified(text).model_dump_json()
        case "billing":
            amounts = [float(amount) for amount in re.findall(r"\$(\d+(?:\.\d\d)?)", text)]
            return f"You name {len(amounts)} amounts, ${sum(amounts):.2f} together. We look at each of them."
        case "tech":
            codes = re.findall(r"\b[A-Z]\d{2,4}\b", text)
            return f"We look up {', '.join(codes)}." if codes else "Which error does it show? It has a letter and a number."
        case "sales":
            seats = max([int(number) for number in re.findall(r"\b\d+\b", text)] or [1])
            return "; ".join(f"{plan}: ${price * seats} a month" for plan, price in PLANS.items()) + f", for {seats}."
        case _:
            return "We help with invoices, with faults, and with plans. What can we do for you?"


if __name__ == "__main__":
    text, model = asked(command(__doc__, "I was charged twice, $12.50 and $12.50. I want a refund."), offline)
    result = Runner.run_sync(desk, text, config=RunConfig(model=model))
    [decided] = [fact for fact in result.facts if isinstance(fact, RouteDecided)]
    say(f"to {decided.to}, sure by {decided.confidence:.0%}")
    say(result.final_output)

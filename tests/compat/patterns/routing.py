"""Structured routing: a typed classification, then plain code."""
# ruff: noqa
# pyright: basic
# fmt: off

# What the document leaves undefined:
from switchroom.compat.agents import Agent, Runner
from tests.compat.patterns.triage import billing_agent, sales_agent, tech_agent

general_agent = Agent(name="general", instructions="Help with anything else.")

# As it stands in the document, but for the imports:
from pydantic import BaseModel
from enum import Enum

class Department(str, Enum):
    BILLING = "billing"
    TECH = "tech"
    SALES = "sales"
    GENERAL = "general"

class Classification(BaseModel):
    department: Department
    confidence: float
    reasoning: str

classifier = Agent(
    name="classifier",
    instructions="Classify the customer inquiry into the appropriate department.",
    output_type=Classification
)

agents = {
    Department.BILLING: billing_agent,
    Department.TECH: tech_agent,
    Department.SALES: sales_agent,
    Department.GENERAL: general_agent
}

async def route_inquiry(inquiry: str) -> str:
    # Classify
    classification = await Runner.run(classifier, inquiry)
    dept = classification.final_output.department

    # Route deterministically
    agent = agents[dept]
    result = await Runner.run(agent, inquiry)

    return result.final_output

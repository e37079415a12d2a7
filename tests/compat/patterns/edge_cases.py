"""Edge cases: an agent for what fits nobody."""
# ruff: noqa
# pyright: basic
# fmt: off

# What the document leaves undefined:
from switchroom.compat.agents import Agent
from tests.compat.patterns.triage import billing_agent, sales_agent, tech_agent

# As it stands in the document, but for the imports:
fallback_agent = Agent(
    name="fallback",
    instructions="""You handle requests that don't fit other categories.

    1. Try to help directly if possible
    2. If you can't help, apologize and offer to connect with a human
    3. Collect contact info for follow-up"""
)

triage = Agent(
    name="triage",
    instructions="Route to specialists. If no specialist fits, use fallback.",
    handoffs=[billing_agent, tech_agent, sales_agent, fallback_agent]
)

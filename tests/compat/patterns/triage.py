"""Triage: a central agent routes to specialists."""
# ruff: noqa
# pyright: basic
# fmt: off

# As it stands in the document, but for the imports:
from switchroom.compat.agents import Agent

# Specialist agents
billing_agent = Agent(
    name="billing_specialist",
    instructions="""You handle billing inquiries:
    - Account balances
    - Payment history
    - Invoice questions
    - Refund requests"""
)

tech_agent = Agent(
    name="tech_support",
    instructions="""You handle technical issues:
    - Bug reports
    - Feature questions
    - Integration help
    - Troubleshooting"""
)

sales_agent = Agent(
    name="sales",
    instructions="""You handle sales inquiries:
    - Pricing questions
    - Plan comparisons
    - Upgrade requests
    - Demo scheduling"""
)

# Triage agent
triage = Agent(
    name="triage",
    instructions="""You are the first point of contact.
    Understand the customer's need and route to the appropriate specialist:
    - billing_specialist: billing, payments, refunds
    - tech_support: technical issues, bugs, features
    - sales: pricing, upgrades, demos

    Always greet the customer warmly before routing.""",
    handoffs=[billing_agent, tech_agent, sales_agent]
)

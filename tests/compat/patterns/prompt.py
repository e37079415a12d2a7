"""Prompt engineering for routing: the recommended beginning of instructions."""
# ruff: noqa
# pyright: basic
# fmt: off

# What the document leaves undefined:
from switchroom.compat.agents import Agent
from tests.compat.patterns.triage import billing_agent, sales_agent, tech_agent

# As it stands in the document, but for the imports:
from switchroom.compat.agents.extensions.handoff_prompt import RECOMMENDED_PROMPT_PREFIX

triage = Agent(
    name="triage",
    instructions=f"""{RECOMMENDED_PROMPT_PREFIX}

    You are a customer service triage agent.

    Available specialists:
    - billing_specialist: All billing, payment, and refund questions
    - tech_support: Technical issues and troubleshooting
    - sales: Pricing, plans, and upgrades

    Guidelines:
    1. Greet the customer
    2. Understand their primary need
    3. Route to the most appropriate specialist
    4. If unclear, ask one clarifying question""",
    handoffs=[billing_agent, tech_agent, sales_agent]
)

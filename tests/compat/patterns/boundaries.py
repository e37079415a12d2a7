"""Clear handoff boundaries: explicit criteria."""
# ruff: noqa
# pyright: basic
# fmt: off

# What the document leaves undefined:
from switchroom.compat.agents import Agent
from tests.compat.patterns.triage import billing_agent, sales_agent, tech_agent

# As it stands in the document, but for the imports:
triage = Agent(
    name="triage",
    instructions="""Route based on keywords and intent:

    → billing_specialist:
      - "refund", "charge", "invoice", "payment"
      - Questions about money/billing

    → tech_support:
      - "error", "bug", "broken", "not working"
      - Technical problems

    → sales:
      - "pricing", "upgrade", "plan", "discount"
      - Purchase decisions

    If unclear, ask: "Is this about billing, a technical issue, or purchasing?" """,
    handoffs=[billing_agent, tech_agent, sales_agent]
)

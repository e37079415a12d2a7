"""Hierarchical delegation: specialists that hand over further."""
# ruff: noqa
# pyright: basic
# fmt: off

# What the document leaves undefined:
from switchroom.compat.agents import Agent

# As it stands in the document, but for the imports:
# Level 2 specialists
refund_processor = Agent(
    name="refund_processor",
    instructions="Process refund requests. Verify eligibility and initiate refund."
)

payment_investigator = Agent(
    name="payment_investigator",
    instructions="Investigate failed or disputed payments."
)

# Level 1 specialist (can delegate further)
billing_agent = Agent(
    name="billing_specialist",
    instructions="""Handle billing inquiries.
    - For refunds, delegate to refund_processor
    - For payment issues, delegate to payment_investigator""",
    handoffs=[refund_processor, payment_investigator]
)

# Entry point
triage = Agent(
    name="triage",
    instructions="Route to billing_specialist for any billing matters.",
    handoffs=[billing_agent]
)

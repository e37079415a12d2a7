"""Specialise agents: a focused one."""
# ruff: noqa
# pyright: basic
# fmt: off

# What the document leaves undefined:
from switchroom.compat.agents import Agent

# As it stands in the document, but for the imports:
# Good: Focused agent
refund_agent = Agent(
    name="refund_specialist",
    instructions="""You process refund requests ONLY.

    Steps:
    1. Verify order exists
    2. Check refund eligibility (30-day policy)
    3. Process refund or explain denial

    You do NOT handle: billing inquiries, tech support, sales."""
)

# Avoid: Overloaded agent
# support_agent = Agent(
#     name="support",
#     instructions="Handle billing, tech support, sales, refunds, ..."
# )

"""Agents without a model, and nothing that names one."""

from switchroom import Agent, Runner, Team, handoff

helper = Agent("helper")
sales = Agent("sales", description="plans and prices")
triage = Agent("triage", handoffs=[handoff(sales)])
app = Team([triage])


async def help_out(text: str) -> str:
    """Ask the helper."""
    return (await Runner.run(helper, text)).final_output

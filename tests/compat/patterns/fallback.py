"""Fallback chain: agents in order until one succeeds."""
# ruff: noqa
# pyright: basic
# fmt: off

# What the document leaves undefined:
from switchroom.compat.agents import Agent, Runner, function_tool


@function_tool(failure_error_function=None)
def look_up(query: str) -> str:
    """Look something up."""
    raise ConnectionError("the line is down")


primary_agent = Agent(name="primary", instructions="Answer from the primary source.", tools=[look_up])
backup_agent = Agent(name="backup", instructions="Answer from the backup.")
general_agent = Agent(name="general", instructions="Answer from general knowledge.")

# As it stands in the document, but for the imports:
async def fallback_chain(query: str) -> str:
    agents = [primary_agent, backup_agent, general_agent]

    for agent in agents:
        try:
            result = await Runner.run(agent, query)
            if result.final_output and "I don't know" not in result.final_output:
                return result.final_output
        except Exception:
            continue

    return "I'm sorry, I couldn't help with that request."

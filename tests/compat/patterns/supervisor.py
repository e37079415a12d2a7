"""Supervisor: a manager whose tools run workers."""
# ruff: noqa
# pyright: basic
# fmt: off

# What the document leaves undefined:
from switchroom.compat.agents import Runner
from tests.compat.patterns.pipeline import researcher, writer

# As it stands in the document, but for the imports:
from switchroom.compat.agents import Agent, function_tool

# Worker tools
@function_tool
async def assign_research(topic: str) -> str:
    """Assign research task to research agent."""
    result = await Runner.run(researcher, topic)
    return result.final_output

@function_tool
async def assign_writing(content: str) -> str:
    """Assign writing task to writer agent."""
    result = await Runner.run(writer, content)
    return result.final_output

supervisor = Agent(
    name="supervisor",
    instructions="""You coordinate a team to complete tasks.

    Available workers:
    - assign_research: Get research on a topic
    - assign_writing: Get content written

    Break down complex requests and coordinate the team.""",
    tools=[assign_research, assign_writing]
)

"""Sequential pipeline: agents in order."""
# ruff: noqa
# pyright: basic
# fmt: off

# As it stands in the document, but for the imports:
from switchroom.compat.agents import Agent, Runner

researcher = Agent(
    name="researcher",
    instructions="Research the topic thoroughly. Gather facts and sources."
)

analyst = Agent(
    name="analyst",
    instructions="Analyze the research. Identify key insights and patterns."
)

writer = Agent(
    name="writer",
    instructions="Write a clear, engaging report based on the analysis."
)

async def research_pipeline(topic: str) -> str:
    # Step 1: Research
    research = await Runner.run(researcher, f"Research: {topic}")

    # Step 2: Analyze
    analysis = await Runner.run(
        analyst,
        f"Analyze this research:\n\n{research.final_output}"
    )

    # Step 3: Write
    report = await Runner.run(
        writer,
        f"Write a report based on:\n\n{analysis.final_output}"
    )

    return report.final_output

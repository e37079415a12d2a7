"""Parallel execution: independent agents at once."""
# ruff: noqa
# pyright: basic
# fmt: off

# As it stands in the document, but for the imports:
import asyncio
from switchroom.compat.agents import Agent, Runner

sentiment_agent = Agent(
    name="sentiment",
    instructions="Analyze the sentiment of the text. Return: positive, negative, or neutral."
)

topic_agent = Agent(
    name="topics",
    instructions="Extract the main topics from the text. Return as a list."
)

entity_agent = Agent(
    name="entities",
    instructions="Extract named entities (people, places, organizations) from the text."
)

async def analyze_text(text: str) -> dict:
    # Run all analyses in parallel
    results = await asyncio.gather(
        Runner.run(sentiment_agent, text),
        Runner.run(topic_agent, text),
        Runner.run(entity_agent, text)
    )

    return {
        "sentiment": results[0].final_output,
        "topics": results[1].final_output,
        "entities": results[2].final_output
    }

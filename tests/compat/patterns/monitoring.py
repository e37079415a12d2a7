"""Monitor and iterate: a run with tracing."""
# ruff: noqa
# pyright: basic
# fmt: off

# What the document leaves undefined:
from switchroom.compat.agents import Runner
from tests.compat.patterns.triage import triage

# As it stands in the document, but for the imports:
from switchroom.compat.agents import Agent, RunConfig


async def run(inquiry: str):
    config = RunConfig(
        trace_include_sensitive_data=True,
        workflow_name="customer_support"
    )

    # Run with tracing
    result = await Runner.run(triage, inquiry, run_config=config)

    # Analyze traces in OpenAI dashboard or external processor
    return result

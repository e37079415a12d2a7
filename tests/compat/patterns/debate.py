"""Debate: agents discuss, and a moderator concludes."""
# ruff: noqa
# pyright: basic
# fmt: off

# What the document leaves undefined:
from switchroom.compat.agents import Agent, Runner

# As it stands in the document, but for the imports:
async def debate(question: str, rounds: int = 3) -> str:
    optimist = Agent(
        name="optimist",
        instructions="Argue for the positive aspects and opportunities."
    )

    skeptic = Agent(
        name="skeptic",
        instructions="Argue for caution and potential risks."
    )

    moderator = Agent(
        name="moderator",
        instructions="Synthesize the arguments into a balanced conclusion."
    )

    discussion = f"Question: {question}\n\n"

    for i in range(rounds):
        opt = await Runner.run(optimist, discussion + "Present your argument.")
        discussion += f"\nOptimist: {opt.final_output}\n"

        skep = await Runner.run(skeptic, discussion + "Present your counterargument.")
        discussion += f"\nSkeptic: {skep.final_output}\n"

    conclusion = await Runner.run(moderator, discussion + "Provide your conclusion.")
    return conclusion.final_output

"""Evaluation loop: until the criteria are met."""
# ruff: noqa
# pyright: basic
# fmt: off

# What the document leaves undefined:
from switchroom.compat.agents import Agent, Runner

# As it stands in the document, but for the imports:
from pydantic import BaseModel

class EvaluationResult(BaseModel):
    score: int  # 1-10
    feedback: str
    passes: bool

writer = Agent(
    name="writer",
    instructions="Write content based on the prompt and any feedback provided."
)

evaluator = Agent(
    name="evaluator",
    instructions="""Evaluate the content on:
    - Clarity (1-10)
    - Completeness (1-10)
    - Accuracy (1-10)

    Provide specific feedback for improvement.
    Set passes=True if average score >= 8.""",
    output_type=EvaluationResult
)

async def write_with_feedback(prompt: str, max_iterations: int = 3) -> str:
    content = ""
    feedback = ""

    for i in range(max_iterations):
        # Generate/revise content
        writer_input = f"Prompt: {prompt}"
        if feedback:
            writer_input += f"\n\nPrevious feedback: {feedback}"

        content_result = await Runner.run(writer, writer_input)
        content = content_result.final_output

        # Evaluate
        eval_result = await Runner.run(
            evaluator,
            f"Evaluate this content:\n\n{content}"
        )

        if eval_result.final_output.passes:
            return content

        feedback = eval_result.final_output.feedback

    return content  # Return best effort

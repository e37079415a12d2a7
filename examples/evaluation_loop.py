"""A writer and an evaluator with a typed verdict, until it passes: the pattern known as Evaluation Loop."""

from __future__ import annotations

from pydantic import BaseModel

from command import asked, command, say
from library import passages
from reading import sentences, words, years
from switchroom import Agent, RunConfig, Runner, refine
from switchroom.model import ModelRequest


class EvaluationResult(BaseModel):
    """What the evaluator says of a draft."""

    score: int
    feedback: str
    passes: bool


writer = Agent("writer", "Answer the question in a few sentences, and heed any feedback.")
evaluator = Agent(
    "evaluator",
    "Judge clarity, completeness and accuracy of the draft from 1 to 10. Say what to do better. It passes from 8 on.",
    output_type=EvaluationResult,
)
loop = refine(writer, evaluator, rounds=3, scale=(1, 10))


def offline(request: ModelRequest) -> str:
    """Drafts that grow by a sentence with each round; a verdict by the words of the question that a draft takes up."""
    if request.agent == "writer":
        question, *earlier = request.messages
        written = len(sentences(earlier[0].text)) if earlier else 0
        return " ".join(passages(question.text, written + 1)) or "I do not know."
    task, _, draft = request.messages[-1].text.partition("\n\nThe draft to judge:\n")
    return evaluated(task.removeprefix("The task:\n"), draft).model_dump_json()


def evaluated(task: str, draft: str) -> EvaluationResult:
    """A point for all of the question, as far as the draft has its words; and one for each year that it names."""
    wanted = set(words(task))
    missing = [word for word in dict.fromkeys(words(task)) if word not in words(draft)]
    score = max(1, min(10, round(7 * (1 - len(missing) / max(1, len(wanted)))) + len(years(draft)) + 1))
    asks = [f"Say something on: {', '.join(missing)}."] if missing else []
    asks += ["Name a year."] if not years(draft) else []
    return EvaluationResult(score=score, feedback=" ".join(asks) or "Good.", passes=score >= 8)


if __name__ == "__main__":
    text, model = asked(command(__doc__, "Which exchanges with crossbar opened in Brooklyn and in Pennsylvania?"), offline)
    result = Runner.run_sync(loop, text, config=RunConfig(model=model)).final_output
    say(result.draft)
    say(f"passed: {result.passed}, rounds: {result.rounds}, score: {result.verdict.score}, {result.verdict.feedback}")

"""An optimist and a skeptic argue for some rounds, and a moderator concludes: the Debate Pattern."""

from __future__ import annotations

import re

from command import asked, command, say
from library import PASSAGES
from reading import words
from switchroom import Agent, RunConfig, Runner, debate
from switchroom.model import ModelRequest

HOPES = frozenset(words("automatic could dial first free himself little new public reach service"))
FEARS = frozenset(words("busy cause elsewhere fail failed fault needed rude wears"))

discussion = debate(
    Agent("optimist", "Argue for the opportunities. Bring a new argument each time."),
    Agent("skeptic", "Argue for caution, and name the risks. Bring a new argument each time."),
    rounds=2,
    judge=Agent("moderator", "Weigh the arguments, and conclude in a few sentences."),
)


def offline(request: ModelRequest) -> str:
    """Arguments are passages of the library that sound like the side and were not brought yet; the moderator weighs them."""
    motion = request.messages[-1].text
    question = motion.partition("\n")[0].removeprefix("Question: ")
    found = {one.text: one.score for one in PASSAGES.search(question, 100)}
    if request.agent == "moderator":
        return weighed(motion, found)
    signs = HOPES if request.agent == "optimist" else FEARS
    fresh = {text: score for text, score in found.items() if text not in motion and signs & set(words(text))}
    return max(fresh, key=lambda text: fresh[text] + 0.1 * len(signs & set(words(text))), default="I have nothing more to say.")


def weighed(motion: str, found: dict[str, float]) -> str:
    """Whose arguments are nearer to the question, and the strongest of them."""
    brought = re.findall(r"^(optimist|skeptic): (.+)$", motion, re.MULTILINE)
    weight = {side: sum(found.get(text, 0.0) for by, text in brought if by == side) for side in ("optimist", "skeptic")}
    if not any(weight.values()):
        return "Neither side had anything to the point."
    ahead = max(weight, key=lambda side: weight[side])
    best = max((text for by, text in brought if by == ahead), key=lambda text: found.get(text, 0.0))
    return f"The {ahead} was more to the point ({weight[ahead]:.2f} of {sum(weight.values()):.2f}). Above all: {best}"


if __name__ == "__main__":
    text, model = asked(command(__doc__, "Should an exchange be controlled by a program?"), offline)
    held = Runner.run_sync(discussion, text, config=RunConfig(model=model)).final_output
    for argument in held.arguments:
        say(f"{argument.round} {argument.side}: {argument.text}")
    say(held.conclusion)

"""Several readers asked at once, and one who puts their answers together: the course's ParallelWorkflow with its synthesis."""

from __future__ import annotations

import json

from command import asked, command, say
from library import ARTICLES
from reading import Index, sentences, years
from switchroom import Agent, RunConfig, Runner, parallel
from switchroom.model import ModelRequest

SHELVES = {
    shelf: Index({sentence: sentence for article in ARTICLES for sentence in sentences(article.text) if article.shelf == shelf})
    for shelf in ("manual", "automatic", "electronic")
}

readers = {
    shelf: Agent(shelf, f"You know {shelf} telephone exchanges and nothing else. Answer from that in one or two sentences.")
    for shelf in SHELVES
}
synthesis = Agent("synthesis", "You are given several experts' answers as JSON. Make one answer of them, in the order of time.")
workflow = parallel(readers, join=synthesis)


def offline(request: ModelRequest) -> str:
    """What a reader finds on its shelf; and of all that, what is to the point, in the order of time."""
    newest = request.messages[-1].text
    if request.agent != "synthesis":
        found = SHELVES[request.agent].search(newest, 2)
        return " ".join(one.text for one in found if one.score > 0.2) or f"Nothing on {request.agent} exchanges."
    answers: dict[str, str] = json.loads(newest)
    known = {shelf: answer for shelf, answer in answers.items() if not answer.startswith("Nothing")}
    told = sorted((years(answer) or [9999], shelf, answer) for shelf, answer in known.items())
    lines = [f"{shelf}: {answer}" for _, shelf, answer in told]
    silent = [f"(nothing on {shelf} exchanges)" for shelf in answers if shelf not in known]
    return "\n".join([*lines, *silent])


if __name__ == "__main__":
    text, model = asked(command(__doc__, "What did operators do on long distance calls?"), offline)
    say(Runner.run_sync(workflow, text, config=RunConfig(model=model)).final_output)

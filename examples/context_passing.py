"""Query, user, session, earlier results and metadata travel along, and a request id into the logs: Context Passing."""

from __future__ import annotations

import logging
import sys
from typing import Any

from pydantic import BaseModel

from command import asked, command, say
from library import passages
from reading import spoken, years
from switchroom import Agent, RunConfig, RunContext, Runner, ToolContext, sequential, tool
from switchroom.context import request_id, trace_id
from switchroom.model import ModelRequest
from switchroom.step import Scope
from switchroom.testing import Reply, call

log = logging.getLogger("exchange")
traces: set[str] = set()


class AgentContext(BaseModel):
    """What all who take part share."""

    query: str
    user_id: str
    session_id: str
    previous_results: list[str] = []
    metadata: dict[str, Any] = {}


class Ids(logging.Filter):
    """Puts the request's id on each record, wherever in the run it was written."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it pass, with the id."""
        record.request_id = request_id()
        traces.add(trace_id())
        return True


async def understand(query: str, scope: Scope) -> list[str]:
    """The words that say something; they go into the metadata, for whoever comes later."""
    terms = list(dict.fromkeys(spoken(query)))
    await scope.update(metadata={"terms": len(terms)})
    log.info("understood %d terms", len(terms))
    return terms


@tool(effect="idempotent")
def look_up(ctx: ToolContext, term: str) -> str:
    """Look one term up in the library."""
    found = passages(term, 1)
    ctx.update(previous_results=[*ctx.state.previous_results, *(one for one in found if one not in ctx.state.previous_results)])
    log.info("looked up %s", term)
    return found[0] if found else "nothing"


def instructions(ctx: RunContext) -> str:
    """What the researcher is told: who asks, and what."""
    state: AgentContext = ctx.state
    return f"Look up each term. {state.user_id} asks: {state.query}"


researcher = Agent("researcher", instructions, tools=[look_up])


async def answer(summary: str, scope: Scope) -> str:
    """The answer, from what the others left in the context and not only from what the last of them said."""
    state: AgentContext = scope.state
    named = years(" ".join(state.previous_results))
    await scope.update(metadata={**state.metadata, "years": named})
    log.info("answers %s", state.user_id)
    return f"For {state.user_id}: {len(state.previous_results)} passages on {state.metadata['terms']} terms. {summary}"


pipeline = sequential(understand, researcher, answer)


def offline(request: ModelRequest) -> Reply:
    """The researcher looks every term up, one after the other, and repeats what was told last of the first."""
    terms: list[str] = [term.strip(' "[]') for term in request.messages[0].text.split(",")]
    told = [message.text for message in request.messages if message.role == "tool"]
    return call("look_up", term=terms[len(told)]) if len(told) < len(terms) else told[0]


if __name__ == "__main__":
    parser = command(__doc__, "Crossbar exchanges in Brooklyn")
    parser.add_argument("--user", default="customer 12")
    given = parser.parse_args()
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(Ids())
    handler.setFormatter(logging.Formatter("[%(request_id)s] %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    text, model = asked(parser, offline)
    state = AgentContext(query=text, user_id=given.user, session_id="s-1")
    result = Runner.run_sync(pipeline, text, state=state, config=RunConfig(model=model, request_id="r-7"))
    say(result.final_output)
    say(f"metadata: {result.state.metadata}, one trace: {traces == {result.trace_id}}")

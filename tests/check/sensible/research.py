"""A pipeline in plain code: agents in order and at once, of which some may fail."""

import asyncio
import logging

from pydantic import BaseModel

from switchroom import Agent, RunConfig, RunError
from switchroom.step import Scope
from switchroom.testing import FunctionModel

log = logging.getLogger(__name__)


class Plan(BaseModel):
    """What is to be read."""

    pages: list[str]


planner = Agent("planner", output_type=Plan)
readers = [Agent(f"reader{number}") for number in range(3)]
writer, critic = Agent("writer"), Agent("critic")


async def app(question: str, scope: Scope) -> str:
    """Have a question researched."""
    plan = await scope.call(planner, question)
    notes: list[str] = []
    for page in plan.pages:
        try:
            notes.append(await scope.call(readers[0], page))
        except RunError as error:
            log.warning("%s was not read: %s", page, error)
    more = await asyncio.gather(*[scope.call(reader, question) for reader in readers], return_exceptions=True)
    return await written(scope, [*notes, *map(str, more)])


async def written(scope: Scope, notes: list[str]) -> str:
    """What the writer makes of notes, and again if the critic wants so."""
    draft = await scope.call(writer, "\n".join(notes))
    verdict = await scope.call(critic, draft)
    return draft if "good" in verdict else await scope.call(writer, verdict)


config = RunConfig(model=FunctionModel(lambda request: "hello"))

"""Asking a person, and waiting for the answer outside of the process."""

from __future__ import annotations

from switchroom.attempt import Suspended
from switchroom.events import PersonAsked
from switchroom.perform.run import AgentRun, Note
from switchroom.rules.commands import AskPerson, Wait


async def ask_person(run: AgentRun, command: AskPerson, note: Note) -> None:
    """Ask a person to approve calls, all of an answer together; each question's id is the call's path."""
    state = run.scope.fold
    questions: list[PersonAsked] = []
    for index in command.indexes:
        call = state.calls[index].call
        assert isinstance(call.args, dict), "a call that was judged has valid arguments"
        id = f"{run.scope.path}/{call.name}#{state.answers}.{index}"
        questions.append(PersonAsked(index, id, state.asker, call.name, call.args))
    await note(*questions)


async def wait(run: AgentRun, command: Wait, note: Note) -> None:
    """End the run as waiting. The answer resumes it, in this process or another.

    Raises:
        Suspended: always.
    """
    raise Suspended

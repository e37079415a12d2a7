"""Judging: inputs by the input guardrails, answers by their declared type and the output guardrails."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec.structs import replace

from switchroom.errors import GuardrailTripped, ModelRefused, UserError
from switchroom.events import (
    AnswerRejected,
    AnswerReplaced,
    AnswerWithdrawn,
    GuardTripped,
    InputJudged,
    RunEvent,
    StepReturned,
    TextDelta,
)
from switchroom.guardrail import Guardrail, Judgement, Pass, Replace, Trip
from switchroom.messages import Message, Text
from switchroom.perform.run import AgentRun, Note
from switchroom.roster import Role
from switchroom.rules.commands import Finish, JudgeInput
from switchroom.rules.speech import joined, spoken_parts
from switchroom.schema import Invalid, as_text


async def judge_input(run: AgentRun, command: JudgeInput, note: Note) -> None:
    """Put what the person says in the input, message by message, to the guardrails of the agent who is active first.

    Raises:
        GuardrailTripped: one of them said no.
    """
    state = run.scope.fold
    given = tuple(state.history[len(state.history) - state.fresh :])
    passed: list[Message] = []
    for index, message in enumerate(given):
        text = message.text
        for position, guard in enumerate(run.roster[state.agent].input_guards if message.role == "user" else ()):
            place = f"on_input{position}#{state.answers}.{index}"
            text = await apply(run, guard, Judged(state.agent, text, place), note)
        passed.append(message if text == message.text else _with_text(message, text))
    judged = tuple(passed)
    await note(InputJudged(state.agent, None if judged == given else judged))


def _with_text(message: Message, text: str) -> Message:
    """The message with another text; its pictures and files stay."""
    if isinstance(message.content, str):
        return replace(message, content=text)
    others = tuple(part for part in message.content if not isinstance(part, Text))
    return replace(message, content=(Text(text), *others))


def returned_at_once(run: AgentRun, role: Role, answer: Message) -> StepReturned | None:
    """Return the fact that ends the run with an answer, to be recorded together with the answer: one write for both.

    Returns:
        None if `finish` has to look at the answer: it is judged, typed, or something was said before it; or the commands of
        the run are wrapped, and the wrappers expect `Finish`. Typed answers run validators, whose failures follow the answer.
    """
    state = run.scope.fold
    if role.output.shape is not None or role.output_guards or state.spoke or state.faults or answer.refusal:
        return None
    if run.scope.attempt.config.wrappers:
        return None
    try:
        return StepReturned(role.output.read(answer.text))
    except Invalid:
        return None


async def finish(run: AgentRun, command: Finish, note: Note) -> None:
    """Judge an answer, and return it; one that is not of its type goes back to the model.

    Raises:
        GuardrailTripped: an output guardrail said no.
        ModelRefused: the model refused, and the answer has a declared type.
    """
    state = run.scope.fold
    answer = state.answer
    assert answer is not None, "the rules finish only what was answered"
    role = run.roster[answer.agent]
    if answer.refusal and role.output.shape is not None:
        await withdraw(run, answer.agent, "the model refused", note)
        raise ModelRefused(f"The model of agent '{answer.agent}' refused: {answer.text}")
    try:
        output = role.output.read(answer.text)
    except Invalid as fault:
        reason = f"it was cut off before its end: {fault}" if answer.truncated else str(fault)
        return await withdraw(run, answer.agent, reason, note, AnswerRejected(answer.agent, reason))
    returned = _all_heard(run, role, output) if state.spoke else StepReturned(output)
    if state.replaced or not role.output_guards:
        return await note(returned)
    judged = typed = role.output.load(output)
    for position, guard in enumerate(role.output_guards):
        judged = await apply(run, guard, Judged(answer.agent, judged, f"on_output{position}#{state.answers}"), note)
    text = answer.text if judged is typed else _replaced(role, judged, answer.agent)
    if role.hold and run.scope.attempt.streamed:
        run.scope.attempt.show(RunEvent(run.scope.path, TextDelta(text, answer.agent, state.answers)))
    if judged is typed:
        return await note(returned)
    return await withdraw(run, answer.agent, "replaced by a guardrail", note, AnswerReplaced(answer.agent, text))


def _all_heard(run: AgentRun, role: Role, output: Any) -> StepReturned:
    """Return the fact that ends the run. A turn's own agent gives all that was heard; a nested run, its last answer."""
    scope = run.scope
    if role.output.shape is not None or scope.path != scope.attempt.root.path:
        return StepReturned(output)
    parts = spoken_parts(scope.attempt.events, scope.path)
    return StepReturned(output) if len(parts) < 2 else StepReturned(joined(parts), output)


def _replaced(role: Role, value: Any, agent: str) -> str:
    """The text of the value that a guardrail put in an answer's place.

    Raises:
        UserError: it would be no answer of this agent.
    """
    owner = f"An output guardrail of agent '{agent}'"
    text = role.output.text(value, owner)
    try:
        role.output.read(text)
    except Invalid as fault:
        raise UserError(f"{owner} gave {value!r}, which is no answer of it: {fault}.") from fault
    return text


async def withdraw(run: AgentRun, agent: str, reason: str, note: Note, *then: Any) -> None:
    """Note that what was shown of an answer does not hold, if anything was, and what follows from it."""
    shown = run.scope.said
    run.scope.said = None
    facts = (*((AnswerWithdrawn(agent, reason),) if shown else ()), *then)
    if facts:
        await note(*facts)


class Judged(NamedTuple):
    """What a guardrail is asked about: for which agent, the value, and the place where the guardrail runs."""

    agent: str
    value: Any
    place: str


async def apply(run: AgentRun, guard: Guardrail, judged: Judged, note: Note) -> Any:
    """The value as a guardrail lets it through.

    Raises:
        GuardrailTripped: it said no, which is noted.
        UserError: it gave back something else than a judgement.
    """
    agent, value, place = judged
    judgement: Judgement = await run.ask(place, agent, lambda context: guard.judge(context, value))
    match judgement:
        case Pass():
            return value
        case Replace():
            if guard.where == "input":
                return _text(judgement.value, guard)
            return judgement.value
        case Trip():
            tripped = GuardTripped(agent, guard.name, judgement.reason)
            if guard.where == "output":
                await withdraw(run, agent, judgement.reason, note, tripped)
            else:
                await note(tripped)
            raise GuardrailTripped(guard.name, judgement.reason)
        case _:  # pyright: ignore[reportUnnecessaryComparison]
            raise UserError(
                f"Guardrail '{guard.name}' returned {judgement!r}; it returns Pass(), Replace(value) or Trip(reason)."
            )


def _text(value: Any, guard: Guardrail) -> str:
    if not isinstance(value, str):
        raise UserError(f"Guardrail '{guard.name}' replaced an input by {value!r}; an input is text.")
    return as_text(value, f"Guardrail '{guard.name}'")

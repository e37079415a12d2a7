"""What is expected of a run, said in its order: `expect(result).handoff("triage", "billing").tool("refund").answer(...)`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, cast

import msgspec

from switchroom.errors import UserError
from switchroom.events import (
    GuardTripped,
    HandoffCommitted,
    HandoffDeclined,
    HandoffReturned,
    ModelAnswered,
    PersonAsked,
    StepFailed,
    StepReturned,
    ToolFailed,
    ToolReturned,
)
from switchroom.result import RunResult
from switchroom.schema import as_json, jsonable
from switchroom.testing import reading
from switchroom.testing import wanted as want
from switchroom.testing.lines import called, data
from switchroom.testing.transcript import Moment, Told, is_turns_own, moments
from switchroom.testing.wanted import Check, Fields, Texts, Wanted
from switchroom.usage import Usage


class Expectation:
    """What is expected of a run. Each method looks for what it wants behind what was found before, and goes on from there.

    Made by `expect`. A method gives a new expectation, so that one can be gone on from in two ways. Where nothing like it is
    there, it raises an AssertionError that shows what comes nearest, and the run from there on.

    A text may be wanted as exactly that text, as a pattern (`re.compile`) that is found in it, or as a function that says
    whether it will do; fields (arguments, a brief) as a dict of some of them, or as a function of all.
    """

    __slots__ = ("_moments", "_position", "_state")

    def __init__(self, moments: Sequence[Moment], state: dict[str, Any], position: int = 0) -> None:
        self._moments = moments
        self._state = state
        self._position = position

    # who has the conversation ------------------------------------------------------------------------------------------

    def handoff(self, source: str, target: str, *, reason: Texts | None = None, brief: Fields | None = None) -> Expectation:
        """One agent puts the conversation through to another.

        Args:
            source: who had it.
            target: who gets it.
            reason: why.
            brief: the fields that the target required.
        """
        checks = [*want.text("reason", reason), *want.fields("brief", brief)]
        return self._find(Wanted(f"handoff {source} -> {target}", (HandoffCommitted,), _ends(source, target), checks))

    def declined(self, source: str, target: str, *, reason: Texts | None = None) -> Expectation:
        """A target does not take the conversation."""
        named, checks = _ends(source, target), want.text("reason", reason)
        return self._find(Wanted(f"declined handoff {source} -> {target}", (HandoffDeclined,), named, checks))

    def returned(self, source: str, target: str, *, outcome: Fields | None = None) -> Expectation:
        """An agent gives the conversation back to who asked."""
        named, checks = _ends(source, target), want.fields("outcome", outcome)
        return self._find(Wanted(f"return {source} -> {target}", (HandoffReturned,), named, checks))

    def agents(self, names: Sequence[str]) -> Expectation:
        """Exactly these agents have the conversation, one after the other, in the whole run."""
        had = reading.agents_of(self._moments)
        if had != list(names):
            self._fail(f"The conversation was with {had}, not with {list(names)}.", 0)
        return self

    # what was called ---------------------------------------------------------------------------------------------------

    def tool(
        self,
        name: str,
        *,
        args: Fields | None = None,
        returns: Any = None,
        agent: str | None = None,
        failed: bool | None = None,
    ) -> Expectation:
        """A tool is called, and comes to an end. Calls of one answer stand in their order.

        Args:
            name: of the tool.
            args: its arguments.
            returns: the text that the model reads; or a value, whose JSON that is.
            agent: who calls it.
            failed: whether it fails: it raises, or has the model told of a failure.
        """
        checks = [
            *want.equal("agent", agent),
            *want.fields("args", args, _args),
            *_result(returns),
            *want.equal("failed", failed, _failed),
        ]
        return self._find(Wanted(f"call of {name}", (ToolReturned, ToolFailed), want.equal("tool", name), checks))

    def no_tool(self, name: str) -> Expectation:
        """From here on no model asks for this tool, not even to be refused."""
        for index in range(self._position, len(self._moments)):
            fact = self._moments[index].fact
            made = [call for call in fact.message.calls if call.name == name] if isinstance(fact, ModelAnswered) else []
            if made:
                self._fail(f"'{name}' is not to be called, and {fact.agent} calls {', '.join(map(called, made))}.", index)
        return self

    def waits_for(self, tool: str, *, args: Fields | None = None) -> Expectation:
        """At its end the run waits for a person to answer about a call."""
        named, checks = want.equal("tool", tool), want.fields("args", args)
        wanted = Wanted(f"open question about {tool}", (PersonAsked,), named, checks)
        open = reading.questions_of(self._moments)
        if all(wanted.faults(moment) for moment in open):
            self._missing(wanted, open)
        return self

    # what was said -----------------------------------------------------------------------------------------------------

    def asked(self, agent: str) -> Expectation:
        """An agent's model is asked, and answers."""
        return self._find(Wanted(f"answer of {agent}'s model", (ModelAnswered,), want.equal("agent", agent)))

    def says(
        self,
        text: Texts | None = None,
        *,
        agent: str | None = None,
        contains: str | Sequence[str] | None = None,
        matches: str | re.Pattern[str] | None = None,
    ) -> Expectation:
        """A model says something, with or without calls.

        Args:
            text: what it says.
            agent: on whose behalf.
            contains: a text or several that are in it.
            matches: a regular expression that is found in it.
        """
        checks = [
            *want.text("text", text, _spoken),
            *want.containing("text", contains, _spoken),
            *want.matching("text", matches, _spoken),
        ]
        return self._find(Wanted(f"words of {agent or 'an agent'}", (ModelAnswered,), want.equal("agent", agent), checks))

    def answer(
        self,
        text: Any = None,
        *,
        contains: str | Sequence[str] | None = None,
        matches: str | re.Pattern[str] | None = None,
        by: str | None = None,
    ) -> Expectation:
        """A turn ends with an answer. Of an answer in several parts it is the last; `says` finds the parts before it.

        Args:
            text: exactly this text; or the value, of an answer of a declared type.
            contains: a text or several that are in it.
            matches: a regular expression that is found in it.
            by: the agent who gave it.
        """
        checks = [
            *want.equal("output", text, _answer),
            *want.containing("output", contains, _output),
            *want.matching("output", matches, _output),
            *want.equal("agent", by, lambda moment: reading.answered_by(self._moments, moment)),
        ]
        return self._find(Wanted("final answer", (StepReturned,), (), checks), _ends_a_turn)

    # what went wrong ---------------------------------------------------------------------------------------------------

    def guardrail(self, name: str, *, agent: str | None = None, reason: Texts | None = None) -> Expectation:
        """A guardrail trips."""
        checks = [*want.equal("agent", agent), *want.text("reason", reason)]
        return self._find(Wanted(f"tripped guardrail {name}", (GuardTripped,), want.equal("guardrail", name), checks))

    def fails(self, error: type[BaseException] | str, *, contains: str | Sequence[str] | None = None) -> Expectation:
        """A turn ends with an exception.

        Args:
            error: its type, or the name of it.
            contains: a text or several that are in its message.
        """
        name = error if isinstance(error, str) else error.__name__
        checks = want.containing("message", contains, want.field("message"))
        return self._find(Wanted(f"failure with {name}", (StepFailed,), want.equal("error", name), checks), _ends_a_turn)

    # sums --------------------------------------------------------------------------------------------------------------

    def requests(self, exactly: int | None = None, *, at_most: int | None = None, of: str | None = None) -> Expectation:
        """So many answers of models, in the whole run.

        Args:
            exactly: how many.
            at_most: at most how many.
            of: count only this agent's.
        """
        count = len(reading.answers_of(self._moments, of))
        if exactly is not None and count != exactly:
            self._fail(f"{_whose(of)} had {count} model answers, not {exactly}.", 0)
        if at_most is not None and count > at_most:
            self._fail(f"{_whose(of)} had {count} model answers, more than {at_most}.", 0)
        return self

    def usage(self, *, of: str | None = None, **at_most: int) -> Expectation:
        """Models used at most so much, in the whole run.

        Args:
            of: count only this agent's.
            at_most: bounds by the fields of `Usage`, such as `input_tokens=2000`, `output_tokens=500`, `total_tokens=2500`.

        Raises:
            UserError: usage has no such field.
        """
        used = reading.usage_of(self._moments, of)
        for name, bound in at_most.items():
            if name not in (*Usage.__struct_fields__, "total_tokens"):
                raise UserError(f"usage({name}=...): usage has {[*Usage.__struct_fields__, 'total_tokens']}.")
            if getattr(used, name) > bound:
                self._fail(f"{_whose(of)} used {getattr(used, name)} {name}, more than {bound}.", 0)
        return self

    def state(self, **values: Any) -> Expectation:
        """At its end the shared state has these values. Events of a later turn say only what changed in it; its result, all."""
        known = reading.state_of(self._moments, self._state)
        for name, value in values.items():
            plain = jsonable(value, f"state({name}=...)")
            if name not in known:
                self._fail(f"The run does not say what '{name}' is in the state; it says {data(known)}.", 0)
            if known[name] != plain:
                self._fail(f"In the state '{name}' is {data(known[name])}, not {data(plain)}.", 0)
        return self

    # finding -----------------------------------------------------------------------------------------------------------

    def _find(self, wanted: Wanted, where: Callable[[Moment], bool] = lambda moment: True) -> Expectation:
        near: list[Moment] = []
        for index in range(self._position, len(self._moments)):
            moment = self._moments[index]
            if isinstance(moment.fact, wanted.kinds) and where(moment):
                if not wanted.faults(moment):
                    return Expectation(self._moments, self._state, index + 1)
                near.append(moment)
        self._missing(wanted, near)

    def _missing(self, wanted: Wanted, near: Sequence[Moment]) -> NoReturn:
        lines = [f"There is no {wanted}{', from here on' if self._position else ''}."]
        nearest = wanted.nearest(near)
        if nearest is not None:
            lines.append(f"  nearest: {nearest.shown}")
            lines += [f"           {fault}" for fault in wanted.faults(nearest)]
        before = self._moments[: self._position]
        earlier = [one for one in before if isinstance(one.fact, wanted.kinds) and not wanted.faults(one)]
        if earlier:
            lines.append(f"  earlier: {earlier[-1].shown}")
        lines += _close(wanted, [moment for moment in self._moments if isinstance(moment.fact, wanted.kinds)])
        self._fail("\n".join(lines), self._position)

    def _fail(self, message: str, position: int) -> NoReturn:
        __tracebackhide__ = True
        shown = [line for moment in self._moments[position:] for line in moment.lines] or ["(nothing more)"]
        about = "The run from there:" if position else "The run:"
        raise AssertionError("\n".join([message, about, *(f"  {line}" for line in shown)]))


def expect(run: Told) -> Expectation:
    """Begin to say what is expected of a run.

    Args:
        run: a result, an exception that a run raised, what the play of a cassette gave, or a list of events or facts.

    Raises:
        UserError: it is none of these.
    """
    return Expectation(moments(run), _shared(run))


def _shared(run: Told) -> dict[str, Any]:
    """The shared state at the end, where the run is a result or carries one."""
    result: Any = getattr(run, "run", None) if isinstance(run, BaseException) else run
    state = result.state if isinstance(result, RunResult) else None
    return {} if state is None else as_json(state)


def _ends(source: str, target: str) -> list[Check]:
    return [*want.equal("source", source), *want.equal("target", target)]


def _ends_a_turn(moment: Moment) -> bool:
    return is_turns_own(moment.event.path)


def _args(moment: Moment) -> Any:
    return None if moment.call is None else moment.call.args


def _failed(moment: Moment) -> bool:
    return isinstance(moment.fact, ToolFailed) or moment.fact.failed


def _result(wanted: Any) -> list[Check]:
    if wanted is None or isinstance(wanted, str | re.Pattern) or callable(wanted):
        return want.text("result", cast("Texts | None", wanted), want.field("text"))
    return want.equal("result", wanted, _as_data)


def _as_data(moment: Moment) -> Any:
    text = getattr(moment.fact, "text", "")
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _spoken(moment: Moment) -> str:
    return moment.fact.message.text


def _answer(moment: Moment) -> Any:
    return moment.fact.last or moment.fact.output


def _output(moment: Moment) -> str:
    output = _answer(moment)
    return output if isinstance(output, str) else msgspec.json.encode(output).decode()


def _whose(agent: str | None) -> str:
    return "The run" if agent is None else f"Agent '{agent}'"


def _close(wanted: Wanted, there: Sequence[Moment]) -> list[str]:
    """Names in the run that are nearly those that were wanted."""
    hints: list[str] = []
    for check in wanted.named:
        name, known = check.wanted.strip('"'), {str(check.of(moment)) for moment in there}
        close = [] if name in known else difflib.get_close_matches(name, sorted(known), n=1)
        hints += [f"  Did you mean '{one}'?" for one in close]
    return hints

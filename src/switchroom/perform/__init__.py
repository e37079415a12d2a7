"""The one place where the world is touched: for each command, the function that does what it asks."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import assert_never

from switchroom.bounds import in_time
from switchroom.perform.guards import finish, judge_input
from switchroom.perform.handoff import break_circle, hand_back, hand_over
from switchroom.perform.judge import judge_calls
from switchroom.perform.model import ask_model, give_up
from switchroom.perform.person import ask_person, wait
from switchroom.perform.run import AgentRun as AgentRun
from switchroom.perform.run import Note as Note
from switchroom.perform.run import Perform as Perform
from switchroom.perform.tools import call_tool, call_tools, reconcile
from switchroom.rules.commands import (
    AnyCommand,
    AskModel,
    AskPerson,
    BreakCircle,
    CallTool,
    CallTools,
    Finish,
    GiveUp,
    HandBack,
    HandOver,
    JudgeCalls,
    JudgeInput,
    Reconcile,
    Wait,
)


def perform(run: AgentRun, command: AnyCommand, note: Note) -> Awaitable[None]:
    """What does a command, ready to be awaited: a plain function, so that it costs no frame while the world is slow.

    Raises:
        OutOfTime: the deadline has passed. An answer that is there is still finished, but no guardrail is asked any more.
    """
    match command:
        case Finish():  # an answer that is there is given, also when the deadline has passed meanwhile
            return finish(run, command, note)
        case _ if run.scope.due is not None:
            in_time(run.scope)
        case _:
            pass
    match command:
        case AskModel():
            return ask_model(run, command, note)
        case JudgeCalls():
            return judge_calls(run, command, note)
        case CallTools():
            return call_tools(run, command, note)
        case CallTool():
            return call_tool(run, command, note)
        case HandOver():
            return hand_over(run, command, note)
        case HandBack():
            return hand_back(run, command, note)
        case BreakCircle():
            return break_circle(run, command, note)
        case JudgeInput():
            return judge_input(run, command, note)
        case AskPerson():
            return ask_person(run, command, note)
        case Wait():
            return wait(run, command, note)
        case Reconcile():
            return reconcile(run, command, note)
        case GiveUp():
            return give_up(run, command, note)
        case _:
            assert_never(command)

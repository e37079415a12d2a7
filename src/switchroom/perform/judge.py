"""Judging the calls of an answer by the policy of the agent who was asked."""

from __future__ import annotations

from switchroom._tool import Tool
from switchroom.errors import UserError, unknown
from switchroom.events import CallsJudged, Verdict
from switchroom.messages import ToolCall, ValidCall
from switchroom.perform.guards import Judged, apply
from switchroom.perform.run import AgentRun, Note
from switchroom.roster import Role
from switchroom.rules.commands import JudgeCalls
from switchroom.schema import Invalid


async def judge_calls(run: AgentRun, command: JudgeCalls, note: Note) -> None:
    """Judge each call: what it calls, whether its arguments are valid, whether a person has to approve.

    What the model got wrong is refused with a reason that it is told. Of two handoffs the first wins. Of an answer that was
    cut off no call is made, for nobody knows what its arguments were to be.
    """
    role = run.roster[command.agent]
    if run.scope.fold.history[-1].truncated:
        return await note(CallsJudged(command.agent, tuple(_CUT_OFF for _ in run.scope.fold.calls)))
    verdicts: list[Verdict] = []
    handed_over = ""
    for index, call in enumerate(run.scope.fold.calls):
        try:
            verdict = await _verdict(run, role, (index, call.call), handed_over, note)
        except Invalid as fault:
            verdict = Verdict("refused", reason=str(fault))
        if verdict.kind in ("handoff", "return"):
            handed_over = call.call.name
        verdicts.append(verdict)
    await note(CallsJudged(command.agent, tuple(verdicts)))


_CUT_OFF = Verdict(
    "refused",
    reason="your answer was cut off before its end, so none of its calls was made; use fewer words",
)


async def _verdict(run: AgentRun, role: Role, placed: tuple[int, ToolCall], handed_over: str, note: Note) -> Verdict:
    index, call = placed
    if not isinstance(call.args, dict):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise Invalid(f"the arguments of {call.name} are no JSON object: {str(call.args)[:200]!r}")
    made = role.tools.get(call.name)
    disabled = run.scope.fold.disabled
    if call.name in role.disabled or call.name in disabled:
        enabled = [spec.name for spec in role.specs if spec.name not in disabled]
        raise Invalid(f"{call.name} is not available now; there is {', '.join(enabled) or 'no other tool'}")
    if made is not None:
        return await _tool_verdict(run, made, call, f"{run.scope.fold.answers}.{index}", note)
    frames = run.scope.fold.frames
    way_back = run.roster.way_back(frames[-1].asker, frames[-1].target) if frames else None
    transfer = role.transfers.get(call.name)
    if transfer is None and way_back is not None and call.name == way_back.spec.name:
        transfer = way_back
    if transfer is None:
        known = [spec.name for spec in role.specs] + ([way_back.spec.name] if way_back else [])
        raise Invalid(unknown("you called a tool that is not there: the agent", "tool", call.name, known))
    if handed_over:
        raise Invalid(f"an answer hands over once; {handed_over} goes first")
    transfer.read(call.args)
    if transfer is way_back:
        return Verdict("return", target=frames[-1].asker)
    return Verdict("handoff", target=transfer.terms.target_name)


async def _tool_verdict(run: AgentRun, made: Tool, call: ToolCall, place: str, note: Note) -> Verdict:
    agent = run.scope.fold.asker
    args: dict[str, object] | None = None
    for position, guard in enumerate(run.roster[agent].tool_guards):
        asked = ToolCall(call.name, args or call.args, call.id)
        judged = await apply(run, guard, Judged(agent, asked, f"on_tool{position}#{place}"), note)
        if judged is not asked:
            if not isinstance(judged, dict):
                raise UserError(f"Guardrail '{guard.name}' replaced a call's arguments by {judged!r}; give a dict.")
            args = judged  # pyright: ignore[reportUnknownVariableType]
    given = call.args if args is None else args
    assert isinstance(given, dict), "arguments that are no object were refused before"
    keywords = made.check(given)
    approval = made.needs_approval
    if callable(approval):
        valid = ValidCall(call.name, keywords, call.id)
        needed = approval
        approval = await run.ask(f"approval#{place}", agent, lambda context: needed(valid))
    return Verdict("step" if made.step is not None else "tool", made.effect, bool(approval), args=args)

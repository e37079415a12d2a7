"""The tool for faults: it keeps the diagnosis in the shared state, and gives one question at a time."""

from __future__ import annotations

from supportgenie.diagnosis import asked_on, findings_of, question_of
from supportgenie.state import CustomerState
from supportgenie.tools.desk import DeskContext, remember, told
from supportgenie.views import View
from switchroom import tool


@tool(effect="idempotent")
@told
def diagnose(ctx: DeskContext, problem: str, said: str) -> View:
    """Narrow a fault down. The first call gives the first question; call it again with each answer, for the next or a verdict.

    Args:
        problem: device_wont_start, device_connection, software_update, warranty, app_crash, login_loop, slow_site,
            registration_problems, privacy, or the article's topic; the same one throughout.
        said: what the customer said last about it, in the customer's words.
    """
    before = ctx.state.diagnosis if isinstance(ctx.state, CustomerState) else None
    if before is not None and before.call == ctx.effect_key:
        found = before
    else:
        found = asked_on(before, problem, said).model_copy(update={"call": ctx.effect_key})
        remember(ctx, diagnosis=found)
    view: View = {"problem": problem, "device": found.device} if found.device else {"problem": problem}
    if not found.verdict:
        return {**view, "ask": question_of(found), "question": found.asked, "of": 3}
    return {**view, "verdict": found.verdict, "findings": findings_of(found)}

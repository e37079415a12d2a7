"""Asking a router about cases, one after the other, with a clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from switchroom.errors import UserError
from switchroom.failure import told
from switchroom.routing.decision import left_open
from switchroom.routing.evaluation.cases import Case
from switchroom.routing.evaluation.report import Outcome, Report
from switchroom.routing.router import Router


async def evaluate(router: Router, cases: Sequence[Case], *, progress: Callable[[float], None] | None = None) -> Report:
    """Let a router decide on cases.

    A case over which the router fails counts as left open, and says why; only what the developer has to change is raised.

    Args:
        router: who decides.
        cases: what on.
        progress: told the share that is done, from 0 to 1.
    """
    outcomes: list[Outcome] = []
    for place, case in enumerate(cases, start=1):
        began = time.perf_counter()
        failed = ""
        try:
            decision = await router.adecide(case.asked)
        except UserError:
            raise
        except Exception as error:
            failed = f"{type(error).__name__}: {told(error)}"
            decision = left_open(router.routes or ("",), router.name, failed)
        outcomes.append(Outcome(case, decision, time.perf_counter() - began, failed))
        if progress is not None:
            progress(place / len(cases))
    return Report(tuple(outcomes), router.name)

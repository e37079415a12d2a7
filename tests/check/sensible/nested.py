"""Workflows within workflows, with guards around steps."""

from typing import Any

from switchroom import Agent, RunConfig, fallback, parallel, refine, sequential
from switchroom.testing import FunctionModel
from switchroom.wrap import Bulkhead, bulkhead, retrying, timed


def good(verdict: Any) -> bool:
    """Whether a verdict is a good one."""
    return "good" in str(verdict)


research = parallel(press=retrying(Agent("press")), archive=timed(Agent("archive"), 5), quorum=1)
drafts = refine(Agent("writer"), Agent("critic"), accept=good, rounds=2).named("drafts", description="writes")
answering = sequential(research, drafts, fallback(bulkhead(Agent("primary"), Bulkhead(2)), Agent("backup")))
everything = sequential(answering, Agent("last"))
config = RunConfig(model=FunctionModel(lambda request: "hello"))

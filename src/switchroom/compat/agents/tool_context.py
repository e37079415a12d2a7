"""What a tool is given: the context of the run, and of its own call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

from switchroom.compat.agents.run_context import RunContextWrapper, TContext


@dataclass(eq=False)
class ToolContext(RunContextWrapper[TContext], Generic[TContext]):
    """The context of a call.

    Args:
        tool_name: the tool.
        tool_call_id: the id of the call.
        tool_arguments: what the model gave, as JSON.
        agent: who called.
        run_config: the options of the run.
    """

    tool_name: str = ""
    tool_call_id: str = ""
    tool_arguments: str = ""
    agent: Any = None
    run_config: Any = None

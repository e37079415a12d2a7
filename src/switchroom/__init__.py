"""Switchroom: specialised agents and plain code on one line, and nobody left without an answer."""

from switchroom._handoff import RECOMMENDED_PROMPT_PREFIX as RECOMMENDED_PROMPT_PREFIX
from switchroom._handoff import Decline as Decline
from switchroom._handoff import handoff as handoff
from switchroom._tool import NotDone as NotDone
from switchroom._tool import Tool as Tool
from switchroom._tool import function_tool as function_tool
from switchroom._tool import tool as tool
from switchroom.agent import Agent as Agent
from switchroom.config import RunConfig as RunConfig
from switchroom.context import RunContext as RunContext
from switchroom.context import ToolContext as ToolContext
from switchroom.defaults import set_default_model as set_default_model
from switchroom.errors import Diverged as Diverged
from switchroom.errors import GuardrailTripped as GuardrailTripped
from switchroom.errors import RunError as RunError
from switchroom.errors import UserError as UserError
from switchroom.guardrail import Pass as Pass
from switchroom.guardrail import Replace as Replace
from switchroom.guardrail import Trip as Trip
from switchroom.guardrail import on_input as on_input
from switchroom.guardrail import on_output as on_output
from switchroom.guardrail import on_tool as on_tool
from switchroom.history import keep_last as keep_last
from switchroom.messages import File as File
from switchroom.messages import Image as Image
from switchroom.messages import Message as Message
from switchroom.messages import Text as Text
from switchroom.model import Model as Model
from switchroom.model import Settings as Settings
from switchroom.result import RunResult as RunResult
from switchroom.runner import Runner as Runner
from switchroom.step import Step as Step
from switchroom.team import Team as Team

__all__ = [
    "RECOMMENDED_PROMPT_PREFIX",
    "Agent",
    "Decline",
    "Diverged",
    "File",
    "GuardrailTripped",
    "Image",
    "Message",
    "Model",
    "NotDone",
    "Pass",
    "Replace",
    "RunConfig",
    "RunContext",
    "RunError",
    "RunResult",
    "Runner",
    "Settings",
    "Step",
    "Team",
    "Text",
    "Tool",
    "ToolContext",
    "Trip",
    "UserError",
    "function_tool",
    "handoff",
    "keep_last",
    "on_input",
    "on_output",
    "on_tool",
    "set_default_model",
    "tool",
]

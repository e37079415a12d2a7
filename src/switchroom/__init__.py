"""Switchroom: specialised agents and plain code on one line, and nobody left without an answer."""

from switchroom._handoff import RECOMMENDED_PROMPT_PREFIX as RECOMMENDED_PROMPT_PREFIX
from switchroom._handoff import Decline as Decline
from switchroom._handoff import handoff as handoff
from switchroom._tool import NotDone as NotDone
from switchroom._tool import Tool as Tool
from switchroom._tool import function_tool as function_tool
from switchroom._tool import tool as tool
from switchroom.agent import Agent as Agent
from switchroom.budget import Budget as Budget
from switchroom.config import RunConfig as RunConfig
from switchroom.context import RunContext as RunContext
from switchroom.context import ToolContext as ToolContext
from switchroom.defaults import set_default_model as set_default_model
from switchroom.errors import CircuitBreakerOpen as CircuitBreakerOpen
from switchroom.errors import RunError as RunError
from switchroom.errors import TryAgain as TryAgain
from switchroom.errors import UserError as UserError
from switchroom.memory import AgentMemory as AgentMemory
from switchroom.messages import Message as Message
from switchroom.model import Model as Model
from switchroom.model import Settings as Settings
from switchroom.observe.metrics import AgentMetrics as AgentMetrics
from switchroom.result import RunResult as RunResult
from switchroom.runner import Runner as Runner
from switchroom.session import ConversationState as ConversationState
from switchroom.session import Event as Event
from switchroom.session import EventBus as EventBus
from switchroom.session import HandoffEvent as HandoffEvent
from switchroom.session import Node as Node
from switchroom.session import OutputNode as OutputNode
from switchroom.session import Session as Session
from switchroom.step import Step as Step
from switchroom.team import Team as Team
from switchroom.workflow import debate as debate
from switchroom.workflow import fallback as fallback
from switchroom.workflow import parallel as parallel
from switchroom.workflow import refine as refine
from switchroom.workflow import route as route
from switchroom.workflow import sequential as sequential
from switchroom.workflow import supervisor as supervisor
from switchroom.workflow import vote as vote
from switchroom.wrap.breaker import CircuitBreaker as CircuitBreaker

__all__ = [
    "RECOMMENDED_PROMPT_PREFIX",
    "Agent",
    "AgentMemory",
    "AgentMetrics",
    "Budget",
    "CircuitBreaker",
    "CircuitBreakerOpen",
    "ConversationState",
    "Decline",
    "Event",
    "EventBus",
    "HandoffEvent",
    "Message",
    "Model",
    "Node",
    "NotDone",
    "OutputNode",
    "RunConfig",
    "RunContext",
    "RunError",
    "RunResult",
    "Runner",
    "Session",
    "Settings",
    "Step",
    "Team",
    "Tool",
    "ToolContext",
    "TryAgain",
    "UserError",
    "debate",
    "fallback",
    "function_tool",
    "handoff",
    "parallel",
    "refine",
    "route",
    "sequential",
    "set_default_model",
    "supervisor",
    "tool",
    "vote",
]

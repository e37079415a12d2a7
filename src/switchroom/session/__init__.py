"""Live sessions: a conversation over a graph of nodes, or over any step; exactly one answer to each message."""

from switchroom.session.bus import AgentEvent as AgentEvent
from switchroom.session.bus import EventBus as EventBus
from switchroom.session.bus import HandlerFailed as HandlerFailed
from switchroom.session.context import Context as Context
from switchroom.session.event import EndCallEvent as EndCallEvent
from switchroom.session.event import Event as Event
from switchroom.session.event import HandoffDeclinedEvent as HandoffDeclinedEvent
from switchroom.session.event import HandoffEvent as HandoffEvent
from switchroom.session.event import JoinedEvent as JoinedEvent
from switchroom.session.event import LogEvent as LogEvent
from switchroom.session.event import MessageEvent as MessageEvent
from switchroom.session.event import TransferEvent as TransferEvent
from switchroom.session.fallback import SENTENCE as SENTENCE
from switchroom.session.graph import Graph as Graph
from switchroom.session.node import BackgroundNode as BackgroundNode
from switchroom.session.node import Node as Node
from switchroom.session.node import OutputNode as OutputNode
from switchroom.session.phases import ConversationPhase as ConversationPhase
from switchroom.session.phases import ConversationState as ConversationState
from switchroom.session.reply import Reply as Reply
from switchroom.session.session import Session as Session
from switchroom.session.stream import SessionStream as SessionStream

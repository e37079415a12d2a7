"""Both generations of the SDK's names for ours: they are the same classes."""

from switchroom.session import BackgroundNode, Event, OutputNode, Session
from switchroom.session import HandoffEvent as HandoffEvent
from switchroom.session import Node as Node

SDKEvent = Event
OutputAgentNode = OutputCrewNode = OutputNode
BackgroundAgentNode = BackgroundCrewNode = BackgroundNode
CrewNode = Node
AgentSession = CrewSession = Session

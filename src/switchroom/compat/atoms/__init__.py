"""Code of the Atoms SDK for voice agents, on Switchroom's sessions: the import lines are changed, and nothing else.

    from smallestai.atoms.agent.nodes import Node, OutputAgentNode          # before
    from switchroom.compat.atoms.agent.nodes import Node, OutputAgentNode   # after

Both generations of names are there (`OutputAgentNode`, `AgentSession`; `CrewNode`, `OutputCrewNode`, `CrewSession`), in this
module and in the modules that they have there. They are our own classes under those names.

What is different:

* A person's message is one event, of type "user.message", with its text in `content`.
* Each message has exactly one answer, also over a graph in which nobody takes it, or several nodes do.
* A handoff reaches its target wherever in the graph that stands, and the target answers in the same turn.
* `OpenAIClient` asks OpenAI if a key or an address is there, and else the model that the session's config or
  `set_default_model` names. If there is none of these, the error says that the key is missing. Inside of a node its answers
  are kept, and not asked for again after a crash.
* With `stream=True` an answer comes in one piece.
* `AtomsApp.run()` talks in the terminal. Telephony, recognition and speech are not part of it.
"""

from switchroom.compat.atoms.client import ChatResponse as ChatResponse
from switchroom.compat.atoms.client import OpenAIClient as OpenAIClient
from switchroom.compat.atoms.names import AgentSession as AgentSession
from switchroom.compat.atoms.names import BackgroundAgentNode as BackgroundAgentNode
from switchroom.compat.atoms.names import BackgroundCrewNode as BackgroundCrewNode
from switchroom.compat.atoms.names import CrewNode as CrewNode
from switchroom.compat.atoms.names import CrewSession as CrewSession
from switchroom.compat.atoms.names import HandoffEvent as HandoffEvent
from switchroom.compat.atoms.names import Node as Node
from switchroom.compat.atoms.names import OutputAgentNode as OutputAgentNode
from switchroom.compat.atoms.names import OutputCrewNode as OutputCrewNode
from switchroom.compat.atoms.names import SDKEvent as SDKEvent
from switchroom.compat.atoms.server import AtomsApp as AtomsApp

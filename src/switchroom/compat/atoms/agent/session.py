"""Sessions, where the SDK has them."""

from switchroom.compat.atoms.names import AgentSession as AgentSession
from switchroom.compat.atoms.names import CrewSession as CrewSession

"""Nodes, where the SDK has them."""

from switchroom.compat.atoms.names import BackgroundCrewNode as BackgroundCrewNode
from switchroom.compat.atoms.names import CrewNode as CrewNode
from switchroom.compat.atoms.names import OutputCrewNode as OutputCrewNode

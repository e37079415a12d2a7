"""Nodes, where the SDK has them."""

from switchroom.compat.atoms.names import BackgroundAgentNode as BackgroundAgentNode
from switchroom.compat.atoms.names import Node as Node
from switchroom.compat.atoms.names import OutputAgentNode as OutputAgentNode

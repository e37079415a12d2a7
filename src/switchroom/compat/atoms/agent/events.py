"""Events, where the SDK has them."""

from switchroom.compat.atoms.names import HandoffEvent as HandoffEvent
from switchroom.compat.atoms.names import SDKEvent as SDKEvent

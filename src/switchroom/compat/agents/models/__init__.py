"""The models of that SDK, in the modules that it has for them."""

from switchroom.compat.agents.missing import missing_from

__getattr__ = missing_from(__name__)

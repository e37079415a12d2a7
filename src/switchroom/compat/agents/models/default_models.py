"""Where that SDK has its default model; Switchroom has `set_default_model`, and an import says so."""

from switchroom.compat.agents.missing import missing_from

__getattr__ = missing_from(__name__)

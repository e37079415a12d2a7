"""Where that SDK declares what a model is; Switchroom's models are functions, and an import says so."""

from switchroom.compat.agents.missing import missing_from

__getattr__ = missing_from(__name__)

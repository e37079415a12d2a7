"""Where that SDK looks OpenAI's models up by name; Switchroom does that by itself, and an import says so."""

from switchroom.compat.agents.missing import missing_from

__getattr__ = missing_from(__name__)

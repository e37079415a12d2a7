"""What that SDK keeps apart: the beginning of prompts, and filters of handoffs."""

from switchroom.compat.agents.missing import missing_from

__getattr__ = missing_from(__name__)

"""Guards as functions: they take a model or a tool, and give one that behaves the same but for its failures."""

from switchroom.wrap.fallback import FallbackModel as FallbackModel
from switchroom.wrap.retry import retrying as retrying

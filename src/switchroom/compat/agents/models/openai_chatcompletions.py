"""Models behind Chat Completions, where that SDK has them."""

from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.providers import OpenAIChatCompletionsModel as OpenAIChatCompletionsModel

__getattr__ = missing_from(__name__)

"""Models behind the Responses API, where that SDK has them."""

from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.providers import OpenAIResponsesModel as OpenAIResponsesModel

__getattr__ = missing_from(__name__)

"""Models: OpenAI's and those of all who speak its protocol, several as one, and one that answers by an application's rules."""

from switchroom.defaults import named as named
from switchroom.models.offline import Heard as Heard
from switchroom.models.offline import OfflineModel as OfflineModel
from switchroom.models.offline import Returned as Returned
from switchroom.models.offline import Rule as Rule
from switchroom.models.offline import after as after
from switchroom.models.offline import otherwise as otherwise
from switchroom.models.offline import when as when
from switchroom.models.openai import OpenAIChat as OpenAIChat
from switchroom.models.openai import OpenAIResponses as OpenAIResponses
from switchroom.reply import Reply as Reply
from switchroom.reply import call as call
from switchroom.wrap import FallbackModel as FallbackModel
from switchroom.wrap import retrying as retrying

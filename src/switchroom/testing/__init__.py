"""For tests without a key and without the network: models that answer by a function or by a script."""

from switchroom.reply import call as call
from switchroom.reply import deltas as deltas
from switchroom.testing.models import FunctionModel as FunctionModel
from switchroom.testing.models import ScriptedModel as ScriptedModel

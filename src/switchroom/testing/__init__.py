"""For tests without a key and without the network: models from functions and scripts, cassettes, expectations of a run."""

from switchroom.reply import Reply as Reply
from switchroom.reply import call as call
from switchroom.reply import deltas as deltas
from switchroom.testing.cassette import Cassette as Cassette
from switchroom.testing.cassette import Played as Played
from switchroom.testing.context import tool_context as tool_context
from switchroom.testing.expect import expect as expect
from switchroom.testing.models import FunctionModel as FunctionModel
from switchroom.testing.models import ScriptedModel as ScriptedModel
from switchroom.testing.network import NetworkUsed as NetworkUsed
from switchroom.testing.network import no_network as no_network
from switchroom.testing.transcript import transcript as transcript

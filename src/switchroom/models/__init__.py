"""Models: `offline`, which answers by rules that the application declares, and what its rules are written with."""

from switchroom.models.offline import Heard as Heard
from switchroom.models.offline import OfflineModel as OfflineModel
from switchroom.models.offline import Returned as Returned
from switchroom.models.offline import Rule as Rule
from switchroom.models.offline import after as after
from switchroom.models.offline import otherwise as otherwise
from switchroom.models.offline import when as when
from switchroom.reply import Reply as Reply
from switchroom.reply import call as call

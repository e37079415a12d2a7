"""Models: `offline`, which answers by rules that the application declares."""

from switchroom.models.offline import Heard as Heard
from switchroom.models.offline import OfflineModel as OfflineModel
from switchroom.models.offline import Rule as Rule
from switchroom.models.offline import after as after
from switchroom.models.offline import otherwise as otherwise
from switchroom.models.offline import when as when

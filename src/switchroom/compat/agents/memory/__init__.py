"""Sessions: histories that are kept between runs, as items.

A session is not a conversation of Switchroom: it holds what was said and done, and each run begins at its starting agent with
all of it. A turn that a crash cut short is not resumed from it; `switchroom.Runner` with a journal does that.
"""

from switchroom.compat.agents.memory.session import Session as Session
from switchroom.compat.agents.memory.session import SessionABC as SessionABC
from switchroom.compat.agents.memory.session_settings import SessionSettings as SessionSettings
from switchroom.compat.agents.memory.sqlite_session import SQLiteSession as SQLiteSession
from switchroom.compat.agents.memory.util import SessionInputCallback as SessionInputCallback
from switchroom.compat.agents.missing import missing_from

__getattr__ = missing_from(__name__)

"""Journals: in memory, and in an SQLite file; beside it, what agents remember."""

from switchroom.journals.conversations import Conversations as Conversations
from switchroom.journals.conversations import ConversationSummary as ConversationSummary
from switchroom.journals.conversations import ConversationUsage as ConversationUsage
from switchroom.journals.memories import SqliteMemories as SqliteMemories
from switchroom.journals.memory import MemoryJournal as MemoryJournal
from switchroom.journals.sqlite import SqliteJournal as SqliteJournal

"""Journals: in memory, and in an SQLite file."""

from switchroom.journals.memory import MemoryJournal as MemoryJournal
from switchroom.journals.sqlite import SqliteJournal as SqliteJournal

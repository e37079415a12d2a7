"""The id of an answer that has none."""

from switchroom.compat.agents.raw import NO_ID

FAKE_RESPONSES_ID = NO_ID

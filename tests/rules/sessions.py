"""One fact of each kind that a live session notes."""

from __future__ import annotations

from switchroom.events import (
    CallEnded,
    CallerJoined,
    EventRouted,
    Fact,
    FallbackCalled,
    NodeDidNotHandOver,
    NodeFailed,
    NodeHandedOver,
    NodeLogged,
    Part,
    SpeakerSilenced,
    StatesKept,
    TurnAnswered,
    TurnCut,
)

SESSION_SAMPLES: tuple[Fact, ...] = (
    CallerJoined({"name": "Ann"}),
    EventRouted("router", "sales"),
    NodeFailed("sales", "ValueError", "x"),
    SpeakerSilenced("sales", "support"),
    NodeHandedOver("sales", "billing"),
    NodeDidNotHandOver("sales", "billing", "declined"),
    NodeLogged("sales", "x"),
    CallEnded("sales"),
    FallbackCalled("silence"),
    TurnAnswered((Part("sales", "x"),), "sales"),
    TurnCut((Part("sales", "x"),)),
    StatesKept({"sales": {}}),
)

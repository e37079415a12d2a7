"""Where a conversation stands: phases, what was gathered, what is missing; kept, shared and resumed as any state."""

from __future__ import annotations

from enum import Enum, StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from switchroom import Agent, ConversationState, Event, Node, RunConfig, Runner, ToolContext, UserError, tool
from switchroom.journals import MemoryJournal
from switchroom.schema import as_json, as_model
from switchroom.session import ConversationPhase
from switchroom.testing import ScriptedModel, call
from tests.session.nodes import Sayer, started


class Stage(Enum):
    """Phases of an application's own."""

    ASKING = 1
    BOOKING = 2


class Booking(ConversationState[Stage]):
    """A state with a field of its own, and other required fields."""

    seats: int = 0
    required_fields: tuple[str, ...] = ("day",)


def test_a_state_begins_in_the_first_phase_with_nothing_known():
    state = ConversationState("session-1")
    assert (state.session_id, state.phase, state.confidence) == ("session-1", ConversationPhase.DISCOVERY, 0.0)
    assert (state.requirements, state.context, state.history, state.is_complete()) == ({}, {}, [], False)


def test_updates_add_up_until_nothing_is_missing():
    state = ConversationState("session-1")
    state.update(ConversationPhase.DATA_SOURCE, {"objective": "sales", "data_sources": ["crm"]})
    assert state.missing == ["metrics"]
    state.update(ConversationPhase.CONFIRMATION, {"metrics": ["revenue"], "objective": "sales in June"}, confidence=0.9)
    assert state.is_complete()
    assert (state.phase, state.confidence) == (ConversationPhase.CONFIRMATION, 0.9)
    assert state.requirements == {"objective": "sales in June", "data_sources": ["crm"], "metrics": ["revenue"]}
    assert [(update["phase"], list(update["data"])) for update in state.history] == [
        (ConversationPhase.DATA_SOURCE, ["objective", "data_sources"]),
        (ConversationPhase.CONFIRMATION, ["metrics", "objective"]),
    ]
    assert 0 < state.history[0]["timestamp"] <= state.history[1]["timestamp"]


def test_an_enum_of_the_same_phases_will_do():
    class Phase(StrEnum):
        DISCOVERY = "discovery"
        GENERATION = "generation"

    state = ConversationState("session-1")
    state.update(Phase.GENERATION, {})
    assert state.phase == Phase.GENERATION
    assert state.phase is ConversationPhase.GENERATION


def test_phases_of_your_own_begin_with_the_first_of_them():
    booking = Booking(session_id="session-1")
    booking.update(Stage.BOOKING, {"day": "Monday"})
    assert (booking.phase, booking.is_complete()) == (Stage.BOOKING, True)
    assert ConversationState[Stage]().phase is Stage.ASKING


def test_what_is_no_phase_or_cannot_be_kept_is_refused_and_changes_nothing():
    state = ConversationState("session-1")
    told: list[str] = []
    for wrong in (
        lambda: state.update("discovry", {}),
        lambda: state.update(ConversationPhase.CONFIRMATION, {"a": object()}),
        lambda: state.update(ConversationPhase.CONFIRMATION, {}, confidence=2),
    ):
        with pytest.raises(UserError) as error:
            wrong()
        told.append(str(error.value))
    assert told == snapshot(
        [
            (
                "ConversationState has no phase 'discovry'; it has ['discovery', 'data_source_identification', "
                "'visualization_design', 'confirmation', 'generation']. Did you mean 'discovery'? Phases of your own: "
                "ConversationState[YourPhase](...)."
            ),
            (
                "ConversationState.update(CONFIRMATION, ...) gave a dict, which JSON cannot hold (Unable to serialize "
                "unknown type: <class 'object'>). Give plain data, a pydantic model or a dataclass."
            ),
            "ConversationState.update(confidence=2): confidence: Input should be less than or equal to 1.",
        ]
    )
    assert state == ConversationState("session-1")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Stage),
            st.dictionaries(st.sampled_from(["day", "hour", "seat"]), st.integers() | st.sampled_from(["", "ö", "10"])),
        )
    ),
    st.floats(0, 1),
)
def test_a_state_read_from_what_was_kept_is_the_same(updates: list[tuple[Stage, dict[str, int | str]]], confidence: float):
    state = Booking(session_id="session-1", confidence=confidence, seats=2)
    for phase, data in updates:
        state.update(phase, data)
    assert as_model(Booking, as_json(state)) == state
    gathered: dict[str, int | str] = {}
    for _, data in updates:
        gathered |= data
    assert state.requirements == gathered
    assert state.missing == [] if "day" in gathered else ["day"]


async def test_it_is_the_state_that_agents_of_a_conversation_share():
    @tool(effect="idempotent")
    async def learn(ctx: ToolContext, field: str, value: str) -> str:
        """Put something down."""
        state: Booking = ctx.state
        state.update(Stage.BOOKING, {field: value})
        await ctx.update(**dict(state))
        return f"missing: {state.missing}"

    clerk = Agent("clerk", tools=[learn])
    journal = MemoryJournal()
    config = RunConfig(
        journal=journal,
        model=ScriptedModel(
            [call("learn", field="hour", value="10"), "Which day?", call("learn", field="day", value="Monday"), "Done."]
        ),
    )
    await Runner.run(clerk, "at 10", conversation="c", state=Booking(session_id="c"), config=config)
    result = await Runner.run(
        clerk, "Monday", conversation="c", config=RunConfig(journal=journal, model=config.model, state_type=Booking)
    )
    assert isinstance(result.state, Booking)
    assert result.state.is_complete()
    assert [update["data"] for update in result.state.history] == [{"hour": "10"}, {"day": "Monday"}]


async def test_it_is_the_state_of_a_node_and_survives_a_restart():
    class Notes(Node):
        def __init__(self) -> None:
            super().__init__("notes")
            self.state: Booking = Booking(session_id="c")

        async def process_event(self, event: Event) -> None:
            self.state.update(Stage.BOOKING, {"day": getattr(event, "content", "")})
            await self.send_event(event)

    journal = MemoryJournal()
    session = await started(Notes(), Sayer("clerk"), conversation="c", journal=journal)
    await session.send("Monday")
    await session.stop()
    notes = Notes()
    again = await started(notes, Sayer("clerk"), conversation="c", journal=journal)
    await again.send("Tuesday")
    await again.stop()
    assert [update["data"] for update in notes.state.history] == [{"day": "Monday"}, {"day": "Tuesday"}]

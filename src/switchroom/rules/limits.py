"""How far a run may go: faults of a model, answers in an agent loop, nested agent runs, handoffs in a circle."""

from __future__ import annotations

from switchroom.rules.state import TRIED, State

MAX_FAULTS = 3
"""How often in a row a model may get something wrong and be told; the next time ends the run."""

MAX_TURNS = 20
"""How many answers models give in one agent loop, where nothing else is said."""

MAX_NESTED = 16
"""How many agent runs may stand within one another: agents as tools, runs inside tools, workers."""

MAX_REPEATS = 3
"""How often the same handoff may be made again while tools are tried that tell nothing new."""


def goes_in_a_circle(state: State, target: str) -> bool:
    """Whether the same handoff was made before and nothing new has come up since.

    New is a changed shared state, a tool's result not seen before in this turn, or a person's word. Only the repeated
    handoff counts, so that an agent may give a conversation back that was not for it. Agents who try tools in between are
    given some rounds more: trying again what failed is not yet going round.
    """
    made = state.trail.count((state.agent, target))
    return made > (MAX_REPEATS if TRIED in state.trail else 0)

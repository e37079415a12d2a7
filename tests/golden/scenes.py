"""All golden conversations, by name."""

from __future__ import annotations

from tests.golden import agents, flows, lines
from tests.golden.scene import Scene

ALL: tuple[Scene, ...] = (
    *agents.FINISHED,
    *agents.FAILED,
    *agents.KILLED,
    *agents.WAITING,
    *flows.FINISHED,
    *flows.FAILED,
    *flows.KILLED,
    *flows.WAITING,
    *lines.FINISHED,
    *lines.KILLED,
    *lines.WAITING,
)
SCENES = {scene.name: scene for scene in ALL}

"""One agent that does everything: too many tools, too many handoffs."""

from switchroom import Agent, RunConfig, Tool
from switchroom.testing import FunctionModel


async def nothing(**args: str) -> str:
    """Do nothing."""
    return ""


app = Agent(
    "everything",
    tools=[Tool.from_schema(f"tool_{n}", f"Does {n}.", {"type": "object"}, nothing, effect="read") for n in range(21)],
    handoffs=[Agent(f"agent_{n}", description=f"does {n}") for n in range(13)],
)
config = RunConfig(model=FunctionModel(lambda request: "hello"))

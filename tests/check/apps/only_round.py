"""Agents that are made to hand over, and have only one another to hand over to."""

from switchroom import Agent, RunConfig, Settings, Team
from switchroom.testing import FunctionModel

day = Agent("day", handoffs=["night"], settings=Settings(tool_choice="required"), description="by day")
night = Agent("night", handoffs=["day"], settings=Settings(tool_choice="required"), description="by night")
app = Team([day, night], fallback="day")
config = RunConfig(model=FunctionModel(lambda request: "hello"))

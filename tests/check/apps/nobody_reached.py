"""An agent is in the team, and nobody hands over to it."""

from switchroom import Agent, RunConfig, Team
from switchroom.testing import FunctionModel

triage = Agent("triage", handoffs=["sales"])
sales = Agent("sales", description="plans and prices")
support = Agent("support", description="what does not work")
app = Team([triage, sales, support])
config = RunConfig(model=FunctionModel(lambda request: "hello"))

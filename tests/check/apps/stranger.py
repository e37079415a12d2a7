"""An agent hands over to somebody who is not in the team."""

from switchroom import Agent, RunConfig, Team
from switchroom.testing import FunctionModel

billing = Agent("billing", handoffs=["refnds"], description="invoices")
refunds = Agent("refunds", handoffs=["billing"], description="refunds")
app = Team([billing, refunds], fallback="refunds")
config = RunConfig(model=FunctionModel(lambda request: "hello"))

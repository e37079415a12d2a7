"""A tool that no agent has, and an agent whom nobody asks."""

from switchroom import Agent, RunConfig, tool
from switchroom.testing import FunctionModel


@tool(effect="read")
def find_order(order: str) -> str:
    """Look an order up."""
    return order


@tool(effect="irreversible")
def refund(order: str) -> str:
    """Pay money back."""
    return order


old_desk = Agent("old_desk", "Help with orders.", tools=[find_order])
app = Agent("desk", "Help with orders.", tools=[find_order])
config = RunConfig(model=FunctionModel(lambda request: "hello"))

"""A node passes each message on to two nodes, and both answer each."""

from switchroom import Agent, Node, OutputNode, RunConfig, Session
from switchroom.testing import FunctionModel

config = RunConfig(model=FunctionModel(lambda request: "hello"))


def app() -> Session:
    """The session."""
    session = Session(config=config)
    hall = Node("hall")
    session.add_node(hall)
    for name in ("sales", "support"):
        session.add_node(OutputNode(name, step=Agent(f"{name}_agent")))
        session.add_edge(hall, name)
    return session

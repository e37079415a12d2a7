"""A classifier may say anything, and nobody is there for what is no route."""

from switchroom import Agent, RunConfig, route
from switchroom.testing import FunctionModel


def classify(query: str) -> str:
    """Sort a query by its first word."""
    return query.split()[0]


app = route(classify, {"data": Agent("data"), "documents": Agent("documents")})
config = RunConfig(model=FunctionModel(lambda request: "hello"))

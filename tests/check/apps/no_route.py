"""A classifier may say what no route is for, and there is no fallback."""

from enum import Enum

from pydantic import BaseModel

from switchroom import Agent, RunConfig, route
from switchroom.testing import FunctionModel


class Department(Enum):
    """Who may be asked."""

    BILLING = "billing"
    TECH = "tech"
    SALES = "sales"


class Classification(BaseModel):
    """Who is to be asked."""

    department: Department


desk = route(
    Agent("classifier", output_type=Classification),
    {"billing": Agent("billing"), "tech": Agent("tech"), "complaints": Agent("complaints")},
)
config = RunConfig(model=FunctionModel(lambda request: "hello"))

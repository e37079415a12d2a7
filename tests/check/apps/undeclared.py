"""A tool that asks a server and says neither what it does to the world, nor how long it waits, nor what it is for."""

import urllib.request

from switchroom import Agent, RunConfig, Team
from switchroom.testing import FunctionModel


def pay(order: str):
    return urllib.request.urlopen(f"https://bank.example/{order}").read()


triage = Agent("triage", tools=[pay], handoffs=["billing"])
billing = Agent("billing", tools=[pay])
app = Team([triage, billing])
config = RunConfig(model=FunctionModel(lambda request: "hello"))

"""A debate, after which others vote."""

from switchroom import Agent, RunConfig, debate, sequential, vote
from switchroom.testing import FunctionModel

optimist, skeptic, moderator = (Agent(name) for name in ("optimist", "skeptic", "moderator"))
jury = vote(*(Agent(f"juror{number}") for number in range(3)))
app = sequential(debate(optimist, skeptic, rounds=3, judge=moderator), jury)
config = RunConfig(model=FunctionModel(lambda request: "hello"))

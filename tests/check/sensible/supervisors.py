"""Supervisors: one by the workflow, one by tools whose functions find an agent in a register."""

from dataclasses import dataclass

from switchroom import Agent, RunConfig, Runner, supervisor, tool
from switchroom.testing import FunctionModel


@dataclass
class Entry:
    """An agent with what it costs."""

    agent: Agent[str]
    cents: int


class Register:
    """The agents there are."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, agent: Agent[str], cents: int) -> None:
        """Put an agent down."""
        self.entries.append(Entry(agent, cents))

    def cheapest(self) -> Agent[str]:
        """The agent that costs least."""
        return min(self.entries, key=lambda entry: entry.cents).agent


register = Register()
quick, thorough = Agent("quick"), Agent("thorough")
register.add(quick, 1)
register.add(thorough, 20)


@tool(effect="read", on_error="tell_model")
async def ask_expert(question: str) -> str:
    """Ask an expert."""
    return (await Runner.run(register.cheapest(), question)).final_output


@tool(effect="read")
async def ask_quickly(question: str) -> str:
    """Ask who is quick."""
    try:
        return (await Runner.run(quick, question)).final_output
    except Exception as error:
        return f"There is no answer: {error}"


manager = Agent("manager", tools=[ask_expert, ask_quickly])
app = supervisor(
    manager,
    workers={"translate": Agent("translator", description="translates"), "code": Agent("coder", description="writes code")},
)
config = RunConfig(model=FunctionModel(lambda request: "hello"))

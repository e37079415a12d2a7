"""An application of the Atoms SDK: support hands over to sales."""

from __future__ import annotations

from collections.abc import AsyncIterator

from switchroom.compat.atoms.agent.clients.openai import OpenAIClient
from switchroom.compat.atoms.agent.events import HandoffEvent
from switchroom.compat.atoms.agent.nodes import OutputAgentNode
from switchroom.compat.atoms.agent.server import AtomsApp
from switchroom.compat.atoms.agent.session import AgentSession


class Sales(OutputAgentNode):
    """Sells."""

    def __init__(self) -> None:
        super().__init__(name="sales")

    async def generate_response(self) -> AsyncIterator[str]:
        yield "sales answers"


class Support(OutputAgentNode):
    """Helps."""

    def __init__(self) -> None:
        super().__init__(name="support")
        self.llm = OpenAIClient(model="gpt-4o-mini")

    async def generate_response(self) -> AsyncIterator[str]:
        said = self.context.messages[-1]["content"]
        if "buy" in said:
            await self.send_event(HandoffEvent(target="sales", reason="buys"))
        elif "think" in said:
            yield (await self.llm.chat(self.context.messages)).content
        else:
            yield "support answers"


class Desk:
    """Sets calls up."""

    async def prepare(self, live: AgentSession) -> None:
        support, sales = Support(), Sales()
        live.add_node(support)
        live.add_node(sales)
        live.add_edge(support, sales)
        await live.start()
        await live.wait_until_complete()


application = AtomsApp(setup_handler=Desk().prepare)

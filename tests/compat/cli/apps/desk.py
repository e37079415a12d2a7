"""A desk of the OpenAI Agents SDK's agents: triage puts through to billing, which asks an expert."""

from __future__ import annotations

from typing import Any

from switchroom.compat.agents import Agent, GuardrailFunctionOutput, RunContextWrapper, function_tool, handoff, input_guardrail
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel, call


def answer(request: ModelRequest) -> Any:
    last = request.messages[-1]
    if request.agent == "triage" and "invoice" in last.text:
        return call("to_billing")
    if request.agent == "billing" and last.role == "user" and "refund" in last.text:
        return call("refund", order="7", reason="asked")
    if request.agent == "billing" and last.role == "user" and "why" in last.text:
        return call("ask_expert", input="Why?")
    return f"{request.agent} answers {last.text!r} after {sum(message.role == 'user' for message in request.messages)}"


@function_tool
def refund(order: str) -> str:
    """Refund an order."""
    return f"refunded {order}"


@input_guardrail
def polite(context: RunContextWrapper[Any], agent: Agent[Any], given: Any) -> GuardrailFunctionOutput:
    """Refuse rude messages."""
    return GuardrailFunctionOutput(None, "stupid" in str(given))


model = FunctionModel(answer)
expert = Agent[Any]("expert", instructions="Know.", model=model)
billing = Agent[Any](
    "billing",
    instructions="Handle invoices.",
    handoff_description="invoices",
    tools=[refund, expert.as_tool("ask_expert", "Ask the expert.")],
    model=model,
)
triage = Agent[Any](
    "triage",
    handoff_description="all else",
    instructions="Put through.",
    handoffs=[handoff(billing, "to_billing")],
    input_guardrails=[polite],
    model=model,
)
billing.handoffs.append(triage)
app = triage

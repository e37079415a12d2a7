"""The desk's tools: what kind of effect each has, what they tell, and what they remember of the customer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from inline_snapshot import snapshot

from supportgenie import app, tools
from supportgenie.desk import Desk
from supportgenie.state import CustomerState
from switchroom import Agent, NotDone, RunConfig, Runner, RunResult, Tool, ToolContext
from switchroom.journals import MemoryJournal
from switchroom.testing import ScriptedModel, call
from tests.supportgenie.chat import ANN, ROBERT

GRACE = CustomerState(name="Grace Hawkings", customer_id="C1003")
ALL = {tool.name: tool for agent in app.agents for tool in agent.all_tools}


async def run(desk: Desk, tool: Tool, state: CustomerState | None = None, **args: Any) -> RunResult[str]:
    """A run in which an agent calls a tool."""
    script = ScriptedModel([call(tool.name, **args), "done"])
    clerk = Agent("clerk", tools=[tool])
    return await Runner.run(clerk, "go", deps=desk, state=state, config=RunConfig(model=script, journal=MemoryJournal()))


async def told(desk: Desk, tool: Tool, state: CustomerState | None = None, **args: Any) -> Any:
    """What a tool tells."""
    result = await run(desk, tool, state, **args)
    return json.loads(next(message.text for message in result.messages if message.role == "tool"))


def test_each_tool_says_what_kind_of_effect_it_has():
    effects = {
        kind: sorted(tool.name for tool in ALL.values() if tool.effect == kind) for kind in ("idempotent", "compensable")
    }
    assert effects == snapshot(
        {
            "idempotent": [
                "cancel_order",
                "change_address",
                "change_item",
                "confirm_code",
                "diagnose",
                "edit_account",
                "escalate_to_human",
                "note_contact",
                "open_account",
                "open_ticket",
                "place_order",
                "send_code",
                "send_invoice",
                "send_reset_link",
                "subscribe",
                "switch_plan",
                "unsubscribe",
            ],
            "compensable": ["close_account"],
        }
    )
    assert [tool.name for tool in ALL.values() if tool.effect == "irreversible"] == ["refund"]
    assert all(tool.repeatable or tool.needs_approval for tool in ALL.values())


@pytest.mark.parametrize("tool", ALL.values(), ids=[*ALL])
def test_each_tool_and_each_of_its_parameters_is_described(tool: Tool):
    assert tool.description
    for name, schema in tool.parameters["properties"].items():
        assert schema.get("description"), name


async def test_an_order_is_told_as_people_say_it(desk: Desk):
    assert await told(desk, tools.find_order, GRACE, number="#00123842") == snapshot(
        {
            "order": "00123842",
            "customer": "C1003",
            "status": "delivered",
            "items": [{"product": "Tern 6 phone", "sku": "phone-6", "quantity": 1, "each": "$1,200.00"}],
            "total": "$1,200.00",
            "shipping": "$0.00",
            "address": "3 Quay Lane, Liverpool L3 4AA, United Kingdom",
            "placed": "February 25, 2025",
            "expected": "March 6, 2025",
            "shipped": "February 26, 2025",
            "delivered": "March 5, 2025",
            "carrier": "Royal Courier",
            "tracking": "RC00123842GB",
            "return_days": 30,
        }
    )


async def test_the_desks_no_is_a_result_and_no_error(desk: Desk):
    refused = await told(desk, tools.cancel_order, ROBERT, number="732201349959")
    assert refused["refused"].startswith("order 732201349959 was shipped and can no longer be cancelled")
    assert await told(desk, tools.find_invoice, ROBERT, number="1") == snapshot({"refused": "you have no invoice 1"})
    assert (await told(desk, tools.find_invoices, customer="nobody"))["refused"].startswith("I do not know yet whose account")
    assert (await told(desk, tools.latest_order))["refused"].startswith("I do not know yet whose account")
    assert await told(desk, tools.find_invoices, GRACE, customer="nobody") == {"refused": "you have no account of nobody"}


async def test_what_a_tool_learns_of_the_customer_is_kept_for_all_agents(desk: Desk):
    state: list[CustomerState] = []

    async def look(ctx: ToolContext[Desk]) -> str:
        state.append(ctx.state)
        return "seen"

    script = ScriptedModel([call("find_order", number="00123842"), call("look"), "done"])
    clerk = Agent("clerk", tools=[tools.find_order, look])
    config = RunConfig(model=script, journal=MemoryJournal())
    await Runner.run(clerk, "go", deps=desk, state=CustomerState(name="Grace"), config=config)
    assert state == [CustomerState(name="Grace", order_number="00123842")]


@pytest.mark.parametrize(("cents", "waits"), [(5_000, False), (5_001, True)])
async def test_a_refund_waits_for_a_person_above_the_limit_only(desk: Desk, cents: int, waits: bool):
    result = await run(desk, tools.refund, GRACE, order="00123842", cents=cents)
    assert bool(result.waiting) is waits
    assert len(desk.refunds_of("C1003")) == (1 if waits else 2)


async def test_a_refund_of_which_a_crash_left_unknown_whether_it_was_made_is_found_by_its_key(desk: Desk):
    class Crashed:
        deps = desk
        effect_key = "chat:turn#1/billing#0/refund#1.0"

    assert tools.refund.reconcile is not None
    args = {"order": "00123842", "cents": 4_000}
    assert isinstance(await tools.refund.reconcile(Crashed(), args), NotDone)
    made = desk.refund("00123842", 4_000, Crashed.effect_key)
    assert (await tools.refund.reconcile(Crashed(), args))["refund"] == made.number


@pytest.mark.parametrize(
    ("month", "numbers"),
    [
        ("this month", ["700031"]),
        ("last month", ["00108", "41019", "700032"]),
        ("two months ago", ["700033"]),
        ("January", ["700033"]),
        ("december", ["700034"]),
        ("March", ["700031"]),
    ],
)
async def test_the_invoices_of_a_month_are_found_as_people_name_it(desk: Desk, month: str, numbers: list[str]):
    found = await told(desk, tools.find_invoices, GRACE, month=month)
    assert [bill["invoice"] for bill in found["invoices"]] == numbers


async def test_what_was_returned_for_a_double_charge_is_not_returned_again(desk: Desk):
    found = await told(desk, tools.find_double_charges, ANN, order="900100200302")
    assert [bill["cents"] for bill in found["charged_twice"]] == [16_000]
    desk.refund("900100200302", 10_000, "part")
    found = await told(desk, tools.find_double_charges, CustomerState(customer_id="C1006"))
    assert [bill["cents"] for bill in found["charged_twice"]] == [6_000]


async def test_a_ticket_is_opened_for_somebody_whom_nobody_knows(desk: Desk):
    opened = await told(desk, tools.escalate_to_human, summary="")
    ticket = desk.find_ticket(opened["ticket"])
    assert ticket is not None
    assert (ticket.subject, ticket.customer_id, ticket.priority) == ("A customer asks for a person", None, "urgent")

"""Tools for orders: where they are, what is in them, where they go, and calling them off."""

from __future__ import annotations

from typing import Final

from supportgenie.identity import is_vouched_stranger, vouched
from supportgenie.policy import POLICY, dollars
from supportgenie.records import NotFound, Order
from supportgenie.state import CustomerState
from supportgenie.tools.desk import (
    DeskContext,
    customer_of,
    guess,
    identified,
    own_order,
    owner,
    remember,
    told,
)
from supportgenie.views import View, delivery_view, destination_view, order_view
from switchroom import tool

_LISTED: Final = 10


@tool(effect="read")
@told
def find_order(ctx: DeskContext, number: str) -> View:
    """Look up an order. Its owner gets all of it; anybody else who gives its number gets the delivery status.

    Args:
        number: the order's number, as the customer wrote it.
    """
    if identified(ctx):
        return _shown(ctx, own_order(ctx, number))
    is_vouched = isinstance(ctx.state, CustomerState) and bool(vouched(ctx.state, "email"))
    missing = f"you have no order {number}" if is_vouched else f"there is no order {number}"
    found = guess(ctx, lambda: _order_for_all(ctx, number), missing)
    remember(ctx, order_number=found.number)
    return {**delivery_view(found), **_days(ctx, found)}


@tool(effect="read")
@told
def latest_order(ctx: DeskContext, customer: str | None = None) -> View:
    """Look up what a customer ordered last.

    Args:
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
    """
    buyer = customer_of(ctx, customer)
    latest = ctx.deps.latest_order(buyer.id)
    if latest is None:
        raise NotFound(f"{buyer.name} has not ordered anything yet")
    return _shown(ctx, latest)


@tool(effect="read")
@told
def list_orders(ctx: DeskContext) -> View:
    """List the orders of the customer who is signed in, the newest first, with what they hold and their status."""
    buyer = owner(ctx)
    found = ctx.deps.orders_of(buyer.id)
    return {"customer": buyer.name, "count": len(found), "orders": [order_view(order) for order in found[:_LISTED]]}


@tool(effect="idempotent")
@told
def cancel_order(ctx: DeskContext, number: str) -> View:
    """Cancel an order that has not shipped. Only when the customer asked for it, or agreed to it.

    Args:
        number: the order's number.
    """
    order = ctx.deps.cancel_order(own_order(ctx, number).number)
    returned = next((r for r in ctx.deps.refunds_of(order.customer_id) if r.key == f"cancelled:{order.number}"), None)
    money = {} if returned is None else {"refund": returned.number}
    return {**_shown(ctx, order), **money}


@tool(effect="idempotent")
@told
def change_address(ctx: DeskContext, number: str, address: str) -> View:
    """Send an order that has not shipped to another address.

    Args:
        number: the order's number.
        address: the whole new address, with its town and country.
    """
    return _shown(ctx, ctx.deps.change_address(own_order(ctx, number).number, address))


@tool(effect="idempotent")
@told
def change_item(ctx: DeskContext, number: str, product: str, quantity: int) -> View:
    """Set how many pieces of a product an unshipped, unpaid order holds: adds, changes or removes it.

    Args:
        number: the order's number.
        product: the product's name or sku.
        quantity: the number of pieces afterwards; 0 removes the product.
    """
    order = own_order(ctx, number)
    found = ctx.deps.find_product(product)
    if found is None:
        raise NotFound(f"there is no product {product}")
    return _shown(ctx, ctx.deps.set_quantity(order.number, found.sku, quantity))


@tool(effect="read")
@told
def delivery_to(ctx: DeskContext, place: str) -> View:
    """Look up whether the shop delivers to a place, how long a parcel takes there, and its price.

    Args:
        place: a country, a city, or a text that names one.
    """
    found = ctx.deps.find_destination(place)
    if found is None:
        raise NotFound(f"{place} is not among the places the shop delivers to")
    return {**destination_view(found), "free_from": dollars(POLICY.free_shipping_cents)}


def _order_for_all(ctx: DeskContext, number: str) -> Order | None:
    """An order whose status may be told. The host may vouch for an e-mail address; then it has to be the owner's."""
    order = ctx.deps.find_order(number)
    buyer = ctx.deps.find_account(order.customer_id) if order else None
    is_anothers = isinstance(ctx.state, CustomerState) and buyer is not None and is_vouched_stranger(ctx.state, buyer)
    return None if is_anothers else order


def _shown(ctx: DeskContext, order: Order) -> View:
    """An order as its owner may see it."""
    remember(ctx, order_number=order.number)
    return {**order_view(order), **_days(ctx, order)}


def _days(ctx: DeskContext, order: Order) -> View:
    late = (ctx.deps.today - order.expected_on).days if order.status == "shipped" else 0
    return {"return_days": POLICY.refund_days, **({"days_late": late} if late > 0 else {})}

"""Tools for orders: where they are, what is in them, where they go, and calling them off."""

from __future__ import annotations

from supportgenie.policy import POLICY, dollars
from supportgenie.records import NotFound, Order
from supportgenie.tools.desk import UNKNOWN, DeskContext, check_owner, customer_of, identified, remember, told, without_owner
from supportgenie.views import View, destination_view, order_view
from switchroom import tool


@tool(effect="read")
@told
def find_order(ctx: DeskContext, number: str) -> View:
    """Look up an order: its status, items, total, address and days.

    Args:
        number: the order's number, as the customer wrote it.
    """
    return _shown(ctx, mine(ctx, number), f"there is no order {number}")


@tool(effect="read")
@told
def latest_order(ctx: DeskContext, customer: str | None = None) -> View:
    """Look up what a customer ordered last.

    Args:
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
    """
    buyer = customer_of(ctx, customer)
    return _shown(ctx, ctx.deps.latest_order(buyer.id), f"{buyer.name} has not ordered anything yet")


@tool(effect="idempotent")
@told
def cancel_order(ctx: DeskContext, number: str) -> View:
    """Cancel an order that has not shipped. Only when the customer asked for it, or agreed to it.

    Args:
        number: the order's number.
    """
    mine(ctx, number)
    order = ctx.deps.cancel_order(number)
    returned = next((r for r in ctx.deps.refunds_of(order.customer_id) if r.key == f"cancelled:{order.number}"), None)
    money = {} if returned is None else {"refund": returned.number}
    return {**_shown(ctx, order, ""), **money}


@tool(effect="idempotent")
@told
def change_address(ctx: DeskContext, number: str, address: str) -> View:
    """Send an order that has not shipped to another address. A number alone sends nobody's parcel elsewhere.

    Args:
        number: the order's number.
        address: the whole new address, with its town and country.
    """
    mine(ctx, number)
    if identified(ctx) is None:
        raise NotFound(UNKNOWN)
    moved = ctx.deps.change_address(number, address)
    return {**_shown(ctx, moved, ""), "address": moved.address}


@tool(effect="idempotent")
@told
def change_item(ctx: DeskContext, number: str, product: str, quantity: int) -> View:
    """Set how many pieces of a product an unshipped, unpaid order holds: adds, changes or removes it.

    Args:
        number: the order's number.
        product: the product's name or sku.
        quantity: the number of pieces afterwards; 0 removes the product.
    """
    found = ctx.deps.find_product(product)
    if found is None:
        raise NotFound(f"there is no product {product}")
    mine(ctx, number)
    return _shown(ctx, ctx.deps.set_quantity(number, found.sku, quantity), "")


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


def mine(ctx: DeskContext, number: str) -> Order | None:
    """An order by its number, if there is one.

    Raises:
        NotFound: it is plainly somebody else's.
    """
    found = ctx.deps.find_order(number)
    if found is not None:
        check_owner(ctx, found.customer_id, f"order {number}")
    return found


def _shown(ctx: DeskContext, order: Order | None, missing: str) -> View:
    if order is None:
        raise NotFound(missing)
    remember(ctx, order_number=order.number)
    late = (ctx.deps.today - order.expected_on).days if order.status == "shipped" else 0
    return {
        **without_owner(ctx, order_view(order)),
        "return_days": POLICY.refund_days,
        **({"days_late": late} if late > 0 else {}),
    }

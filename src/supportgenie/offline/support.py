"""Support by rules: orders, where they are, what is in them, where they go, and calling them off."""

from __future__ import annotations

import re

from supportgenie.offline.acts import Answer, Procedure, act, explain, items_of, joined, sorry
from supportgenie.offline.proving import ask
from supportgenie.offline.talk import Talk
from supportgenie.turns import Result

_WHICH = "Which order is it? Its number is in the confirmation e-mail."
_GOODS = re.compile(
    r"\b(mouse|mice|keyboard|laptop|phone|headphones?|speaker|sleeve|case|charger|harrow|tern|hush|quill|pebble|corner)\b", re.I
)
_ALL = re.compile(r"(?<!at )(?<!that's )(?<!thats )\b(all|every|each|both)\b", re.I)
_OWNERS = ("cancel_order", "change_order", "change_shipping_address")
"""The changes that only the owner of an order may ask for."""
_COUNTS = {"one": 1, "another": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_LEAD = re.compile(
    r"^.*?\b(?:address (?:is|to|would be)|to|it'?s|it is|at|please|yes|is)\b[:,]?\s+(?=\S*\d|[A-Z])|^\W*(?:yes|ok|sure)\W+",
    re.I | re.S,
)


def cancel_order(talk: Talk) -> Answer | None:
    """Cancel when it was asked for in plain words; when it was asked about, look and offer."""
    if done := talk.got("cancel_order"):
        return sorry(done) if "refused" in done else _cancelled(done)
    if talk.no:
        return "All right, the order stays as it is."
    offered = talk.offered("find_order", "latest_order")
    if offered and (talk.yes or (not talk.words and talk.order == offered["order"])):
        return act("cancel_order", number=offered["order"])
    if offered and not talk.fresh and offered["order"] == talk.order and talk.got("find_order") is None:
        return None
    found = talk.got("find_order") or talk.got("latest_order")
    if _ALL.search(talk.text) and not talk.has("order_number"):
        return f"I cancel orders one at a time, so that none goes by mistake. {_WHICH}"
    if found is None:
        if not talk.order:
            return act("latest_order")
        if not talk.fresh and talk.order not in talk.text:  # nobody has asked for it in this message
            return act("find_order", number=talk.order) if talk.yes else None
        return act("find_order" if talk.asks else "cancel_order", number=talk.order)
    if "order" not in found:
        return _unknown(talk, found)
    if found["status"] == "placed":
        if "items" not in found:
            can = "is placed but has not shipped yet, so it can still be cancelled free of charge."
            return ask(talk, f"Order {found['order']} {can}")
        return (
            f"Order {found['order']} ({items_of(found)}) is placed but has not shipped yet, "
            "so it can still be cancelled free of charge. "
            "Shall I cancel it for you?"
        )
    return joined(_status(found), _too_late(found, "cancelled"))


def change_order(talk: Talk) -> Answer | None:
    """Change what an order holds: needs the order, the product and what to do with it."""
    if done := talk.got("change_item"):
        if "refused" in done:
            return sorry(done)
        return f"Done: order {done['order']} now holds {items_of(done)}, {done['total']} with shipping."
    found = talk.got("find_order") or talk.got("latest_order")
    if found is None:
        return act("find_order", number=talk.order) if talk.order else act("latest_order")
    if "order" not in found:
        return _unknown(talk, found)
    if found["status"] != "placed":
        return joined(_status(found), _too_late(found, "changed"))
    if "items" not in found:
        return ask(talk, f"Order {found['order']} is placed but has not shipped yet, so it can still be changed.")
    product = _GOODS.search(talk.text)
    if product and talk.had("add", "remove", "swap", "change", "no_longer"):
        return act(
            "change_item",
            number=found["order"],
            product=_singular(product.group()),
            quantity=_quantity(talk, found, product.group()),
        )
    return (
        f"Order {found['order']} is placed but has not shipped yet, so it can still be changed. It holds {items_of(found)}. "
        "What shall I add or take out?"
    )


def change_shipping_address(talk: Talk) -> Answer | None:
    """Send an order elsewhere: needs the order and the new address."""
    if done := talk.got("change_address"):
        if "refused" in done:
            return sorry(done)
        return f"Done: order {done['order']} goes to {done['address']} now and should arrive by {done['expected']}."
    address = _address(talk)
    if talk.order and address:
        return act("change_address", number=talk.order, address=address)
    found = talk.got("find_order") or talk.got("latest_order")
    if found is None:
        return act("find_order", number=talk.order) if talk.order else act("latest_order")
    if "order" not in found:
        return _unknown(talk, found)
    if found["status"] == "placed" and "address" not in found:
        return ask(talk, f"Order {found['order']} is placed but has not shipped yet.")
    if found["status"] == "placed":
        return (
            f"Order {found['order']} is placed but has not shipped yet; it is addressed to {found['address']}. "
            "What is the new address, with the town and the country?"
        )
    if found["status"] == "shipped" and "tracking" not in found:
        return ask(talk, _status(found))
    if found["status"] == "shipped":
        redirect = f"It can be redirected once at the site of {found['carrier']}, with the tracking number {found['tracking']}."
        return joined(_status(found), redirect)
    return joined(_status(found), "Its address can no longer be changed.")


def set_up_shipping_address(talk: Talk) -> Answer | None:
    """Put an address into the account."""
    if done := talk.got("edit_account"):
        return sorry(done) if "refused" in done else f"Done: that is now the address on the account of {done['name']}."
    return explain(talk, "What does the form say, if it does not take your address?")


def delivery_options(talk: Talk) -> Answer | None:
    """Whether, how fast and for how much the shop delivers to a place."""
    found = talk.got("delivery_to")
    if found is None and talk.place:
        return act("delivery_to", place=talk.place)
    if found is None or "refused" in found:
        return explain(talk, "Which country should the parcel go to?")
    return (
        f"Yes, we deliver to {found['country']}: a parcel takes {found['days']} and costs {found['price']}. "
        f"From {found['free_from']} on, standard delivery is free."
    )


def delivery_period(talk: Talk) -> Answer | None:
    """When a parcel comes: of an order, to a place, or in general."""
    if talk.got("delivery_to") or (talk.place and talk.has("toward")):
        return delivery_options(talk)
    if talk.order or ("my" in talk.words and talk.has("arrive", "parcel", "order", "item")):
        return track_order(talk)
    return explain(talk, "If you have ordered already, tell me the order's number and I look up its day.")


def track_order(talk: Talk) -> Answer | None:
    """Where an order is."""
    found = talk.got("find_order") or talk.got("latest_order")
    if found is None:
        return act("find_order", number=talk.order) if talk.order else act("latest_order")
    if "order" not in found:
        return _unknown(talk, found)
    return _status(found)


def list_orders(talk: Talk) -> Answer | None:
    """The orders of the customer who is signed in, one a line. Nothing is offered: nobody asked to change one."""
    found = talk.got("list_orders")
    if not talk.identified:
        return ask(talk, "Your orders are listed under /orders.") if talk.fresh else None
    if found is None:
        return act("list_orders") if talk.fresh else None
    orders: list[Result] = found.get("orders", [])
    if not orders:
        return "You have not ordered anything yet."
    head = "You have one order:" if found["count"] == 1 else f"You have {found['count']} orders, the newest first:"
    more = "\nThe others are listed under /orders." if found["count"] > len(orders) else ""
    return (
        "\n".join([head, *(f"- {order['order']} of {order['placed']}: {items_of(order)}; {_stage(order)}" for order in orders)])
        + more
    )


def _stage(order: Result) -> str:
    match order["status"]:
        case "placed":
            return f"being packed, expected on {order['expected']}"
        case "shipped":
            return f"shipped on {order['shipped']}, expected on {order['expected']}"
        case status:
            return f"{status} on {order[status]}"


def _unknown(talk: Talk, missing: Result) -> Answer:
    """No order was found: a wrong number is said so, and who gave none is told how it goes and asked."""
    if missing.get("identify") and talk.topic in _OWNERS:
        return ask(talk)
    if talk.order:
        return joined(f"I could not find it: {missing['refused']}.", "Would you check the number in the confirmation e-mail?")
    return explain(talk, _WHICH)


def _status(order: Result) -> str:
    number = order["order"]
    match order["status"]:
        case "placed":
            what = f" ({items_of(order)})" if "items" in order else ""
            return f"Order {number} is placed and is being packed{what}. It should arrive by {order['expected']}."
        case "shipped":
            due = f"it should arrive by {order['expected']}"
            if late := order.get("days_late"):
                due = (
                    f"it was expected on {order['expected']}, so it is {late} {'day' if late == 1 else 'days'} late; I am sorry"
                )
            number_there = f", tracking number {order['tracking']}" if "tracking" in order else ""
            return f"Order {number} was shipped on {order['shipped']} with {order['carrier']}{number_there}; {due}."
        case "delivered":
            return f"Order {number} was delivered on {order['delivered']}."
        case _:
            return f"Order {number} was cancelled on {order['cancelled']}."


def _too_late(order: Result, change: str) -> str:
    match order["status"]:
        case "shipped":
            return (
                f"It can no longer be {change}. You may refuse the parcel, or send it back within {order['return_days']} days."
            )
        case "delivered":
            return f"It can no longer be {change}, but it can be sent back within {order['return_days']} days of delivery."
        case _:
            return ""


def _cancelled(order: Result) -> str:
    if refund := order.get("refund"):
        return f"Order {order['order']} is cancelled, and what you paid comes back to you (refund {refund})."
    return (
        f"Order {order['order']} is cancelled as of {order['cancelled']} ({items_of(order)}). Nothing will be charged for it."
    )


def _address(talk: Talk) -> str:
    """The address in a message: what comes after `to` or `is`, once the order's number is taken out."""
    text = re.sub(rf"\b(order|purchase|number|#)?\W*{talk.order}\b" if talk.order else r"$^", "", talk.text).strip()
    said = _LEAD.sub("", text, count=1).strip(" .!")
    led = said != text.strip(" .!")
    looks_so = "," in said or re.search(r"\d+\w? \w+|\w+ \d+", said) is not None
    return said if looks_so and (led or not talk.fresh) and len(said) > 8 else ""


def _singular(product: str) -> str:
    return "mouse" if product.lower() == "mice" else product.lower()


def _quantity(talk: Talk, order: Result, product: str) -> int:
    """How many pieces the order is to hold: what it holds of the product, more or less what the message says."""
    held = next((i["quantity"] for i in order["items"] if _singular(product) in i["product"].lower()), 0)
    count = next((_COUNTS[word] for word in talk.words if word in _COUNTS), 0)
    if not count and (digits := re.search(r"\b(\d{1,2})\b", talk.text)):
        count = int(digits.group(1))
    if talk.has("remove", "no_longer") or (talk.had("remove") and not talk.has("add")):
        return max(0, held - count) if count else 0
    return held + (count or 1)


PROCEDURES: dict[str, Procedure] = {
    "cancel_order": cancel_order,
    "change_order": change_order,
    "change_shipping_address": change_shipping_address,
    "set_up_shipping_address": set_up_shipping_address,
    "delivery_options": delivery_options,
    "delivery_period": delivery_period,
    "track_order": track_order,
    "list_orders": list_orders,
}

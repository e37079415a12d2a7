"""Sales by rules: what there is and what it costs, placing an order, plans, and the newsletter."""

from __future__ import annotations

import re

from supportgenie.offline.acts import Answer, Procedure, act, explain, items_of, joined, listed, refused, sorry
from supportgenie.offline.talk import Talk
from supportgenie.policy import POLICY
from supportgenie.turns import Result

_GOODS = re.compile(
    r"\b(mouse|mice|keyboards?|laptops?|phones?|headphones?|speakers?|sleeves?|case|chargers?|harrow|tern|hush|quill|pebble)\b",
    re.I,
)
_PLANS = re.compile(r"\b(freemium|free|standard|pro|premium|gold|platinum)\b", re.I)
_ORDER_ONE = "Shall I order one for you?"
_TIGHT = re.compile(r"\b(?:water|splash|dust|shock)[ -]?(?:proof|resistant|tight)\b", re.I)
_FACTS = tuple(
    (re.compile(asked, re.I), re.compile(told, re.I))
    for asked, told in (
        (r"\bweigh|\bheavy\b|\blight\b", r"[\d.]+ k?g\b"),
        (r"\bmemory\b|\bram\b", r"\d+ GB of memory"),
        (r"\bstorage\b|\bgigabytes?\b|\bgb\b", r"\d+ GB(?! of memory)"),
        (r"\bbattery\b", r"\d+ hours of battery"),
        (r"\bhow (?:big|large)\b|\binch(?:es)?\b|\bdimensions\b", r"[\d.]+ inch\b"),
    )
)
"""Questions about a product, each with the words of its description that answer it."""
_TWO_USERS = re.compile(r"\b(switch|another|different|two) (users?|accounts?|profiles?)\b", re.I)


def place_order(talk: Talk) -> Answer | None:
    """Quote the price, and order once the customer agreed."""
    if done := talk.got("place_order"):
        if "refused" in done:
            return sorry(done)
        return (
            f"Thank you! Order {done['order']} is placed: {items_of(done)}, {done['total']} with shipping. "
            f"It should arrive by {done['expected']}."
        )
    if talk.no:
        ordered = any("refused" not in (turn.got("place_order") or {"refused": ""}) for turn in talk.turns)
        return "All right, nothing more is ordered." if ordered else "All right, nothing is ordered."
    chosen = talk.offered("find_product") if _ORDER_ONE in talk.before.said else None
    if chosen and talk.yes:
        return act("place_order", product=chosen["sku"])
    if not talk.fresh and talk.who and (wanted := _wanted(talk)):
        return act("place_order", product=wanted, customer=talk.who)
    if found := talk.got("find_product"):
        return sorry(found) if "refused" in found else _offer(found)
    named = [found.lower().replace("mice", "mouse").removesuffix("s") for found in _GOODS.findall(talk.text)]
    if named:
        return act("find_product", product=" ".join(dict.fromkeys(named)))
    goods = talk.got("list_products")
    if goods is None:
        return act("list_products", kind="device")
    some = listed([f"the {product['product']} for {product['price']}" for product in goods["products"]])
    return f"Gladly! Among others we have {some}; everything is at /shop. What would you like?"


def product_question(talk: Talk) -> Answer | None:
    """Return the answer to a question about a product from the catalogue, or the contact of a colleague who may know more."""
    found = talk.got("find_product")
    if found is None:
        return act("find_product", product=talk.text) if _GOODS.search(talk.text) else place_order(talk)
    if "refused" in found:
        return place_order(talk)
    name, about = found["product"], found["about"]
    fact = next((said.group() for asked, told in _FACTS if asked.search(talk.text) and (said := told.search(about))), "")
    if fact:
        return f"Of the {name} our records say: {fact}."
    tight = _TIGHT.search(talk.text)
    unknown = f"whether the {name} is {tight.group().lower()}" if tight else f"that about the {name}"
    return (
        f"I do not know {unknown}; our records say only this: {about}. "
        f"A colleague can tell you more: call {POLICY.phone}, or write to {POLICY.email}."
    )


def switch_account(talk: Talk) -> Answer | None:
    """What a plan costs and brings, and putting a customer on it."""
    if done := talk.got("switch_plan"):
        if "refused" in done:
            return sorry(done)
        return f"Done, {done['name']}: you are on the {done['plan'].title()} plan now."
    if talk.no:
        return "All right, your plan stays as it is."
    if (offered := _plan_offered(talk)) and (talk.yes or talk.who):
        return act("switch_plan", plan=offered, customer=None if talk.yes and not talk.email else talk.who)
    if found := talk.got("find_product"):
        if "refused" in found:
            return explain(talk)
        price = "is free" if found["price"].startswith("$0.00") else f"costs {found['price']}"
        return f"The {found['product']} plan {price}: {found['about']}. Shall I switch you to it?"
    if (named := _PLANS.search(talk.text)) and not _TWO_USERS.search(talk.text):
        return act("find_product", product=f"plan-{named.group().lower()}")
    return explain(talk, "Which plan do you have in mind?" if talk.has("plan", "tier", "upgrade") else "")


def plans(talk: Talk) -> Answer | None:
    """What plans cost, or what a product costs."""
    if _GOODS.search(talk.text):
        return place_order(talk)
    if _PLANS.search(talk.text) or not talk.fresh:
        return switch_account(talk)
    found = talk.got("list_products")
    if found is None:
        return act("list_products", kind="plan")
    some = listed([f"{product['product']} for {product['price']}" for product in found["products"]])
    return joined(f"There are these plans: {some}.", _suggestion(found), "Which one would you like to know more about?")


def newsletter(talk: Talk) -> Answer | None:
    """Subscribe, unsubscribe, or tell the state, once the e-mail address is there."""
    if done := talk.got("subscribe") or talk.got("unsubscribe"):
        if "refused" in done:
            return joined(refused(done), "Would you write the e-mail address again?")
        if "confirm" in done:
            return f"Thank you. A link to confirm it is on its way to {done['email']}; until then nothing changes."
        if done["subscribed"]:
            return f"{done['email']} gets the newsletter from now on."
        return f"Done: the newsletter no longer goes to {done['email']}."
    if state := talk.got("newsletter_status"):
        return f"The newsletter {'goes' if state['subscribed'] else 'does not go'} to {state['email']}."
    if not talk.email:
        return explain(talk, "Which e-mail address is it about? Then I take care of it.")
    said = f"{talk.before.text} {talk.text}" if not talk.fresh else talk.text
    if re.search(r"unsub|cancel|\bstop|take (me|it) off|no longer|\bleave|remove", said, re.I):
        return act("unsubscribe", email=talk.email)
    if re.search(r"status|check|\bsee\b|am i\b|whether", said, re.I):
        return act("newsletter_status")
    return act("subscribe", email=talk.email)


def gift_cards(talk: Talk) -> Answer | None:
    """Gift cards and codes."""
    return explain(talk)


def _offer(product: Result) -> str:
    about = f"The {product['product']} costs {product['price']} ({product['about']})"
    if not product.get("in_stock"):
        return f"{about}, but it is sold out at the moment. May I show you something else?"
    return joined(f"{about}; {product['in_stock']} are in stock.", _suggestion(product), _ORDER_ONE)


def _suggestion(found: Result) -> str:
    """What may be suggested beside what was found, if anything may."""
    offer: Result = found.get("suggest", {})
    if not offer:
        return ""
    name = f"The {offer['product']} plan" if offer["kind"] == "plan" else f"The {offer['product']}"
    return f"{name} {offer['why']}, for {offer['price']}."


def _wanted(talk: Talk) -> str:
    """The product that was talked about last."""
    for turn in reversed(talk.turns[:-1]):
        if found := turn.got("find_product"):
            return str(found.get("sku", ""))
    return ""


def _plan_offered(talk: Talk) -> str:
    wanted = _wanted(talk) if not talk.fresh else ""
    return wanted.removeprefix("plan-") if wanted.startswith("plan-") else ""


PROCEDURES: dict[str, Procedure] = {
    "place_order": place_order,
    "switch_account": switch_account,
    "plans": plans,
    "product_question": product_question,
    "newsletter_subscription": newsletter,
    "gift_cards": gift_cards,
}

"""Tools for what the shop offers: help articles, products and plans, and placing an order."""

from __future__ import annotations

from supportgenie.records import NotFound, ProductKind
from supportgenie.state import CustomerState
from supportgenie.tools.desk import DeskContext, customer_of, remember, told
from supportgenie.upsell import offer_for
from supportgenie.views import View, article_view, order_view, product_view
from switchroom import tool


@tool(effect="read")
@told
def search_articles(ctx: DeskContext, query: str) -> View:
    """Search the help articles: terms, deadlines, fees, steps to follow. Quote from what it finds, and name the path.

    Args:
        query: what the customer wants to know.
    """
    found = ctx.deps.search_articles(query)
    if found:
        remember(ctx, topic=found[0].topic)
    return {"articles": [article_view(article) for article in found]}


@tool(effect="read")
@told
def find_product(ctx: DeskContext, product: str) -> View:
    """Look up a product or a plan: what it is, its price, how many are in stock, and what may be suggested beside it.

    Args:
        product: its name or sku, or a text that names it.
    """
    found = ctx.deps.find_product(product)
    if found is None:
        raise NotFound(f"there is no product {product}")
    return {**product_view(found), **_suggested(ctx, found.sku)}


@tool(effect="read")
@told
def list_products(ctx: DeskContext, kind: ProductKind | None = None) -> View:
    """List the catalogue with prices, the cheapest first.

    Args:
        kind: only plans, only devices, or only accessories.
    """
    listed = {"products": [product_view(product) for product in ctx.deps.products(kind)]}
    return {**listed, **_suggested(ctx, "plans")} if kind == "plan" else listed


@tool(effect="idempotent")
@told
def place_order(ctx: DeskContext, product: str, quantity: int = 1, customer: str | None = None) -> View:
    """Order a product for a customer who agreed to its price; it is paid when it ships.

    Args:
        product: its name or sku.
        quantity: how many pieces.
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
    """
    found = ctx.deps.find_product(product)
    if found is None:
        raise NotFound(f"there is no product {product}")
    buyer = customer_of(ctx, customer)
    order = ctx.deps.place_order(buyer.id, {found.sku: quantity}, key=ctx.effect_key)
    remember(ctx, order_number=order.number)
    return order_view(order)


def _suggested(ctx: DeskContext, asked: str) -> View:
    """What may be suggested beside what was asked for. It is given once in a conversation, and counts as said then."""
    state = ctx.state if isinstance(ctx.state, CustomerState) else None
    offer = offer_for(asked, state)
    product = ctx.deps.find_product(offer.sku) if offer else None
    if offer is None or product is None or (product.kind != "plan" and not product.stock):
        return {}
    remember(ctx, offered=offer.sku)
    return {"suggest": {**product_view(product), "why": offer.why}}

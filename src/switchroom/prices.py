"""What usage costs: by the price list of the library genai-prices, which is part of it and not fetched."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from switchroom.usage import Usage

# Our names of providers that have another in the list.
_LISTED = {"openai-responses": "openai", "gemini": "google", "xai": "x-ai"}


def price_of(usage: Usage, model_name: str, provider: str | None = None, *, at: float | None = None) -> Decimal | None:
    """What usage of a model costs at list prices.

    The first call loads the list, which takes some 0.2 s.

    Args:
        usage: of one request: some prices depend on how long it was.
        model_name: as `ModelAnswered.model` has it, "provider:model", or the model's name alone.
        provider: who serves it, where the name does not say so, such as "openai", "azure", "openrouter".
        at: when, in seconds since the epoch, for prices change; now by default.

    Returns:
        US dollars. None if the list does not have the model at that provider, or nobody counted the tokens: it is never a
        guess.
    """
    if not usage.total_tokens and usage.requests:
        return None
    if provider is None and ":" in model_name:
        provider, _, model_name = model_name.partition(":")
    if not model_name:
        return None
    from genai_prices import Usage as Listed
    from genai_prices import calc_price

    provider = _LISTED.get(provider, provider) if provider else None
    sent, received, cached = usage.input_tokens, usage.output_tokens, usage.cached_tokens
    when = None if at is None else datetime.fromtimestamp(at, UTC)
    try:
        counted = Listed(input_tokens=sent, output_tokens=received, cache_read_tokens=cached)
        found = calc_price(counted, model_name, provider_id=provider, genai_request_timestamp=when)
    except (LookupError, ValueError):  # ValueError: numbers that cannot be, as more tokens cached than sent
        return None
    if provider is not None and found.provider.id != provider:  # one that is only named alike
        return None
    return found.total_price

"""What usage costs: by the list, or not at all."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from switchroom.observe import price_of
from switchroom.usage import Usage

THEN = 1_760_000_000.0
USED = Usage(1, 1_000_000, 100_000)


def test_a_price_is_that_of_the_tokens_sent_cached_and_received():
    assert price_of(Usage(1, 1000, 100), "openai:gpt-4o", at=THEN) == Decimal("0.0035")
    assert price_of(Usage(1, 1000, 100, cached_tokens=800), "openai:gpt-4o", at=THEN) == Decimal("0.0025")
    assert price_of(Usage(1, 1000, 100, reasoning_tokens=90), "openai:gpt-4o", at=THEN) == Decimal("0.0035")


def test_a_model_is_found_by_its_provider_and_name_by_its_name_alone_and_by_its_dated_name():
    price = price_of(USED, "openai:gpt-4o")
    assert price == price_of(USED, "gpt-4o") == price_of(USED, "gpt-4o", provider="openai")
    assert price == price_of(USED, "openai:gpt-4o-2024-08-06") == price_of(USED, "openai-responses:gpt-4o")


@pytest.mark.parametrize(
    "name",
    [
        "anthropic:claude-sonnet-4-5",
        "gemini:gemini-2.5-flash",
        "xai:grok-4",
        "deepseek:deepseek-chat",
        "openrouter:openai/gpt-4o",
    ],
)
def test_the_providers_that_we_name_are_in_the_list(name: str):
    price = price_of(USED, name)
    assert price is not None
    assert price > 0


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("", {}),
        ("openai:", {}),
        ("openai:gpt-made-up", {}),
        ("made-up", {}),
        ("ollama:gpt-4o", {}),
        ("vllm:deepseek-r1", {}),
        ("lmstudio:gpt-oss-20b", {}),
        ("gpt-4o", {"provider": "nobody"}),
        ("gpt-4o", {"provider": "my-openai-proxy"}),
    ],
)
def test_what_the_list_does_not_have_has_no_price_and_never_a_similar_one(name: str, options: dict[str, Any]):
    assert price_of(USED, name, **options) is None


def test_tokens_that_nobody_counted_have_no_price_and_what_was_not_asked_costs_nothing():
    assert price_of(Usage(1), "openai:gpt-4o") is None
    assert price_of(Usage(1, 10, 1, cached_tokens=11), "openai:gpt-4o") is None
    assert price_of(Usage(), "openai:gpt-4o") == 0


def test_a_price_is_that_of_its_time():
    before, after = 1_700_000_000.0, 1_760_000_000.0
    assert price_of(USED, "openai:o3", at=before) != price_of(USED, "openai:o3", at=after)


def test_the_list_is_loaded_when_a_price_is_asked_for_and_not_before():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, switchroom.observe; from switchroom.usage import Usage\n"
            "print('genai_prices' in sys.modules); switchroom.observe.price_of(Usage(1, 1), 'openai:gpt-4o')\n"
            "print('genai_prices' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["False", "True"]

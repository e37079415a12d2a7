"""Both protocols, streamed and not; and an environment that says nothing of any provider."""

from __future__ import annotations

import os

import pytest

from switchroom.models.openai import PROVIDERS
from tests.servers.asked import Api


@pytest.fixture(params=["chat", "responses"])
def api(request: pytest.FixtureRequest) -> Api:
    return request.param


@pytest.fixture(params=[False, True], ids=["plain", "streamed"])
def streamed(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key and no address of whoever runs the tests."""
    first = {provider.name.split("-")[0].upper() for provider in PROVIDERS.values()} | {"SWITCHROOM"}
    for name in os.environ:
        if name.split("_")[0] in first:
            monkeypatch.delenv(name)

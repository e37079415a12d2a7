"""What holds for every test: no model, key or address of whoever runs them."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.examples import HOUSE

settings.load_profile(HOUSE)  # `make laws` names another, which is loaded after this one

OURS = ("SWITCHROOM_", "OPENAI_")
ENDS = ("_API_KEY", "_BASE_URL")


@pytest.fixture(autouse=True)
def no_models_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(OURS) or name.endswith(ENDS):
            monkeypatch.delenv(name)

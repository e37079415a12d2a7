"""Fixtures of every test: no model, key, address or data folder of the person who runs the tests."""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from tests.examples import HOUSE

settings.load_profile(HOUSE)  # `make laws` names another, which is loaded after this one

# Before anything is imported that may read the variable; child processes inherit it.
_data = TemporaryDirectory(prefix="switchroom-tests-")
os.environ["XDG_DATA_HOME"] = _data.name

OURS = ("SWITCHROOM_", "OPENAI_")
ENDS = ("_API_KEY", "_BASE_URL")


@pytest.fixture(autouse=True)
def no_models_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(OURS) or name.endswith(ENDS):
            monkeypatch.delenv(name)

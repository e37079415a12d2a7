"""A listener that fails does not stop a run, and would not be seen to: here it fails the tests."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def no_listener_fails() -> Iterator[None]:
    """Collect what the log says of listeners that failed."""
    failed: list[str] = []

    class Seen(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage().startswith("A listener failed"):
                failed.append(self.format(record))

    seen = Seen()
    logging.getLogger("switchroom").addHandler(seen)
    yield
    logging.getLogger("switchroom").removeHandler(seen)
    assert not failed, failed[0]

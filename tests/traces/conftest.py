"""What this folder's other modules check says what differs, as what a test checks does."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(*(f"tests.traces.{name}" for name in ("desk", "fronts", "played", "records", "script")))

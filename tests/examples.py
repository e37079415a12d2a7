"""How many examples a law is tried on: a few in `make test`, many times more in `make soak`."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

FAST = 50
"""Examples of a law that says nothing else, in `make test`."""

SOAK = 1000
"""The same in `make soak`."""

# A slow or busy machine is no fault of what is tested.
HOUSE = "house"
settings.register_profile(HOUSE, max_examples=FAST, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", settings.get_profile(HOUSE), max_examples=SOAK)


def times(count: int) -> int:
    """Give a number of examples: `count` in `make test`, and in `make soak` as many times more as of any other law."""
    return max(1, count * settings().max_examples // FAST)

"""The number of examples on which a law is tried: a few in `make test`, many times more in `make laws`."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

FAST = 50
"""Examples of a law that says nothing else, in `make test`."""

SOAK = 1000
"""The same in `make laws`."""

HOUSE = "house"
settings.register_profile(
    HOUSE,
    max_examples=FAST,
    derandomize=True,  # `make test` passes or fails by the change, not by chance; `make laws` looks for new examples
    deadline=None,  # a slow machine is no fault of the code
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("soak", settings.get_profile(HOUSE), max_examples=SOAK, derandomize=False)


def times(count: int) -> int:
    """Return `count` in `make test`, and in `make laws` as many times more as for any other law."""
    return max(1, count * settings().max_examples // FAST)

"""An agent that failed too often is left alone for a while: the pattern known as Circuit Breaker.

What is asked is a row of words: what the line is at each call, "up" or "down", and "wait" for half a minute that passes.
"""

from __future__ import annotations

import logging

from command import asked, command, say
from switchroom import Agent, CircuitBreaker, CircuitBreakerOpen, RunConfig, Runner
from switchroom.model import ModelRequest
from switchroom.step import Scope
from switchroom.wrap import breaking


class Clock:
    """A clock that is set by hand, so that nobody has to wait for the breaker."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.seconds


clock = Clock()
breaker = CircuitBreaker(failure_threshold=2, timeout=60, clock=clock, name="clerk")
clerk = Agent("clerk", "You are told the state of your line. Confirm it in one short sentence.")


async def service(line: str, scope: Scope) -> str:
    """The agent at the other end of a line that may be down."""
    if line == "down":
        raise ConnectionError("the line is down")
    return await scope.call(clerk, line)


guarded = breaking(service, breaker)


def offline(request: ModelRequest) -> str:
    """The clerk says what the line is."""
    return f"the line is {request.messages[-1].text}"


def told(line: str, config: RunConfig) -> str:
    """What comes of one call."""
    try:
        return Runner.run_sync(guarded, line, config=config).final_output
    except CircuitBreakerOpen as refused:
        return f"not called, again in {refused.retry_after:.0f} s"
    except ConnectionError as error:
        return f"failed: {error}"


if __name__ == "__main__":
    logging.getLogger("switchroom").setLevel(logging.ERROR)  # the breaker warns when it opens, which is shown anyway
    text, model = asked(command(__doc__, "up down down up wait wait down wait wait up up"), offline)
    for word in text.split():
        if word == "wait":
            clock.seconds += 30
            say(f"wait: {breaker.state}")
        else:
            say(f"{word}: {told(word, RunConfig(model=model))}, now {breaker.state}")

"""The patterns' fixtures: a model that answers by a script, of each kind, and both runners."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from types import ModuleType
from typing import TypeAlias

import pytest

from switchroom import set_default_model
from switchroom.compat.agents import Runner
from switchroom.models import Reply
from tests.compat.ways import RUNNERS, WAYS, Script

Answering: TypeAlias = Callable[[Mapping[str, list[Reply]]], Awaitable[Script]]
Using: TypeAlias = Callable[[ModuleType], type[Runner]]


@pytest.fixture(params=list(WAYS))
async def answering(request: pytest.FixtureRequest) -> AsyncIterator[Answering]:
    """Lets all agents without a model of their own be answered by a script, and makes sure that it was played to the end."""
    scripts: list[Script] = []
    async with AsyncExitStack() as stack:

        async def answer(answers: Mapping[str, list[Reply]]) -> Script:
            script = Script(answers)
            scripts.append(script)
            set_default_model(await stack.enter_async_context(WAYS[request.param](script)))
            return script

        yield answer
    set_default_model(None)
    assert [script.left for script in scripts] == [0] * len(scripts)


@pytest.fixture(params=list(RUNNERS))
def using(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Using:
    """Has the runs that a pattern's own code starts taken plain or streamed, and gives that runner."""
    runner = RUNNERS[request.param]

    def use(pattern: ModuleType) -> type[Runner]:
        monkeypatch.setattr(pattern, "Runner", runner, raising=False)
        return runner

    return use

"""Models made of a function or of a list of answers."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable

from switchroom.errors import UserError
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.reply import Reply, respond


class FunctionModel:
    """A model that answers by a function of the request.

    It goes the way of any model: it is asked with messages and tools, and streams word by word when somebody listens.

    Args:
        fn: `fn(request)`, sync or async, gives text, `call(...)`, a list of both, `deltas([...])`, or a `Message`. The request
            has `.agent`, `.instructions`, `.messages`, `.tools`, `.output_schema`.
    """

    __slots__ = ("_fn",)

    def __init__(self, fn: Callable[[ModelRequest], Reply | Awaitable[Reply]]) -> None:
        self._fn = fn

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Answer the request.

        Raises:
            UserError: the function gave something else than an answer.
        """
        reply = self._fn(request)
        if inspect.isawaitable(reply):
            reply = await reply
        return await respond(reply, emit, f"The model of agent '{request.agent}'")


class ScriptedModel:
    """A model that gives the answers of a list, one after the other, whoever asks.

    Args:
        answers: texts, calls, lists of both, `deltas([...])`, or messages.

    Attributes:
        requests: what it was asked so far.
    """

    def __init__(self, answers: Iterable[Reply]) -> None:
        self._answers = list(answers)
        self.requests: list[ModelRequest] = []

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Give the next answer.

        Raises:
            UserError: there is none left.
        """
        self.requests.append(request)
        asked = len(self.requests)
        if asked > len(self._answers):
            said = request.messages[-1].text if request.messages else ""
            raise UserError(
                f"The script of {len(self._answers)} answers has run out: agent '{request.agent}' asks for answer {asked}, "
                f"after {said[:200]!r}. Add an answer, or find out why it was asked again."
            )
        return await respond(self._answers[asked - 1], emit, f"The script's answer {asked}")

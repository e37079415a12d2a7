"""Falling back: a model that asks others, in order, when one fails."""

from __future__ import annotations

import logging

from switchroom.defaults import named
from switchroom.errors import ModelDenied, ModelError, UserError
from switchroom.model import Emit, Model, ModelRequest, ModelResponse

log = logging.getLogger("switchroom")

FAILING: tuple[type[Exception], ...] = (ModelError, ModelDenied, ConnectionError, TimeoutError)
"""Failures after which the next model is asked where nothing else is said: the server's, whoever's fault it was."""


class FallbackModel:
    """A model that is the first of several, and when that one fails the next.

    What was shown of an answer that failed is withdrawn; where a listener cannot clear it, the failure is raised, for nobody is
    to hear two beginnings. Who answered stands in the answer's fact (`model`); each failure is logged as a warning.

    Args:
        models: at least two, models or names of models, the one to be asked first first.
        on: the exceptions after which the next is asked. By default all failures of a model's server, a wrong key too: who
            waits for an answer does not care whose fault it was.

    Raises:
        UserError: there are fewer than two models.
    """

    def __init__(self, *models: Model | str, on: tuple[type[Exception], ...] = FAILING) -> None:
        if len(models) < 2:
            raise UserError(f"FallbackModel({_listed(models)}) has nothing to fall back to. Pass at least two models.")
        self._models = models
        self._on = on

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Ask one model after the other until one answers.

        Raises:
            Exception: what the last model raised, with notes of what the others did.
        """
        failed: list[str] = []
        try:
            for model in self._models[:-1]:
                try:
                    return await _found(model)(request, emit)
                except self._on as error:
                    if not await emit.withdraw(str(error)):
                        raise
                    log.warning("%r failed for agent '%s', the next model is asked: %s", model, request.agent, error)
                    failed.append(f"Before, {model!r} failed: {type(error).__name__}: {error}")
            return await _found(self._models[-1])(request, emit)
        except Exception as error:
            for note in failed:
                error.add_note(note)
            raise

    def __repr__(self) -> str:
        return f"FallbackModel({_listed(self._models)})"


def _listed(models: tuple[Model | str, ...]) -> str:
    return ", ".join(map(repr, models))


def _found(model: Model | str) -> Model:
    return named(model) if isinstance(model, str) else model

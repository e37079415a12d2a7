"""How far a conversation has come: its phase, what was gathered, what is missing, and how sure one is of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Any, Generic, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from typing_extensions import TypedDict, TypeVar

from switchroom.errors import UserError, unknown
from switchroom.schema import explained, jsonable


class ConversationPhase(StrEnum):
    """Phases of a conversation in which something is designed; a class of your own may stand in its place."""

    DISCOVERY = "discovery"
    DATA_SOURCE = "data_source_identification"
    VISUALIZATION = "visualization_design"
    CONFIRMATION = "confirmation"
    GENERATION = "generation"


Phase = TypeVar("Phase", bound=Enum, default=ConversationPhase)


class Update(TypedDict, Generic[Phase]):
    """One update of a conversation's state: which phase began or went on, what was learned, and when."""

    phase: Phase
    data: dict[str, Any]
    timestamp: float


class ConversationState(BaseModel, Generic[Phase]):
    """How far a conversation has come.

    It is a pydantic model: it can be the shared `state` of runs, the `state` of a node, and a file's content. With phases of
    your own it is `ConversationState[YourPhase]`; subclass that for fields of your own.

    Attributes:
        session_id: whose state it is.
        phase: the phase that goes on; at first the first one.
        requirements: what was gathered, by field.
        context: what else is known.
        history: the updates, in order.
        confidence: how sure one is of what was gathered, from 0 to 1.
        required_fields: what has to be gathered until it is complete.

    Raises:
        UserError: a value is not of its field's type.
    """

    model_config = ConfigDict(validate_assignment=True, defer_build=True)

    session_id: str = ""
    phase: Phase = cast("Phase", None)  # the first one: which that is, the declared type says
    requirements: dict[str, Any] = {}
    context: dict[str, Any] = {}
    history: list[Update[Phase]] = []
    confidence: float = Field(default=0.0, ge=0, le=1)
    required_fields: tuple[str, ...] = ("objective", "metrics", "data_sources")

    def __init__(self, session_id: str = "", **fields: Any) -> None:
        super().__init__(session_id=session_id, **fields)

    @model_validator(mode="before")
    @classmethod
    def _begin(cls, data: Any) -> Any:
        match data:
            case {"phase": _}:
                return data
            case {**fields} if cls.model_fields["phase"].default is None:
                return {**fields, "phase": next(iter(cls.phases()))}
            case _:
                return data

    @classmethod
    def phases(cls) -> type[Enum]:
        """The type of its phases."""
        declared: Any = cls.model_fields["phase"].annotation
        return declared if isinstance(declared, type) else ConversationPhase

    def update(self, phase: Phase | str, data: Mapping[str, Any], *, confidence: float | None = None) -> None:
        """Put down in which phase the conversation is, and what was learned.

        Args:
            phase: one of its phases, or that phase's value.
            data: what was learned, by field; it adds to the requirements, and takes the place of what was known before.
            confidence: how sure one is now, from 0 to 1; by default that stays as it was.

        Raises:
            UserError: there is no such phase, or JSON cannot hold the data.
        """
        found = self._phase(phase)
        kept = jsonable(dict(data), f"{type(self).__name__}.update({found.name}, ...)")
        try:
            if confidence is not None:
                self.confidence = confidence
        except ValidationError as error:
            raise UserError(f"{type(self).__name__}.update(confidence={confidence!r}): {explained(error)}.") from error
        self.phase = found
        self.requirements = {**self.requirements, **kept}
        self.history = [*self.history, {"phase": found, "data": kept, "timestamp": time.time()}]

    def is_complete(self) -> bool:
        """Whether all required fields were gathered."""
        return not self.missing

    @property
    def missing(self) -> list[str]:
        """The required fields that were not gathered yet."""
        return [field for field in self.required_fields if field not in self.requirements]

    def _phase(self, given: Phase | str) -> Phase:
        phases = self.phases()
        value: Any = given.value if isinstance(given, Enum) else given
        for phase in phases:
            if phase.value == value:
                return cast("Phase", phase)
        raise UserError(
            f"{unknown(type(self).__name__, 'phase', str(value), [str(phase.value) for phase in phases])} "
            "Phases of your own: ConversationState[YourPhase](...)."
        )

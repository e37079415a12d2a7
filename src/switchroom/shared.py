"""The state that the agents of a conversation share: kept as JSON, read and changed as its declared type."""

from __future__ import annotations

from typing import Any

import msgspec
import pydantic

from switchroom.errors import UserError
from switchroom.schema import as_json, as_model, jsonable


class Shared(msgspec.Struct):
    """How a conversation's state is read and changed.

    Args:
        kind: its type, where one was declared or a state was given.
        made: what was kept when the state was last made of it, and the state.
    """

    kind: type[pydantic.BaseModel] | None
    made: tuple[Any, Any] = (None, None)

    def learn(self, state: Any) -> None:
        """Take the type of a state that was given, where none was declared."""
        if self.kind is None and isinstance(state, pydantic.BaseModel):
            self.kind = type(state)

    def read(self, kept: dict[str, Any] | None) -> Any:
        """The state as its type; a copy, for only `update` changes it."""
        if kept is None:
            return None
        if self.made[0] is not kept:
            self.made = (kept, as_model(self._known(), kept))
        return self.made[1].model_copy(deep=True)

    def _known(self) -> type[pydantic.BaseModel]:
        if self.kind is None:
            raise UserError(
                "The conversation has a shared state, and its type is not known in this run. Pass RunConfig(state_type=...)."
            )
        return self.kind

    def changed(self, kept: dict[str, Any] | None, changes: dict[str, Any]) -> dict[str, Any]:
        """What changes of the state change in what is kept of it, validated.

        Raises:
            UserError: there is no shared state, or a field is unknown or not of its type.
        """
        if kept is None:
            raise UserError("update(...): the run has no shared state. Pass state=YourModel(...) to Runner.run.")
        plain = {name: jsonable(value, f"update({name}=...)") for name, value in changes.items()}
        plain = _validated(self._known(), kept, plain)
        return {name: value for name, value in plain.items() if name not in kept or kept[name] != value}


def kept_of(state: Any) -> dict[str, Any]:
    """A caller's state as JSON.

    Raises:
        UserError: it is no pydantic model.
    """
    if not isinstance(state, pydantic.BaseModel):
        raise UserError(f"state={state!r}: pass a pydantic model. Handles such as a database go into deps=.")
    return as_json(state)


def _validated(kind: type[pydantic.BaseModel], kept: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    fields = kind.model_fields
    for name in changes:
        if name not in fields:
            raise UserError(f"update({name}=...): {kind.__name__} has no field '{name}'; it has {list(fields)}.")
    called = {name: fields[name].alias or name for name in changes}
    try:
        valid = as_json(as_model(kind, {**kept, **{called[name]: value for name, value in changes.items()}}))
    except pydantic.ValidationError as error:
        raise UserError(f"update(...): {error}") from error
    return {called[name]: valid[called[name]] for name in changes}

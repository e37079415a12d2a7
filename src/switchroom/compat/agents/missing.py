"""Imports of names and modules that only the OpenAI Agents SDK has; each says what to use instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import NoReturn

from switchroom.compat.agents.counterparts import MODULE_INSTEAD, NAME_INSTEAD

_ROOT = "switchroom.compat.agents"


def missing_from(module: str) -> Callable[[str], NoReturn]:
    """Return a module's `__getattr__`, which explains names of that SDK and knows no others.

    Args:
        module: the module's full name.
    """

    def missing(name: str) -> NoReturn:
        if name in NAME_INSTEAD:
            own = f"agents{module.removeprefix(_ROOT)}.{name}"
            text = f"{own} has no counterpart in Switchroom. Instead: {NAME_INSTEAD[name]}."
            raise _error(text, name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return missing


class MissingModules:
    """Finder for modules that only that SDK has: their import says what to use instead."""

    @staticmethod
    def find_spec(fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Refuse a missing module of that SDK; leave all other modules to other finders.

        Raises:
            MissingName: the module is one of that SDK.
        """
        own = fullname.removeprefix(f"{_ROOT}.")
        if own != fullname and own in MODULE_INSTEAD:
            text = f"The module agents.{own} has no counterpart in Switchroom. Instead: {MODULE_INSTEAD[own]}."
            raise _error(text, fullname)
        return None


def _error(text: str, name: str) -> Exception:
    from switchroom.compat.agents.exceptions import MissingName  # whose module uses this one

    return MissingName(text, name)

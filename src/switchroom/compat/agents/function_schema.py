"""Where that SDK makes the schema of a function; here `@function_tool` does, and an import says so."""

from __future__ import annotations

from typing import Literal, TypeAlias

from switchroom.compat.agents.missing import missing_from

DocstringStyle: TypeAlias = Literal["google", "numpy", "sphinx"]
__getattr__ = missing_from(__name__)

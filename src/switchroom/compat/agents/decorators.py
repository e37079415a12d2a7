"""The decorators of that SDK, under their short names as well."""

from __future__ import annotations

from switchroom.compat.agents.guardrail import input_guardrail as input_guardrail
from switchroom.compat.agents.guardrail import output_guardrail as output_guardrail
from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.tool import function_tool as function_tool

tool = function_tool
__getattr__ = missing_from(__name__)

"""What can go wrong, under that SDK's names; each is also the exception of ours that says the same."""

from __future__ import annotations

from typing import Any

from switchroom import errors
from switchroom.compat.agents.missing import missing_from


class RunErrorDetails:
    """How far a run had come when it failed. It holds live objects, and is never kept with the failure in a journal.

    Attributes:
        input: what the run was asked.
        new_items: the items of the turns that were complete.
        raw_responses: what models answered.
        last_agent: who was asked last.
        context_wrapper: the context of the run.
        input_guardrail_results: what the input guardrails said.
        output_guardrail_results: what the output guardrails said.
    """

    def __init__(
        self,
        input: str | list[Any],
        new_items: list[Any],
        raw_responses: list[Any],
        last_agent: Any,
        context_wrapper: Any,
        input_guardrail_results: list[Any],
        output_guardrail_results: list[Any],
    ) -> None:
        self.input = input
        self.new_items = new_items
        self.raw_responses = raw_responses
        self.last_agent = last_agent
        self.context_wrapper = context_wrapper
        self.input_guardrail_results = input_guardrail_results
        self.output_guardrail_results = output_guardrail_results


class AgentsException(Exception):
    """The root of that SDK's exceptions.

    Attributes:
        run_data: how far the run had come, where one had begun.
        run: the same as Switchroom's own result, of a run that is not inside another.
    """

    run_data: RunErrorDetails | None = None
    run: Any = None


class UserError(AgentsException, errors.UserError):
    """Something in the code has to be changed; the message says what."""

    @property
    def message(self) -> str:
        """What has to be changed."""
        return str(self)


class MissingName(UserError, ImportError):
    """A name or a module of that SDK does not exist here; the message says what to use instead."""

    def __init__(self, text: str, name: str = "") -> None:
        ImportError.__init__(self, text, name=name)


class MaxTurnsExceeded(AgentsException, errors.MaxTurnsExceeded):
    """A run had as many model answers as its `max_turns` allows. Runs that it starts inside tools count by themselves."""

    @property
    def message(self) -> str:
        """What happened."""
        return str(self)


class ModelBehaviorError(AgentsException, errors.ModelMisbehaved):
    """A model repeated a fault (unknown tool, invalid arguments or output, an empty answer) though it was told."""

    @property
    def message(self) -> str:
        """What happened."""
        return str(self)


class ModelRefusalError(AgentsException, errors.ModelRefused):
    """A model refused where an answer of a declared type was to be given.

    Attributes:
        refusal: what it said.
    """

    def __init__(self, refusal: str) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class ModelTimeoutError(AgentsException, errors.ModelUnavailable):
    """A model took longer than `ModelSettings.timeout`.

    Attributes:
        timeout_seconds: that time.
    """

    def __init__(self, timeout_seconds: float) -> None:
        errors.ModelUnavailable.__init__(self, f"The model took longer than its {timeout_seconds:g} s.")
        self.timeout_seconds = timeout_seconds


class ToolTimeoutError(AgentsException, errors.ToolTimeout):
    """A tool with `timeout_behavior="raise_exception"` took too long.

    Attributes:
        tool_name: the tool, where it is known.
        timeout_seconds: the time that it was given.
    """

    def __init__(self, tool_name: str, timeout_seconds: float) -> None:
        super().__init__(f"Tool '{tool_name}' took longer than its {timeout_seconds:g} s.")
        self.tool_name = tool_name
        self.timeout_seconds = timeout_seconds


class InputGuardrailTripwireTriggered(AgentsException, errors.RunError):
    """An input guardrail said no.

    Attributes:
        guardrail_result: what it said.
    """

    def __init__(self, guardrail_result: Any) -> None:
        super().__init__(f"Input guardrail '{guardrail_result.guardrail.get_name()}' tripped.")
        self.guardrail_result = guardrail_result


class OutputGuardrailTripwireTriggered(AgentsException, errors.RunError):
    """An output guardrail said no.

    Attributes:
        guardrail_result: what it said, and of what.
    """

    def __init__(self, guardrail_result: Any) -> None:
        super().__init__(f"Output guardrail '{guardrail_result.guardrail.get_name()}' tripped.")
        self.guardrail_result = guardrail_result


__getattr__ = missing_from(__name__)

"""What a run failed with, under that SDK's names, and how far it had come."""

from __future__ import annotations

from switchroom import errors
from switchroom.compat.agents import exceptions
from switchroom.compat.agents.exceptions import AgentsException, RunErrorDetails
from switchroom.compat.agents.guardrail import InputGuardrailResult
from switchroom.compat.agents.result import new_items, responses_of
from switchroom.compat.agents.running import Running
from switchroom.compat.agents.transcript import spoken
from switchroom.failure import attribute_of


def failed(error: Exception, run: Running) -> Exception:
    """An exception that left a run as that SDK has it; what it has no name for is left as it is.

    A tool's, a model's or a guardrail's own exception is always left as it is.
    """
    known = _known(error, run)
    if isinstance(known, AgentsException) and known.run_data is None:
        known.run = attribute_of(error, "run")
        known.run_data = RunErrorDetails(
            run.input,
            _items(known, run),
            responses_of(run),
            last_agent=run.agents[run.active],
            context_wrapper=run.wrapper,
            input_guardrail_results=run.input_results,
            output_guardrail_results=run.output_results,
        )
    return known


def _known(error: Exception, run: Running) -> Exception:
    match error:
        case AgentsException():
            return error
        case errors.GuardrailTripped() if isinstance(run.tripped, InputGuardrailResult):
            return exceptions.InputGuardrailTripwireTriggered(run.tripped)
        case errors.GuardrailTripped() if run.tripped is not None:
            return exceptions.OutputGuardrailTripwireTriggered(run.tripped)
        case errors.ModelMisbehaved():
            return exceptions.ModelBehaviorError(str(error))
        case errors.ModelRefused():
            return exceptions.ModelRefusalError(str(error))
        case errors.MaxTurnsExceeded():
            return exceptions.MaxTurnsExceeded(str(error))
        case errors.UserError() if type(error) is errors.UserError:
            return exceptions.UserError(str(error))
        case _:
            return error


def _items(error: AgentsException, run: Running) -> list[object]:
    """The items of the turns that were complete; what an output guardrail refused was said as well."""
    items: list[object] = list(new_items(run, tuple(run.history)))
    if isinstance(error, exceptions.OutputGuardrailTripwireTriggered) and run.answers and not run.stopped:
        items += spoken(run, run.answers[-1].message)
    return items

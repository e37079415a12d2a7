"""What a run used, under that SDK's names: a count that grows while the run goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

from switchroom import usage
from switchroom.compat.agents.missing import missing_from


@dataclass
class InputTokensDetails:
    """Of the tokens sent, those that the server had in its cache."""

    cached_tokens: int = 0


@dataclass
class OutputTokensDetails:
    """Of the tokens received, those that the model thought with."""

    reasoning_tokens: int = 0


@dataclass
class RequestUsage:
    """What one request used."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens_details: OutputTokensDetails


@dataclass
class Usage:
    """Requests to models, and tokens.

    Args:
        requests: answers asked of models.
        input_tokens: tokens sent.
        input_tokens_details: what is known of them.
        output_tokens: tokens received.
        output_tokens_details: what is known of them.
        total_tokens: tokens sent and received.
        request_usage_entries: the same for each request.
    """

    requests: int = 0
    input_tokens: int = 0
    input_tokens_details: InputTokensDetails = field(default_factory=InputTokensDetails)
    output_tokens: int = 0
    output_tokens_details: OutputTokensDetails = field(default_factory=OutputTokensDetails)
    total_tokens: int = 0
    request_usage_entries: list[RequestUsage] = field(default_factory=list[RequestUsage])

    def add(self, other: Usage) -> None:
        """Count what another used to this."""
        self.requests += other.requests
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.total_tokens += other.total_tokens
        self.input_tokens_details = InputTokensDetails(
            self.input_tokens_details.cached_tokens + other.input_tokens_details.cached_tokens
        )
        self.output_tokens_details = OutputTokensDetails(
            self.output_tokens_details.reasoning_tokens + other.output_tokens_details.reasoning_tokens
        )
        self.request_usage_entries += other.request_usage_entries


def usage_of(used: usage.Usage) -> Usage:
    """What one answer used."""
    sent = InputTokensDetails(used.cached_tokens)
    received = OutputTokensDetails(used.reasoning_tokens)
    request = RequestUsage(used.input_tokens, used.output_tokens, used.total_tokens, sent, received)
    entries = [request] if used.total_tokens else []
    return Usage(used.requests, used.input_tokens, sent, used.output_tokens, received, used.total_tokens, entries)


__getattr__ = missing_from(__name__)

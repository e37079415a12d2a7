"""What a run used: model requests and tokens, to be added up."""

from __future__ import annotations

import msgspec


class Usage(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Requests to models, and tokens as the servers counted them (0 where nobody counted).

    Args:
        requests: answers asked of models.
        input_tokens: tokens sent.
        output_tokens: tokens received.
        cached_tokens: of the tokens sent, those that the server had in its cache.
        reasoning_tokens: of the tokens received, those that the model thought with and did not say.
        estimated: requests whose tokens the server did not count, so that they are estimates of ours.
    """

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: int = 0

    @property
    def total_tokens(self) -> int:
        """Tokens sent and received."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.estimated + other.estimated,
        )

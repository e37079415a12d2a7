"""An agent tried again with exponential backoff, and then another one that is told the error: Retry with Fallback."""

from __future__ import annotations

from command import asked, command, say
from library import passages
from switchroom import Agent, RunConfig, Runner, fallback
from switchroom.errors import ModelUnavailable
from switchroom.model import ModelRequest
from switchroom.wrap import retrying

primary = Agent("primary", "Answer questions on telephone exchanges in one or two sentences.")
backup = Agent("backup", "Answer questions on telephone exchanges in one sentence. Say why somebody else could not.")
steady = fallback(retrying(primary, attempts=3, wait=0.02), backup)


class Line:
    """The offline model: its line to the primary agent is busy for the first so many calls.

    Args:
        busy: how many.
    """

    def __init__(self, busy: int) -> None:
        self.busy = busy
        self.calls = 0

    def __call__(self, request: ModelRequest) -> str:
        """What the library says, if the line is free."""
        *told, question = request.messages
        if request.agent == "backup":
            return " ".join([*passages(question.text, 1), *(message.text for message in told)])
        self.calls += 1
        print(f"call {self.calls}")
        if self.calls <= self.busy:
            raise ModelUnavailable(f"the line is busy, call {self.calls}")
        return " ".join(passages(question.text, 2))


if __name__ == "__main__":
    parser = command(__doc__, "Why did the calls of 1990 fail?")
    parser.add_argument("--busy", type=int, default=3, help="calls for which the line is busy, offline; by default 3")
    text, model = asked(parser, Line(parser.parse_args().busy))
    result = Runner.run_sync(steady, text, config=RunConfig(model=model))
    say(f"{result.last_agent.name if result.last_agent else 'nobody'}: {result.final_output}")

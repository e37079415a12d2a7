"""SupportGenie as a program uses it: a query and a profile in, one reply out, whatever happens."""

from __future__ import annotations

import asyncio
import logging
import unicodedata
import uuid
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, TypeVar

from supportgenie import application
from supportgenie.desk import Desk
from supportgenie.guards import INTRODUCED, without_card
from supportgenie.profile import CustomerProfile
from supportgenie.reply import Reply, answer_while_waiting, failed, in_words, reply_of
from supportgenie.state import CustomerState
from supportgenie.supervision import Supervised, model_of
from switchroom import Model, RunConfig, Runner, RunResult, Team, UserError
from switchroom.journals import Conversations

log = logging.getLogger("supportgenie")
T = TypeVar("T")

Profile: TypeAlias = CustomerProfile | Mapping[str, Any] | None
Answers: TypeAlias = Mapping[str, bool | tuple[bool, str]]

LONGEST_QUERY: Final = 20_000
"""Characters of a message that are read."""

_NO_WORDS = "…"


class SupportGenie:
    """A support desk that answers.

    Args:
        model: a model, or the name of one such as "openai:gpt-5.4-mini"; None answers by rules and records, without a key.
            A model that is passed itself is asked about each message, whom it is for; otherwise that is asked of it, or of the
            rules, only where the router is not sure (`supportgenie.routing`).
            `SWITCHROOM_MODEL` and `SUPPORTGENIE_CUSTOMER` do not concern this class, only `supportgenie.config` and so
            `switchroom chat supportgenie`.
        desk: the records: a desk, or the file of one; None is the demo shop in memory, which ends with this object.
        journal: the URL under which conversations are kept, such as "sqlite:///chats.db"; None keeps them in memory.
        deadline: seconds after which a customer is no longer left waiting for a model, but offered a person; None for none.

    Raises:
        UserError: the model is neither.
    """

    def __init__(
        self,
        model: Model | str | None = None,
        *,
        desk: Desk | Path | str | None = None,
        journal: str | None = None,
        deadline: float | None = 60,
    ) -> None:
        # Who passes a model as an object wants to see what it is asked, and by name its answers: there the router spares some.
        answering = application.model if model is None else Supervised(model_of(model), routes=isinstance(model, str))
        self.desk = desk if isinstance(desk, Desk) else Desk.open(desk or ":memory:")
        self._journal = f"memory:{uuid.uuid4().hex}" if journal is None else journal
        self._config: RunConfig = replace(
            application.config,
            model=answering,
            journal=self._journal,
            deps=self._desk_of,
            state=_nobody,  # the environment speaks for the command line only
            redact=without_card(lambda: self.desk),
            deadline=deadline,
            while_waiting=self._answer_while_waiting,
            detached=True,  # a tool of another application may ask
        )

    async def _answer_while_waiting(self, message: str, scope: Any) -> str:
        """Tell a customer that a person at the desk has to decide first."""
        asked = await Conversations(self._journal).waiting(scope.conversation)
        return answer_while_waiting(in_words(question.tool, question.args) for question in asked)

    def _desk_of(self, conversation: str) -> Desk:
        return self.desk

    @property
    def team(self) -> Team:
        """The agents; a step, for those who run it themselves."""
        return application.app

    @property
    def config(self) -> RunConfig:
        """How they are run here."""
        return self._config

    def handle_query(self, query: str, customer_profile: Profile = None, *, conversation: str | None = None) -> Reply:
        """Answer a customer: in a script, in a thread, in a notebook whose loop is running.

        Args:
            query: what the customer writes. It is read up to `LONGEST_QUERY` characters; card numbers in it are taken out
                before anything is kept or shown to a model.
            customer_profile: what is known of the customer, such as `{"name": "Ann", "tier": "gold"}`; see `CustomerProfile`.
                A `customer_id`, or an `email` that you have verified, signs the customer in. Anybody else hears the delivery
                status of an order by its number, and nothing more. In a conversation that goes on, a profile adds to what is
                known.
            conversation: the id of a conversation to go on with, or to begin under that id.

        Returns:
            the one reply. A model or a tool that fails leads to an apology with the offer of a person, and `needs_escalation`.

        Raises:
            UserError: the query is no text, a profile's field is not of its type, or something in the set-up has to be changed.
        """
        return _waited(self.ahandle_query(query, customer_profile, conversation=conversation))

    async def ahandle_query(self, query: str, customer_profile: Profile = None, *, conversation: str | None = None) -> Reply:
        """The same, to be awaited."""
        if not isinstance(query, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"The query is {type(query).__name__}. Pass what the customer writes, as text.")
        profile = CustomerProfile.of(customer_profile)
        id = f"c-{uuid.uuid4().hex}" if conversation is None else conversation
        text = _readable(query)
        introduced = INTRODUCED.set(profile)
        try:
            return await self._answered(Runner.run(self.team, text, config=self._config, conversation=id), id)
        finally:
            INTRODUCED.reset(introduced)

    def resume(self, conversation: str, answers: Answers | None = None) -> Reply:
        """Go on with a conversation that waits for a person at the desk, or whose turn a crash left unfinished.

        Args:
            conversation: its id.
            answers: what the person says, by the ids of `Reply.waiting`: True or False, or (False, "a note for the agent").

        Returns:
            the reply to the customer's message that had to wait.

        Raises:
            UserError: there is no such conversation, or nobody asked that.
        """
        return _waited(self.aresume(conversation, answers))

    async def aresume(self, conversation: str, answers: Answers | None = None) -> Reply:
        """The same, to be awaited."""
        return await self._answered(self._resumed(conversation, answers), conversation)

    def _resumed(self, conversation: str, answers: Answers | None = None) -> Coroutine[Any, Any, RunResult[Any]]:
        return Runner.resume(self.team, conversation=conversation, config=self._config, answers=answers)

    async def _answered(self, running: Coroutine[Any, Any, RunResult[Any]], conversation: str) -> Reply:
        """The reply of a run, however it ends. Only faults of the program are raised: a customer can do nothing about them."""
        try:
            return reply_of(await running, conversation)
        except UserError:
            raise
        except Exception as error:
            log.warning(
                "Conversation %s could not be answered, the customer is offered a person: %s", conversation, one_line(error)
            )
            log.debug("What went wrong in conversation %s", conversation, exc_info=error)
            return failed(error, conversation)

    def close(self) -> None:
        """Close the desk's file."""
        self.desk.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _nobody(conversation: str) -> CustomerState:
    """Return what is known of a customer before a profile says anything: nothing."""
    return CustomerState()


def _readable(query: str) -> str:
    """What a customer wrote, without control characters and halves of characters; a sign for nothing if that is all."""
    kept = "".join(
        sign if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs") else " " for sign in query[:LONGEST_QUERY]
    )
    return kept if kept.strip() else _NO_WORDS


def one_line(error: Exception) -> str:
    """What an error says, as one line of a log."""
    try:
        said = str(error)
    except Exception:  # its text is anybody's code
        said = "(its text could not be made)"
    return " ".join(f"{type(error).__name__}: {said}".split())


def _waited(running: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives, waited for; beside a loop that is running, in one of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:  # the caller's loop stays set
            return runner.run(running)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, running).result()

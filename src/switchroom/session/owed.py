"""The replies that a session owes: to messages whose own callers got an error, brought by the next reply, each once."""

from __future__ import annotations

from switchroom.attempt import Attempt
from switchroom.conversation import recall, recall_turn
from switchroom.journal import Journal
from switchroom.session.reply import Reply, reply_in


class OwedReplies:
    """The replies that a session owes.

    Args:
        journal: where the turns are kept.
        session_id: the id of the session's conversation.
    """

    __slots__ = ("_earlier", "_journal", "_session_id", "_turns")

    def __init__(self, journal: Journal, session_id: str) -> None:
        self._journal = journal
        self._session_id = session_id
        self._earlier: list[Reply] = []
        # The turns without a reply yet, by generation of the conversation, and the number of the entry that began each.
        self._turns: dict[tuple[int, int], int] = {}

    def owe(self, attempt: Attempt) -> None:
        """Remember a turn that has no reply yet and whose caller got an error."""
        self._turns[_key_of(attempt)] = attempt.root.began

    def settle(self, attempt: Attempt, reply: Reply) -> None:
        """Keep the reply of a turn that has ended, if the session owes it."""
        if self._turns.pop(_key_of(attempt), None) is not None:
            self.keep(reply)

    def keep(self, reply: Reply) -> None:
        """Keep a reply for the next one to bring. A message that was sent twice under its id has one reply, kept once."""
        if reply.waiting or all(one.waiting or one.turn != reply.turn for one in self._earlier):
            self._earlier.append(reply)

    def take(self) -> tuple[Reply, ...]:
        """Return the replies that were kept, and keep none of them any longer."""
        earlier, self._earlier = tuple(self._earlier), []
        return earlier

    async def collect(self) -> None:
        """Take up the replies to owed turns that others have finished meanwhile."""
        if not self._turns:
            return
        known = await recall(self._journal, self._session_id)
        for (generation, turn), began in list(self._turns.items()):
            if generation != known.generation:  # the conversation was deleted since, and the turn with it
                del self._turns[generation, turn]
            elif turn < known.root.turn or known.root.phase == "returned":
                ended = await recall_turn(self._journal, self._session_id, began)
                del self._turns[generation, turn]
                if (reply := reply_in(ended.events, ended.root.path, turn)) is not None:
                    self.keep(reply)


def _key_of(attempt: Attempt) -> tuple[int, int]:
    """Return what tells a turn from all others of the conversation's id: the generation and the number of the turn."""
    return attempt.known.generation, attempt.root.turn

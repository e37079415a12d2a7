"""The desk's proofs of who writes: codes that are sent to an e-mail address, and wrong guesses, which are counted."""

import secrets
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Final

from supportgenie.accounts import Accounts
from supportgenie.policy import POLICY
from supportgenie.records import Customer

CODE_DIGITS: Final = 6
_DAY_S: Final = 24 * 60 * 60


class Proofs(Accounts):
    """Codes and guesses. Each call takes a `key`; the same key again changes nothing."""

    @property
    def now_s(self) -> int:
        """The time, in whole seconds since 1970."""
        return int(self._clock())

    def new_code(self, email: str, *, key: str) -> str | None:
        """Make a random code for an e-mail address, whether or not an account has the address.

        Returns:
            The code; None if the address has had its codes for today.
        """
        with self._store.change():
            made = self._store.one("SELECT code FROM codes WHERE key = ?", key)
            if made:
                return str(made["code"])
            since = self.now_s - _DAY_S
            sent = self._store.number("SELECT count(*) FROM codes WHERE email = ? AND sent_at > ?", email, since)
            if sent >= POLICY.codes_per_day:
                return None
            code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
            self._store.insert("codes", key=key, email=email, code=code, sent_at=self.now_s)
            return code

    def owner_by_code(self, sent: str, code: str, *, key: str) -> Customer | None:
        """Return the account whose owner has read a code in their mail.

        Args:
            sent: The key under which the code was made.
            code: What the customer wrote.
            key: The effect key of this check; a code works for one key only.

        Returns:
            The account; None if the code is wrong, used or too old, or if no account has the address.
        """
        with self._store.change():
            made = self._store.one("SELECT * FROM codes WHERE key = ?", sent)
            if made is None or self.now_s - made["sent_at"] > POLICY.code_minutes * 60:
                return None
            if not secrets.compare_digest(made["code"].encode(), code.encode()) or made["used_by"] not in (None, key):
                return None
            self._store.run("UPDATE codes SET used_by = ? WHERE key = ?", key, sent)
            return self.find_account(made["email"])

    def guessing(self) -> AbstractContextManager[None]:
        """Let one guess at a time be looked at and counted. An exception takes its count back."""
        return self._store.change()

    def count_guess(self, subjects: Iterable[str], *, key: str) -> None:
        """Count a wrong guess for each of the subjects, such as a conversation and an account."""
        with self._store.change():
            for subject in subjects:
                self._store.run(
                    "INSERT INTO guesses (subject, key, at) VALUES (?, ?, ?) ON CONFLICT (subject, key) DO NOTHING",
                    subject,
                    key,
                    self.now_s,
                )

    def guesses(self, subject: str) -> int:
        """Return how many wrong guesses of a subject were counted in the last day."""
        return self._store.number("SELECT count(*) FROM guesses WHERE subject = ? AND at > ?", subject, self.now_s - _DAY_S)

    def seconds_to_wait(self, subject: str) -> int:
        """Return after how many seconds a subject may guess again; 0 if it may now."""
        if self.guesses(subject) < POLICY.quick_guesses:
            return 0
        last = self._store.number("SELECT max(at) FROM guesses WHERE subject = ?", subject)
        return max(0, last + POLICY.guess_wait_s - self.now_s)

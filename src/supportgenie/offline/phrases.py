"""The questions to a customer who has to prove to own an account. Each is recognised by its last words."""

from typing import Final

PROVE: Final = "For that I have to know that it is you: at which e-mail address is your account? I send a code there."
_CODE: Final = "rite the code here."


def code_sent(email: str, minutes: int) -> str:
    """Return the question for a code that was sent; it tells nobody whether the address belongs to an account."""
    return f"If {email} belongs to an account, a code is on its way there. It is valid for {minutes} minutes. Please w{_CODE}"


def code_again(reason: str) -> str:
    """Return the question for another try at the code."""
    return f"{reason} Please look at the newest mail, and w{_CODE}"


def asks_for_address(said: str) -> bool:
    """Return True if an answer ended with the question for the account's e-mail address."""
    return said.endswith(PROVE)


def asks_for_code(said: str) -> bool:
    """Return True if an answer ended with the question for the code."""
    return said.endswith(_CODE)


def asks_for_proof(said: str) -> bool:
    """Return True if an answer ended with either question."""
    return asks_for_address(said) or asks_for_code(said)

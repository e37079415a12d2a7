"""What the shop promises, each promise written once: the desk keeps it and the help articles quote it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """The shop's terms. Days are calendar days, money is in cents of a US dollar.

    Some terms are for the desk itself. A person has to approve a refund above `approval_cents`. The cases of customers of a
    tier in `first_tiers` have at least high priority. A code that proves an e-mail address is valid for `code_minutes`; an
    address gets at most `codes_per_day`. After `quick_guesses` wrong numbers or codes the next one has to wait
    `guess_wait_s`. A person takes over after `conversation_guesses` wrong ones in a conversation, or after
    `account_guesses` in a day that concern one account.
    """

    refund_days: int = 30
    refund_arrival_days: int = 7
    withdrawal_days: int = 14
    missing_days: int = 5
    exit_cents_per_month: int = 800
    free_shipping_cents: int = 7_500
    invoice_due_days: int = 14
    approval_cents: int = 5_000
    code_minutes: int = 10
    codes_per_day: int = 5
    quick_guesses: int = 3
    guess_wait_s: int = 20
    conversation_guesses: int = 5
    account_guesses: int = 10
    first_tiers: tuple[str, ...] = ("gold", "platinum")
    complaint_days: int = 2
    warranty_months: int = 24
    reset_minutes: int = 30
    phone: str = "+1 800 555 0142"
    email: str = "care@shop.example.com"
    hours: str = "Monday to Friday 8:00 to 20:00 and Saturday 9:00 to 17:00, Eastern Time"


POLICY = Policy()


def dollars(cents: int) -> str:
    """Write an amount as a customer reads it.

    Args:
        cents: The amount in cents; may be negative.

    Returns:
        For example ``$1,499.00``, or ``-$5.00``.
    """
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"

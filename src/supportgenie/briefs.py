"""What one agent has to tell the next when it puts a conversation through or gives it back, so that nobody is asked twice."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Case(BaseModel):
    """What a conversation is about."""

    topic: str = Field(default="", description="what the customer wants, in a word or two, such as `cancel_order`")
    order_number: str = Field(default="", description="the order's number, if one was given")
    invoice_number: str = Field(default="", description="the invoice's number, if one was given")


class BillingCase(Case):
    """A question about money."""

    amount: str = Field(default="", description="the amount that is in question, such as `$160.00`, if one was given")
    month: str = Field(default="", description="the month that is in question, if one was given")


class RefundCase(BaseModel):
    """Money that is wanted back."""

    topic: str = Field(default="get_refund", description="what the customer wants, in a word or two")
    order_number: str = Field(description="the order that it is about")
    amount: str = Field(default="", description="the amount that the customer named, such as `$49.00`")
    owed: bool = Field(default=False, description="whether the money was taken in error, and is returned without asking again")


class RefundOutcome(BaseModel):
    """What became of a refund."""

    status: Literal["refunded", "denied", "not_approved", "failed", "unknown_order", "withdrawn", "other_matter"] = Field(
        description="how it ended; other_matter when the customer has turned to something else"
    )
    order_number: str = Field(default="", description="the order that it was about")
    amount: str = Field(default="", description="the amount, such as `$49.00`")
    refund_number: str = Field(default="", description="the refund's number, if one was made")
    expected: str = Field(default="", description="the day on which the money arrives")
    explanation: str = Field(default="", description="why, if it was not refunded, in words for the customer")


class PaymentCase(BillingCase):
    """A payment that something is wrong with."""

    kind: Literal["duplicate", "failed", "disputed"] = Field(description="what seems to be wrong with it")
    customer: str = Field(default="", description="name or e-mail address of who paid, if it was given")
    summary: str = Field(default="", description="what the customer says about it")


class PaymentFinding(BaseModel):
    """What an investigation of a payment found."""

    finding: Literal[
        "charged_twice", "returned_already", "not_paid", "under_review", "nothing_found", "not_identified", "other_matter"
    ] = Field(description="what is the matter; other_matter when the customer has turned to something else")
    order_number: str = Field(default="", description="the order that the money was for")
    invoice_number: str = Field(default="", description="the invoice by which it was charged")
    amount: str = Field(default="", description="the amount that is wrong, such as `$160.00`")
    case_number: str = Field(default="", description="the number of the case that was opened")
    explanation: str = Field(default="", description="what was found, in words for the customer")


class Incident(BaseModel):
    """Something for a person to look into."""

    topic: str = Field(default="", description="what it is about, in a word or two, such as `complaint`")
    summary: str = Field(default="", description="what happened and what the customer wants, with all numbers given")
    tried: str = Field(default="", description="what was tried already")
    answered: str = Field(default="", description="what the customer would have been answered")
    urgent: bool = Field(default=False, description="whether somebody is in danger or loses money meanwhile")


class Fault(Incident):
    """Something that the steps did not mend."""

    device: str = Field(default="", description="the device, as the customer calls it; empty if it is none")
    findings: list[str] = Field(default=[], description="each question that was asked, and the answer")

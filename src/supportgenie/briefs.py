"""What one agent has to tell the next when it puts a conversation through, so that nobody is asked twice."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Case(BaseModel):
    """What a conversation is about."""

    topic: str = Field(description="what the customer wants, in a word or two, such as `cancel_order`")
    order_number: str = Field(default="", description="the order's number, if one was given")
    invoice_number: str = Field(default="", description="the invoice's number, if one was given")


class BillingCase(Case):
    """A question about money."""

    amount: str = Field(default="", description="the amount that is in question, such as `$160.00`, if one was given")
    month: str = Field(default="", description="the month that is in question, if one was given")


class Incident(BaseModel):
    """Something for a person to look into."""

    topic: str = Field(description="what it is about, in a word or two, such as `complaint`")
    summary: str = Field(description="what happened and what the customer wants, with all numbers given")
    tried: str = Field(default="", description="what was tried already")
    urgent: bool = Field(default=False, description="whether somebody is in danger or loses money meanwhile")

"""Switchroom under other frameworks' names, so that code that was written for them runs."""

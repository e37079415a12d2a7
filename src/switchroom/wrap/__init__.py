"""Wrappers: functions from a model to a model, from a tool to a tool, that guard what they wrap."""

from switchroom.wrap.retry import retrying as retrying

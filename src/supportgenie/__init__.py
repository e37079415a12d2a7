"""SupportGenie: a shop's support desk, answered by a team of specialised agents."""

from supportgenie.application import app as app
from supportgenie.application import config as config
from supportgenie.application import model as model
from supportgenie.desk import Desk as Desk

__all__ = ["Desk", "app", "config", "model"]

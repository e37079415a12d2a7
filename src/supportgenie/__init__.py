"""SupportGenie: a shop's support desk, answered by a team of specialised agents."""

from supportgenie.application import app as app
from supportgenie.application import config as config
from supportgenie.application import model as model
from supportgenie.application import routes as routes
from supportgenie.desk import Desk as Desk
from supportgenie.genie import SupportGenie as SupportGenie
from supportgenie.profile import CustomerProfile as CustomerProfile
from supportgenie.reply import Question as Question
from supportgenie.reply import Reply as Reply

__all__ = ["CustomerProfile", "Desk", "Question", "Reply", "SupportGenie", "app", "config", "model", "routes"]

"""Routing: who is to answer a message, decided by rules, by what was learned, by a model, or by one after the other."""

from switchroom.routing._routed import RoutedModel as RoutedModel
from switchroom.routing._routed import routed as routed
from switchroom.routing.asked import Asked as Asked
from switchroom.routing.asked import Conversation as Conversation
from switchroom.routing.cascade import CascadeRouter as CascadeRouter
from switchroom.routing.cascade import Stage as Stage
from switchroom.routing.decision import Decision as Decision
from switchroom.routing.decision import RoutingWarning as RoutingWarning
from switchroom.routing.grouped import GroupedRouter as GroupedRouter
from switchroom.routing.keywords import KeywordRouter as KeywordRouter
from switchroom.routing.learned import LearnedRouter as LearnedRouter
from switchroom.routing.model import ModelRouter as ModelRouter
from switchroom.routing.router import Router as Router
from switchroom.routing.sticky import StickyRouter as StickyRouter
from switchroom.routing.sticky import openers as openers
from switchroom.routing.thresholds import Curve as Curve

"""Routing: who is to answer a message, decided by rules, by what was learned, by a model, or by one after the other."""

from switchroom.routing.asked import Asked as Asked
from switchroom.routing.decision import Decision as Decision
from switchroom.routing.decision import RoutingWarning as RoutingWarning
from switchroom.routing.learned import LearnedRouter as LearnedRouter
from switchroom.routing.router import Router as Router

"""Evaluation: how well a router decides on labelled cases, in figures, in a table of confusions, against a baseline."""

from switchroom.routing.evaluation.baseline import Change as Change
from switchroom.routing.evaluation.baseline import changes as changes
from switchroom.routing.evaluation.cases import Case as Case
from switchroom.routing.evaluation.cases import read_cases as read_cases
from switchroom.routing.evaluation.evaluate import evaluate as evaluate
from switchroom.routing.evaluation.junit import junit as junit
from switchroom.routing.evaluation.report import Outcome as Outcome
from switchroom.routing.evaluation.report import Report as Report
from switchroom.routing.evaluation.report import RouteFigures as RouteFigures

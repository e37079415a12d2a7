"""Workflows: steps made of steps by code, each of which nests in any other, is typed, and is resumed where it was."""

from switchroom.workflow.branches import Branches as Branches
from switchroom.workflow.branches import Failure as Failure
from switchroom.workflow.budgeted import budgeted as budgeted
from switchroom.workflow.debate import Argument as Argument
from switchroom.workflow.debate import Debated as Debated
from switchroom.workflow.debate import debate as debate
from switchroom.workflow.fallback import fallback as fallback
from switchroom.workflow.parallel import parallel as parallel
from switchroom.workflow.refine import Refined as Refined
from switchroom.workflow.refine import Review as Review
from switchroom.workflow.refine import Revision as Revision
from switchroom.workflow.refine import refine as refine
from switchroom.workflow.route import route as route
from switchroom.workflow.sequential import sequential as sequential
from switchroom.workflow.supervisor import supervisor as supervisor
from switchroom.workflow.vote import Vote as Vote
from switchroom.workflow.vote import vote as vote
from switchroom.workflow.votes import Count as Count
from switchroom.workflow.votes import majority as majority
from switchroom.workflow.votes import plurality as plurality
from switchroom.workflow.votes import ranked_choice as ranked_choice
from switchroom.workflow.votes import weighted as weighted

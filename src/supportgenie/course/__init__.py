"""The agents of a course on multi-agent systems, as classes with few methods, on top of SupportGenie.

`notebooks/06_multi_agent` explains them step by step. A program of your own is better served by `SupportGenie` or by the
workflows of `switchroom`; these classes show what both of them do.
"""

from supportgenie.course.orchestrator import AgentOrchestrator as AgentOrchestrator
from supportgenie.course.orchestrator import SupportGenieV6 as SupportGenieV6
from supportgenie.course.router import DEPARTMENTS as DEPARTMENTS
from supportgenie.course.router import Department as Department
from supportgenie.course.router import RouterAgent as RouterAgent
from supportgenie.course.specialists import EscalationAgent as EscalationAgent
from supportgenie.course.specialists import SalesAgent as SalesAgent
from supportgenie.course.specialists import SpecialistAgent as SpecialistAgent
from supportgenie.course.specialists import SupportAgent as SupportAgent
from supportgenie.course.specialists import TechnicalAgent as TechnicalAgent
from supportgenie.course.workflows import ParallelWorkflow as ParallelWorkflow
from supportgenie.course.workflows import SequentialWorkflow as SequentialWorkflow

__all__ = [
    "DEPARTMENTS",
    "AgentOrchestrator",
    "Department",
    "EscalationAgent",
    "ParallelWorkflow",
    "RouterAgent",
    "SalesAgent",
    "SequentialWorkflow",
    "SpecialistAgent",
    "SupportAgent",
    "SupportGenieV6",
    "TechnicalAgent",
]

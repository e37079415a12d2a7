"""Routes: by a typed classification with a confidence, and by functions that say by what they return what there is."""

from enum import StrEnum

from pydantic import BaseModel

from switchroom import Agent, RunConfig, route
from switchroom.testing import FunctionModel


class Department(StrEnum):
    """Who there is."""

    BILLING = "billing"
    TECH = "tech"


class Sorted(BaseModel):
    """Where a question belongs."""

    department: Department
    confidence: float


def language(text: str) -> str:
    """The language of a text."""
    kind = "french"
    if text.isascii():
        kind = "english"
    return kind if "¿" not in text else "spanish"


def size(text: str) -> str:
    """How long a text is."""
    return Department.TECH if len(text) > 100 else Department.BILLING.value


billing, tech, general = Agent("billing"), Agent("tech"), Agent("general")
departments = {Department.BILLING: billing, Department.TECH: tech}
classifier = Agent("classifier", output_type=Sorted)
typed = route(classifier, departments, by="department", at_least=0.6, fallback=general)
by_size = route(size, {"billing": billing, "tech": typed}).named("by_size")
app = route(language, {"english": by_size, "french": Agent("french"), "spanish": Agent("spanish")})
config = RunConfig(model=FunctionModel(lambda request: "hello"))

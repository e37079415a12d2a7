"""How a fault is narrowed down: up to three questions per problem, one at a time, and what the answers say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from supportgenie.state import Diagnosis

_SOLVED = re.compile(
    r"\b(works? (now|again|fine)|working (now|again)|solved|fixed( it)?|that (did it|helped|worked)|it helped|it'?s back"
    r"|starts again)\b",
    re.I,
)
_NEGATED = re.compile(r"\b(not|n't|never|nothing|no)\b[^.]{0,20}$", re.I)
_DEVICE = re.compile(
    r"\b((?:harrow 14|tern 6|hush x|corner 2|quill|pebble|my) )?"
    r"(laptop|phone(?: 6)?|headphones?|speaker|keyboard|mouse|charger|tablet|computer|router)\b",
    re.I,
)
# Said of a device that does not start, these leave nothing to ask about.
_BROKEN = re.compile(
    r"\b(crack(s|ed)?|shatter\w*|smash\w*|dropped|fell|water|wet|spill\w*|five times|5 times|bent)\b"
    r"|\bnothing (lights?|happens|at all)|\bno light\b|\b(still|again|completely) (dead|nothing|black)\b"
    r"|\btried (everything|all)\b",
    re.I,
)
_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Guide:
    """The questions about a kind of fault.

    Args:
        questions: in their order; three at most.
        device: whether a fault that stays is one of hardware, for the workshop; else it is one for the engineers.
        broken: what shows before the questions are over that it is one.
    """

    questions: tuple[str, ...]
    device: bool = False
    broken: re.Pattern[str] = _NEVER


GUIDES: Final = {
    "device_wont_start": Guide(
        (
            "Could you try that, and tell me what the light does?",
            "Does it do the same with another cable, at another wall socket?",
            "And when did it work last: did anything happen to it, such as an update or a fall?",
        ),
        device=True,
        broken=_BROKEN,
    ),
    "device_connection": Guide(
        (
            "Does it connect now? If not, which device is it?",
            "Does another device connect in the same place?",
            "Does it connect after a reset, and what does its light do then?",
        ),
        device=True,
    ),
    "software_update": Guide(
        (
            "Which code does the device show?",
            "Does the code come back after you restarted the device?",
            "Does the repair tool from /downloads run to its end?",
        ),
        device=True,
    ),
    "warranty": Guide(
        (
            "Which device is it, and what is wrong with it?",
            "Since when is that so?",
            "Did anything happen to it before, such as a fall?",
        ),
        device=True,
        broken=_BROKEN,
    ),
    "app_crash": Guide(
        (
            "Does it help? If not, which phone is it, and what were you doing when it happened?",
            "Which version of the app is it? It stands at the end of its settings.",
            "Does it crash as well after you removed the app and installed it again?",
        )
    ),
    "login_loop": Guide(
        (
            "Does it help? If not, which device and browser is it?",
            "Does it happen in a private window, too?",
            "Does it happen on another device, too?",
        )
    ),
    "slow_site": Guide(
        (
            "Is it every page, or only one?",
            "Is it the same on another network, such as your phone's?",
            "At what time did it begin, and what is the address of the page?",
        )
    ),
    "registration_problems": Guide(
        (
            "What does the message on your screen say?",
            "Is it the same in a private window?",
            "Which e-mail address did you try it with?",
        )
    ),
    "privacy": Guide(("Did something happen with your account?", "When did you notice it?", "Can you still log in?")),
}
"""For each problem its guide; a problem that is not listed is asked about as `OTHER` says."""

OTHER: Final = Guide(
    (
        "Does that help? If not, what exactly do you see?",
        "Since when is that so, and does it happen every time?",
        "What have you tried so far?",
    )
)


def asked_on(before: Diagnosis | None, problem: str, said: str) -> Diagnosis:
    """The diagnosis after what the customer said: with a verdict, or with one more question asked.

    Args:
        before: how far it is; None at the beginning. Another problem begins anew.
        problem: what the matter is, as `GUIDES` calls it.
        said: what the customer said about it; what was given before a question was asked counts as a description.
    """
    guide = GUIDES.get(problem, OTHER)
    known = before if before is not None and before.problem == problem and not before.verdict else Diagnosis(problem=problem)
    answers = [*known.answers, said] if known.asked else known.answers
    device = known.device or device_in(said)
    verdict = _verdict(guide, known.asked, said)
    asked = known.asked if verdict else known.asked + 1
    return Diagnosis(problem=problem, device=device, asked=asked, answers=answers, verdict=verdict)


def question_of(diagnosis: Diagnosis) -> str:
    """The question that was asked last; "" where none was."""
    questions = GUIDES.get(diagnosis.problem, OTHER).questions
    return questions[diagnosis.asked - 1] if 0 < diagnosis.asked <= len(questions) else ""


def findings_of(diagnosis: Diagnosis) -> list[str]:
    """Each question that was answered, with its answer."""
    questions = GUIDES.get(diagnosis.problem, OTHER).questions
    return [f"{asked} - {answer}" for asked, answer in zip(questions, diagnosis.answers, strict=False)]


def device_in(text: str) -> str:
    """The device that a text names."""
    found = _DEVICE.search(text)
    return found.group().lower().removeprefix("my ") if found else ""


def _verdict(guide: Guide, asked: int, said: str) -> str:
    solved = _SOLVED.search(said)
    if asked and solved and not _NEGATED.search(said[: solved.start()]):
        return "solved"
    if guide.broken.search(said):
        return "hardware"
    if asked < len(guide.questions):
        return ""
    return "hardware" if guide.device else "software"

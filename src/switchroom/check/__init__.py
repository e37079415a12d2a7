"""Findings about an application before anybody talks with it: what leaves people without an answer, and what may go wrong."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from switchroom.blueprint import Blueprint, blueprint_of, unread, unused_beside
from switchroom.check import agents, listeners, pitfalls, routes, speakers, tools, ways
from switchroom.check.finding import Finding as Finding
from switchroom.check.finding import Rule as Rule
from switchroom.config import RunConfig

RULES: tuple[Rule, ...] = (
    ways.strangers,
    agents.no_model,
    speakers.no_entry,
    speakers.no_speaker,
    speakers.nothing_to_say,
    speakers.two_speakers,
    speakers.beyond_a_speaker,
    ways.unreachable,
    listeners.unheard,
    ways.no_way_out,
    routes.without_target,
    routes.missing_fallback,
    routes.unused,
    agents.unused_agents,
    tools.unused_tools,
    agents.no_description,
    agents.too_much,
    tools.undeclared_effect,
    tools.no_deadline,
    pitfalls.reaches_in,
    pitfalls.circular_dependency,
    pitfalls.unhandled_failure,
    pitfalls.forgets,
)
"""All rules, in the order in which their findings are told."""


CODES = (
    "stranger",
    "no-model",
    "no-entry",
    "no-speaker",
    "nothing-to-say",
    "two-speakers",
    "unreachable",
    "no-way-out",
    "route-without-target",
    "missing-fallback",
    "unused-route",
    "unused-agent",
    "unused-tool",
    "no-description",
    "too-much",
    "undeclared-effect",
    "no-deadline",
    "reaches-in",
    "circular-dependency",
    "unhandled-failure",
    "forgets",
)
"""The codes of findings."""


def check(app: Any, config: RunConfig | None = None, beside: ModuleType | None = None) -> list[Finding]:
    """What is wrong with an application, and what may go wrong with it. Nothing is run, and the network is not used.

    Args:
        app: an agent, a team, a workflow, a session, or a function of (input, scope).
        config: the options that it is run with.
        beside: the module in which it stands, to find tools and agents there that nothing uses.

    Returns:
        the errors, then the warnings.

    Raises:
        UserError: it is nothing that can be run.
    """
    return findings(blueprint_of(app, config, [] if beside is None else list(unused_beside(app, beside))))


def errors(app: Any, config: RunConfig | None = None) -> list[Finding]:
    """What is wrong with an application, without the warnings, for which what functions do would have to be read.

    Raises:
        UserError: it is nothing that can be run.
    """
    return [finding for finding in findings(blueprint_of(app, config, read=unread)) if finding.level == "error"]


def findings(app: Blueprint) -> list[Finding]:
    """The findings of all rules about a blueprint: the errors, then the warnings."""
    found = [finding for rule in RULES for finding in rule(app)]
    return sorted(found, key=lambda finding: finding.level != "error")

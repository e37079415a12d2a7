"""An evaluation in the XML that build servers read: each case a test, a wrong decision a failure."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from switchroom.routing.evaluation.report import Outcome, Report

# What XML cannot hold, whatever is written for it.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> bytes:
    """The report as JUnit's XML."""
    wrong = sum(not one.right for one in report.outcomes)
    seconds = sum(one.seconds for one in report.outcomes)
    suite = Element("testsuite", name=_clean(f"routing: {report.router}"), tests=str(len(report.outcomes)), failures=str(wrong))
    suite.set("time", f"{seconds:.6f}")
    for one in report.outcomes:
        name = _clean(f"line {one.case.line}: {one.case.text[:100]}")
        case = SubElement(suite, "testcase", classname=_clean(str(one.case.route)), name=name, time=f"{one.seconds:.6f}")
        if not one.right:
            SubElement(case, "failure", message=_clean(_fault(one))).text = _clean(one.decision.reason)
    return tostring(suite, encoding="utf-8", xml_declaration=True)


def _fault(outcome: Outcome) -> str:
    meant = f"'{outcome.case.route}'" if outcome.case.route is not None else "nobody"
    chosen = f"'{outcome.decision.route}'" if outcome.decision.route is not None else "left open"
    return f"meant {meant}, was {chosen} ({outcome.decision.confidence:.2f})"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)

"""Answers by rules, so that the project runs without a key."""

from __future__ import annotations

import json

from switchroom.models import (
    Heard,
    OfflineModel,
    Reply,
    Returned,
    after,
    call,
    otherwise,
)


def look(heard: Heard) -> Reply:
    """The researcher searches for what was asked."""
    return call("search", query=heard.text.strip(" ?!."))


def report(heard: Heard, returned: Returned) -> Reply:
    """The researcher reports the first topic that was found."""
    for topic, facts in returned.data.items():
        return json.dumps({"topic": topic, "facts": facts})
    return json.dumps({"topic": "", "facts": []})


def weigh(heard: Heard) -> Reply:
    """The analyst: what speaks for a thing and against it is not settled."""
    findings = json.loads(heard.text)
    claim = f"There are two sides to {findings['topic']}"
    return json.dumps(
        {
            "claim": claim,
            "because": findings["facts"],
            "doubtful": len(findings["facts"]) > 1,
        }
    )


def write(heard: Heard) -> Reply:
    """The writer, who says whose words these are."""
    verdict = json.loads(heard.text)
    return (
        f"{verdict['claim']}. {' '.join(verdict['because'])}\n\n({OfflineModel.honest})"
    )


model = OfflineModel(
    {
        "researcher": [after("search", report), otherwise(look)],
        "analyst": [otherwise(weigh)],
        "writer": [otherwise(write)],
    }
)

"""Applications as text, as Mermaid and as JSON."""

from __future__ import annotations

import json
import re

from inline_snapshot import snapshot

from switchroom import Agent, RunConfig, Team, route
from switchroom.blueprint import blueprint_of
from switchroom.draw import json_of, mermaid_of, text_of
from switchroom.routing import CascadeRouter, KeywordRouter
from tests.draw.apps import CONFIG, session, team, workflow


def test_a_team_as_text():
    assert text_of(blueprint_of(team(), CONFIG)) == snapshot("""\
desk (team)
  begins with triage
  falls back on triage

triage (agent): greets
  guard input: polite
  hands over to billing with Case

billing (agent): invoices <and> "charges"
  tool find_order (read, retry)
  tool undeclared (irreversible, undeclared)
  tool auditor (runs auditor)
  hands over to triage
  hands over to refunds with Case → Outcome

auditor (agent): audits

refunds (agent): pays back
  tool refund (irreversible, a person approves)
""")


def test_a_workflow_as_text():
    assert text_of(blueprint_of(workflow(), CONFIG)) == snapshot("""\
answering (sequential): sorts, answers, writes
  has clean (1)
  has route (2)
  has writer (3)

clean (function): Take out what is not wanted.

route (route)
  has sort (classifier)
  routes data to data
  routes charts to charts
  falls back on general

sort (function): Sort a question.

data (agent)

charts (agent)

general (agent)

writer (retry)
  has writer (agent)

writer (agent)
""")


def test_a_session_as_text():
    assert text_of(blueprint_of(session(), CONFIG)) == snapshot("""\
session (session)
  begins with hall
  falls back on reception

hall (node)
  leads to greeter when welcome
  leads to till when is_late
  leads to notes

greeter (node that speaks, Greeter): Greets, and hands over to the till.
  hands over to till

till (node that speaks)
  answers by cashier

cashier (agent)

notes (node that listens)

reception (node that speaks)
  answers by reception (agent)

reception (agent)
""")


def test_who_is_not_there_is_told():
    assert text_of(blueprint_of(Team([Agent("a", handoffs=["b"])], name="desk"), CONFIG)) == snapshot("""\
desk (team)
  begins with a

a (agent)
  hands over to b, who is not there
""")


def test_a_team_as_mermaid():
    assert mermaid_of(blueprint_of(team(), CONFIG)) == snapshot("""\
flowchart LR
    p0(["<b>desk</b><br/>team"]):::team
    p1["<b>triage</b><br/>agent"]:::agent
    p2["<b>billing</b><br/>agent<br/>find_order (read)<br/>undeclared (irreversible)<br/>auditor"]:::agent
    p3["<b>auditor</b><br/>agent"]:::agent
    p4["<b>refunds</b><br/>agent<br/>refund (irreversible)"]:::agent
    p2 -.->|"auditor"| p3
    p0 ==> p1
    p0 -.->|"fallback"| p1
    p1 <-->|"Case"| p2
    p2 -->|"Case → Outcome"| p4
    classDef team fill:#ede9fe,stroke:#7c5cd6,color:#111827
    classDef agent fill:#e0ecff,stroke:#3b6fd4,color:#111827
""")


def test_a_workflow_as_mermaid():
    assert mermaid_of(blueprint_of(workflow(), CONFIG)) == snapshot("""\
flowchart LR
    p0{{"<b>answering</b><br/>sequential"}}:::workflow
    p1("<b>clean</b><br/>function"):::function
    p2{{"<b>route</b><br/>route"}}:::workflow
    p3("<b>sort</b><br/>function"):::function
    p4["<b>data</b><br/>agent"]:::agent
    p5["<b>charts</b><br/>agent"]:::agent
    p6["<b>general</b><br/>agent"]:::agent
    p7{{"<b>writer</b><br/>retry"}}:::guard
    p8["<b>writer</b><br/>agent"]:::agent
    p0 -.->|"1"| p1
    p2 -.->|"classifier"| p3
    p2 -->|"data"| p4
    p2 -->|"charts"| p5
    p2 -.->|"fallback"| p6
    p0 -.->|"2"| p2
    p7 -.-> p8
    p0 -.->|"3"| p7
    classDef workflow fill:#fef3c7,stroke:#c08a1e,color:#111827
    classDef function fill:#f3f4f6,stroke:#6b7280,color:#111827
    classDef agent fill:#e0ecff,stroke:#3b6fd4,color:#111827
    classDef guard fill:#f3f4f6,stroke:#6b7280,color:#111827
""")


def test_a_session_as_mermaid():
    assert mermaid_of(blueprint_of(session(), CONFIG)) == snapshot("""\
flowchart LR
    p0(["<b>session</b><br/>session"]):::session
    p1["<b>hall</b><br/>node"]:::node
    p2("<b>greeter</b><br/>node that speaks, Greeter"):::speaker
    p3("<b>till</b><br/>node that speaks"):::speaker
    p4["<b>cashier</b><br/>agent"]:::agent
    p5>"<b>notes</b><br/>node that listens"]:::listener
    p6("<b>reception</b><br/>node that speaks"):::speaker
    p7["<b>reception</b><br/>agent"]:::agent
    p3 -.-> p4
    p0 ==> p1
    p1 -->|"welcome"| p2
    p1 -->|"is_late?"| p3
    p1 --> p5
    p6 -.-> p7
    p0 -.->|"fallback"| p6
    p2 --> p3
    classDef session fill:#ede9fe,stroke:#7c5cd6,color:#111827
    classDef node fill:#ffffff,stroke:#374151,color:#111827
    classDef speaker fill:#dcfce7,stroke:#2f9e57,color:#111827
    classDef agent fill:#e0ecff,stroke:#3b6fd4,color:#111827
    classDef listener fill:#ffffff,stroke:#9ca3af,stroke-dasharray:4 3,color:#111827
""")


def test_no_text_of_the_user_breaks_out_of_a_mermaid_label():
    wild = 'a"]; click p0 "javascript:x" <b> | `'
    drawn = mermaid_of(blueprint_of(Agent(wild), CONFIG))
    [line] = [line for line in drawn.splitlines() if ":::agent" in line]
    inside = line[line.index('["') + 2 : line.rindex('"]')]
    assert re.sub(r"<b>|</b>|<br/>", "", inside).count('"') == 0
    assert "#quot;" in inside


def test_a_team_as_json():
    drawn = json.loads(json_of(blueprint_of(team(), CONFIG)))
    assert (drawn["name"], drawn["entry"]) == ("desk", "desk")
    assert [(line["source"], line["kind"], line["target"], line["label"]) for line in drawn["lines"]] == snapshot(
        [
            ("billing", "tool", "auditor", "auditor"),
            ("desk", "entry", "triage", ""),
            ("desk", "fallback", "triage", "fallback"),
            ("triage", "handoff", "billing", "Case"),
            ("billing", "handoff", "triage", ""),
            ("billing", "handoff", "refunds", "Case → Outcome"),
        ]
    )
    [billing] = [part for part in drawn["parts"] if part["id"] == "billing"]
    del billing["model"]
    for tool in billing["tools"]:
        tool["where"] = tool["where"].rpartition("/")[2].partition(":")[0]
    assert billing == snapshot(
        {
            "id": "billing",
            "kind": "agent",
            "name": "billing",
            "what": "",
            "description": 'invoices <and> "charges"',
            "where": "",
            "guards": [],
            "tools": [
                {
                    "name": "find_order",
                    "description": "Look an order up.",
                    "effect": "read",
                    "declared": True,
                    "approval": False,
                    "timed": False,
                    "tells": False,
                    "runs": "",
                    "guards": ["retry"],
                    "where": "apps.py",
                },
                {
                    "name": "undeclared",
                    "description": "Do something.",
                    "effect": "irreversible",
                    "declared": False,
                    "approval": False,
                    "timed": False,
                    "tells": False,
                    "runs": "",
                    "guards": [],
                    "where": "apps.py",
                },
                {
                    "name": "auditor",
                    "description": "audits",
                    "effect": "read",
                    "declared": True,
                    "approval": False,
                    "timed": False,
                    "tells": False,
                    "runs": "auditor",
                    "guards": [],
                    "where": "",
                },
            ],
        }
    )


def test_parts_of_one_name_have_ids_of_their_own():
    ids = [part["id"] for part in json.loads(json_of(blueprint_of(workflow(), CONFIG)))["parts"]]
    assert ids == snapshot(["answering", "clean", "route", "sort", "data", "charts", "general", "writer", "writer (agent)"])
    assert len(ids) == len(set(ids))


def test_a_router_is_called_one_and_says_whom_it_asks():
    cascade = CascadeRouter([KeywordRouter({"a": ["x"], "b": ["y"]}), KeywordRouter({"a": ["z"]}, name="more")])
    drawn = text_of(blueprint_of(route(cascade, {"a": plain, "b": plain}), RunConfig()))
    assert "cascade (router): asks keywords, then more\n" in drawn


async def plain(text: str) -> str:
    return text

"""The examples run without a key, on what they are asked; and on a model, when one is named."""

from __future__ import annotations

import logging
import os
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from tests import forked
from tests.servers.asked import Asked
from tests.servers.http import served
from tests.servers.said import Called, Said, as_json

EXAMPLES = Path(__file__).parents[1] / "examples"
PROGRAMS = sorted(file.stem for file in EXAMPLES.glob("*.py") if "__main__" in file.read_text(encoding="utf-8"))


def printed(name: str, *args: str, **env: str) -> str:
    """What an example prints; that it ends well and complains of nothing is seen to."""
    run = forked.run("-W", "error", f"{name}.py", *args, cwd=EXAMPLES, env={**os.environ, **env})
    assert (run.stderr, run.returncode) == ("", 0)
    return run.stdout


# offline --------------------------------------------------------------------------------------------------------------


def test_a_researcher_an_analyst_and_a_writer_report_what_the_library_knows():
    assert printed("sequential_pipeline") == snapshot("""\
What the library knows, from 1951 to 1958:

* Before 1951 every long distance call in America needed an operator.
* On 10 November 1951 the mayor of Englewood, New Jersey, dialled a number in California by himself.
* Bristol in England followed in December 1958.
""")
    assert printed("sequential_pipeline", "Who studied the traffic of exchanges?") == snapshot("""\
What the library knows, from 1909 to 1976:

* Agner Krarup Erlang studied the traffic of the exchanges in Copenhagen, and published his first
theory of it in 1909.
* His formula of 1917 says how many lines are needed so that few callers find all lines busy.
* Brooklyn got the first No. 1 crossbar exchange in February 1938.
* The E10 in Perros-Guirec, France, was the first public exchange that switched speech as digits, in
1970.
* The 4ESS did so for long distance calls from January 1976, first in Chicago.
""")


def test_each_step_adds_to_what_was_found_so_far():
    assert printed("sequential_workflow") == snapshot("""\
author: the library
input: Long distance calls
notes: ['The 4ESS did so for long distance calls from January 1976, first in Chicago.', 'Before 1951
every long distance call in America needed an operator.', 'On 15 January 1990 about half of the long
distance calls of AT&T failed for nine hours.', 'It kept the digits that were dialled and looked for
a free path by itself, which is called common control.']
years: [1951, 1976, 1990]
repeated: ['calls', 'long', 'distance', 'january']
article: Long distance calls, up to 1990, by the library. The 4ESS did so for long distance calls
from January 1976, first in Chicago. Before 1951 every long distance call in America needed an
operator. On 15 January 1990 about half of the long distance calls of AT&T failed for nine hours. It
kept the digits that were dialled and looked for a free path by itself, which is called common
control.
""")
    assert printed("sequential_workflow", "stored programs") == snapshot("""\
author: the library
input: stored programs
notes: ['The 1ESS was the first large exchange that was controlled by a stored program.', 'A new
service now meant another program, and no longer other wires.', 'It opened in Succasunna, New
Jersey, in May 1965.', 'Each 4ESS that recovered told its neighbours so, and a fault in a new
program made them fail in turn.']
years: [1965]
repeated: ['program', 'new']
article: stored programs, up to 1965, by the library. The 1ESS was the first large exchange that was
controlled by a stored program. A new service now meant another program, and no longer other wires.
It opened in Succasunna, New Jersey, in May 1965. Each 4ESS that recovered told its neighbours so,
and a fault in a new program made them fail in turn.
""")


def test_one_text_is_analysed_in_three_ways_at_once():
    assert printed("parallel_analysis") == snapshot("""\
sentiment: positive
topics: line
entities: Omaha, Chicago, Western Electric, Media
""")
    assert printed("parallel_analysis", "I am angry: the parcel is late, and the parcel from Boston is lost.") == snapshot("""\
sentiment: negative
topics: parcel
entities: Boston
""")


def test_readers_of_three_shelves_are_put_together():
    assert printed("parallel_synthesis") == snapshot("""\
automatic: Before 1951 every long distance call in America needed an operator.
electronic: The 4ESS did so for long distance calls from January 1976, first in Chicago. On 15
January 1990 about half of the long distance calls of AT&T failed for nine hours.
manual: A few years later most operators were women. Boys from telegraph offices were the first
operators, and many callers found them rude.
""")
    assert printed("parallel_synthesis", "crossbar switches in suburbs") == snapshot("""\
automatic: The No. 5 crossbar of 1948, made for suburbs, began in Media, Pennsylvania. A crossbar
switch closes a contact where a row and a column meet, and has little that wears out.
electronic: The E10 in Perros-Guirec, France, was the first public exchange that switched speech as
digits, in 1970.
(nothing on manual exchanges)
""")


def test_a_draft_is_written_anew_until_it_passes():
    assert printed("evaluation_loop") == snapshot("""\
Brooklyn got the first No. 1 crossbar exchange in February 1938. The No. 5 crossbar of 1948, made
for suburbs, began in Media, Pennsylvania.
passed: True, rounds: 2, score: 9, Say something on: open.
""")
    assert printed("evaluation_loop", "bananas") == snapshot("""\
I do not know.
passed: False, rounds: 3, score: 1, Say something on: banana. Name a year.
""")


def test_a_classification_with_confidence_picks_the_department():
    assert printed("structured_routing") == snapshot("""\
to billing, sure by 100%
You name 2 amounts, $25.00 together. We look at each of them.
""")
    assert printed("structured_routing", "the price on my invoice") == snapshot("""\
to clarify, sure by 50%
Is that about billing, tech, sales or general?
""")


def test_two_sides_argue_and_a_moderator_concludes():
    assert printed("debate") == snapshot("""\
1 optimist: The 1ESS was the first large exchange that was controlled by a stored program.
1 skeptic: Each 4ESS that recovered told its neighbours so, and a fault in a new program made them
fail in turn.
2 optimist: A new service now meant another program, and no longer other wires.
2 skeptic: I have nothing more to say.
The optimist was more to the point (0.86 of 0.98). Above all: The 1ESS was the first large exchange
that was controlled by a stored program.
""")
    assert printed("debate", "bananas") == snapshot("""\
1 optimist: I have nothing more to say.
1 skeptic: I have nothing more to say.
Neither side had anything to the point.
""")


def test_who_cannot_answer_leaves_it_to_the_next():
    assert printed("fallback_chain") == snapshot("""\
asked: primary, backup, general
I am sorry, none of us knows that. A person will answer to desk@example.com.
""")
    assert printed("fallback_chain", "When did the panel switch open?") == snapshot("""\
asked: primary
The first panel switch opened in Omaha in 1921.
""")


def test_what_goes_in_and_comes_out_of_an_agent_is_typed():
    assert printed("typed_agents") == snapshot(
        """\
His formula of 1917 says how many lines are needed so that few callers find all lines busy. (41%,
Traffic 2)
"""
    )
    assert printed("typed_agents", "Who invented the automatic switch?") == snapshot(
        """\
The undertaker Almon Strowger patented an automatic switch in 1891, so that no operator could lead
his callers elsewhere. (31%, Strowger 1)
"""
    )


def test_a_query_goes_to_whoever_takes_its_type():
    assert printed("conditional_routing") == snapshot("""\
data_query:
1: E10 (1970)
""")
    assert printed("conditional_routing", "Draw a chart by principle") == snapshot("""\
dashboard_creation:
common control #
crossbar       ##
digital        ##
manual         #
step by step   #
stored program #
""")


def test_an_agent_is_tried_again_and_then_another_is_told_the_error():
    assert printed("retry_with_fallback") == snapshot("""\
call 1
call 2
call 3
backup: On 15 January 1990 about half of the long distance calls of AT&T failed for nine hours.
[primary could not answer: ModelUnavailable: the line is busy, call 3. You are asked instead.]
""")
    assert printed("retry_with_fallback", "What is common control?", "--busy", "1") == snapshot("""\
call 1
call 2
primary: It kept the digits that were dialled and looked for a free path by itself, which is called
common control. The 1ESS was the first large exchange that was controlled by a stored program.
""")


def test_what_was_found_travels_along_and_the_request_id_into_the_logs():
    assert printed("context_passing") == snapshot("""\
[r-7] understood 3 terms
[r-7] looked up crossbar
[r-7] looked up exchanges
[r-7] looked up brooklyn
[r-7] answers customer 12
For customer 12: 2 passages on 3 terms. Brooklyn got the first No. 1 crossbar exchange in February
1938.
metadata: {'terms': 3, 'years': [1938, 1970]}, one trace: True
""")
    assert printed("context_passing", "Operators in Boston", "--user", "customer 7") == snapshot("""\
[r-7] understood 2 terms
[r-7] looked up operators
[r-7] looked up boston
[r-7] answers customer 7
For customer 7: 2 passages on 2 terms. A few years later most operators were women.
metadata: {'terms': 2, 'years': [1878]}, one trace: True
""")


def test_what_failed_is_said_to_be_missing_beside_what_was_found():
    assert printed("graceful_degradation") == snapshot("""\
vector: The panel switch was made for large cities.
vector: Omaha got the first complete panel exchange in December 1921.
schema: switches: panel switch, year 1921
Missing: graph search, for ConnectionError: graph search cannot be reached.
""")
    assert printed("graceful_degradation", "Who invented the Strowger switch?", "--down", "vector", "schema") == snapshot("""\
graph: Almon Strowger invented Strowger switch
graph: Strowger switch came after Coy switchboard
Missing: vector search, for ConnectionError: vector search cannot be reached.
Missing: schema search, for ConnectionError: schema search cannot be reached.
""")


def test_an_agent_that_failed_too_often_is_left_alone_for_a_while():
    assert printed("circuit_breaker") == snapshot("""\
up: the line is up, now closed
down: failed: the line is down, now closed
down: failed: the line is down, now open
up: not called, again in 60 s, now open
wait: open
wait: half_open
down: failed: the line is down, now open
wait: open
wait: half_open
up: the line is up, now closed
up: the line is up, now closed
""")
    assert printed("circuit_breaker", "down", "up", "down", "down", "up", "wait", "wait", "up") == snapshot("""\
down: failed: the line is down, now closed
up: the line is up, now closed
down: failed: the line is down, now closed
down: failed: the line is down, now open
up: not called, again in 60 s, now open
wait: open
wait: half_open
up: the line is up, now closed
""")


def test_an_answer_comes_from_what_came_back_and_says_what_is_missing():
    assert printed("retrieval") == snapshot("""\
No. 5 crossbar came after No. 1 crossbar / 1ESS came after No. 5 crossbar / switches: No. 5
crossbar, place Media
from: graph, schema
""")
    assert printed("retrieval", "Who built the first exchange in New Haven?", "--down", "graph") == snapshot("""\
The first commercial telephone exchange opened in New Haven, Connecticut, in January 1878. /
switches: Coy switchboard, place New Haven / George Coy built its switchboard, and twenty-one
subscribers could reach one another through an operator.
from: schema, vector
missing: graph: ConnectionError: graph search cannot be reached
""")


def test_judges_with_different_criteria_elect_an_answer():
    assert printed("voting") == snapshot("""\
A: Before 1951 every long distance call in America needed an operator.
B: The 4ESS did so for long distance calls from January 1976, first in Chicago.
C: On 15 January 1990 about half of the long distance calls of AT&T failed for nine hours.
D: A few years later most operators were women.
nearest: A > B > C > D
oldest: A > B > C > D
shortest: D > B > A > C
rounds: [{'a': 2.0, 'd': 1.0, 'b': 0.0, 'c': 0.0}]
winner: A
""")
    assert printed("voting", "Where did digital exchanges begin?") == snapshot("""\
A: The 4ESS did so for long distance calls from January 1976, first in Chicago.
B: The E10 in Perros-Guirec, France, was the first public exchange that switched speech as digits,
in 1970.
C: Brooklyn got the first No. 1 crossbar exchange in February 1938.
D: The first exchange with such switches opened in La Porte, Indiana, in November 1892.
nearest: C > D > B > A
oldest: D > C > B > A
shortest: A > C > D > B
rounds: [{'c': 1.0, 'd': 1.0, 'a': 1.0, 'b': 0.0}, {'c': 1.0, 'd': 1.0, 'a': 1.0}]
winner: none, a tie of 3
""")


def test_a_chief_has_leads_who_have_specialists():
    assert printed("hierarchy") == snapshot("""\
Brooklyn got the first No. 1 crossbar exchange in February 1938. The register has the No. 1
crossbar, Brooklyn 1938. The No. 5 crossbar of 1948, made for suburbs, began in Media, Pennsylvania.
The register has the No. 5 crossbar, Media 1948. A crossbar switch closes a contact where a row and
a column meet, and has little that wears out.
{'chief': 3, 'research_lead': 2, 'archivist': 2, 'editor': 3, 'writer': 1}
""")
    assert printed("hierarchy", "Who worked in New Haven and in Chicago?") == snapshot("""\
The first commercial telephone exchange opened in New Haven, Connecticut, in January 1878. The
register has the Coy switchboard, New Haven 1878. The 4ESS did so for long distance calls from
January 1976, first in Chicago. The register has the 4ESS, Chicago 1976. George Coy built its
switchboard, and twenty-one subscribers could reach one another through an operator.
{'chief': 3, 'research_lead': 2, 'archivist': 2, 'editor': 3, 'writer': 1}
""")


def test_sources_a_vote_and_a_refinement_make_a_report():
    assert printed("research") == snapshot("""\
findings: 11
angle: people, {'people': 2.0, 'dates': 1.0}
report, 3 rounds, passed: True
The undertaker Almon Strowger patented an automatic switch in 1891, so that no operator could lead
his callers elsewhere. Almon Strowger invented Strowger switch. The panel switch was made for large
cities.
""")
    assert printed("research", "Where did digital exchanges open?") == snapshot("""\
findings: 6
angle: dates, {'dates': 2.0, 'places': 1.0}
report, 3 rounds, passed: True
The 4ESS did so for long distance calls from January 1976, first in Chicago. The E10 in Perros-
Guirec, France, was the first public exchange that switched speech as digits, in 1970. The first
exchange with such switches opened in La Porte, Indiana, in November 1892.
""")


def test_a_router_node_puts_messages_through_and_the_rest_has_an_answer_as_well():
    assert printed("router_pattern") == snapshot("""\
> What is the price of 5 seats?
  [line-1] turn 1 goes to sales
sales: 5 x $9 a month is $45.
> It is broken, error 17
  [line-1] turn 2 goes to support
support: Error 17 is new to us; a colleague looks at it.
> My bill?
  [line-1] turn 3 goes to billing
billing: Which invoice is it?
> Sing a song
general: This desk is for prices, faults and invoices. Shall a colleague call you?
""")
    assert printed("router_pattern", "hello / a demo") == snapshot("""\
> hello
general: This desk is for prices, faults and invoices. Shall a colleague call you?
> a demo
  [line-1] turn 2 goes to sales
sales: 1 x $9 a month is $9.
""")


def test_who_hands_over_tells_what_is_known_and_the_target_goes_on_from_there():
    assert printed("handoff_pattern") == snapshot("""\
> Hi
  Hello! I can give you an appointment.
  [greeter has the conversation]
> I need an appointment
  One moment, I put you through.
  Which day suits you?
  [scheduler has the conversation]
> On Tuesday
  And when on Tuesday?
  [scheduler has the conversation]
> At 10, please
  See you on Tuesday at 10 o'clock.
  [confirmer has the conversation]
""")
    assert printed("handoff_pattern", "An appointment on Friday at 9") == snapshot("""\
> An appointment on Friday at 9
  One moment, I put you through.
  See you on Friday at 9 o'clock.
  [confirmer has the conversation]
""")


def test_a_model_says_whose_a_message_is():
    assert printed("llm_routing") == snapshot("""\
> The app crashes
support: What do you see when it happens?
> I want a refund
billing: Please tell me the invoice's number.
> Do you like poems?
general: This desk is for prices, faults and invoices. What can we do for you?
""")
    assert printed("llm_routing", "the bill is wrong") == snapshot("""\
> the bill is wrong
billing: Please tell me the invoice's number.
""")


def test_an_interview_goes_through_its_phases_and_is_remembered():
    assert printed("gathering") == snapshot("""\
> Sales by month
  [interviewer tells: objective]
Where does the data come from?
> The orders' database
  [interviewer tells: sources]
What is counted?
> Revenue
  [interviewer tells: metrics]
Thank you, that is all.
phase done, complete: True
remembered metrics: Revenue
remembered objective: Sales by month
remembered sources: The orders' database
""")
    assert printed("gathering", "Churn / CRM") == snapshot("""\
> Churn
  [interviewer tells: objective]
Where does the data come from?
> CRM
  [interviewer tells: sources]
What is counted?
phase metrics, complete: False
remembered objective: Churn
remembered sources: CRM
""")


# on a model -----------------------------------------------------------------------------------------------------------

ANSWER = "The model has answered."


def model(asked: Asked) -> Said:
    """A model that calls the first tool that it has, and then says something that fits."""
    if asked.tools and not asked.results:
        name, tool = next(iter(asked.tools.items()))
        return Said(calls=(Called(name, filled(tool["parameters"], {})),))
    return Said(ANSWER) if asked.schema is None else as_json(filled(asked.schema, asked.schema.get("$defs", {})))


def filled(schema: dict[str, Any], defs: dict[str, Any]) -> Any:
    """A value that fits a schema."""
    match schema:
        case {"$ref": str(ref)}:
            return filled(defs[ref.rpartition("/")[2]], defs)
        case {"enum": [first, *_]}:
            return first
        case {"type": "object", **rest}:
            return {name: filled(inner, defs) for name, inner in rest.get("properties", {}).items()}
        case {"type": "array", "items": {} as items}:
            return [filled(items, defs)]
        case {"type": "integer"}:
            return 8
        case {"type": "number"}:
            return 0.9
        case {"type": "boolean"}:
            return True
        case _:
            return ANSWER


OTHERWISE: dict[str, tuple[list[str], str]] = {
    "circuit_breaker": (["up", "down"], f"up: {ANSWER}"),
    "conditional_routing": (["hello"], ANSWER),
    "voting": ([], "winner: A"),
}


@pytest.fixture
def quiet_again() -> Iterator[None]:
    """What a program says of its logging holds for the program, and not for the tests after it."""
    logs = [logging.getLogger(name) for name in ("switchroom", "switchroom.session")]
    before = [(log, log.level, log.propagate, list(log.handlers)) for log in logs]
    yield
    for log, level, propagate, handlers in before:
        log.setLevel(level)
        log.propagate = propagate
        log.handlers[:] = handlers


@pytest.mark.usefixtures("quiet_again")
@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_runs_on_the_model_that_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    args, expected = OTHERWISE.get(name, ([], ANSWER))
    known = f"gpt-{name}"  # models are made once in a process, each for its server
    with served(model, models=(known,)) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setattr(sys, "argv", [name, *args, "--model", f"openai:{known}"])
        monkeypatch.setattr(sys, "path", [str(EXAMPLES), *sys.path])
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert expected in capsys.readouterr().out
    assert {asked.body["model"] for asked in server.requests} == {known}


# what they say of themselves ------------------------------------------------------------------------------------------


def test_there_is_an_example_for_each_pattern_of_the_documents_under_its_name():
    names = (
        "Sequential Pipeline",
        "SequentialWorkflow",
        "Parallel Execution",
        "ParallelWorkflow",
        "Evaluation Loop",
        "Structured Routing",
        "Debate Pattern",
        "Fallback Chain",
        "Clear Agent Boundaries",
        "Conditional Routing",
        "Retry with Fallback",
        "Context Passing",
        "Graceful Degradation",
        "Circuit Breaker",
        "Hierarchical Multi-Agent",
        "agent voting system",
        "research multi-agent system",
        "multi-agent retrieval",
        "Router Pattern",
        "Fallback Agent",
        "Monitoring",
        "Handoff Pattern",
        "Shared Context",
        "LLM-Based Routing",
        "Event-Driven Coordination",
        "Conversation State",
        "Agent Memory",
    )
    first_lines = [EXAMPLES.joinpath(f"{name}.py").read_text(encoding="utf-8").partition("\n")[0] for name in PROGRAMS]
    assert [name for name in names if not any(name in line for line in first_lines)] == []
    assert [line for line in first_lines if not re.match(r'"""[A-Z].*[.:]', line)] == []

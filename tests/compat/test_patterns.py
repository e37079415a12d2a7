"""The fourteen patterns of a document for the OpenAI Agents SDK: its code, with only the import lines changed."""

from __future__ import annotations

import json
from typing import Any

from inline_snapshot import snapshot

from switchroom.compat.agents import set_trace_processors
from switchroom.compat.agents.extensions.handoff_prompt import RECOMMENDED_PROMPT_PREFIX
from switchroom.compat.agents.tracing import Span, Trace, TracingProcessor
from switchroom.testing import call
from tests.compat.conftest import Answering, Using
from tests.compat.patterns import (
    boundaries,
    debate,
    edge_cases,
    evaluation,
    fallback,
    hierarchy,
    monitoring,
    parallel,
    pipeline,
    prompt,
    routing,
    specialist,
    supervisor,
    triage,
)
from tests.compat.ways import told


async def test_triage_puts_through_to_the_specialist(answering: Answering, using: Using) -> None:
    await answering(
        {
            "first point of contact": [["Welcome!", call("transfer_to_billing_specialist")]],
            "billing inquiries": ["Your balance is 12 euros."],
        }
    )
    result = await using(triage).run(triage.triage, "What is my balance?")
    assert result.final_output == "Your balance is 12 euros."
    assert result.last_agent is triage.billing_agent
    assert told(result) == snapshot(
        [
            "triage: Welcome!",
            "triage calls transfer_to_billing_specialist({})",
            "triage hands over to billing_specialist",
            "billing_specialist: Your balance is 12 euros.",
        ]
    )


async def test_hierarchical_delegation_goes_down_two_levels(answering: Answering, using: Using) -> None:
    await answering(
        {
            "for any billing matters": [call("transfer_to_billing_specialist")],
            "Handle billing inquiries": [call("transfer_to_refund_processor")],
            "Process refund requests": ["The refund is on its way."],
        }
    )
    result = await using(hierarchy).run(hierarchy.triage, "I want my money back")
    assert result.last_agent is hierarchy.refund_processor
    assert told(result) == snapshot(
        [
            "triage calls transfer_to_billing_specialist({})",
            "triage hands over to billing_specialist",
            "billing_specialist calls transfer_to_refund_processor({})",
            "billing_specialist hands over to refund_processor",
            "refund_processor: The refund is on its way.",
        ]
    )


async def test_a_prompt_for_routing_begins_with_the_recommended_words(answering: Answering, using: Using) -> None:
    script = await answering(
        {"customer service triage": ["Is it about billing?", call("transfer_to_sales")], "sales": ["19 a month."]}
    )
    runner = using(prompt)
    first = await runner.run(prompt.triage, "I have a question")
    second = await runner.run(prompt.triage, [*first.to_input_list(), {"role": "user", "content": "What does it cost?"}])
    assert str(prompt.triage.instructions).startswith(RECOMMENDED_PROMPT_PREFIX)
    assert (first.last_agent.name, second.last_agent.name) == ("triage", "sales")
    assert script.heard == snapshot(
        [
            "customer service triage < I have a question",
            "customer service triage < What does it cost?",
            'sales < {"assistant": "sales"}',
        ]
    )


async def test_a_pipeline_gives_each_agent_what_the_one_before_it_found(answering: Answering, using: Using) -> None:
    script = await answering(
        {"Research the topic": ["The facts."], "Analyze the research": ["The insights."], "engaging report": ["The report."]}
    )
    using(pipeline)
    assert await pipeline.research_pipeline("switchrooms") == "The report."
    assert script.heard == snapshot(
        [
            "Research the topic < Research: switchrooms",
            """\
Analyze the research < Analyze this research:

The facts.\
""",
            """\
engaging report < Write a report based on:

The insights.\
""",
        ]
    )


async def test_independent_agents_run_at_once(answering: Answering, using: Using) -> None:
    script = await answering({"the sentiment": ["positive"], "main topics": ["phones"], "named entities": ["Ann"]})
    using(parallel)
    analyze: Any = parallel.analyze_text  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    assert await analyze("Ann likes phones") == snapshot({"sentiment": "positive", "topics": "phones", "entities": "Ann"})
    assert sorted(script.heard) == snapshot(
        ["main topics < Ann likes phones", "named entities < Ann likes phones", "the sentiment < Ann likes phones"]
    )


async def test_an_evaluation_loop_revises_until_it_passes(answering: Answering, using: Using) -> None:
    script = await answering(
        {
            "Write content": ["Draft one.", "Draft two."],
            "Evaluate the content": [
                json.dumps({"score": 4, "feedback": "Too short.", "passes": False}),
                json.dumps({"score": 9, "feedback": "Good.", "passes": True}),
            ],
        }
    )
    using(evaluation)
    assert await evaluation.write_with_feedback("Write about phones") == "Draft two."
    assert script.heard == snapshot(
        [
            "Write content < Prompt: Write about phones",
            """\
Evaluate the content < Evaluate this content:

Draft one.\
""",
            """\
Write content < Prompt: Write about phones

Previous feedback: Too short.\
""",
            """\
Evaluate the content < Evaluate this content:

Draft two.\
""",
        ]
    )


async def test_structured_routing_goes_where_the_classification_says(answering: Answering, using: Using) -> None:
    verdict = {"department": "tech", "confidence": 0.9, "reasoning": "It crashes."}
    script = await answering({"Classify the customer inquiry": [json.dumps(verdict)], "technical issues": ["Restart it."]})
    using(routing)
    assert await routing.route_inquiry("The app crashes") == "Restart it."
    assert script.heard == snapshot(["Classify the customer inquiry < The app crashes", "technical issues < The app crashes"])


async def test_a_supervisor_calls_workers_as_tools(answering: Answering, using: Using) -> None:
    script = await answering(
        {
            "You coordinate a team": [
                call("assign_research", topic="phones"),
                call("assign_writing", content="The facts."),
                "Here it is: The report.",
            ],
            "Research the topic": ["The facts."],
            "engaging report": ["The report."],
        }
    )
    result = await using(supervisor).run(supervisor.supervisor, "A report about phones")
    assert told(result) == snapshot(
        [
            'supervisor calls assign_research({"topic":"phones"})',
            "supervisor is told The facts.",
            'supervisor calls assign_writing({"content":"The facts."})',
            "supervisor is told The report.",
            "supervisor: Here it is: The report.",
        ]
    )
    assert script.heard == snapshot(
        [
            "You coordinate a team < A report about phones",
            "Research the topic < phones",
            "You coordinate a team < The facts.",
            "engaging report < The facts.",
            "You coordinate a team < The report.",
        ]
    )


async def test_a_debate_ends_with_a_conclusion(answering: Answering, using: Using) -> None:
    script = await answering(
        {
            "positive aspects": ["It saves time.", "It is kind."],
            "caution and potential risks": ["It costs money.", "It is new."],
            "Synthesize the arguments": ["Try it for a month."],
        }
    )
    using(debate)
    assert await debate.debate("Should we buy it?", rounds=2) == "Try it for a month."
    assert script.heard == snapshot(
        [
            """\
positive aspects < Question: Should we buy it?

Present your argument.\
""",
            """\
caution and potential risks < Question: Should we buy it?


Optimist: It saves time.
Present your counterargument.\
""",
            """\
positive aspects < Question: Should we buy it?


Optimist: It saves time.

Skeptic: It costs money.
Present your argument.\
""",
            """\
caution and potential risks < Question: Should we buy it?


Optimist: It saves time.

Skeptic: It costs money.

Optimist: It is kind.
Present your counterargument.\
""",
            """\
Synthesize the arguments < Question: Should we buy it?


Optimist: It saves time.

Skeptic: It costs money.

Optimist: It is kind.

Skeptic: It is new.
Provide your conclusion.\
""",
        ]
    )


async def test_a_fallback_chain_goes_on_after_a_failure_and_a_shrug(answering: Answering, using: Using) -> None:
    script = await answering(
        {
            "primary source": [call("look_up", query="phones")],
            "from the backup": ["I don't know"],
            "general knowledge": ["About 1876."],
        }
    )
    using(fallback)
    assert await fallback.fallback_chain("Since when are there phones?") == "About 1876."
    assert script.heard == snapshot(
        [
            "primary source < Since when are there phones?",
            "from the backup < Since when are there phones?",
            "general knowledge < Since when are there phones?",
        ]
    )


async def test_a_fallback_chain_without_any_answer_says_so(answering: Answering, using: Using) -> None:
    shrug = "I don't know"
    await answering({"primary source": [shrug], "from the backup": [shrug], "general knowledge": [shrug]})
    using(fallback)
    assert await fallback.fallback_chain("Why?") == "I'm sorry, I couldn't help with that request."


async def test_a_focused_agent_answers_alone(answering: Answering, using: Using) -> None:
    await answering({"refund requests ONLY": ["The order exists, and is refunded."]})
    result = await using(specialist).run(specialist.refund_agent, "Refund order 7")
    assert told(result) == snapshot(["refund_specialist: The order exists, and is refunded."])


async def test_clear_boundaries_put_through_or_ask(answering: Answering, using: Using) -> None:
    await answering({"keywords and intent": [call("transfer_to_tech_support")], "technical issues": ["Restart it."]})
    result = await using(boundaries).run(boundaries.triage, "error 7")
    assert result.last_agent is triage.tech_agent
    assert told(result) == snapshot(
        ["triage calls transfer_to_tech_support({})", "triage hands over to tech_support", "tech_support: Restart it."]
    )


async def test_a_monitored_run_tells_its_trace(answering: Answering, using: Using) -> None:
    class Kept(TracingProcessor):
        def __init__(self) -> None:
            self.names: list[str] = []

        def on_trace_start(self, trace: Trace) -> None:
            self.names.append(trace.name)

        def on_span_end(self, span: Span) -> None:
            about = span.span_data
            self.names.append(about.type if about.type == "generation" else f"{about.type} {about.name}")

    await answering({"first point of contact": [call("transfer_to_sales")], "sales inquiries": ["19 a month."]})
    using(monitoring)
    kept = Kept()
    set_trace_processors([kept])
    try:
        result = await monitoring.run("What does it cost?")
    finally:
        set_trace_processors([])
    assert result.final_output == "19 a month."
    assert kept.names == snapshot(
        [
            "customer_support",
            "generation",
            "handoff triage to sales",
            "agent triage",
            "generation",
            "agent sales",
            "task triage",
        ]
    )


async def test_what_fits_nobody_is_put_through_to_the_fallback_agent(answering: Answering, using: Using) -> None:
    await answering(
        {"If no specialist fits": [call("transfer_to_fallback")], "don't fit other categories": ["How can I reach you?"]}
    )
    result = await using(edge_cases).run(edge_cases.triage, "Sing to me")
    assert result.last_agent is edge_cases.fallback_agent
    assert told(result) == snapshot(
        ["triage calls transfer_to_fallback({})", "triage hands over to fallback", "fallback: How can I reach you?"]
    )

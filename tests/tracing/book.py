"""A trace processor that writes down what it is told, and can say whether it was sound."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from switchroom import RunConfig, Runner
from switchroom.tracing import Span, Trace


class Book:
    """Remembers traces and spans in the order in which it was told of them."""

    def __init__(self) -> None:
        self.traces: list[Trace] = []
        self.spans: list[Span] = []
        self.told: list[tuple[str, Trace | Span]] = []

    def on_trace_start(self, trace: Trace) -> None:
        self.traces.append(trace)
        self.told.append(("trace", trace))

    def on_trace_end(self, trace: Trace) -> None:
        self.told.append(("end of trace", trace))

    def on_span_start(self, span: Span) -> None:
        self.told.append(("span", span))

    def on_span_end(self, span: Span) -> None:
        self.spans.append(span)
        self.told.append(("end of span", span))

    def of(self, kind: str) -> list[Span]:
        """The spans of a kind, in the order in which they ended."""
        return [span for span in self.spans if span.kind == kind]

    def faults(self) -> list[str]:
        """What is not as it has to be: [] if all that began ended, each within its parent, and each trace after its spans."""
        open_traces: list[Trace] = []
        opened: dict[str, Span] = {}
        ids: set[str] = set()
        faults: list[str] = []
        for what, one in self.told:
            match what, one:
                case "trace", Trace():
                    faults += [f"{one} began in another"] if open_traces else []
                    open_traces.append(one)
                case "end of trace", Trace():
                    faults += [f"{one} ended before {span}" for span in opened.values()]
                    faults += [] if open_traces == [one] else [f"{one} ended, and had not begun"]
                    open_traces = []
                case "span", Span():
                    faults += _beginning(one, open_traces, opened, ids)
                    opened[one.span_id] = one
                    ids.add(one.span_id)
                case "end of span", Span():
                    faults += _ending(one, opened)
                    opened.pop(one.span_id, None)
                case _:
                    faults.append(f"{what}: {one}")
        return [*faults, *(f"{one} never ended" for one in [*open_traces, *opened.values()])]

    def tree(self, *fields: str) -> list[str]:
        """The spans as they began, each below its parent, with how they ended and some of their data."""
        began = [one for what, one in self.told if what == "span" and isinstance(one, Span)]
        ended = {span.span_id: span for span in self.spans}
        return [line for span in began if not span.parent_id for line in _lines(ended[span.span_id], began, ended, 0, fields)]


def _beginning(span: Span, traces: list[Trace], opened: dict[str, Span], ids: set[str]) -> Iterable[str]:
    if span.span_id in ids:
        yield f"{span} has an id that another has"
    if [trace.trace_id for trace in traces] != [span.trace_id]:
        yield f"{span} began outside of its trace"
    if span.ended_at is not None or span.outcome:
        yield f"{span} is over at its beginning"
    if (span.kind == "turn") != (not span.parent_id):
        yield f"{span} has not the parent that it should"
    if span.parent_id and span.parent_id not in opened:
        yield f"{span} began outside of its parent"
    if span.parent_id in opened and span.started_at < opened[span.parent_id].started_at:
        yield f"{span} began before its parent"


def _ending(span: Span, opened: dict[str, Span]) -> Iterable[str]:
    began = opened.get(span.span_id)
    if began is None:
        yield f"{span} ended, and had not begun"
        return
    if (began.parent_id, began.kind, began.name, began.started_at) != (span.parent_id, span.kind, span.name, span.started_at):
        yield f"{span} ended as another than it began: {began}"
    if not span.outcome or span.ended_at is None or span.ended_at < span.started_at:
        yield f"{span} did not end well"
    if (span.outcome == "failed") != bool(span.error):
        yield f"{span} has no error, or one too many"
    if not began.data.items() <= span.data.items():
        yield f"{span} forgot what it was begun with"
    for child in opened.values():
        if child.parent_id == span.span_id:
            yield f"{span} ended before {child}"


def _lines(span: Span, began: list[Span], ended: dict[str, Span], depth: int, fields: tuple[str, ...]) -> Iterable[str]:
    outcome = "" if span.outcome == "done" else f" {span.outcome}"
    error = f" ({span.error[:64]})" if span.error else ""
    data: dict[str, Any] = {field: span.data[field] for field in fields if field in span.data}
    yield "  " * depth + f"{span.kind} {span.name}{outcome}{error}" + (f" {data}" if data else "")
    for child in began:
        if child.parent_id == span.span_id:
            yield from _lines(ended[child.span_id], began, ended, depth + 1, fields)


def late(spans: Iterable[Span]) -> list[str]:
    """Spans that end after their parent does, by the clock."""
    known = {span.span_id: span for span in spans}
    return [
        f"{span} ended after its parent"
        for span in known.values()
        if span.parent_id and (span.ended_at or 0.0) > (known[span.parent_id].ended_at or 0.0)
    ]


def traced(book: Book, **options: Any) -> RunConfig:
    """Options of a run that writes all there is to tell into the book."""
    return RunConfig(trace_processors=(book,), trace_include_sensitive_data=True, **options)


async def book_of(step: Any, input: Any = "hello", **options: Any) -> Book:
    """The book of a run that comes to its end."""
    book = Book()
    await Runner.run(step, input, config=traced(book, **options))
    assert not book.faults()
    assert not late(book.spans)
    return book


async def book_of_failure(step: Any, error: type[BaseException], **options: Any) -> Book:
    """The book of a run that fails."""
    book = Book()
    with pytest.raises(error):
        await Runner.run(step, "hello", config=traced(book, **options))
    assert not book.faults()
    assert not late(book.spans)
    return book

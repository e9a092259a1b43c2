"""Sends spans to a collector by OpenTelemetry's protocol over HTTP (OTLP), with that project's library."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from producer.spans import Span
from worker.version import code_version


class Collector:
    """Where spans go. Headers, certificates and compression come from `OTEL_EXPORTER_OTLP_…` variables."""

    def __init__(self, address: str, *, seconds: float) -> None:
        self._exporter = OTLPSpanExporter(endpoint=address, timeout=seconds)
        self._resource = Resource({"service.name": "countersign", "service.version": code_version()})

    def send(self, spans: Iterable[Span]) -> bool:
        """Whether the collector has taken them all; it was asked again for so many seconds if not."""
        readable = [self._readable(span) for span in spans]
        return not readable or self._exporter.export(readable) is SpanExportResult.SUCCESS

    def close(self) -> None:
        """Give the connection up."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _readable(self, span: Span) -> ReadableSpan:
        return ReadableSpan(
            span.name,
            context=_context(span.trace, span.id),
            parent=None if span.parent is None else _context(span.trace, span.parent),
            resource=self._resource,
            attributes=span.attributes,
            events=[Event(name, timestamp=_nanoseconds(at)) for name, at in span.moments],
            links=[Link(_context(span.trace, other)) for other in span.links],
            kind=SpanKind.CONSUMER,
            status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
            start_time=_nanoseconds(span.start),
            end_time=_nanoseconds(span.end),
        )


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000

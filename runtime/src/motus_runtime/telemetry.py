"""Traces and metrics: W3C trace context in NATS headers, OTLP when an endpoint is set, Prometheus metrics."""

import os
from collections.abc import Mapping

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import Counter, Gauge, Histogram

LATENCY_BUCKETS_S = (0.005, 0.01, 0.02, 0.033, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10)

STAGE_EVENTS = Counter("motus_stage_events", "What a stage did, by cause.", ["stage", "cause"])
STAGE_LATENCY = Histogram(
    "motus_pipeline_latency_seconds",
    "From a frame's ingest time to the end of the stage.",
    ["stage"],
    buckets=LATENCY_BUCKETS_S,
)
BUS_ERRORS = Counter("motus_bus_errors", "Errors that the bus reported, by kind.", ["kind"])
DEAD_LETTERS = Counter("motus_dead_letters", "Messages that nobody could process.", ["service"])
STREAMS_REMADE = Counter("motus_streams_remade", "Streams and buckets that were lost and made anew.", ["stream"])
OWNED_UNITS = Gauge("motus_owned_units", "Sessions or partitions that this worker owns.", ["stage"])
FREE_CAPACITY = Gauge("motus_free_capacity", "Units that this worker could still take.", ["stage"])
OWNER_CHANGES = Counter(
    "motus_owner_changes",
    "Units that came to this worker or went: claimed, released, handed_over, lost.",
    ["stage", "cause"],
)
RPCS = Counter("motus_rpcs", "Finished calls, by method and gRPC code.", ["method", "code"])
RPC_SECONDS = Histogram("motus_rpc_duration_seconds", "Duration of unary calls.", ["method"], buckets=LATENCY_BUCKETS_S)

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def start_tracing(service: str, environ: Mapping[str, str] = os.environ) -> TracerProvider:
    """Set the process's tracer up; spans leave it only when an OTLP endpoint is set in the environment."""
    provider = TracerProvider(resource=Resource.create({"service.name": f"motus-{service}"}))
    if any(environ.get(name) for name in _ENDPOINTS):
        # Imported here: it costs 100 ms, and most processes have no endpoint.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


def tracer() -> trace.Tracer:
    """The tracer of this process."""
    return trace.get_tracer("motus")


def trace_headers() -> dict[str, str]:
    """Headers that carry the current span's context; empty outside a span."""
    headers: dict[str, str] = {}
    if trace.get_current_span().get_span_context().is_valid:
        propagate.inject(headers)
    return headers


def remote_context(headers: Mapping[str, str] | None) -> Context | None:
    """The trace context that a message carries; None when it carries none."""
    if not headers or "traceparent" not in headers:
        return None
    return propagate.extract(dict(headers))

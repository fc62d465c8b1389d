"""Figures of the service for Prometheus, of this process since it began."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class ServiceMetrics:
    """Counts answers; a registry of its own, so that several services of one process do not meet."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "scidex_service_requests",
            "Answers by kind of address and status.",
            ["route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "scidex_service_request_seconds",
            "Time from the request to the end of its answer.",
            ["route"],
            buckets=_BOUNDS,
            registry=self._registry,
        )
        self._bytes = Counter(
            "scidex_service_sent_bytes", "Bytes of bodies sent.", ["route"], registry=self._registry
        )
        self._under_way = Gauge(
            "scidex_service_requests_under_way", "Requests under way.", registry=self._registry
        )
        self._waiting = 0
        self._under_way.set_function(lambda: self._waiting)
        self._children: dict[tuple[str, int], tuple[Counter, Histogram, Counter]] = {}

    def begin(self) -> None:
        """A request has come."""
        self._waiting += 1

    def end(self, route: str, status: int, seconds: float, sent: int) -> None:
        """It was answered; status 0: not at all."""
        self._waiting -= 1
        key = route, status
        if key not in self._children:
            self._children[key] = (
                self._requests.labels(route, str(status)),
                self._seconds.labels(route),
                self._bytes.labels(route),
            )
        requests, took, volume = self._children[key]
        requests.inc()
        took.observe(seconds)
        volume.inc(sent)

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self._registry)

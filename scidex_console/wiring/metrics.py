"""Figures of the engine for Prometheus, on a port of its own: what the database says when it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from scidex_console.domain.errors import ConsoleError, Refused
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.views import GapView

_HOST = "127.0.0.1"
_WITHIN_S = 5.0
_COUNTED = ("total", "missing", "due", "scheduled", "done", "dead")


class EngineFigures(Collector):
    """Asks the overview each time Prometheus asks."""

    def __init__(self, read: ReadModel, loop: asyncio.AbstractEventLoop) -> None:
        self._read = read
        self._loop = loop

    def describe(self) -> Iterator[Metric]:
        """Nothing in advance: to find out what there is, the database would be asked at the start."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The figures as they are now; only that there are none where the database does not answer."""
        up = GaugeMetricFamily("scidex_engine_database_up", "Whether the database answers.")
        try:
            asked = asyncio.run_coroutine_threadsafe(self._read.overview(dead=0, errors=0), self._loop)
            overview = asked.result(_WITHIN_S)
        except (ConsoleError, TimeoutError):
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        rows = GaugeMetricFamily(
            "scidex_engine_rows", "Rows of a job by what they are.", labels=["job", "what"]
        )
        working = GaugeMetricFamily(
            "scidex_engine_run", "1 for the state that a job's last run is in.", labels=["job", "state"]
        )
        pace = GaugeMetricFamily(
            "scidex_engine_rows_per_minute", "Rows settled a minute, as the console tells it.", labels=["job"]
        )
        for gap in overview.gaps:
            _add(gap, rows, working, pace)
        yield from (rows, working, pace)


def _add(gap: GapView, rows: GaugeMetricFamily, working: GaugeMetricFamily, pace: GaugeMetricFamily) -> None:
    for name in _COUNTED:
        rows.add_metric([str(gap.job), name], getattr(gap, name))
    if gap.run is not None:
        working.add_metric([str(gap.job), str(gap.run.state)], 1)
    if gap.rate_per_min is not None:
        pace.add_metric([str(gap.job)], gap.rate_per_min)


@asynccontextmanager
async def engine_metrics(read: ReadModel, port: int) -> AsyncIterator[None]:
    """Answer on a port of loopback for as long as the block lasts. Raises `Refused` where it is taken."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(EngineFigures(read, asyncio.get_running_loop()))
    try:
        server, thread = start_http_server(port, _HOST, registry)
    except OSError as error:
        raise Refused(
            f"the port cannot be listened on: {error.strerror or error}",
            where=f"engine.metrics_port = {port}",
            fix="choose another one, or 0 for none",
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        await asyncio.to_thread(thread.join)

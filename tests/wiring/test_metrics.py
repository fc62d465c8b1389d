"""The engine's figures for Prometheus, asked for over HTTP."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.domain.errors import Refused
from scidex_console.wiring.metrics import engine_metrics
from scidex_console.wiring.serving import listening


def free_port() -> int:
    with listening("127.0.0.1", 0) as free:
        port: int = free.getsockname()[1]
        return port


async def test_prometheus_reads_what_the_overview_says(applied_database: str) -> None:
    port = free_port()
    async with Database(applied_database, name="test") as database:
        async with engine_metrics(PostgresReadModel(database), port):
            answer = await asyncio.to_thread(httpx.get, f"http://127.0.0.1:{port}/metrics", trust_env=False)
        text = answer.text
    assert "scidex_engine_database_up 1.0" in text
    assert 'scidex_engine_rows{job="folders",what="total"} 0.0' in text
    assert "process_cpu_seconds_total" in text


async def test_a_port_that_is_taken_is_told(applied_database: str) -> None:
    with listening("127.0.0.1", 0) as taken:
        async with Database(applied_database, name="test") as database:
            with pytest.raises(Refused, match="cannot be listened on"):
                async with engine_metrics(PostgresReadModel(database), taken.getsockname()[1]):
                    pass

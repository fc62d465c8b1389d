"""The real engine, with database, repository and controls, over the specification's mix: what a row costs
in requests, and how many requests one process carries."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rivals.network import World
from scidex_console.demo.hosts.request_log import LoggedRequest, read_requests
from scidex_console.demo.postgres_server import EmbeddedPostgres
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import WORKING
from scidex_console.settings import load_settings
from tests.labs import Lab, engine_at_work, make_lab

HOST = "europepmc.org"
ROWS = 4287
"""Figures that have lost their file, as the specification counts them."""


def requests_per_row(folder: Path, world: World, probe: str) -> tuple[float, list[LoggedRequest], int]:
    """Have an engine ask for every figure; requests a row, what the servers saw, and the rows.

    Every request counts: HEAD and GET, retries, redirects, control images and robots.txt. The budget is
    widened so that it takes a minute; what a row costs does not depend on it.
    """
    database = EmbeddedPostgres(folder / "database", durable=False)
    try:
        urls = [
            f"https://{HOST}/articles/PMC{2_000_000 + n}/bin/fig{n % 9}-{n}.jpg" for n in range(ROWS + 15)
        ]
        lab = _lab(folder / "store", database.start(), world, probe, urls)
        asyncio.run(_to_the_end(lab))
        time.sleep(0.5)
        requests = list(read_requests(world.log))
        return len(requests) / len(lab.store.lost), requests, len(lab.store.lost)
    finally:
        database.destroy()


@dataclass(frozen=True)
class Carried:
    """What one engine process carries, its batches written."""

    requests: int
    per_s: float
    """Requests a second, over the middle three fifths of them."""
    processor_ms: float
    """Of the engine for each request; the database, git and the decoder have their own."""
    rows_per_s: float
    """Rows brought to their end, over the whole run."""


def carried(folder: Path, world: World, names: Sequence[str], rows: int) -> Carried:
    """Have an engine ask many hosts without budgets that would hold it back."""
    database = EmbeddedPostgres(folder / "database", durable=False)
    try:
        urls = [f"https://{names[n % len(names)]}/figures/fig{n}.jpg" for n in range(rows)]
        lab = _lab(folder / "store", database.start(), world, "head-then-get", urls)
        text = lab.config.read_text().replace("default_rate = 100.0", "default_rate = 1000.0")
        lab.config.write_text(text)
        lab = replace(lab, settings=load_settings(lab.config, environ={}))
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
        asyncio.run(_to_the_end(lab))
        after, took = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - began
        time.sleep(0.5)
        arrived = sorted(request.arrived_ns for request in read_requests(world.log))
        fifth = len(arrived) // 5
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Carried(
            len(arrived),
            3 * fifth / (arrived[4 * fifth] - arrived[fifth]) * 1e9,
            1000 * spent / len(arrived),
            len(lab.store.lost) / took,
        )
    finally:
        database.destroy()


async def _to_the_end(lab: Lab) -> None:
    async with engine_at_work(lab.settings, frozenset({JobName.FIGURES})) as at_work:
        await at_work.ask("start", JobName.FIGURES)
        while (run := await at_work.runs.last_run(JobName.FIGURES)) is not None and run.state in WORKING:
            await at_work.pause()


def _lab(folder: Path, url: str, world: World, probe: str, urls: Sequence[str]) -> Lab:
    lab = make_lab(folder, url, figures=len(urls), artifacts=len(urls) + 200, urls=urls)
    text = lab.config.read_text()
    for was, now in (
        ('robots_overrides = [{hosts = "*", reason = "tests count requests"}]\n', ""),
        ("[fetch]\n", f'[fetch]\nallow_networks = ["127.0.0.0/8"]\nca_file = "{world.ca_file}"\n'),
        ("[figures]\n", f'[figures]\nprobe = "{probe}"\n'),
        ('confirm_without_control = "at-once"', 'confirm_without_control = "second-pass"'),
        ("[batch]\nfiles = 5", "[batch]\nfiles = 100\nmarks = 100"),
    ):
        assert was in text, was
        text = text.replace(was, now)
    lab.config.write_text(text)
    return replace(lab, settings=load_settings(lab.config, environ={}))

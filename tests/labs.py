"""Laboratories: a small store, its schema applied, and a configuration, ready for an engine."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from scidex_console.demo.hosts.server import FigureHosts
from scidex_console.domain.fetching import FetchClass, FetchOutcome, StagedFile
from scidex_console.domain.figures import FigureState, Verdict
from scidex_console.domain.intents import SETTLED
from scidex_console.domain.jobs import JobName
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.ports import DueFigure, RunStore, SurveyedFigure
from scidex_console.settings import Settings, load_settings
from scidex_console.wiring.engine import assembled, engine_options
from scidex_console.wiring.held_store import HeldStore, held_store
from scidex_console.wiring.reading import Readers, readers, schema
from tests.worlds import SmallStore, small_store

_ANYBODY = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Anybody",
    "GIT_AUTHOR_EMAIL": "anybody@example.org",
    "GIT_COMMITTER_NAME": "Anybody",
    "GIT_COMMITTER_EMAIL": "anybody@example.org",
}
"""So that whoever runs the tests need not have told git who they are."""


Looking = psycopg.Connection[dict[str, Any]]


class Onlooker:
    """Somebody who asks a database again and again, over one connection a thread, made anew when lost.

    After `leave` each question has a connection of its own.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connections: dict[int, Looking] = {}
        self._stays = True

    def rows(self, statement: str, *params: Any) -> list[dict[str, Any]]:
        """What the database answers; nothing is asked twice, but for what a lost connection never asked."""
        if not self._stays:
            with _looking(self._url) as own:
                return _answer(own, statement, params)
        thread = threading.get_ident()
        known = self._connections.get(thread)
        if known is not None:
            try:
                return _answer(known, statement, params)
            except psycopg.OperationalError:
                if not known.closed:
                    raise
        self._connections[thread] = _looking(self._url)
        return _answer(self._connections[thread], statement, params)

    def leave(self) -> None:
        """Close all connections."""
        self._stays = False
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()


def _looking(url: str) -> Looking:
    return psycopg.connect(url, autocommit=True, row_factory=dict_row)


def _answer(connection: Looking, statement: str, params: Sequence[Any]) -> list[dict[str, Any]]:
    cursor = connection.execute(statement.encode(), params or None)
    return cursor.fetchall() if cursor.description else []


@dataclass(frozen=True)
class Lab:
    """A store and the configuration that leads to it."""

    folder: Path
    store: SmallStore
    config: Path
    settings: Settings
    onlooker: Onlooker | None = None
    """Who asks the database; by default somebody new each time."""

    def options(self, **changes: Any) -> EngineOptions:
        """Options of an engine over this store."""
        del changes
        return engine_options(self.settings, frozenset({JobName.FIGURES}), until_idle=False)

    def rows(self, statement: str, *params: Any) -> list[dict[str, Any]]:
        """Ask the database, on a connection that nothing else uses."""
        if self.onlooker is not None:
            return self.onlooker.rows(statement, *params)
        with _looking(self.store.database_url) as connection:
            return _answer(connection, statement, params)

    def git(self, *arguments: str, outer: bool = False) -> str:
        """Run git in the artifact checkout (or the outer one) as anybody would."""
        folder = self.store.outer if outer else self.store.artifacts
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env=os.environ | _ANYBODY,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def lost(self, count: int, skip: int = 0) -> list[str]:
        """Artifacts of figures that lack their file, in a fixed order."""
        return sorted(self.store.lost)[skip : skip + count]


@dataclass(frozen=True)
class AtWork:
    """An engine in this process, and what its operator has."""

    connected: Readers
    runs: RunStore
    life: asyncio.Task[None]

    async def ask(self, action: str, job: JobName, **params: Any) -> str:
        """Put an intent on the desk; what came of it."""
        intent = await self.connected.desk.submit(action, job, params, reason="a trial")
        while (now := await self.connected.read.intent(intent.id)) is None or now.state not in SETTLED:
            await self.pause()
        return f"{now.state}: {now.outcome}"

    async def pause(self) -> None:
        """Wait a moment; raises what has ended the engine, if it has."""
        await asyncio.wait([self.life], timeout=0.1)
        if self.life.done():
            self.life.result()


@asynccontextmanager
async def engine_at_work(
    settings: Settings, jobs: frozenset[JobName], *, retry_s: float | None = None
) -> AsyncIterator[AtWork]:
    """An engine that works until the block ends, and then finishes what it has in hand."""
    options = engine_options(settings, jobs, until_idle=False)
    if retry_s is not None:
        options = replace(options, retry_s=retry_s)
    async with (
        readers(settings) as connected,
        held_store(settings, options) as held,
        assembled(settings, options, held) as (engine, runs),
    ):
        life = asyncio.create_task(engine.run())
        try:
            yield AtWork(connected, runs, life)
            engine.leave()
            await life
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)


def make_lab(
    folder: Path,
    database_url: str,
    *,
    hosts: FigureHosts | None = None,
    extra: str = "",
    figures: int = 40,
    artifacts: int = 60,
    urls: Sequence[str] | None = None,
) -> Lab:
    """Build a store in an empty database of SciDEX's tables, apply the schema, write a configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    store = small_store(folder, database_url, figures=figures, artifacts=artifacts, urls=urls)
    config = folder / "config.toml"
    config.write_text(_config(store, hosts) + extra)
    settings = load_settings(config, environ={})

    async def apply() -> None:
        async with schema(settings) as runner:
            await runner.apply()

    asyncio.run(apply())
    return Lab(folder, store, config, settings)


def _config(store: SmallStore, hosts: FigureHosts | None) -> str:
    fetch = ""
    if hosts is not None:
        fetch = f"""
connect_to = [":80:127.0.0.1:{hosts.http_port}", ":443:127.0.0.1:{hosts.https_port}"]
allow_networks = ["127.0.0.0/8"]
allow_ports = [{hosts.http_port}, {hosts.https_port}]
ca_file = "{hosts.ca_file}"
"""
    return f"""
[environment]
name = "lab"
[database]
url = "{store.database_url}"
[repository]
path = "{store.artifacts}"
outer = "{store.outer}"
[writes]
enabled = true
authorization = "lab 1"
[engine]
heartbeat = "500ms"
[figures]
back_off = "500ms"
back_off_longest = "2s"
max_attempts = 3
rescue = false
rescue_rules = []
confirm_without_control = "at-once"
second_pass_after = "1s"
doubted_again_after = "100ms"
[batch]
files = 5
[fetch]
contact = "lab@example.org"
robots_overrides = [{{hosts = "*", reason = "tests count requests"}}]
hold = "1s"
hold_longest = "2s"
breaker_first = "500ms"
breaker_longest = "1s"
default_rate = 100.0
default_in_flight = 2
max_bytes = 4000000
connect_timeout = "2s"
read_timeout = "2s"
deadline = "4s"
{fetch}
[[fetch.groups]]
name = "europepmc"
rate = 200.0
in_flight = 4
[[fetch.groups]]
name = "ncbi"
rate = 200.0
in_flight = 2
"""


def image_of(artifact_id: str) -> bytes:
    """Bytes that stand for a fetched figure: a tiny GIF, different for each artifact."""
    return b"GIF89a\x01\x00\x01\x00\x00\x00\x00;" + hashlib.sha256(artifact_id.encode()).digest()


async def prepare_figures(
    held: HeldStore,
    lab: Lab,
    *,
    stored: Sequence[str] = (),
    dead: Sequence[str] = (),
    resurvey: bool = True,
) -> None:
    """Bring figures to the state in which they wait for a batch, as their attempts would have.

    Before that every figure is surveyed as lost, unless they were surveyed otherwise already.
    """
    figures = held.figures()
    ids = [*stored, *dead]
    gap = [SurveyedFigure(a, lab.store.lost[a], "lab") for a in sorted(lab.store.lost)]
    if resurvey:
        await figures.record_survey(gap, [], total=len(gap), epoch=held.mandate.epoch)
    for artifact_id in ids:
        url = lab.store.lost[artifact_id]
        file = await _stage(held, artifact_id) if artifact_id in stored else None
        outcome = FetchOutcome(
            artifact_id=artifact_id,
            url=url,
            group="lab",
            host="lab",
            outcome=FetchClass.STORED if file else FetchClass.DEAD,
            reason="prepared",
            status=200 if file else 404,
            requests=2,
            started_at=datetime.now(UTC),
            took_ms=1,
            extension="gif" if file else "",
            media_type="image/gif" if file else "",
            file=file,
        )
        verdict = Verdict(FigureState.STAGED if file else FigureState.CONDEMNED, None)
        await figures.record_attempt(
            DueFigure(artifact_id, url, "lab", 0, ""), outcome, verdict, run_id=None, epoch=held.mandate.epoch
        )


async def _stage(held: HeldStore, artifact_id: str) -> StagedFile:
    writer = held.files.staging.create(artifact_id)
    writer.write(image_of(artifact_id))
    return await writer.finish()

"""A store that an engine has worked on: batches stored, marked, taken back and published, for real."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from pydantic import SecretStr

from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from scidex_console.domain.batches import Batch
from scidex_console.domain.fetching import FetchClass, FetchOutcome
from scidex_console.domain.figures import FigureState, Verdict, operation_for
from scidex_console.domain.jobs import JobName
from scidex_console.engine.ports import SurveyedFigure
from scidex_console.engine.two_stores import forward, outer, rollback
from scidex_console.settings import (
    DatabaseSettings,
    EnvironmentSettings,
    RepositorySettings,
    Settings,
    WritesSettings,
)
from scidex_console.wiring.engine import engine_options
from scidex_console.wiring.held_store import HeldStore, held_store
from tests.originals import copy_repositories
from tests.worlds import SmallStore, small_store

GROUP = "europepmc"
STORED, TAKEN_BACK, LATER, DEAD = slice(0, 4), slice(4, 7), slice(7, 9), slice(9, 12)
"""Of the lost figures, in the order of their ids: stored by batch 1, by batch 2 (rolled back), by batch 3
with the dead ones."""
MARKED_BEFORE = 12
"""The lost figure that was marked unavailable long before."""
ORIGIN = {"operator": "engine", "origin": "test", "reason": "", "version": "test"}


@dataclass(frozen=True)
class WorkedStore:
    """A store of a test's own, with what is in it."""

    settings: Settings
    url: str
    outer: Path
    artifacts: Path
    lost: tuple[str, ...]
    """Ids of the figures that had lost their file, sorted."""
    shares_database: bool = False
    """Whether other tests use its database too, which is then for reading only."""

    def sql(self, statement: str, *params: Any) -> list[dict[str, Any]]:
        """Run a statement as somebody else would."""
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as connection:
            connection.read_only = self.shares_database
            cursor = connection.execute(statement.encode(), params)
            return cursor.fetchall() if cursor.description else []

    def git(self, *args: str, folder: Path | None = None, stdin: str = "") -> str:
        """Run git in the artifact checkout (or another folder) as somebody else would."""
        identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
        done = subprocess.run(
            ["git", *identity, *args],
            cwd=folder or self.artifacts,
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def path_of(self, artifact_id: str) -> str:
        """Where the journal says an artifact's file is, inside the artifact repository."""
        rows = self.sql(
            "SELECT path FROM scidex_console.operation WHERE artifact_id = %s ORDER BY id DESC", artifact_id
        )
        path: str = rows[0]["path"]
        return path

    def commit_of(self, kind: str) -> str:
        """The last recorded commit of a kind."""
        rows = self.sql(
            "SELECT commit_id FROM scidex_console.commit_record WHERE kind = %s ORDER BY recorded_at DESC",
            kind,
        )
        commit: str = rows[0]["commit_id"]
        return commit


def settings_of(url: str, outer_checkout: Path, *, writes: bool = True) -> Settings:
    """Settings for a store as `small_store` lays it out."""
    return Settings(
        environment=EnvironmentSettings(name="test"),
        database=DatabaseSettings(url=SecretStr(url)),
        repository=RepositorySettings(
            path=outer_checkout / "data/scidex-artifacts", outer=outer_checkout, push=True
        ),
        writes=WritesSettings(enabled=writes, authorization="TEST-1") if writes else WritesSettings(),
    )


def build_worked_store(folder: Path, url: str) -> SmallStore:
    """Build a small store and let an engine's parts work on it; `url` is an empty database."""
    store = small_store(folder, url, figures=24, artifacts=48, seed=3)
    asyncio.run(SchemaRunner(url).apply())
    lost = sorted(store.lost)
    with psycopg.connect(url, autocommit=True) as connection:
        mark = '{"image_unavailable": true, "image_404_at": "2025-11-01T00:00:00+00:00"}'
        connection.execute(
            "UPDATE artifacts SET metadata = metadata || %s::jsonb WHERE id = %s", [mark, lost[MARKED_BEFORE]]
        )
    asyncio.run(_work(settings_of(url, store.outer), store, lost))
    return store


def copied(original: SmallStore, folder: Path, url: str) -> WorkedStore:
    """The same store once more, in another folder, with a database copied from the original's."""
    root = folder / "store"
    copy_repositories(original.outer.parent, root)
    outer_checkout = root / original.outer.name
    return WorkedStore(
        settings_of(url, outer_checkout),
        url,
        outer_checkout,
        outer_checkout / original.submodule,
        tuple(sorted(original.lost)),
    )


async def _work(settings: Settings, store: SmallStore, lost: Sequence[str]) -> None:
    options = engine_options(settings, frozenset({JobName.FIGURES}), until_idle=True)
    async with held_store(settings, options) as held:
        await survey(held, store, lost)
        stores = held.stores()
        await store_figures(held, settings, lost[STORED])
        await outer.publish(stores)
        batch = await store_figures(held, settings, lost[TAKEN_BACK])
        await outer.publish(stores)
        await rollback.roll_back(stores, batch, origin=ORIGIN)
        await outer.publish(stores)
        await store_figures(held, settings, lost[LATER], dead=lost[DEAD])
        await outer.publish(stores)


async def survey(held: HeldStore, store: SmallStore, lost: Sequence[str]) -> None:
    """What a run does first: find the rows without a file."""
    found = [SurveyedFigure(artifact_id, store.lost[artifact_id], GROUP) for artifact_id in lost]
    marked = [found.pop(MARKED_BEFORE)]
    await held.figures().record_survey(found, marked, total=24, epoch=held.mandate.epoch)


async def store_figures(
    held: HeldStore, settings: Settings, ids: Sequence[str], *, dead: Sequence[str] = ()
) -> Batch:
    """Fetch, record and batch some figures, with bytes of the test's own; mark the dead ones."""
    operations = await prepared_operations(held, settings, ids, dead=dead)
    batch = await forward.apply(held.stores(), JobName.FIGURES, None, operations)
    assert batch is not None
    return batch


async def prepared_operations(
    held: HeldStore, settings: Settings, ids: Sequence[str], *, dead: Sequence[str] = ()
) -> Sequence[Any]:
    """Record one attempt each, staged or dead, and say what a batch of them changes."""
    figures = held.figures()
    due = {figure.artifact_id: figure for figure in await figures.due(GROUP, 1000, excluding=())}
    for number, artifact_id in enumerate([*ids, *dead]):
        figure = due[artifact_id]
        outcome = FetchOutcome(
            artifact_id=artifact_id,
            url=figure.url,
            group=GROUP,
            host="europepmc.org",
            outcome=FetchClass.DEAD,
            reason="404 Not Found",
            status=404,
            requests=2,
            started_at=datetime.now(UTC) + timedelta(microseconds=number),
            took_ms=5,
        )
        verdict = Verdict(FigureState.CONDEMNED, None)
        if artifact_id not in dead:
            writer = held.files.staging.create(artifact_id)
            writer.write(image_of(artifact_id))
            outcome = replace(
                outcome,
                outcome=FetchClass.STORED,
                reason="stored",
                status=200,
                extension="png",
                media_type="image/png",
                file=await writer.finish(),
            )
            verdict = Verdict(FigureState.STAGED, None)
        await figures.record_attempt(figure, outcome, verdict, run_id=None, epoch=held.mandate.epoch)
    prepared = await figures.prepared(files=100, marks=100)
    field = held.identity.file_path_field
    return [operation_for(figure, settings.artifact_paths(), field) for figure in prepared]


def image_of(artifact_id: str) -> bytes:
    """Bytes that stand for an image; nothing here looks into them."""
    return b"\x89PNG\r\n\x1a\n" + hashlib.sha256(artifact_id.encode()).digest() * 20

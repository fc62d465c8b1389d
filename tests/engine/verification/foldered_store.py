"""A store whose artifacts were given folders by an engine, to the end, in several cycles."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from scidex_console.domain.batches import Batch
from scidex_console.domain.jobs import JobName
from scidex_console.engine.two_stores import rollback
from scidex_console.wiring.engine import engine_options
from scidex_console.wiring.held_store import HeldStore, held_store
from tests.engine.bench import addresses, bench
from tests.engine.verification.worked_store import ORIGIN, WorkedStore
from tests.worlds import SmallStore

FOLDERS = frozenset({JobName.FOLDERS})


def build_foldered_store(folder: Path, url: str) -> SmallStore:
    """Build a small store in an empty database and migrate it."""

    async def build() -> SmallStore:
        extra = '[folders]\ncycle = 30\nevery = "0s"\ngrace = "0s"\n'
        urls = addresses(("figures.example.org", 6))
        async with bench(folder, url, urls, extra=extra, artifacts=80) as made:
            async with made.engine(jobs=FOLDERS):
                await made.ask("start", JobName.FOLDERS)
                await made.at_rest()
            return made.lab.store

    return asyncio.run(build())


def engine_of(store: WorkedStore) -> AbstractAsyncContextManager[HeldStore]:
    """The parts of an engine that migrates folders, without its loop."""
    return held_store(store.settings, engine_options(store.settings, FOLDERS, until_idle=True))


async def take_back(store: WorkedStore) -> Batch:
    """Roll the last cycle back."""
    async with engine_of(store) as held:
        batch = await held.journal().last(JobName.FOLDERS)
        assert batch is not None
        return await rollback.roll_back(held.stores(), batch, origin=ORIGIN)


def migrated(store: WorkedStore, *, with_file: bool = True) -> Sequence[dict[str, Any]]:
    """Rows with a folder, by id; those with a primary file, or those without."""
    found = "IS NOT NULL" if with_file else "IS NULL"
    return store.sql(
        "SELECT id, title, artifact_id::text AS uuid, primary_filename, migrated_to_folder_at AS at,"
        " replace(artifact_dir, 'data/scidex-artifacts/', '') AS folder FROM artifacts"
        f" WHERE migrated_to_folder_at IS NOT NULL AND primary_filename {found} ORDER BY id"
    )


def moved(store: WorkedStore) -> dict[str, Any]:
    """A file that went from its old path with its artifact: both paths, its artifact and its operation."""
    return store.sql(
        "SELECT e.path, e.source, o.artifact_id, o.id AS operation_id, o.commit_id"
        " FROM scidex_console.operation_entry AS e"
        " JOIN scidex_console.operation AS o ON o.id = e.operation_id"
        " WHERE e.leaves_source AND o.state = 'done' ORDER BY o.id DESC LIMIT 1"
    )[0]


def link_of(store: WorkedStore) -> str:
    """A link in some folder."""
    path: str = store.sql(
        "SELECT path FROM scidex_console.operation_entry WHERE role = 'link' ORDER BY path LIMIT 1"
    )[0]["path"]
    return path

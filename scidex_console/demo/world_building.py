"""Fills a world's folder, and empties it again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scidex_console.demo.artifacts.plan import plan_store
from scidex_console.demo.postgres_server import EmbeddedPostgres
from scidex_console.demo.rows import load_rows
from scidex_console.demo.store import build_store
from scidex_console.demo.world_config import CONFIG
from scidex_console.demo.world_record import WorldRecord

Progress = Callable[[str], None]
"""Receives one line whenever a part is there."""

_FOLDERS = ("scidex", "remotes", "hosts")


def fill(directory: Path, record: WorldRecord, server: EmbeddedPostgres, progress: Progress) -> None:
    """Build repositories and rows. The database's server runs afterwards, also when this fails."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        starting = pool.submit(server.start)  # seconds, meanwhile the repositories are built
        plan = plan_store(record.scale, record.seed)
        store = build_store(directory, plan)
        progress(
            f"artifact store: {len(plan.artifacts):,} artifacts, {len(store.digests):,} files,"
            f" {len(store.artifact_commits)} commits"
        )
        url = starting.result()
    load_rows(url, plan, store.digests)
    progress(f"database: {len(plan.artifacts):,} rows, {len(plan.links):,} links")


def empty(directory: Path) -> None:
    """Remove what `fill` and later runs left, but nothing else; the database's home is the server's own."""
    for name in _FOLDERS:
        if (directory / name).exists():
            shutil.rmtree(directory / name)
    (directory / CONFIG).unlink(missing_ok=True)

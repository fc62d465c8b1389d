"""A reader of the store: a process that opens every artifact's file by its row, again and again.

`python -m tests.crash.reading_rows URL OUTER STOP REPORT` reads until the file STOP is there; REPORT is JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.labs import Lab

_KEYS = ("figure_path", "notebook_path", "dataset_path", "model_path")


def place_of(outer: Path, row: dict[str, Any]) -> Path | None:
    """Where a row says that its file is; None when it names none."""
    if row["migrated_to_folder_at"] is not None:
        return outer / row["artifact_dir"] / row["primary_filename"] if row["primary_filename"] else None
    metadata = row["metadata"] or {}
    recorded = next((metadata[key] for key in _KEYS if metadata.get(key)), row["file_path"])
    if not isinstance(recorded, str) or "://" in recorded:
        return None
    inside = "data/scidex-artifacts/"
    return outer / inside / recorded.removeprefix(inside)


def _read(url: str, outer: Path, stop: Path) -> dict[str, Any]:
    known: dict[str, str] = {}
    reads, moved, wrong = 0, set(), []
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        ids = [row["id"] for row in connection.execute("SELECT id FROM artifacts ORDER BY id").fetchall()]
        while not stop.exists():
            for artifact_id in ids:
                row = connection.execute("SELECT * FROM artifacts WHERE id = %s", (artifact_id,)).fetchone()
                assert row is not None
                place = place_of(outer, row)
                if place is None or (artifact_id not in known and not place.exists()):
                    continue  # it has no file, or names one that was gone at the first look
                if row["migrated_to_folder_at"] is not None:
                    moved.add(artifact_id)
                try:
                    found = hashlib.sha256(place.read_bytes()).hexdigest()
                except OSError as error:
                    found = repr(error)
                reads += 1
                if known.setdefault(artifact_id, found) != found:
                    wrong.append([artifact_id, str(place), found])
            Path(f"{stop}.round").touch()
    return {"reads": reads, "artifacts": len(known), "moved": len(moved), "wrong": wrong[:20]}


@asynccontextmanager
async def reading_rows(lab: Lab) -> AsyncIterator[dict[str, Any]]:
    """A reader at work until the block ends; its report is filled in then."""
    stop, report = lab.folder / "reader.stop", lab.folder / "reader.json"
    arguments = [lab.store.database_url, str(lab.store.outer), str(stop), str(report)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crash.reading_rows",
        *arguments,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(60):
            while not Path(f"{stop}.round").exists():  # it knows by now what every file holds
                assert process.returncode is None
                await asyncio.sleep(0.02)
        yield found
    finally:
        stop.touch()
        assert await process.wait() == 0
        found.update(json.loads(report.read_text()))


if __name__ == "__main__":
    Path(sys.argv[4]).write_text(json.dumps(_read(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))

"""A reader of the store: a process that opens every artifact's file by its row, again and again.

`python -m tests.crash.reading_rows URL OUTER STOP REPORT PAUSE` reads until the file STOP is there, with so
many seconds after each look; REPORT is JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests import warm
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


def _read(url: str, outer: Path, stop: Path, pause_s: float) -> dict[str, Any]:
    known: dict[str, str] = {}
    reads, moved, wrong = 0, set(), []
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        ids = [row["id"] for row in connection.execute("SELECT id FROM artifacts ORDER BY id").fetchall()]
        while not stop.exists():
            for artifact_id in ids:
                time.sleep(pause_s)
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
async def reading_rows(lab: Lab, *, pause_s: float = 0.002) -> AsyncIterator[dict[str, Any]]:
    """A reader at work until the block ends; its report is filled in then.

    It pauses after each look, lest it take the processor from those whose work it looks at.
    """
    stop, report = lab.folder / "reader.stop", lab.folder / "reader.json"
    arguments = [lab.store.database_url, str(lab.store.outer), str(stop), str(report), str(pause_s)]
    process = await warm.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crash.reading_rows",
        *arguments,
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
    URL, OUTER, STOP, REPORT, PAUSE = sys.argv[1:]
    Path(REPORT).write_text(json.dumps(_read(URL, Path(OUTER), Path(STOP), float(PAUSE))))

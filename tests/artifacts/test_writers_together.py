"""Many writers at once, beside an engine that migrates and one that takes back: everybody gets a turn."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from scidex_console.adapters.postgres.database import query
from scidex_console.artifacts import ArtifactStore, CommitResult
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.views import Overview
from scidex_console.wiring.reading import readers
from tests import warm
from tests.crash.folder_checks import assert_verified
from tests.crash.reading_rows import reading_rows
from tests.engine.bench import addresses, bench, until_true
from tests.engine.folders.conftest import FOLDERS
from tests.labs import Lab

_PROCESS = """
import sys
from pathlib import Path
from scidex_console.adapters.postgres.database import query
from scidex_console.artifacts import ArtifactStore
with ArtifactStore.open(Path(sys.argv[1]), name=sys.argv[2]) as store:
    for number in range(int(sys.argv[3])):
        made = store.register_artifact("dataset")
        path = Path(sys.argv[4]) / f"{sys.argv[2]}_{number}.csv"
        path.write_text(f"{sys.argv[2]},{number}")
        store.commit_artifact(artifact_id=made.id, paths=[path])
        print(made.id, flush=True)
"""


async def _process(lab: Lab, name: str, count: int) -> list[str]:
    """A writer in a process of its own; the artifacts it committed."""
    process = await warm.create_subprocess_exec(
        sys.executable,
        "-c",
        _PROCESS,
        *(str(lab.config), name, str(count), str(lab.folder)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().split()


def _commit(store: ArtifactStore, folder: Path, number: int) -> CommitResult:
    made = store.register_artifact("figure")
    path = folder / f"thread_{number}.png"
    path.write_text(f"figure {number}")
    return store.commit_artifact(artifact_id=made.id, paths=[path])


@pytest.mark.sweep
def test_threads_of_one_store_each_commit_their_own_artifact(
    lab: Lab, store: ArtifactStore, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda number: _commit(store, tmp_path, number), range(8)))
    assert len({result.artifact_id for result in done}) == len({result.batch for result in done}) == 8
    assert_verified(lab)


def test_writers_are_let_in_as_they_came(lab: Lab, tmp_path: Path) -> None:
    """A writer that begins anew after each commit cannot keep out one that waits."""
    order: list[str] = []
    with (
        ArtifactStore.open(lab.settings, name="eager", wait_s=60) as eager,
        ArtifactStore.open(lab.settings, name="patient", wait_s=60) as patient,
        psycopg.connect(lab.store.database_url, autocommit=True) as door,
    ):
        door.execute("BEGIN")
        door.execute(query("take_writer_turn"))

        def work(store: ArtifactStore, name: str, number: int) -> None:
            _commit(store, tmp_path, number)
            order.append(name)

        first = threading.Thread(target=work, args=(eager, "eager", 0))
        first.start()
        _until_waiting(lab, 1)
        second = threading.Thread(target=work, args=(patient, "patient", 1))
        second.start()
        _until_waiting(lab, 2)
        seen = asyncio.run(_overview(lab)).writers
        door.execute("COMMIT")
        first.join()
        work(eager, "eager again", 2)
        second.join()
    assert order == ["eager", "patient", "eager again"]
    assert [(who.name, who.writing) for who in seen][1:] == [("eager", False), ("patient", False)]
    assert seen[0].writing and all(who.since for who in seen[1:])


async def _overview(lab: Lab) -> Overview:
    async with readers(lab.settings) as connected:
        return await connected.read.overview()


def _until_waiting(lab: Lab, number: int) -> None:
    while sum(not row["granted"] for row in lab.rows(query("list_writers"))) < number:
        threading.Event().wait(0.02)


@pytest.mark.timeout(300)
@pytest.mark.sweep
async def test_writers_commit_beside_a_backfill_and_a_rollback(tmp_path: Path, database_url: str) -> None:
    extra = '[folders]\ncycle = 10\nevery = "0s"\ngrace = "100ms"\n'
    urls = addresses(("figures.example.org", 4))
    async with bench(tmp_path, database_url, urls, extra=extra, artifacts=40) as made:
        lab = made.lab
        async with reading_rows(lab) as report, made.engine(jobs=FOLDERS):
            writers = [asyncio.create_task(_process(lab, name, 3)) for name in ("one", "two")]
            await made.ask("start", JobName.FOLDERS)
            await until_true(lambda: made.run_state() is RunState.DONE, "the migration", patience=120)
            by_one, by_two = await asyncio.gather(*writers)
            third = asyncio.create_task(_process(lab, "three", 2))
            (batch,) = lab.rows(
                "SELECT max(id) AS id FROM scidex_console.batch WHERE writer = '' AND state = 'cleaned'"
            )
            token = (await made.readers.read.rollback_preview(batch["id"], redo=False)).token
            done = await made.ask(
                "rollback", JobName.FOLDERS, reason="a trial", batch=batch["id"], token=token
            )
            assert done.state == "done", done.outcome
            by_three = await third
        ids = [*by_one, *by_two, *by_three]
        rows = lab.rows(
            "SELECT id FROM artifacts WHERE id = ANY(%s) AND migrated_to_folder_at IS NOT NULL", ids
        )
        assert len(rows) == len(ids) == 8
        assert report["wrong"] == []
        assert lab.rows("SELECT reason FROM scidex_console.commit_failure") == []
        await asyncio.to_thread(assert_verified, lab)

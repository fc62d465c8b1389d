"""Migrate one store of folders in two ways and compare: the way a user would do it by hand, and this engine.

    .venv/bin/python benchmarks/folders.py [--artifacts 11667] [--naive 300] [--sample N] [--shard 0] [--push]
    .venv/bin/python benchmarks/folders.py --grow      (1,167, 11,667 and 116,670 artifacts, flat and sharded)

The naive way is `git mv`, manifest, `git add`, `git commit` and one UPDATE per artifact. It gets slower with
every folder, and takes an hour for the full scale; so it is measured over a third of `--naive` artifacts
each at the beginning, in the middle and at the end of the same store (what lies between is moved in one
commit), and the mean of the three taken for the whole; with as many as there are artifacts, it is the whole
that is measured. The engine's figures are of the whole migration:
survey, journal, hashes verified, fsync and database included, but for repacking (`growth.py` measures that).
With `--sample` the engine, too, is measured over so many artifacts at three places, for stores whose whole
migration takes hours. With `--push` the engine pushes after each batch, which the naive way does not.
Where the engine's time goes is watched from inside, and told at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measured import FOLDERS, folder_lab, migrate, migrated
from benchmarks.watched import Watched, watched
from scidex_console.demo.postgres_server import EmbeddedPostgres
from scidex_console.domain.jobs import JobName
from tests.labs import Lab, engine_at_work

Row = dict[str, Any]
_CYCLE = 100
_IDENTITY = ["-c", "user.name=Operator", "-c", "user.email=operator@example.org"]


@dataclass(frozen=True)
class Measured:
    """One way's figures."""

    artifacts: int
    seconds: float
    processor_seconds: float
    """Of this process and every process it started; the database server is not among them."""
    grown: int
    """Bytes of git's objects."""
    collected: int | None = None
    """The same after `git gc`, where all of it was made so."""
    watched: Watched | None = None
    held_mib: tuple[int, int] = (0, 0)
    """Memory of the process before the engine began (it has made the stores), and at most since."""

    @property
    def rate(self) -> float:
        return self.artifacts / self.seconds


def main() -> int:
    """Build the stores, migrate, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--artifacts", type=int, default=11_667)
    parser.add_argument("--naive", type=int, default=300)
    parser.add_argument("--shard", type=int, default=0)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--push", action="store_true")
    parser.add_argument("--grow", action="store_true")
    args = parser.parse_args()
    if args.grow:
        return _grow()
    if 0 < args.sample < 15 * _CYCLE:
        parser.error(f"--sample: at least {15 * _CYCLE}, so that each third has five cycles")
    folder = Path(tempfile.mkdtemp(prefix="folders-"))
    server = EmbeddedPostgres(folder / "database", durable=True)
    try:
        url = server.start()
        size = {"artifacts": args.artifacts, "shard": args.shard, "push": args.push}
        naive = _naive(folder_lab(folder / "naive", url, "naive", **size), args.naive)
        lab = folder_lab(folder / "engine", url, "engine", **size)
        held = _held_from_now_on()
        engine = asyncio.run(_sampled(lab, args.sample) if args.sample else _whole(lab))
        engine = replace(engine, held_mib=(held, _held("VmHWM")))
    finally:
        server.destroy()
        shutil.rmtree(folder, ignore_errors=True)
    _print(args, naive, engine)
    return 0


def _naive(lab: Lab, count: int) -> Measured:
    each = count // 3
    with psycopg.connect(lab.store.database_url, autocommit=True, row_factory=dict_row) as connection:
        rows = _newest_first(connection)
        samples = []
        for begin, after in _places(len(rows), each):
            samples.append(_one_by_one(lab, connection, rows[begin : begin + each]))
            _at_once(lab, connection, rows[begin + each : after])
    return _together(samples)


def _newest_first(connection: psycopg.Connection[Row]) -> list[Row]:
    return connection.execute("SELECT * FROM artifacts ORDER BY created_at DESC, id").fetchall()


def _places(rows: int, each: int) -> list[tuple[int, int]]:
    """Where the three samples begin, and where the stretch after each of them ends."""
    begins = [0, (rows - each) // 2, rows - each]
    return list(zip(begins, [*begins[1:], rows], strict=True))


def _together(samples: Sequence[Measured]) -> Measured:
    return Measured(
        sum(sample.artifacts for sample in samples),
        sum(sample.seconds for sample in samples),
        sum(sample.processor_seconds for sample in samples),
        sum(sample.grown for sample in samples),
    )


def _grow() -> int:
    """Each size and layout in a process of its own, so that memory is told for each."""
    for artifacts, naive, sample in ((1_167, 300, 0), (11_667, 300, 0), (116_670, 60, 3000)):
        for shard in (0, 2):
            sizes = {"artifacts": artifacts, "naive": naive, "sample": sample, "shard": shard}
            words = [word for name, value in sizes.items() for word in (f"--{name}", str(value))]
            subprocess.run([sys.executable, __file__, *words], check=True)
    return 0


def _one_by_one(lab: Lab, connection: psycopg.Connection[Row], rows: Sequence[Row]) -> Measured:
    checkout = lab.store.artifacts
    before, began, processor = _objects(checkout), time.monotonic(), _processor()
    for row in rows:
        folder = _made(lab, str(uuid.uuid4()))
        within = folder.relative_to(checkout)
        if path := _recorded(lab, row):
            _git(checkout, "mv", "--", path, f"{within}/{Path(path).name}")
        _write_manifest(folder, row)
        _git(checkout, "add", "--", f"{within}/manifest.json")
        _git(checkout, *_IDENTITY, "commit", "-q", "-m", f"Migrate {folder.name}")
        connection.execute(
            "UPDATE artifacts SET artifact_id = %s, artifact_dir = %s, migrated_to_folder_at = now()"
            " WHERE id = %s",
            [folder.name, f"{lab.store.submodule}/{within}", row["id"]],
        )
    took, used = time.monotonic() - began, _processor() - processor
    return Measured(len(rows), took, used, _objects(checkout) - before)


def _at_once(lab: Lab, connection: psycopg.Connection[Row], rows: Sequence[Row]) -> None:
    """As if the migration had gone on to here; none of it is measured."""
    checkout = lab.store.artifacts
    moved = []
    for row in rows:
        name = str(row["artifact_id"] or uuid.uuid4())
        folder = _made(lab, name)
        if path := _recorded(lab, row):
            (checkout / path).rename(folder / Path(path).name)
        _write_manifest(folder, row)
        moved.append((name, f"{lab.store.submodule}/{folder.relative_to(checkout)}", row["id"]))
    _git(checkout, "add", "--all")
    _git(checkout, *_IDENTITY, "commit", "-q", "-m", "Migrate many", "--allow-empty")
    connection.cursor().executemany(
        "UPDATE artifacts SET artifact_id = coalesce(artifact_id, %s::uuid), artifact_dir = %s,"
        " migrated_to_folder_at = now() WHERE id = %s AND migrated_to_folder_at IS NULL",
        moved,
    )


def _made(lab: Lab, name: str) -> Path:
    """An artifact's folder, in the layout that is measured."""
    folder = lab.store.artifacts / name[: lab.settings.folders.shard] / name
    folder.mkdir(parents=True)
    return folder


def _recorded(lab: Lab, row: Row) -> str:
    recorded = row["metadata"].get(f"{row['artifact_type']}_path") or row["file_path"] or ""
    path = recorded.removeprefix(f"{lab.store.submodule}/")
    return path if path and (lab.store.artifacts / path).is_file() else ""


def _write_manifest(folder: Path, row: Row) -> None:
    manifest = {key: row[key] for key in ("id", "title", "metadata")}
    (folder / "manifest.json").write_text(json.dumps(manifest, sort_keys=True))


async def _whole(lab: Lab) -> Measured:
    """The whole migration, from the start of the engine to the end of the run."""
    before, began, processor = _objects(lab.store.artifacts), time.monotonic(), _processor()
    with watched() as seen:
        done = await migrate(lab)
    seconds, used = time.monotonic() - began, _processor() - processor
    grown = _objects(lab.store.artifacts) - before
    return Measured(done, seconds, used, grown, _collected(lab.store.artifacts) - before, seen)


async def _sampled(lab: Lab, count: int) -> Measured:
    """The pace at three places, without the engine's start and its survey."""
    each = count // 3
    samples = []
    with psycopg.connect(lab.store.database_url, autocommit=True, row_factory=dict_row) as connection:
        for begin, after in _places(len(_newest_first(connection)), each):
            async with engine_at_work(lab.settings, FOLDERS) as at_work:
                if await at_work.runs.open_run(JobName.FOLDERS) is None:
                    await at_work.ask("start", JobName.FOLDERS)
                start = await _reached(lab, begin + 1)
                before, began, processor = _objects(lab.store.artifacts), time.monotonic(), _processor()
                done = await _reached(lab, begin + each - _CYCLE) - start
                took, used = time.monotonic() - began, _processor() - processor
            samples.append(Measured(done, took, used, _objects(lab.store.artifacts) - before))
            left = [row for row in _newest_first(connection) if row["migrated_to_folder_at"] is None]
            _at_once(lab, connection, left[: max(0, after - migrated(lab))])
    return _together(samples)


async def _reached(lab: Lab, wanted: int) -> int:
    """So many artifacts have their folder, or as many as will; how many."""
    while (now := await asyncio.to_thread(migrated, lab)) < wanted:
        await asyncio.sleep(0.1)
    return now


def _collected(checkout: Path) -> int:
    """Bytes of git's objects after a collection."""
    _git(checkout, "gc", "--quiet")
    return _objects(checkout)


def _git(checkout: Path, *args: str) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(checkout), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "-c", "gc.auto=0", *args], cwd=checkout, env=environment, check=True)


def _objects(checkout: Path) -> int:
    folder = subprocess.run(
        ["git", "rev-parse", "--git-path", "objects"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return sum(path.stat().st_size for path in (checkout / folder).rglob("*") if path.is_file())


def _held_from_now_on() -> int:
    """Memory held now, MiB; the most that is held is counted anew from here."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return _held("VmRSS")


def _held(what: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.findall(rf"{what}:\s+(\d+)", status)[0]) // 1024


def _processor() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _print(args: argparse.Namespace, naive: Measured, engine: Measured) -> None:
    layout = f"sharded by {args.shard}" if args.shard else "flat"
    print(
        f"{args.artifacts} artifacts, {layout}; rerun: {' '.join(['benchmarks/folders.py', *sys.argv[1:]])}"
    )
    titles = ("artifacts/s", "ms CPU each", "bytes each", "after gc", "measured over")
    print(f"{'':10}" + "".join(f"{title:>14}" for title in titles))
    for name, way in (("naive", naive), ("engine", engine)):
        each, grown = 1000 * way.processor_seconds / way.artifacts, way.grown / way.artifacts
        collected = "-" if way.collected is None else f"{way.collected / way.artifacts:,.0f}"
        print(f"{name:10}{way.rate:14.1f}{each:14.1f}{grown:14,.0f}{collected:>14}{way.artifacts:14}")
    before, most = engine.held_mib
    print(
        f"engine / naive: {engine.rate / naive.rate:.1f} times; peak memory of the engine's process "
        f"{most} MiB, of which {before} before it began"
    )
    if engine.watched is not None:
        print(f"of the engine's {engine.seconds:.0f} s: {engine.watched.told(engine.seconds)}")


if __name__ == "__main__":
    sys.exit(main())

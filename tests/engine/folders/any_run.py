"""Any repository, cloned as an artifact store, migrated to the end, there and back, and compared."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.settings import Settings, load_settings
from scidex_console.wiring import verify
from tests.engine.folders.any_store import (
    Claims,
    Findings,
    Seen,
    compare,
    fsck,
    git,
    see,
    tracked_at,
    unfollowed,
)
from tests.engine.folders.tiny import SUBMODULE, insert_rows
from tests.labs import engine_at_work

FOLDERS = frozenset({JobName.FOLDERS})
OVER = (RunState.PAUSED, RunState.HALTED, RunState.DONE, RunState.CANCELLED)
BRANCH = "main"


@dataclass(frozen=True)
class Store:
    """A clone of the given repository as an artifact store."""

    url: str
    outer: Path
    settings: Settings

    @property
    def checkout(self) -> Path:
        return self.outer / SUBMODULE

    def rows(self, statement: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(statement.encode()).fetchall()

    def artifacts(self) -> dict[str, dict[str, Any]]:
        return {row["id"]: row for row in self.rows("SELECT * FROM artifacts")}


# --- the store ------------------------------------------------------------------------------------------


def store_of(folder: Path, repository: Path, url: str, *, cycle: int = 100, shard: int = 0) -> Store:
    """Clone a repository, with a remote of its own; the given one is only read.

    The database has SciDEX's own tables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bare, outer, outer_bare = folder / "artifacts.git", folder / "scidex", folder / "scidex.git"
    git(folder, "-c", "safe.directory=*", "clone", "-q", "--bare", str(repository.resolve()), str(bare))
    git(bare, "update-ref", f"refs/heads/{BRANCH}", "HEAD")
    git(bare, "symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
    git(folder, "init", "-q", "--bare", "-b", BRANCH, str(outer_bare))
    git(folder, "init", "-q", "-b", BRANCH, str(outer))
    git(outer, "submodule", "--quiet", "add", "-b", BRANCH, "--", str(bare), SUBMODULE)
    git(outer, "commit", "-q", "-m", "the artifacts")
    git(outer, "remote", "add", "origin", str(outer_bare))
    git(outer, "push", "-q", "-u", "origin", BRANCH)
    config = folder / "config.toml"
    config.write_text(
        f"""
[environment]
name = "any repository"
[database]
url = "{url}"
[repository]
path = "{outer / SUBMODULE}"
outer = "{outer}"
[writes]
enabled = true
authorization = "any repository"
[folders]
cycle = {cycle}
shard = {shard}
every = "0s"
grace = "0s"
retry_after = "1h"
repack_at_end = false
""",
        encoding="utf-8",
    )
    return Store(url, outer, load_settings(config, environ={}))


# --- the examination ------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What was seen."""

    before: Seen
    after: Seen
    claims: Claims
    findings: Findings
    words: Counter[str]
    seconds: float
    migrated: int
    batches: int


async def examine(store: Store, claims: Claims, *, sample: int = 25) -> Outcome:
    """Migrate everything, verify, compare, take the last cycle back and redo it."""
    before, complaints = see(store.checkout), fsck(store.checkout)
    with psycopg.connect(store.url) as connection:
        insert_rows(connection, claims.rows)
        with connection.cursor() as cursor:
            statement = "INSERT INTO artifact_links VALUES (%s, %s, 'derives_from')"
            cursor.executemany(statement, claims.links)
    await SchemaRunner(store.url).apply()
    began = time.monotonic()
    run = await _migrate(store)
    seconds = time.monotonic() - began
    rows, after = store.artifacts(), see(store.checkout)
    findings = compare(store.checkout, before, after, claims, rows)
    if run not in (RunState.DONE, RunState.RUNNING):
        notes = store.rows("SELECT state, reason FROM scidex_console.run ORDER BY id DESC LIMIT 1")
        findings.add("the run did not come to its end", str(notes))
    await _verify(store, findings, "after the migration")
    for line in sorted(fsck(store.checkout) - complaints):
        findings.add("git fsck --strict", line)
    for path in unfollowed(store.checkout, before, after, sample):
        findings.add("git log --follow does not reach the past", path)
    _compare_remote(store, findings)
    batches = await _there_and_back(store, before, after, findings)
    said = store.rows(
        "SELECT DISTINCT ON (artifact_id) artifact_id, status FROM artifact_migration_log"
        " ORDER BY artifact_id, id DESC"
    )
    migrated = sum(row["migrated_to_folder_at"] is not None for row in rows.values())
    words = Counter(row["status"] for row in said)
    return Outcome(before, after, claims, findings, words, seconds, migrated, batches)


async def _migrate(store: Store) -> RunState:
    async with engine_at_work(store.settings, FOLDERS) as at_work:
        await at_work.ask("start", JobName.FOLDERS)
        while (state := _run_state(store)) not in OVER and store.rows(_UNTRIED):
            await at_work.pause()
    return state


_UNTRIED = """
    SELECT FROM artifacts a WHERE NOT EXISTS (SELECT FROM artifact_migration_log l WHERE l.artifact_id = a.id)
    UNION ALL SELECT FROM scidex_console.batch WHERE state IN ('prepared', 'done', 'rolling_back')
"""
"""What is left for a run; artifacts that are tried again after an hour keep it from ending."""


def _run_state(store: Store) -> RunState:
    return RunState(store.rows("SELECT state FROM scidex_console.run ORDER BY id DESC LIMIT 1")[0]["state"])


async def _verify(store: Store, findings: Findings, when: str) -> None:
    report = await verify(store.settings)
    for invariant in report.invariants:
        for line in invariant.broken:
            findings.add(f"verify {when}: {invariant.name}", line)


def _compare_remote(store: Store, findings: Findings) -> None:
    for checkout in (store.checkout, store.outer):
        ours, theirs = (git(checkout, "rev-parse", name) for name in ("HEAD", f"origin/{BRANCH}"))
        if ours != theirs:
            findings.add("not pushed", str(checkout))


async def _there_and_back(store: Store, before: Seen, after: Seen, findings: Findings) -> int:
    """Take the last cycle back and redo it; how many cycles there are."""
    async with engine_at_work(store.settings, FOLDERS) as at_work:
        read = at_work.connected.read
        batches = await read.batches(JobName.FOLDERS, limit=100_000)
        if not batches:
            return 0
        last = max(batches, key=lambda batch: batch.id)
        tokens = await read.rollback_preview(last.id, redo=False)
        said = await at_work.ask("rollback", JobName.FOLDERS, batch=last.id, token=tokens.token)
        _compare_back(store, last.commit, before, said, findings)
        await _verify(store, findings, "after the rollback")
        tokens = await read.rollback_preview(last.id, redo=True)
        said = await at_work.ask("redo", JobName.FOLDERS, batch=last.id, token=tokens.token)
        again = see(store.checkout)
        if again.tracked != after.tracked or again.disk != after.disk:
            differing = [
                p
                for p in again.tracked.keys() | after.tracked.keys()
                if again.disk.get(p) != after.disk.get(p)
            ]
            findings.add("a redo gives something else", f"{said} {sorted(differing)[:3]}")
    await _verify(store, findings, "after the redo")
    return len(batches)


def _compare_back(store: Store, commit: str, before: Seen, said: str, findings: Findings) -> None:
    back = see(store.checkout)
    wanted = tracked_at(store.checkout, f"{commit}^1")
    for path in sorted(wanted.keys() ^ back.tracked.keys()):
        findings.add("other paths after a rollback", f"{path} ({said})")
    for path in wanted.keys() & back.tracked.keys():
        if wanted[path] != back.tracked[path]:
            findings.add("another object or mode after a rollback", path)
        if (
            path in before.disk
            and before.tracked[path] == wanted[path]
            and back.disk[path] != before.disk[path]
        ):
            findings.add("other bytes after a rollback", path)
    for line in sorted(set(back.status) - set(before.status)):
        findings.add("git calls it changed after a rollback", line)

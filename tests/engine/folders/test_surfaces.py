"""What an operator sees of the migration, read from the database: gap, plan, acceptance, previews, report."""

from __future__ import annotations

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.domain.folders.acceptance import Acceptance, Criterion
from scidex_console.domain.jobs import JobName
from scidex_console.domain.report import render_markdown
from scidex_console.engine.ports import AttemptFilter
from scidex_console.engine.views import Overview, WaitingFolderView
from tests.engine.folders.conftest import FOLDERS, FolderBench
from tests.engine.folders.test_whole_migration import git


async def seen(folders: FolderBench) -> tuple[Overview, Acceptance]:
    async with Database(folders.bench.lab.store.database_url, name="test", size=2) as database:
        overview = await PostgresReadModel(database).overview()
    assert overview.acceptance is not None
    return overview, overview.acceptance


def criterion(acceptance: Acceptance, name: str) -> Criterion:
    return next(each for each in acceptance.criteria if each.name == name)


def files_of(folders: FolderBench) -> int:
    """Regular files that git tracks."""
    return sum(not line.startswith("120000") for line in git(folders.checkout, "ls-files", "-s").splitlines())


async def test_the_gap_counts_what_is_migrated_and_what_waits_and_why(folders: FolderBench) -> None:
    overview, _ = await seen(folders)
    before = overview.gaps[1]
    assert (before.done, before.missing, before.due) == (0, before.total, before.total)
    await folders.migrate()
    overview, acceptance = await seen(folders)
    gap = overview.gaps[1]
    rows = folders.artifacts().values()
    assert gap.total == len(rows) == before.total
    assert gap.done == sum(row["migrated_to_folder_at"] is not None for row in rows) == sum(gap.per_minute)
    assert gap.missing == gap.mismatch + gap.quarantined + gap.error
    assert gap.due == 0
    assert gap.mismatch > 0
    assert gap.rate_per_min and gap.eta_s is None, "no run is at work"
    measured = acceptance.measured
    assert measured.files_now == files_of(folders)
    assert measured.files_before is not None and measured.files_now >= measured.files_before
    assert measured.flagged == gap.mismatch
    assert measured.verified > 0
    assert criterion(acceptance, "files").holds
    assert criterion(acceptance, "hashes").holds
    assert criterion(acceptance, "coverage").holds is None
    links = [
        path
        for path in folders.checkout.rglob("*")
        if path.is_symlink() and path.parent.name in ("inputs", "outputs")
    ]
    assert measured.links == len(links)
    await folders.migrate()  # which counts anew
    assert (await seen(folders))[1].measured.files_now == files_of(folders)
    assert measured.dangling_links == sum(not path.exists() for path in links)


async def test_the_plan_names_the_next_artifacts_in_order_and_what_is_refused(folders: FolderBench) -> None:
    async with Database(folders.bench.lab.store.database_url, name="test", size=2) as database:
        read = PostgresReadModel(database)
        assert "no survey yet" in (await read.plan(JobName.FOLDERS, limit=5)).note
        async with folders.bench.engine(jobs=FOLDERS):
            await folders.ask("step", count=1, cycle=True)
            await folders.bench.at_rest()
        plan = await read.plan(JobName.FOLDERS, limit=5)
    newest = folders.rows(
        "SELECT id FROM artifacts AS a WHERE migrated_to_folder_at IS NULL AND NOT EXISTS"
        " (SELECT FROM scidex_console.folder AS f WHERE f.artifact_id = a.id)"
        " ORDER BY created_at DESC, id LIMIT 5"
    )
    assert [item.artifact_id for item in plan.items] == [row["id"] for row in newest]
    assert all(item.group and item.url for item in plan.items)
    waiting = folders.rows("SELECT artifact_id FROM scidex_console.folder WHERE state <> 'due'")
    assert {item.artifact_id for item in plan.held_back} <= {row["artifact_id"] for row in waiting}


@pytest.mark.sweep
async def test_a_retry_makes_exactly_what_its_preview_listed_due_again(folders: FolderBench) -> None:
    await folders.migrate()
    async with Database(folders.bench.lab.store.database_url, name="test", size=2) as database:
        read = PostgresReadModel(database)
        preview = await read.retry_preview(JobName.FOLDERS, AttemptFilter(outcome="hash_mismatch"))
        assert preview.items
        assert all(
            isinstance(item, WaitingFolderView) and item.outcome == "hash_mismatch" for item in preview.items
        )
        assert all("not the hash of the file" in item.reason for item in preview.items)
        async with folders.bench.engine(jobs=FOLDERS):
            done = await folders.ask(
                "retry", reason="looked at", outcome="hash_mismatch", token=preview.token
            )
        assert done.outcome.startswith(f"{len(preview.items)} row")
        assert done.outcome.endswith(" up: `scidex-console start folders`")
        gap = (await PostgresReadModel(database).overview()).gaps[1]
        assert (gap.mismatch, gap.due) == (0, len(preview.items))


async def test_a_rollback_is_previewed_with_its_commits_folders_and_old_paths(folders: FolderBench) -> None:
    async with folders.bench.engine(jobs=FOLDERS):
        await folders.ask("step", count=1, cycle=True)
        await folders.bench.at_rest()
        async with Database(folders.bench.lab.store.database_url, name="test", size=2) as database:
            read = PostgresReadModel(database)
            [batch] = await read.batches(JobName.FOLDERS, limit=5)
            preview = await read.rollback_preview(batch.id, redo=False)
            moved = git(
                folders.checkout, "ls-files", *(operation.path for operation in preview.operations)
            ).split("\n")
            assert set(preview.paths) == {path for path in moved if path}
            assert preview.commits[0] == batch.commit
            assert set(preview.commits[1:]) == set(
                git(folders.checkout, "rev-list", f"{batch.commit}^1..{batch.commit}^2").split()
            )
            assert batch.files == sum(operation.files for operation in preview.operations) > 0
            assert preview.old_paths
            fields = {field for operation in preview.operations for field in operation.fields}
            assert "artifact_dir" in fields and not fields & {"title", "content_hash", "metadata"}
            done = await folders.ask("rollback", reason="wrong", batch=batch.id, token=preview.token)
            assert "taken back" in done.outcome
            assert all((folders.checkout / path).exists() for path in preview.old_paths)
            gap = (await PostgresReadModel(database).overview()).gaps[1]
            assert gap.held_back == len(preview.operations)
            again = await read.rollback_preview(batch.id, redo=True)
            assert again.paths == preview.paths


@pytest.mark.sweep
async def test_files_that_a_rollback_kept_are_counted(folders: FolderBench) -> None:
    async with folders.bench.engine(jobs=FOLDERS):
        await folders.ask("step", count=1, cycle=True)
        await folders.bench.at_rest()
        [batch] = await folders.bench.readers.read.batches(JobName.FOLDERS, limit=5)
        edited = "SELECT id FROM artifacts WHERE migrated_to_folder_at IS NOT NULL LIMIT 2"
        folders.rows(f"UPDATE artifacts SET migrated_to_folder_at = now() WHERE id IN ({edited})")
        for action, redo in (("rollback", False), ("redo", True)):
            preview = await folders.bench.readers.read.rollback_preview(batch.id, redo=redo)
            done = await folders.ask(action, reason="wrong", batch=batch.id, token=preview.token)
            assert "2 kept" in done.outcome, done.outcome
            assert (await seen(folders))[1].measured.files_now == files_of(folders)
            report = await folders.bench.readers.read.report(JobName.FOLDERS, None)
            migrated = folders.rows("SELECT id FROM artifacts WHERE migrated_to_folder_at IS NOT NULL")
            assert report["totals"]["success"] == len(migrated), "what is kept is migrated"


@pytest.mark.sweep
async def test_the_report_says_what_a_run_came_to_and_lists_what_was_not_moved(folders: FolderBench) -> None:
    await folders.migrate()
    async with Database(folders.bench.lab.store.database_url, name="test", size=2) as database:
        read = PostgresReadModel(database)
        run = await read.run(JobName.FOLDERS)
        assert run is not None
        report = await read.report(JobName.FOLDERS, run.id)
    migrated = sum(row["migrated_to_folder_at"] is not None for row in folders.artifacts().values())
    assert report["totals"]["success"] == migrated
    assert report["totals"]["attempted"] == len(folders.statuses())
    text = render_markdown(report, "test")
    assert f"- migrated: {migrated}" in text
    assert "| coverage |" in text
    assert f"Not moved ({len(report['waiting'])}):" in text

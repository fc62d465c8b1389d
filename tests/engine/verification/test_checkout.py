"""I5, I10 and I12 break when what they say is no longer so."""

from __future__ import annotations

from pathlib import Path

from scidex_console.domain.jobs import JobName
from scidex_console.engine.two_stores import forward, rollback
from scidex_console.wiring.engine import engine_options
from scidex_console.wiring.held_store import held_store
from scidex_console.wiring.verification import verify
from tests.engine.verification.worked_store import (
    DEAD,
    ORIGIN,
    STORED,
    TAKEN_BACK,
    WorkedStore,
    image_of,
    prepared_operations,
)


def own_folder(worked: WorkedStore) -> Path:
    return Path(worked.git("rev-parse", "--absolute-git-dir"), "scidex-console")


def staged_blob(worked: WorkedStore, path: str, artifact_id: str) -> None:
    """Put a figure's bytes at a path of the index, and nowhere else."""
    scratch = worked.artifacts.parent / "scratch.png"
    scratch.write_bytes(image_of(artifact_id))
    blob = worked.git("hash-object", "-w", str(scratch))
    worked.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")


async def test_an_index_entry_that_is_gone_breaks_the_checkout_alone(worked_files: WorkedStore) -> None:
    worked_files.git("rm", "--quiet", "--cached", worked_files.path_of(worked_files.lost[STORED][0]))
    report = await verify(worked_files.settings)
    assert report.broken == ("I5",)
    assert "the index has nothing" in report.invariants[4].broken[0]


async def test_other_bytes_staged_at_a_path_of_ours_break_the_checkout_alone(
    worked_files: WorkedStore,
) -> None:
    staged_blob(
        worked_files, worked_files.path_of(worked_files.lost[STORED][0]), worked_files.lost[STORED][1]
    )
    assert (await verify(worked_files.settings)).broken == ("I5",)


async def test_a_path_of_ours_in_an_index_conflict_breaks_the_checkout_alone(
    worked_files: WorkedStore,
) -> None:
    path = worked_files.path_of(worked_files.lost[STORED][0])
    blob = worked_files.git("rev-parse", f"HEAD:{path}")
    worked_files.git("update-index", "--force-remove", path)
    worked_files.git("update-index", "--index-info", stdin=f"100644 {blob} 2\t{path}\n")
    assert (await verify(worked_files.settings)).broken == ("I5",)


async def test_a_file_of_ours_that_head_forgot_but_the_worktree_has_breaks(worked_files: WorkedStore) -> None:
    worked_files.git("rm", "--quiet", "--cached", worked_files.path_of(worked_files.lost[STORED][0]))
    worked_files.git("commit", "--quiet", "-m", "Forget a file")
    report = await verify(worked_files.settings)
    assert report.broken == ("I5",)
    assert "HEAD has nothing" in report.invariants[4].broken[0]


async def test_an_outer_index_that_missed_our_pointer_breaks_the_checkout(worked_files: WorkedStore) -> None:
    before = worked_files.git("rev-parse", "HEAD~1:data/scidex-artifacts", folder=worked_files.outer)
    worked_files.git(
        "update-index", "--cacheinfo", f"160000,{before},data/scidex-artifacts", folder=worked_files.outer
    )
    assert (await verify(worked_files.settings)).broken == ("I5",)


async def test_an_index_lock_of_ours_is_trash(worked_files: WorkedStore) -> None:
    lock = own_folder(worked_files).with_name("index.lock")
    lock.write_text("scidex-console index lock\n1@host apply\n")
    report = await verify(worked_files.settings)
    assert report.broken == ("I10",)
    assert "index.lock" in report.invariants[9].broken[0]


async def test_a_temporary_reference_is_trash(worked_files: WorkedStore) -> None:
    worked_files.git("update-ref", "refs/scidex-console/building/0011", "HEAD")
    assert (await verify(worked_files.settings)).broken == ("I10",)


async def test_staged_files_that_nothing_needs_are_trash(worked_files: WorkedStore) -> None:
    (own_folder(worked_files) / "staging/abandoned").write_bytes(b"x")
    (own_folder(worked_files) / "staging/half.part").write_bytes(b"x")
    report = await verify(worked_files.settings)
    assert report.broken == ("I10",)
    assert len(report.invariants[9].broken) == 2


async def test_traces_of_ours_in_the_outer_repository_are_trash_too(worked_files: WorkedStore) -> None:
    worked_files.git("update-ref", "refs/scidex-console/building/0022", "HEAD", folder=worked_files.outer)
    assert (await verify(worked_files.settings)).broken == ("I10",)


async def test_staged_files_that_wait_for_their_batch_are_no_trash(worked: WorkedStore) -> None:
    options = engine_options(worked.settings, frozenset({JobName.FIGURES}), until_idle=True)
    async with held_store(worked.settings, options) as held:
        await prepared_operations(held, worked.settings, worked.lost[15:17])
    report = await verify(worked.settings)
    assert report.broken == ()
    assert "2 staged files that wait for their batch" in report.invariants[9].note


async def test_a_placed_file_of_an_operation_that_was_left_out_is_trash(worked: WorkedStore) -> None:
    artifact_id = worked.lost[15]
    options = engine_options(worked.settings, frozenset({JobName.FIGURES}), until_idle=True)
    async with held_store(worked.settings, options) as held:
        operations = await prepared_operations(held, worked.settings, [artifact_id])
        path = operations[0].file.path
        (worked.artifacts / path).write_bytes(b"somebody else's")
        batch = await forward.apply(held.stores(), JobName.FIGURES, None, operations)
    assert batch is not None and [o.state for o in batch.operations] == ["skipped"]
    assert (await verify(worked.settings)).broken == ()
    (worked.artifacts / path).write_bytes(image_of(artifact_id))
    assert (await verify(worked.settings)).broken == ("I10",)


async def test_a_file_that_came_back_after_its_rollback_breaks(worked_files: WorkedStore) -> None:
    artifact_id = worked_files.lost[TAKEN_BACK][0]
    (worked_files.artifacts / worked_files.path_of(artifact_id)).write_bytes(image_of(artifact_id))
    report = await verify(worked_files.settings)
    assert report.broken == ("I12",)
    assert "the worktree has the file" in report.invariants[11].broken[0]


async def test_an_index_entry_that_came_back_after_its_rollback_breaks(worked_files: WorkedStore) -> None:
    artifact_id = worked_files.lost[TAKEN_BACK][0]
    staged_blob(worked_files, worked_files.path_of(artifact_id), artifact_id)
    assert (await verify(worked_files.settings)).broken == ("I12",)


async def test_a_rollback_that_somebody_reverted_in_git_alone_breaks(worked_files: WorkedStore) -> None:
    worked_files.git("revert", "--no-edit", worked_files.commit_of("undo"))
    report = await verify(worked_files.settings)
    assert report.broken == ("I12",)
    assert all("HEAD has the file" in line for line in report.invariants[11].broken)


async def test_a_row_that_still_expects_what_was_taken_back_breaks(worked_rows: WorkedStore) -> None:
    artifact_id = worked_rows.lost[TAKEN_BACK][0]
    worked_rows.sql(
        "UPDATE artifacts AS a SET file_path = o.after->>'file_path' FROM scidex_console.operation AS o"
        " WHERE o.artifact_id = a.id AND a.id = %s",
        artifact_id,
    )
    report = await verify(worked_rows.settings)
    assert report.broken == ("I12",)
    assert "file_path is still as batch 2 left it" in report.invariants[11].broken[0]


async def test_a_mark_that_came_back_after_its_rollback_breaks(worked: WorkedStore) -> None:
    options = engine_options(worked.settings, frozenset({JobName.FIGURES}), until_idle=True)
    async with held_store(worked.settings, options) as held:
        batch = await held.journal().load(3)
        assert batch is not None
        await rollback.roll_back(held.stores(), batch, origin=ORIGIN)
    assert (await verify(worked.settings)).broken == ()
    worked.sql(
        "UPDATE artifacts AS a SET metadata = a.metadata || jsonb_build_object('image_unavailable', true,"
        " 'image_404_at', o.after->'metadata.image_404_at') FROM scidex_console.operation AS o"
        " WHERE o.artifact_id = a.id AND a.id = %s",
        worked.lost[DEAD][0],
    )
    report = await verify(worked.settings)
    assert report.broken == ("I12",)
    assert "metadata.image_404_at is still as batch 3 left it" in report.invariants[11].broken[0]


async def test_a_base_that_differs_from_what_the_inverse_left_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql("UPDATE scidex_console.batch SET base_commit = commit_id WHERE state = 'rolled_back'")
    report = await verify(worked_rows.settings)
    assert report.broken == ("I12",)
    assert "nothing after the rollback" in report.invariants[11].broken[0]


async def test_a_figure_stored_again_after_its_rollback_is_the_later_batchs_matter(
    worked: WorkedStore,
) -> None:
    artifact_id = worked.lost[TAKEN_BACK][0]
    options = engine_options(worked.settings, frozenset({JobName.FIGURES}), until_idle=True)
    async with held_store(worked.settings, options) as held:
        assert await held.figures().make_due([artifact_id]) == [artifact_id]
        operations = await prepared_operations(held, worked.settings, [artifact_id])
        await forward.apply(held.stores(), JobName.FIGURES, None, operations)
    assert (await verify(worked.settings)).broken == ()

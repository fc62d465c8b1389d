"""I3, I4, I9 and I13 break when what they say is no longer so."""

from __future__ import annotations

from pathlib import Path

from scidex_console.domain.jobs import JobName
from scidex_console.engine.two_stores import forward
from scidex_console.wiring.engine import engine_options
from scidex_console.wiring.held_store import held_store
from scidex_console.wiring.verification import verify
from tests.engine.verification.worked_store import DEAD, LATER, TAKEN_BACK, WorkedStore, prepared_operations


async def test_somebody_elses_file_dropped_from_history_is_missed(worked: WorkedStore) -> None:
    (worked.artifacts / "precious.txt").write_text("only here")
    worked.git("add", "precious.txt")
    worked.git("commit", "--quiet", "-m", "Add something precious")
    options = engine_options(worked.settings, frozenset({JobName.FIGURES}), until_idle=True)
    async with held_store(worked.settings, options) as held:
        # Marks alone: a batch whose base reaches the file, and that adds no commit of its own.
        operations = await prepared_operations(held, worked.settings, [], dead=[worked.lost[15]])
        await forward.apply(held.stores(), JobName.FIGURES, None, operations)
    assert (await verify(worked.settings)).broken == ()
    worked.git("reset", "--hard", "--quiet", "HEAD~1")
    report = await verify(worked.settings)
    assert report.broken == ("I3",)
    worked.git("reflog", "expire", "--expire=now", "--all")
    worked.git("prune", "--expire=now")
    report = await verify(worked.settings)
    assert report.broken == ("I3",)
    assert "no longer in the repository" in report.invariants[2].broken[0]


async def test_a_commit_of_ours_dropped_from_history_is_missed_everywhere(worked_files: WorkedStore) -> None:
    worked_files.git("reset", "--soft", worked_files.commit_of("apply") + "~1")
    report = await verify(worked_files.settings)
    assert {"I3", "I5", "I7", "I13"} == set(report.broken)
    assert "lost" not in report.invariants[0].broken


async def test_a_damaged_object_is_told_by_fsck(worked_files: WorkedStore) -> None:
    blob = worked_files.git("rev-parse", f"HEAD:{worked_files.path_of(worked_files.lost[LATER][0])}")
    git_dir = Path(worked_files.git("rev-parse", "--absolute-git-dir"))
    place = git_dir / "objects" / blob[:2] / blob[2:]
    place.chmod(0o644)
    place.write_bytes(place.read_bytes()[:10])
    report = await verify(worked_files.settings)
    assert report.broken == ("I4",)
    assert any(blob in line for line in report.invariants[3].broken)


async def test_a_repository_too_damaged_to_be_read_is_told_by_fsck(worked_files: WorkedStore) -> None:
    tree = worked_files.git("rev-parse", "HEAD:figures")
    git_dir = Path(worked_files.git("rev-parse", "--absolute-git-dir"))
    place = git_dir / "objects" / tree[:2] / tree[2:]
    place.chmod(0o644)
    place.write_bytes(b"damaged")
    report = await verify(worked_files.settings)
    assert report.broken == ("I4",)
    assert {i.name for i in report.invariants if i.holds is None} >= {"I1", "I3", "I5", "I7"}
    assert "cannot be checked" in report.invariants[0].note


async def test_a_row_of_a_stored_figure_that_is_gone_is_missed(worked_rows: WorkedStore) -> None:
    worked_rows.sql("DELETE FROM artifacts WHERE id = %s", worked_rows.lost[0])
    report = await verify(worked_rows.settings)
    assert report.broken == ("I9",)
    (finding,) = report.invariants[8].broken
    path = worked_rows.path_of(worked_rows.lost[0])
    assert f"the row {worked_rows.lost[0]} was deleted" in finding
    assert f"batch 1 had stored {path} for it, which is still in git" in finding
    assert "put the row back" in finding and finding.endswith("nothing removes it")


async def test_a_deleted_row_of_which_nothing_is_stored_is_told_with_what_was_known_of_it(
    worked_rows: WorkedStore,
) -> None:
    marked, back, due = worked_rows.lost[DEAD][0], worked_rows.lost[TAKEN_BACK][0], worked_rows.lost[15]
    worked_rows.sql("DELETE FROM artifacts WHERE id = ANY(%s)", [marked, back, due])
    report = await verify(worked_rows.settings)
    assert report.broken == ("I9",)
    found = {line.split()[2]: line for line in report.invariants[8].broken}
    assert "after batch 3 had marked it unavailable" in found[marked]
    assert "nothing stands of what batch 2 did" in found[back]
    assert "nothing stored for it" in found[due]


async def test_a_figure_gone_since_the_survey_is_missed_though_no_batch_knew_it(
    worked_rows: WorkedStore,
) -> None:
    worked_rows.sql(
        "DELETE FROM artifacts WHERE id = (SELECT min(id) FROM artifacts WHERE artifact_type = 'paper_figure'"
        " AND NOT id = ANY(%s))",
        list(worked_rows.lost),
    )
    report = await verify(worked_rows.settings)
    assert report.broken == ("I9",)
    assert "1 paper figures fewer" in report.invariants[8].broken[0]


async def test_a_row_whose_deletion_the_journal_noticed_is_somebodys_decision(worked: WorkedStore) -> None:
    options = engine_options(worked.settings, frozenset({JobName.FIGURES}), until_idle=True)
    async with held_store(worked.settings, options) as held:
        ids = list(worked.lost[15:17])
        operations = await prepared_operations(held, worked.settings, ids)
        worked.sql("DELETE FROM artifacts WHERE id = %s", ids[0])
        batch = await forward.apply(held.stores(), JobName.FIGURES, None, operations)
    assert batch is not None and [o.state for o in batch.operations] == ["conflict", "done"]
    report = await verify(worked.settings)
    assert report.broken == ()


async def test_a_commit_of_ours_that_removes_files_breaks(worked_files: WorkedStore) -> None:
    worked_files.git("rm", "--quiet", "README.md")
    worked_files.git("commit", "--quiet", "--amend", "--no-edit")
    report = await verify(worked_files.settings)
    assert "I9" in report.broken
    assert any("removes 1 files: README.md" in line for line in report.invariants[8].broken)
    assert any("README.md was tracked before" in line for line in report.invariants[8].broken)


async def test_files_removed_by_others_are_counted_and_no_finding(worked_files: WorkedStore) -> None:
    worked_files.git("rm", "--quiet", "README.md")
    worked_files.git("commit", "--quiet", "-m", "Drop the readme")
    report = await verify(worked_files.settings)
    assert report.broken == ()
    assert "1 files that others have removed since" in report.invariants[8].note


async def test_a_pointer_to_a_commit_outside_the_history_breaks(worked_files: WorkedStore) -> None:
    tree = worked_files.git("rev-parse", "HEAD^{tree}")
    elsewhere = worked_files.git("commit-tree", tree, "-m", "Elsewhere")
    worked_files.git(
        "update-index", "--cacheinfo", f"160000,{elsewhere},data/scidex-artifacts", folder=worked_files.outer
    )
    worked_files.git("commit", "--quiet", "-m", "Point elsewhere", folder=worked_files.outer)
    assert (await verify(worked_files.settings)).broken == ("I13",)


async def test_an_outer_repository_that_forgot_its_submodule_breaks(worked_files: WorkedStore) -> None:
    worked_files.git("rm", "--quiet", "--cached", "data/scidex-artifacts", folder=worked_files.outer)
    worked_files.git("commit", "--quiet", "-m", "Forget it", folder=worked_files.outer)
    assert (await verify(worked_files.settings)).broken == ("I13",)

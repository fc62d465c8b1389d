"""Others work on the same rows and repository: their edits win, and nothing of ours is left half-way."""

from __future__ import annotations

import psycopg
import pytest

from scidex_console.domain.batches import Batch, OperationState
from scidex_console.domain.errors import LockBusy, Unreachable
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.two_stores import recovery, rollback
from scidex_console.engine.two_stores.outer import publish
from scidex_console.engine.writer import Writer
from tests.crash.checks import assert_sound, figures_with_file
from tests.engine.two_stores.conftest import Act, Trial
from tests.labs import Lab
from tests.samples import sample

EDIT = (
    """UPDATE artifacts SET metadata = metadata || '{"image_url": "https://example.org/1"}' WHERE id = %s"""
)
RESTORED = "UPDATE artifacts SET file_path = 'data/scidex-artifacts/figures/by-hand.png' WHERE id = %s"
DELETE = "DELETE FROM artifacts WHERE id = %s"


def _states(batch: Batch) -> dict[str, OperationState]:
    return {operation.artifact_id: operation.state for operation in batch.operations}


def _by_another_hand(lab: Lab, statement: str, artifact_id: str) -> Act:
    def act() -> None:
        lab.rows(statement, artifact_id)

    return act


@pytest.mark.parametrize("statement", sample(RESTORED, EDIT, DELETE))
async def test_a_row_changed_before_the_switch_keeps_its_change_and_loses_our_file(
    lab: Lab, trial: Trial, statement: str
) -> None:
    theirs, ours = lab.lost(2)
    await trial.prepared([theirs, ours])
    before = lab.rows("SELECT file_path, metadata FROM artifacts WHERE id = %s", theirs)
    batch = await trial.write(trial.stores("switch", before=_by_another_hand(lab, statement, theirs)))
    assert await publish(trial.stores()) == ""
    assert _states(batch) == {theirs: OperationState.CONFLICT, ours: OperationState.DONE}
    after = lab.rows("SELECT file_path, metadata FROM artifacts WHERE id = %s", theirs)
    assert after != before and all("file_sha256" not in row["metadata"] for row in after)
    assert set(figures_with_file(lab)) == {ours}
    if statement != RESTORED:
        assert_sound(lab)


async def test_a_dead_mark_never_lands_on_a_row_that_got_another_address(lab: Lab, trial: Trial) -> None:
    corrected, dead = lab.lost(2)
    await trial.prepared([], dead=[corrected, dead])
    batch = await trial.write(trial.stores("switch", before=_by_another_hand(lab, EDIT, corrected)))
    assert _states(batch) == {corrected: OperationState.CONFLICT, dead: OperationState.DONE}
    marked = lab.rows("SELECT id FROM artifacts WHERE metadata->'image_unavailable' = 'true'")
    assert dead in {row["id"] for row in marked} and corrected not in {row["id"] for row in marked}


async def test_a_row_somebody_keeps_locked_is_a_conflict_and_not_waited_for_for_ever(
    lab: Lab, trial: Trial
) -> None:
    locked, ours = lab.lost(2)
    await trial.prepared([locked, ours])
    with psycopg.connect(lab.store.database_url) as other:
        other.execute("SELECT 1 FROM artifacts WHERE id = %s FOR UPDATE", [locked])
        batch = await trial.write()
        other.rollback()
    assert await publish(trial.stores()) == ""
    assert _states(batch) == {locked: OperationState.CONFLICT, ours: OperationState.DONE}
    assert_sound(lab)


@pytest.mark.sweep
async def test_a_row_changed_during_a_rollback_is_kept_with_its_file(lab: Lab, trial: Trial) -> None:
    theirs, ours = lab.lost(2)
    await trial.prepared([theirs, ours])
    batch = await trial.write()
    edit = "UPDATE artifacts SET metadata = metadata || '{\"file_size_bytes\": 1}' WHERE id = %s"
    stores = trial.stores("restore", before=_by_another_hand(lab, edit, theirs))
    batch = await rollback.roll_back(stores, batch, origin=trial.held.mandate.origin())
    assert await publish(trial.stores()) == ""
    assert _states(batch) == {theirs: OperationState.KEPT, ours: OperationState.ROLLED_BACK}
    assert (lab.store.artifacts / trial.path_of(theirs)).exists()
    assert not (lab.store.artifacts / trial.path_of(ours)).exists()
    lab.rows(
        edit.replace("1}", f"{len((lab.store.artifacts / trial.path_of(theirs)).read_bytes())}}}"), theirs
    )
    assert_sound(lab)


async def test_an_index_lock_of_another_is_waited_for_and_never_removed(lab: Lab, trial: Trial) -> None:
    ours = lab.lost(1)
    await trial.prepared(ours)
    lock = lab.store.outer / ".git" / "modules" / lab.store.submodule / "index.lock"
    assert lock.parent.is_dir()
    lock.write_bytes(b"")
    head = lab.git("rev-parse", "HEAD")
    with pytest.raises(LockBusy, match=r"index\.lock"):
        await trial.write()
    assert lock.exists() and lab.git("rev-parse", "HEAD") == head
    assert figures_with_file(lab) == {}
    lock.unlink()
    assert await recovery.recover(trial.stores()) == 1
    assert await publish(trial.stores()) == ""
    assert set(figures_with_file(lab)) == set(ours)
    assert_sound(lab)


@pytest.mark.parametrize("step", sample("switch", "prepare", "record_commit", "finish", quick=2))
async def test_a_lost_reply_is_resolved_from_the_journal(lab: Lab, trial: Trial, step: str) -> None:
    def lose_the_reply() -> None:
        raise Unreachable("server closed the connection unexpectedly", where="database")

    ours = lab.lost(3)
    await trial.prepared(ours[:2], dead=ours[2:])
    with pytest.raises(Unreachable):
        await trial.write(trial.stores(step, after=lose_the_reply))
    await Writer(trial.stores(), trial.held.figures(), Pulse()).recover()
    assert await publish(trial.stores()) == ""
    assert set(figures_with_file(lab)) == set(ours[:2])
    assert_sound(lab)


async def test_what_others_have_staged_and_committed_stays(lab: Lab, trial: Trial) -> None:
    await trial.prepared(lab.lost(2))
    (lab.store.artifacts / "note.txt").write_text("staged by somebody")
    lab.git("add", "note.txt")

    def commit_elsewhere() -> None:
        tree = lab.git("rev-parse", "HEAD^{tree}").strip()
        who = ("-c", "user.name=ada", "-c", "user.email=ada@localhost")
        commit = lab.git(*who, "commit-tree", tree, "-p", "HEAD", "-m", "Somebody's own commit").strip()
        lab.git("update-ref", "refs/heads/main", commit)

    batch = await trial.write(trial.stores("prepare", after=commit_elsewhere))
    assert set(_states(batch).values()) == {OperationState.DONE}
    assert lab.git("status", "--porcelain") == "A  note.txt\n"
    assert "Somebody's own commit" in lab.git("log", "--format=%s")

"""I1, I2 and I15 break when what they say is no longer so."""

from __future__ import annotations

import pytest

from scidex_console.domain.batches import AdoptedFile, Operation, OperationState, RowChange
from scidex_console.domain.jobs import JobName
from scidex_console.engine.two_stores import forward, outer
from scidex_console.wiring.engine import engine_options
from scidex_console.wiring.held_store import held_store
from scidex_console.wiring.verification import verify
from tests.engine.verification.worked_store import DEAD, MARKED_BEFORE, WorkedStore

STORED_ONE = 0


def flip_a_byte(worked: WorkedStore, path: str) -> None:
    place = worked.artifacts / path
    content = bytearray(place.read_bytes())
    content[-1] ^= 1
    place.chmod(0o644)
    place.write_bytes(content)


async def test_a_stored_file_that_is_gone_breaks_row_and_checkout(worked_files: WorkedStore) -> None:
    (worked_files.artifacts / worked_files.path_of(worked_files.lost[STORED_ONE])).unlink()
    report = await verify(worked_files.settings)
    assert report.broken == ("I1", "I5")
    assert worked_files.lost[STORED_ONE] in report.invariants[0].broken[0]
    assert "does not open" in report.invariants[0].broken[0]


async def test_a_flipped_byte_breaks_row_and_checkout(worked_files: WorkedStore) -> None:
    flip_a_byte(worked_files, worked_files.path_of(worked_files.lost[STORED_ONE]))
    report = await verify(worked_files.settings)
    assert report.broken == ("I1", "I5")
    assert "has sha256" in report.invariants[0].broken[0]


async def test_a_stored_file_replaced_by_a_link_to_its_bytes_breaks_the_checkout(
    worked_files: WorkedStore,
) -> None:
    place = worked_files.artifacts / worked_files.path_of(worked_files.lost[STORED_ONE])
    moved = place.rename(place.with_name("elsewhere.png"))
    place.symlink_to(moved)
    assert (await verify(worked_files.settings)).broken == ("I5",)


async def test_a_file_deleted_with_somebody_elses_commit_still_does_not_open(
    worked_files: WorkedStore,
) -> None:
    worked_files.git("rm", "--quiet", worked_files.path_of(worked_files.lost[STORED_ONE]))
    worked_files.git("commit", "--quiet", "-m", "Tidy up")
    assert (await verify(worked_files.settings)).broken == ("I1",)


async def test_a_changed_file_of_another_artifact_breaks_its_row_alone(worked_files: WorkedStore) -> None:
    other = worked_files.sql(
        "SELECT file_path FROM artifacts WHERE artifact_type <> 'paper_figure' AND file_path IS NOT NULL"
        " AND metadata ? 'file_sha256' AND (metadata->>'file_size_bytes')::int > 0"
    )[0]["file_path"]
    flip_a_byte(worked_files, other.removeprefix("data/scidex-artifacts/"))
    assert (await verify(worked_files.settings)).broken == ("I1",)


async def test_a_tracked_file_without_a_recorded_hash_must_open_too(worked: WorkedStore) -> None:
    other = worked.sql(
        "UPDATE artifacts SET metadata = metadata - 'file_sha256' WHERE id = (SELECT min(id) FROM artifacts"
        " WHERE artifact_type <> 'paper_figure' AND file_path IS NOT NULL) RETURNING file_path"
    )[0]["file_path"]
    assert (await verify(worked.settings)).broken == ()
    (worked.artifacts / other.removeprefix("data/scidex-artifacts/")).unlink()
    assert (await verify(worked.settings)).broken == ("I1",)


async def test_a_stored_file_whose_row_names_another_path_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql("UPDATE artifacts SET file_path = NULL WHERE id = %s", worked_rows.lost[STORED_ONE])
    report = await verify(worked_rows.settings)
    assert report.broken == ("I1",)
    assert "the row names no path" in report.invariants[0].broken[0]
    assert "no row names it" in report.invariants[0].broken[1]


async def test_a_stored_file_whose_row_expects_no_hash_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql(
        "UPDATE artifacts SET metadata = metadata - 'file_sha256' WHERE id = %s", worked_rows.lost[STORED_ONE]
    )
    assert (await verify(worked_rows.settings)).broken == ("I1",)


async def adopt_again(worked: WorkedStore, artifact_id: str) -> None:
    """A stored figure's row loses its path, and a batch gives it back; the file was there all the time."""
    (row,) = worked.sql("SELECT file_path, metadata FROM artifacts WHERE id = %s", artifact_id)
    worked.sql("UPDATE artifacts SET file_path = NULL WHERE id = %s", artifact_id)
    sha256, size = row["metadata"]["file_sha256"], row["metadata"]["file_size_bytes"]
    change = RowChange(("file_path",), {"file_path": None}, {"file_path": row["file_path"]})
    adopted = AdoptedFile(worked.path_of(artifact_id), sha256, size)
    options = engine_options(worked.settings, frozenset({JobName.FIGURES}), until_idle=True)
    async with held_store(worked.settings, options) as held:
        operation = Operation(artifact_id, change, adopted=adopted)
        batch = await forward.apply(held.stores(), JobName.FIGURES, None, [operation])
        assert batch is not None and batch.operations[0].state is OperationState.DONE
        await outer.publish(held.stores())


async def test_an_adopted_file_is_checked_as_a_stored_one(worked: WorkedStore) -> None:
    adopted = worked.lost[STORED_ONE]
    await adopt_again(worked, adopted)
    assert (await verify(worked.settings)).broken == ()
    worked.sql("UPDATE artifacts SET file_path = NULL WHERE id = %s", adopted)
    report = await verify(worked.settings)
    assert report.broken == ("I1",)
    assert f"{adopted}: the row names no path" in report.invariants[0].broken[0]


async def test_two_rows_that_name_one_stored_file_break(worked_rows: WorkedStore) -> None:
    first, second = worked_rows.lost[0], worked_rows.lost[20]
    worked_rows.sql(
        "UPDATE artifacts SET file_path = (SELECT file_path FROM artifacts WHERE id = %s) WHERE id = %s",
        first,
        second,
    )
    report = await verify(worked_rows.settings)
    assert report.broken == ("I1",)
    assert "named by 2 rows" in report.invariants[0].broken[0]


async def test_migrated_rows_are_not_called_sound_by_a_version_that_cannot_check_them(
    worked_rows: WorkedStore,
) -> None:
    worked_rows.sql("UPDATE artifacts SET migrated_to_folder_at = now() WHERE id = %s", worked_rows.lost[0])
    assert (await verify(worked_rows.settings)).broken == ("I2",)


@pytest.mark.parametrize(
    "mark",
    [
        "jsonb_build_object('image_unavailable', true, 'image_404_at', now())",
        "jsonb_build_object('image_unavailable', true)",
        "jsonb_build_object('image_unavailable', true, 'image_404_at', 'yesterday')",
        "jsonb_build_object('image_unavailable', true, 'image_404_at', '2025-01-01T00:00:00+00:00')",
    ],
)
async def test_a_mark_made_by_hand_on_a_surveyed_figure_breaks(worked_rows: WorkedStore, mark: str) -> None:
    worked_rows.sql(f"UPDATE artifacts SET metadata = metadata || {mark} WHERE id = %s", worked_rows.lost[15])
    report = await verify(worked_rows.settings)
    assert report.broken == ("I15",)
    assert worked_rows.lost[15] in report.invariants[14].broken[0]


async def test_a_mark_dated_after_this_tool_came_needs_its_answer(worked_rows: WorkedStore) -> None:
    worked_rows.sql(
        "UPDATE artifacts SET metadata = metadata || jsonb_build_object('image_404_at', now()) WHERE id = %s",
        worked_rows.lost[MARKED_BEFORE],
    )
    assert (await verify(worked_rows.settings)).broken == ("I15",)


async def test_a_mark_of_ours_without_its_logged_answer_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql("ALTER TABLE scidex_console.fetch_attempt DISABLE TRIGGER attempt_append_only")
    dead = worked_rows.lost[DEAD][0]
    worked_rows.sql(
        "UPDATE scidex_console.fetch_attempt SET status = 503, outcome = 'dead' WHERE artifact_id = %s", dead
    )
    report = await verify(worked_rows.settings)
    assert report.broken == ("I15",)
    assert "by this tool" in report.invariants[14].broken[0]


async def test_a_mark_of_ours_that_lost_its_date_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql(
        "UPDATE artifacts SET metadata = metadata - 'image_404_at' WHERE id = %s", worked_rows.lost[DEAD][0]
    )
    report = await verify(worked_rows.settings)
    assert report.broken == ("I15",)
    assert "without image_404_at" in report.invariants[14].broken[0]


async def test_a_mark_of_ours_that_somebody_took_off_is_counted(worked_rows: WorkedStore) -> None:
    worked_rows.sql(
        "UPDATE artifacts SET metadata = metadata - 'image_unavailable' WHERE id = %s",
        worked_rows.lost[DEAD][0],
    )
    report = await verify(worked_rows.settings)
    assert report.broken == ()
    assert "1 marks of this tool that somebody has taken off" in report.invariants[14].note


async def test_a_marked_figure_whose_file_opens_breaks(worked_rows: WorkedStore) -> None:
    marked, recorded = worked_rows.lost[MARKED_BEFORE], "data/scidex-artifacts/README.md"
    worked_rows.sql("UPDATE artifacts SET file_path = %s WHERE id = %s", recorded, marked)
    report = await verify(worked_rows.settings)
    assert report.broken == ("I15",)
    assert f"{marked} is marked unavailable, and its file {recorded} opens" in report.invariants[14].broken[0]


async def test_a_finding_shows_what_hides_in_a_name(worked_rows: WorkedStore) -> None:
    worked_rows.sql(
        "UPDATE artifacts SET file_path = E'data/scidex-artifacts/README.md',"
        " metadata = jsonb_build_object('file_sha256', E'\x1b[31mred') WHERE id = %s",
        worked_rows.lost[20],
    )
    report = await verify(worked_rows.settings)
    assert report.broken == ("I1",)
    assert "\\x1b[31mred" in report.invariants[0].broken[0]


async def test_of_many_findings_twenty_are_kept_and_all_are_counted(worked_rows: WorkedStore) -> None:
    worked_rows.sql("UPDATE artifacts SET metadata = metadata || '{\"file_sha256\": \"0\"}', file_path ="
               " 'data/scidex-artifacts/README.md'")  # fmt: skip
    report = await verify(worked_rows.settings)
    first = report.invariants[0]
    assert len(first.broken) == 20
    assert getattr(first, "counted")["broken"] >= 48  # noqa: B009 - the field is one of our own kind of result

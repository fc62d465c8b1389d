"""A migrated store is sound, and each damage to folders, links, files, rows and history has its name."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest

from scidex_console.engine.two_stores import rollback
from scidex_console.wiring.verification import verify
from tests.engine.verification.foldered_store import engine_of, link_of, migrated, moved, take_back
from tests.engine.verification.test_healthy_store import counted
from tests.engine.verification.worked_store import ORIGIN, WorkedStore


def commit_all(store: WorkedStore, *paths: str) -> None:
    store.git("add", "--", *paths)
    store.git("commit", "--quiet", "-m", "Somebody's change")


def rewritten(store: WorkedStore, path: str) -> Path:
    """A file replaced by another one; never written through, since it may be another's too."""
    place = store.artifacts / path
    place.unlink()
    place.write_bytes(b"other bytes")
    return place


async def test_a_migrated_store_holds_every_invariant(foldered_files: WorkedStore) -> None:
    report = await verify(foldered_files.settings)
    assert report.broken == ()
    assert {i.name for i in report.invariants if i.holds is None} == set()
    whole = counted(report, "I2")
    everything = len(migrated(foldered_files)) + len(migrated(foldered_files, with_file=False))
    assert whole["manifests equal to the ones rebuilt"] == everything > 60
    assert whole["links"] > 10
    assert "files in folders that no row names" not in whole
    assert counted(report, "I1")["files in folders opened"] >= len(migrated(foldered_files)) > 20
    files = counted(report, "I9")
    assert files["files moved into folders"] > 20
    assert "files taken out by a decision" not in files, "nobody has decided anything"


async def test_an_edited_manifest_is_no_longer_the_one_rebuilt(foldered_files: WorkedStore) -> None:
    path = f"{migrated(foldered_files)[0]['folder']}/manifest.json"
    place = foldered_files.artifacts / path
    document = json.loads(place.read_bytes())
    place.write_text(json.dumps({**document, "title": "Another"}))
    report = await verify(foldered_files.settings)
    assert report.broken == ("I2", "I5")
    commit_all(foldered_files, path)
    assert (await verify(foldered_files.settings)).broken == ("I2",)


async def test_a_manifest_that_is_gone_is_named(foldered_files: WorkedStore) -> None:
    path = f"{migrated(foldered_files)[0]['folder']}/manifest.json"
    foldered_files.git("rm", "--quiet", path)
    foldered_files.git("commit", "--quiet", "-m", "Somebody's change")
    report = await verify(foldered_files.settings)
    assert report.broken == ("I2",)
    assert path in report.invariants[1].broken[0]


@pytest.mark.sweep
async def test_a_row_edited_since_has_an_old_manifest_and_breaks_nothing(foldered: WorkedStore) -> None:
    row, older = migrated(foldered)[:2]
    foldered.sql("UPDATE artifacts SET title = 'Edited' WHERE id = %s", row["id"])
    foldered.sql("UPDATE artifacts SET created_at = '2020-02-02 20:20+00' WHERE id = %s", older["id"])
    report = await verify(foldered.settings)
    assert report.broken == ()
    assert counted(report, "I2")["rows edited after their migration, whose manifests are older"] == 2
    assert f"{row['id']} (title)" in report.invariants[1].note
    assert f"{older['id']} (created_at)" in report.invariants[1].note
    path = f"{row['folder']}/manifest.json"
    rewritten(foldered, path)
    commit_all(foldered, path)
    assert (await verify(foldered.settings)).broken == ("I2",)


async def test_a_link_that_leads_outside_is_named(foldered_files: WorkedStore) -> None:
    path = link_of(foldered_files)
    place = foldered_files.artifacts / path
    place.unlink()
    place.symlink_to("../../../../etc")
    report = await verify(foldered_files.settings)
    assert report.broken == ("I2", "I5")
    assert f"{path} leads outside the repository" in report.invariants[1].broken[0]
    commit_all(foldered_files, path)
    assert (await verify(foldered_files.settings)).broken == ("I2",)


async def test_a_link_to_another_artifact_than_its_name_says_is_named(foldered_files: WorkedStore) -> None:
    path = link_of(foldered_files)
    others = (row["folder"] for row in migrated(foldered_files) if row["uuid"] not in path)
    place = foldered_files.artifacts / path
    place.unlink()
    place.symlink_to(f"../../{next(others)}")
    commit_all(foldered_files, path)
    assert (await verify(foldered_files.settings)).broken == ("I2",)


async def test_files_that_others_have_put_into_folders_are_counted_and_named(
    foldered_files: WorkedStore,
) -> None:
    folder, nobodys = migrated(foldered_files)[0]["folder"], str(uuid4())
    paths = [f"{folder}/notes.txt", f"{folder}/accessories/b.txt", f"{nobodys}/c.txt"]
    for path in paths:
        place = foldered_files.artifacts / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("somebody's")
    commit_all(foldered_files, *paths)
    report = await verify(foldered_files.settings)
    assert report.broken == ()
    assert counted(report, "I2")["files in folders that no row names"] == 3
    assert all(path in report.invariants[1].note for path in paths)


async def test_an_untracked_link_in_a_folder_is_looked_at_as_well(foldered_files: WorkedStore) -> None:
    folder = foldered_files.artifacts / migrated(foldered_files)[0]["folder"] / "inputs"
    folder.mkdir(exist_ok=True)
    (folder / "hosts").symlink_to("/etc/hosts")
    assert (await verify(foldered_files.settings)).broken == ("I2",)


async def test_something_nested_in_a_folder_is_named(foldered_files: WorkedStore) -> None:
    nested = foldered_files.artifacts / migrated(foldered_files)[0]["folder"] / "accessories/more"
    nested.mkdir(parents=True)
    (nested / "deep.txt").write_text("deep")
    assert (await verify(foldered_files.settings)).broken == ("I2",)


async def test_a_swapped_file_is_not_the_one_that_was_moved(foldered_files: WorkedStore) -> None:
    row = migrated(foldered_files)[0]
    path = f"{row['folder']}/{row['primary_filename']}"
    rewritten(foldered_files, path)
    assert (await verify(foldered_files.settings)).broken == ("I1", "I5")
    commit_all(foldered_files, path)
    assert (await verify(foldered_files.settings)).broken == ("I1",)


async def test_a_file_that_is_gone_does_not_open(foldered_files: WorkedStore) -> None:
    row = migrated(foldered_files)[0]
    path = f"{row['folder']}/{row['primary_filename']}"
    foldered_files.git("rm", "--quiet", path)
    foldered_files.git("commit", "--quiet", "-m", "Somebody's change")
    report = await verify(foldered_files.settings)
    assert report.broken == ("I1",)
    assert "does not open" in report.invariants[0].broken[0]


async def test_an_old_path_left_over_is_named(foldered_files: WorkedStore) -> None:
    file = moved(foldered_files)
    old = foldered_files.artifacts / file["source"]
    old.parent.mkdir(parents=True, exist_ok=True)
    old.write_bytes((foldered_files.artifacts / file["path"]).read_bytes())
    report = await verify(foldered_files.settings)
    assert report.broken == ("I5",)
    assert f"{file['source']}, the old path of {file['artifact_id']}" in report.invariants[4].broken[0]
    commit_all(foldered_files, file["source"])
    report = await verify(foldered_files.settings)
    assert report.broken == ("I12",)


async def test_an_old_path_that_a_row_still_names_went_too_early(foldered_rows: WorkedStore) -> None:
    file = moved(foldered_rows)
    foldered_rows.sql(
        "INSERT INTO artifacts (id, artifact_type, title, metadata, created_at)"
        " VALUES ('latecomer', 'figure', 'Late', jsonb_build_object('figure_path', %s::text), now())",
        file["source"],
    )
    report = await verify(foldered_rows.settings)
    assert report.broken == ("I12",)
    assert "latecomer still names it" in report.invariants[11].broken[0]


async def test_a_row_that_names_no_folder_leaves_one_without_an_owner(foldered_rows: WorkedStore) -> None:
    row = migrated(foldered_rows, with_file=False)[0]
    foldered_rows.sql(
        "UPDATE artifacts SET artifact_dir = NULL, migrated_to_folder_at = NULL WHERE id = %s", row["id"]
    )
    report = await verify(foldered_rows.settings)
    assert report.broken == ("I2",)
    assert f"the folder {row['folder']} is in git" in report.invariants[1].broken[0]


async def test_a_success_missing_from_the_log_is_named(foldered_rows: WorkedStore) -> None:
    row = migrated(foldered_rows)[0]
    foldered_rows.sql("DELETE FROM artifact_migration_log WHERE artifact_id = %s", row["id"])
    report = await verify(foldered_rows.settings)
    assert report.broken == ("I2",)
    assert "no success" in report.invariants[1].broken[0]


async def test_a_forged_commit_of_an_artifact_is_in_no_merge(foldered_files: WorkedStore) -> None:
    file = moved(foldered_files)
    message = foldered_files.git("log", "-1", "--format=%B", file["commit_id"])
    place = foldered_files.artifacts / "forged.txt"
    place.write_text("forged")
    foldered_files.git("add", "forged.txt")
    foldered_files.git("commit", "--quiet", "-m", message)
    report = await verify(foldered_files.settings)
    assert report.broken == ("I1", "I6", "I7", "I11")
    assert any("is in no merge of its batch" in line for line in report.invariants[6].broken)


async def test_a_recorded_commit_that_is_another_one_is_named(foldered_rows: WorkedStore) -> None:
    file = moved(foldered_rows)
    foldered_rows.sql(
        "UPDATE scidex_console.operation SET commit_id = %s WHERE id = %s", "0" * 40, file["operation_id"]
    )
    assert (await verify(foldered_rows.settings)).broken == ("I7",)


async def test_a_commit_without_an_operation_is_named(foldered_rows: WorkedStore) -> None:
    file = moved(foldered_rows)
    operation = file["operation_id"]
    foldered_rows.sql("DELETE FROM scidex_console.operation_entry WHERE operation_id = %s", operation)
    foldered_rows.sql("DELETE FROM scidex_console.operation WHERE id = %s", operation)
    report = await verify(foldered_rows.settings)
    assert "I7" in report.broken and "I11" in report.broken


async def test_another_artifacts_folder_in_a_commit_is_named(foldered_rows: WorkedStore) -> None:
    one, other = migrated(foldered_rows)[:2]
    foldered_rows.sql("UPDATE artifacts SET artifact_id = gen_random_uuid() WHERE id = %s", one["id"])
    foldered_rows.sql("UPDATE artifacts SET artifact_id = %s WHERE id = %s", one["uuid"], other["id"])
    report = await verify(foldered_rows.settings)
    assert "I2" in report.broken and "I11" in report.broken


@pytest.mark.sweep
async def test_a_cycle_taken_back_holds_and_what_stays_of_it_is_named(foldered: WorkedStore) -> None:
    batch = await take_back(foldered)
    report = await verify(foldered.settings)
    assert report.broken == ()
    assert counted(report, "I2")["links whose other end is not migrated"] > 0
    entry = next(e for o in batch.operations for e in o.entries if e.source)
    left = foldered.artifacts / entry.path
    left.parent.mkdir(parents=True)
    left.write_bytes((foldered.artifacts / entry.source).read_bytes())
    report = await verify(foldered.settings)
    assert report.broken == ("I12",)
    assert f"{entry.path}: the worktree has the path" in report.invariants[11].broken[0]


async def test_a_row_that_a_rollback_forgot_is_named(foldered: WorkedStore) -> None:
    batch = await take_back(foldered)
    operation = batch.operations[0]
    foldered.sql(
        "UPDATE artifacts SET artifact_dir = %s, migrated_to_folder_at = now() WHERE id = %s",
        operation.row.after["artifact_dir"],
        operation.artifact_id,
    )
    report = await verify(foldered.settings)
    assert "I12" in report.broken and "I2" in report.broken


@pytest.mark.sweep
async def test_a_cycle_brought_on_again_holds_every_invariant(foldered: WorkedStore) -> None:
    batch = await take_back(foldered)
    async with engine_of(foldered) as held:
        again = await held.journal().load(batch.id)
        assert again is not None
        done = await rollback.redo(held.stores(), again)
        report = await verify(foldered.settings)
        assert report.broken == ()
        assert report.engine_at_work
    report = await verify(foldered.settings)
    assert report.broken == (() if done.state == "cleaned" else ("I8",))


@pytest.mark.sweep
async def test_a_shared_old_path_comes_back_with_an_earlier_cycle(foldered: WorkedStore) -> None:
    shared = foldered.sql(
        "SELECT e.source, min(o.batch_id) AS earlier, max(o.batch_id) AS later"
        " FROM scidex_console.operation_entry AS e"
        " JOIN scidex_console.operation AS o ON o.id = e.operation_id WHERE e.role = 'moved'"
        " GROUP BY e.source HAVING count(DISTINCT o.batch_id) > 1"
    )[0]
    async with engine_of(foldered) as held:
        batch = await held.journal().load(shared["earlier"])
        assert batch is not None
        await rollback.roll_back(held.stores(), batch, origin=ORIGIN)
    assert (foldered.artifacts / shared["source"]).exists()
    report = await verify(foldered.settings)
    assert report.broken == ()
    assert counted(report, "I12")["old paths that others claim again"] >= 1


async def test_a_folder_that_waits_to_be_laid_out_again_is_counted_and_looked_at(
    foldered: WorkedStore,
) -> None:
    row, other = migrated(foldered)[:2]
    ids = [row["id"], other["id"]]
    foldered.sql("UPDATE artifacts SET migrated_to_folder_at = NULL WHERE id = ANY (%s)", ids)
    report = await verify(foldered.settings)
    assert "I2" not in report.broken
    assert counted(report, "I2")["folders wait to be laid out again"] == 2
    rewritten(foldered, f"{row['folder']}/manifest.json")
    foldered.sql("UPDATE artifacts SET artifact_dir = NULL WHERE id = %s", other["id"])
    broken = (await verify(foldered.settings)).invariants[1].broken
    assert [f"{row['folder']}/manifest.json in the worktree" in line for line in broken].count(True) == 1
    assert f"the folder {other['folder']} is in git, and no migrated row names it" in broken
    assert len(broken) == 2


async def test_what_is_not_listed_is_counted_all_the_same(foldered_rows: WorkedStore) -> None:
    foldered_rows.sql("UPDATE artifacts SET migrated_to_folder_at = NULL, artifact_dir = NULL")
    whole = (await verify(foldered_rows.settings)).invariants[1]
    assert whole.findings > 60 > len(whole.broken) > 0

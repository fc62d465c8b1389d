"""A writer's commit is taken back and brought on again like any batch; and what stands in a commit's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from scidex_console.adapters.files.shelf import Shelf
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.domain.batches import Batch
from scidex_console.domain.errors import LockBusy, Refused, Unreachable
from scidex_console.engine import killpoints
from scidex_console.engine.artifacts.committing import ArtifactCommits
from scidex_console.engine.artifacts.failures import WriterFailures
from scidex_console.wiring import verify
from scidex_console.wiring.artifacts import artifact_commits
from scidex_console.wiring.reading import readers
from scidex_console.wiring.stores import open_files, open_repository
from tests.crash.at_places import at_place
from tests.engine.artifacts.writing import assert_verified, commit, new_row, row
from tests.engine.folders.tiny import git, row_of, tiny_lab
from tests.engine.folders.trial import FolderTrial, held
from tests.labs import Lab

OLD = {"figures/old.png": b"an old figure"}


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    rows = [row_of("old", "figures/old.png", content=OLD["figures/old.png"])]
    return await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, OLD, rows)


@pytest.fixture
async def commits(lab: Lab) -> AsyncIterator[ArtifactCommits]:
    async with artifact_commits(lab.settings, name="trial") as made:
        yield made


@pytest.fixture
async def trial(lab: Lab) -> AsyncIterator[FolderTrial]:
    async with held(lab) as made:
        yield made


async def test_commits_go_back_last_first_and_come_again(
    lab: Lab, commits: ArtifactCommits, trial: FolderTrial
) -> None:
    artifact = new_row(lab)
    before = row(lab, artifact)
    first = await commit(commits, artifact, ("plot.png", b"plot"))
    second = await commit(commits, artifact, None, ("data.csv", b"1,2"))
    as_second = row(lab, artifact)
    folder = lab.store.artifacts / first.artifact_id

    async def batch(number: int | None) -> Batch:
        found = await trial.held.journal().load(number or 0)
        assert found is not None
        return found

    kept = await trial.roll_back(await batch(first.batch))
    assert kept.operations[0].reason == "the row has changed since", "the newer one stands on it"
    await trial.roll_back(await batch(second.batch))
    assert row(lab, artifact)["accessory_filenames"] == [] and not (folder / "accessories").exists()
    await assert_verified(lab)
    await trial.roll_back(await batch(first.batch))
    now = row(lab, artifact)
    assert {k for k in now if now[k] != before[k]} <= {"artifact_id", "updated_at"}
    assert not folder.exists()
    assert lab.rows("SELECT state FROM scidex_console.folder WHERE artifact_id = %s", artifact) == [
        {"state": "held_back"}
    ], "no cycle gives it a folder without its files"
    await assert_verified(lab)
    for number in (first.batch, second.batch):
        again = await trial.redo(await batch(number))
        assert again.state == "cleaned"
    now = row(lab, artifact)
    assert (folder / "accessories" / "data.csv").read_bytes() == b"1,2"
    assert {k for k in now if now[k] != as_second[k]} <= {"updated_at"}
    await assert_verified(lab)


@pytest.mark.sweep
async def test_accessory_is_not_brought_back_before_its_folder_and_waits_for_it(
    lab: Lab, commits: ArtifactCommits, trial: FolderTrial
) -> None:
    cycle = await trial.cycle()
    assert cycle is not None
    done = await commit(commits, "old", None, ("old.csv", b"x,y"))
    with_it = row(lab, "old")
    accessory = await trial.held.journal().load(done.batch or 0)
    assert accessory is not None
    accessory, cycle = await trial.roll_back(accessory), await trial.roll_back(cycle)
    why = "its artifact's folder is not there: redo the batch that brought that first"
    with pytest.raises(Refused, match=why):
        await trial.redo(accessory)
    async with readers(lab.settings) as looking:
        preview = await looking.read.rollback_preview(accessory.id, redo=True)
    assert (preview.operations, [each.reason for each in preview.refused]) == ((), [why])
    assert preview.batch.state == "rolled_back"
    await trial.redo(cycle)
    assert (await trial.redo(accessory)).state == "cleaned"
    now = row(lab, "old")
    assert {k for k in now if now[k] != with_it[k]} <= {"updated_at"}
    await assert_verified(lab)


@pytest.mark.sweep
async def test_accessory_is_not_brought_back_over_an_edited_manifest_and_waits_for_the_one_it_replaced(
    lab: Lab, commits: ArtifactCommits, trial: FolderTrial
) -> None:
    assert await trial.cycle() is not None
    done = await commit(commits, "old", None, ("old.csv", b"x,y"))
    with_it = row(lab, "old")
    accessory = await trial.held.journal().load(done.batch or 0)
    assert accessory is not None
    accessory = await trial.roll_back(accessory)
    manifest = lab.store.outer / with_it["artifact_dir"] / "manifest.json"
    stood = manifest.read_bytes()
    for edited in (b"{}", stood[:-2] + b"X}"):  # of another size, and of the same
        manifest.write_bytes(edited)
        git(lab.store.artifacts, "commit", "-qam", "An edited manifest")
        with pytest.raises(Refused, match=r"can be redone: something else is at .*manifest\.json"):
            await trial.redo(accessory)
        async with readers(lab.settings) as looking:
            preview = await looking.read.rollback_preview(accessory.id, redo=True)
        assert preview.batch.state == "rolled_back"
        assert [o.artifact_id for o in preview.kept_files] == ["old"]
    manifest.write_bytes(stood)
    git(lab.store.artifacts, "commit", "-qam", "As it was")
    assert (await trial.redo(accessory)).state == "cleaned"
    assert {k for k, value in row(lab, "old").items() if value != with_it[k]} <= {"updated_at"}
    await assert_verified(lab)


@pytest.mark.sweep
async def test_recorded_path_that_an_accessory_has_taken_is_named_with_what_it_should_be(
    lab: Lab, commits: ArtifactCommits, trial: FolderTrial
) -> None:
    assert await trial.cycle() is not None
    await commit(commits, "old", None, ("old.png", b"another figure"))
    lies = row(lab, "old")["artifact_dir"]
    damaged = f"{lies}/accessories/old.png"  # as an earlier version left it
    lab.rows(
        "UPDATE artifacts SET metadata = jsonb_set(metadata, '{figure_path}', to_jsonb(%s::text))", damaged
    )
    report = await verify(lab.settings)
    assert report.broken == ("I1",)
    (told,) = report.invariants[0].broken
    assert "old: metadata.figure_path leads to" in told and told.endswith(f"set it to {lies}/old.png")
    lab.rows(
        "UPDATE artifacts SET metadata = jsonb_set(metadata, '{figure_path}', to_jsonb(%s::text))",
        f"{lies}/old.png",
    )
    await assert_verified(lab)


async def test_row_made_the_old_way_gets_its_folder_by_the_backfill_and_then_an_accessory(
    lab: Lab, commits: ArtifactCommits, trial: FolderTrial
) -> None:
    with pytest.raises(Refused, match="git has a file that its row names already"):
        await commit(commits, "old", ("old.png", OLD["figures/old.png"]))
    new, late = new_row(lab), new_row(lab, primary_filename="late.png")
    await commit(commits, new, ("new.png", b"new"))
    assert await trial.cycle() is not None
    assert trial.migrated() == {"old", new}, "what is registered with a file waits for its writer"
    await commit(commits, late, ("Late.PNG", b"late"))
    assert row(lab, late)["primary_filename"] == "late.png" and trial.words(late)[-1] == "success"
    done = await commit(commits, "old", None, ("old.csv", b"x,y"))
    assert (done.primary_filename, done.accessory_filenames) == ("old.png", ("old.csv",))
    await assert_verified(lab)


@pytest.mark.parametrize("name", ["old.png", "preview.png"])
@pytest.mark.sweep
async def test_accessory_takes_no_recorded_path_from_the_primary_file(
    lab: Lab, commits: ArtifactCommits, trial: FolderTrial, name: str
) -> None:
    assert await trial.cycle() is not None
    before = row(lab, "old")
    await commit(commits, "old", None, (name, b"another figure"))
    now = row(lab, "old")
    assert now["metadata"] == before["metadata"] and now["file_path"] == before["file_path"]
    assert now["primary_filename"] == "old.png" and now["accessory_filenames"] == [name]
    await assert_verified(lab)


async def test_artifact_that_is_migrated_again_keeps_the_accessories_it_was_given(
    lab: Lab, commits: ArtifactCommits, trial: FolderTrial
) -> None:
    assert await trial.cycle() is not None
    await commit(commits, "old", None, ("old.csv", b"x"), ("old.png", b"a namesake"))
    before = row(lab, "old")
    lab.rows("UPDATE artifacts SET migrated_to_folder_at = NULL WHERE id = 'old'")
    assert await trial.cycle() is not None
    now = row(lab, "old")
    assert {k for k in now if now[k] != before[k]} <= {"migrated_to_folder_at", "updated_at"}
    await assert_verified(lab)


@pytest.mark.sweep
async def test_pointer_moves_once_for_a_batch_that_several_writers_publish(
    lab: Lab, commits: ArtifactCommits
) -> None:
    async with artifact_commits(lab.settings, name="second") as other:
        artifact = new_row(lab)
        await commit(commits, artifact, ("plot.png", b"plot"))
        each = [
            commit(by, artifact, None, (f"{n}.csv", b"%d" % n)) for n in range(3) for by in (commits, other)
        ]
        await asyncio.gather(*each)
    await assert_verified(lab)


@pytest.mark.sweep
async def test_row_that_goes_or_changes_under_a_commit_keeps_what_somebody_made_of_it(
    lab: Lab, commits: ArtifactCommits
) -> None:
    gone, edited = new_row(lab), new_row(lab)
    number = await _place_of(lab, commits, "batch: synced")
    with (
        at_place(number, lambda: lab.rows("DELETE FROM artifacts WHERE id = %s", gone)) as place,
        pytest.raises(Refused, match="no such artifact"),
    ):
        await commit(commits, gone, ("a.png", b"a"))
    assert place.hit
    edit = "UPDATE artifacts SET title = 'theirs' WHERE id = %s"
    with at_place(number, lambda: lab.rows(edit, edited)):
        done = await commit(commits, edited, ("b.png", b"b"))
    assert row(lab, edited)["title"] == "theirs"
    manifest = (lab.store.artifacts / done.artifact_id / "manifest.json").read_text()
    assert '"title": "theirs"' in manifest
    assert lab.rows(
        "SELECT state FROM scidex_console.operation WHERE artifact_id = %s ORDER BY id", edited
    ) == [
        {"state": "conflict"},
        {"state": "done"},
    ]
    await assert_verified(lab)


async def _place_of(lab: Lab, commits: ArtifactCommits, name: str) -> int:
    """How many numbered places a new artifact's commit passes until the one of that name."""
    await commit(commits, new_row(lab), ("first.png", b"first"))  # it also clears up, which later ones do not
    with pytest.MonkeyPatch.context() as patch:
        log = lab.folder / "places"
        patch.setenv("SCIDEX_CONSOLE_KILL_LOG", str(log))
        patch.setattr(killpoints, "_reached", 0)
        await commit(commits, new_row(lab), ("probe.png", b"probe"))
    numbered = [line.split(" ", 1) for line in log.read_text().splitlines()]
    return next(int(number) for number, place in numbered if place == name)


@pytest.mark.sweep
async def test_epoch_that_moves_under_a_commit_makes_the_writer_look_again(
    lab: Lab, commits: ArtifactCommits
) -> None:
    number = await _place_of(lab, commits, "batch: journalled")
    repository = open_repository(lab.settings, SystemClock())

    def in_the_database() -> None:
        lab.rows("UPDATE scidex_console.engine SET epoch = epoch + 1")

    def in_both() -> None:
        in_the_database()
        repository.raise_epoch(lab.rows("SELECT epoch FROM scidex_console.engine")[0]["epoch"])

    for take_over in (in_the_database, in_both):
        with at_place(number, take_over) as place:
            done = await commit(commits, new_row(lab), ("a.png", b"a"))
        assert place.hit and done.primary_filename == "a.png"
    states = lab.rows("SELECT state FROM scidex_console.batch ORDER BY id")
    assert [each["state"] for each in states] == [*["cleaned"] * 3, "empty", "cleaned"]
    await assert_verified(lab)


async def test_function_of_somebody_elses_commits_here_too(lab: Lab) -> None:
    repository = lab.settings.repository.model_copy(
        update={"commit_artifact": "tests.adapters.git.test_commit_artifact:add_and_commit"}
    )
    settings = lab.settings.model_copy(update={"repository": repository})
    artifact = new_row(lab)
    async with artifact_commits(settings, name="theirs") as commits:
        await commit(commits, artifact, ("plot.png", b"plot"))
        await commit(commits, artifact, None, ("data.csv", b"1,2"))
    assert lab.git("log", "-1", "--format=%an").strip() != "scidex-console"
    await assert_verified(lab)


async def test_failure_that_the_database_cannot_be_told_is_told_later(
    lab: Lab, commits: ArtifactCommits
) -> None:
    class Away:
        async def record(self, kind: str, reason: str, at: datetime) -> None:
            raise Unreachable("gone")

    shelf = Shelf(open_files(lab.settings, SystemClock()).shelf)
    await WriterFailures(Away(), shelf, SystemClock()).tell("Unreachable", "x: the database went away")
    assert lab.rows("SELECT 1 FROM scidex_console.commit_failure") == []
    await commit(commits, new_row(lab), ("a.png", b"a"))
    (failure,) = lab.rows("SELECT kind, reason FROM scidex_console.commit_failure")
    assert failure == {"kind": "Unreachable", "reason": "x: the database went away"}
    assert list(shelf.take()) == []
    await assert_verified(lab)


@pytest.mark.sweep
async def test_connections_that_end_in_the_middle_are_made_anew_while_the_flock_holds(
    lab: Lab, commits: ArtifactCommits
) -> None:
    number = await _place_of(lab, commits, "batch: committed")
    repository = open_repository(lab.settings, SystemClock(), writer_wait=0.0)

    def end_them() -> None:
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
        assert len(lab.rows(ended, "scidex-console writer trial")) >= 2
        with pytest.raises(LockBusy, match="trial"), repository.writer_lock("another"):
            pass

    with at_place(number, end_them) as place:
        done = await commit(commits, new_row(lab), ("a.png", b"a"))
    assert place.hit and done.added == ("a.png",)
    await assert_verified(lab)


async def test_artifact_that_somebody_has_locked_is_waited_for_and_then_told(
    lab: Lab, commits: ArtifactCommits
) -> None:
    artifact = new_row(lab)
    with psycopg.connect(lab.store.database_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('artifact_folder_migration:' || %s))", [artifact])
        with pytest.raises(LockBusy, match="another batch has the artifact"):
            await commit(commits, artifact, ("a.png", b"a"))
    await commit(commits, artifact, ("a.png", b"a"))
    await assert_verified(lab)


@pytest.mark.sweep
async def test_large_files_become_pointers_where_the_attributes_say_so(lab: Lab, trial: FolderTrial) -> None:
    (lab.store.artifacts / ".gitattributes").write_text(
        "*.h5 filter=lfs diff=lfs merge=lfs -text\n*.csv eol=crlf\n"
    )
    lab.git("add", ".gitattributes")
    lab.git("commit", "-qm", "keep large files elsewhere")
    artifact, content = new_row(lab, "dataset"), b"large" * 1000
    async with artifact_commits(lab.settings, name="trial") as commits:
        done = await commit(commits, artifact, ("cells.h5", content))
        with pytest.raises(Refused, match="eol=crlf"):
            await commit(commits, artifact, None, ("rows.csv", b"1,2"))
    path = f"{done.artifact_id}/cells.h5"
    assert lab.git("cat-file", "blob", f"HEAD:{path}").startswith("version https://git-lfs")
    assert (lab.store.artifacts / path).read_bytes() == content
    sha256 = done.files[0].sha256
    (kept,) = (lab.store.outer / ".git").rglob(f"lfs/objects/{sha256[:2]}/{sha256[2:4]}/{sha256}")
    assert kept.read_bytes() == content
    await assert_verified(lab)
    batch = await trial.held.journal().load(done.batch or 0)
    assert batch is not None
    await trial.redo(await trial.roll_back(batch))
    assert (lab.store.artifacts / path).read_bytes() == content
    await assert_verified(lab)

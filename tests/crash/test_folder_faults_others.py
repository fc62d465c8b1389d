"""Others work on the same rows, checkout and remote as folders are migrated: theirs stands, ours goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest

from scidex_console.domain.intents import IntentState
from scidex_console.wiring.held_store import HeldStore
from tests.crash.at_places import at_place
from tests.crash.folder_stores import PHASES, Migration, migration
from tests.crash.processes import engine_process
from tests.engine.bench import until_true
from tests.engine.folders.conftest import FOLDERS
from tests.engine.folders.tiny import git
from tests.samples import sample

STRIDE = int(os.environ.get("SCIDEX_CUT_STRIDE", "24"))
"""Of the places of a batch the sweeps take one in so many; with 1 they take every one."""
Act = Callable[[], object]


@pytest.fixture
async def three(tmp_path: Path, scidex_database: str) -> AsyncIterator[Migration]:
    """Three groups of three artifacts."""
    async with migration(tmp_path, scidex_database, 3) as made:
        yield made


def index_lock(folders: Migration) -> Path:
    return Path(folders.lab.git("rev-parse", "--path-format=absolute", "--git-path", "index.lock").strip())


def waits_on(folders: Migration) -> str:
    return "; ".join(row["waits_on"] for row in folders.rows("SELECT waits_on FROM scidex_console.run"))


# --- locks ------------------------------------------------------------------------------------------------


async def test_index_lock_of_another_is_waited_for_in_a_cycle_and_in_its_rollback(three: Migration) -> None:
    lock = index_lock(three)
    async with three.bench.engine(jobs=FOLDERS):
        lock.write_bytes(b"")
        ordered = await three.order("forward")
        await until_true(lambda: "index.lock" in waits_on(three), "the run says what it waits for")
        assert not waits_on(three).startswith("/"), "what is wrong, then where"
        assert lock.read_bytes() == b"" and three.migrated() == set()
        lock.unlink()
        await three.done(ordered)
        assert len(three.migrated()) == 3

        lock.write_bytes(b"")
        ordered = await three.order("back")

        def intent_says_so() -> bool:
            rows = three.rows("SELECT waits_on FROM scidex_console.intent WHERE id = %s", ordered.id)
            return "index.lock" in rows[0]["waits_on"]

        await until_true(intent_says_so, "the rollback says what it waits for")
        assert lock.read_bytes() == b"" and len(three.migrated()) == 3
        lock.unlink()
        await three.done(ordered)
        assert three.migrated() == set()
    await three.assert_sound(verified=True)


@pytest.mark.sweep
async def test_rows_that_others_hold_locked_are_left_out_and_migrated_later(
    tmp_path: Path, scidex_database: str
) -> None:
    """One row by `SELECT ... FOR UPDATE`, another artifact by the specification's advisory lock."""
    async with migration(tmp_path, scidex_database, 2, cycle=6) as folders:
        async with folders.bench.engine(jobs=FOLDERS):
            with psycopg.connect(folders.lab.store.database_url) as other:
                other.execute("SELECT FROM artifacts WHERE id = 'a000' FOR UPDATE")
                other.execute("SELECT pg_advisory_xact_lock(hashtext('artifact_folder_migration:c001'))")
                await folders.do("forward")
                # b000's folder leads to a000, whose row cannot be given its UUID now.
                assert folders.migrated() == {"c000", "a001", "b001"}
            folders.rows("UPDATE scidex_console.folder SET due_at = now()")
            await folders.to_the_end()
        assert len(folders.migrated()) == 6
        await folders.assert_sound(verified=True)


@pytest.mark.sweep
async def test_a_row_that_is_locked_during_a_rollback_keeps_its_folder(three: Migration) -> None:
    async with three.bench.engine(jobs=FOLDERS):
        await three.do("forward")
        with psycopg.connect(three.lab.store.database_url) as other:
            other.execute("SELECT FROM artifacts WHERE id = 'b000' FOR UPDATE")
            settled = await three.bench.settled(await three.order("back"))
            assert settled.state is IntentState.DONE and "1 kept" in settled.outcome, settled.outcome
        assert three.migrated() == {"b000"}
        await three.assert_sound()
        await three.do("again")
        assert len(three.migrated()) == 3
    await three.assert_sound(verified=True)


@pytest.mark.sweep
async def test_a_second_engine_says_who_holds_the_store_and_ends(three: Migration) -> None:
    async with engine_process(three.lab, "--jobs", "folders") as first:
        await first.holds_the_store()
        async with engine_process(three.lab, "--jobs", "folders") as second:
            assert await second.ended() == 1
            assert len(second.lines) == 1 and f"held by {first.pid}@" in second.lines[0], second.lines
        await three.to_the_end()
    assert len(three.migrated()) == 9
    await three.assert_sound(verified=True)


# --- others' work at any moment ----------------------------------------------------------------------------


def edit_a_row(folders: Migration) -> None:
    """Somebody gives another title to a row of the batch at work, or to the next one."""
    open_rows = folders.rows(
        "SELECT artifact_id AS id FROM scidex_console.operation AS o JOIN scidex_console.batch AS b"
        " ON b.id = o.batch_id WHERE b.state IN ('prepared', 'done', 'rolling_back')"
    ) or folders.rows(
        "SELECT id FROM artifacts WHERE migrated_to_folder_at IS NULL ORDER BY created_at DESC LIMIT 1"
    )
    folders.rows("UPDATE artifacts SET title = 'theirs' WHERE id = %s", open_rows[0]["id"])


def commit_a_file(folders: Migration) -> None:
    """Somebody commits a file, unless git says that it is locked."""
    checkout, number = folders.checkout, len(list(folders.checkout.glob("notes-*.md")))
    note = checkout / f"notes-{number}.md"
    note.write_text("theirs")
    try:
        git(checkout, "add", note.name)
        git(checkout, "commit", "-q", "-m", "theirs", "--", note.name)
    except subprocess.CalledProcessError as refused:
        assert "index.lock" in refused.stderr, refused.stderr
        note.unlink()
        subprocess.run(["git", "-C", checkout, "rm", "-q", "--cached", "--ignore-unmatch", note.name])


def follow_in_the_outer_repository(folders: Migration) -> None:
    """What somebody committed after the pointer was moved waits for the next batch, or for a person."""
    if folders.lab.git("status", "--porcelain", outer=True):
        folders.lab.git("commit", "-q", "-a", "-m", "follow", outer=True)


ACTS: dict[str, Callable[[Migration], object]] = {"edit": edit_a_row, "commit": commit_a_file}


async def _meanwhile(folders: Migration, phase: str, number: int, act: str) -> bool:
    """Somebody acts at one place of a phase; False when it has no such place."""
    await folders.lead_to(phase)
    with at_place(number, lambda: ACTS[act](folders)) as place:
        await folders.do(phase)
    follow_in_the_outer_repository(folders)
    await folders.assert_sound()
    return place.hit


@pytest.mark.parametrize(
    ("act", "phase", "number"),
    sample(("edit", "back", 8), ("commit", "forward", 20), ("commit", "back", 12), quick=2),
)
async def test_what_others_do_in_the_middle_of_a_batch_stands(
    three: Migration, act: str, phase: str, number: int
) -> None:
    async with three.bench.engine(jobs=FOLDERS):
        assert await _meanwhile(three, phase, number, act)
    _assert_theirs_stands(three, act)


@pytest.mark.sweep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("act", ACTS)
async def test_what_others_do_between_any_two_steps_of_a_batch_stands(
    tmp_path: Path, scidex_database: str, act: str, phase: str
) -> None:
    async with migration(tmp_path, scidex_database, 80) as folders:
        number = PHASES.index(phase) + 1
        async with folders.bench.engine(jobs=FOLDERS):
            while await _meanwhile(folders, phase, number, act):
                number += STRIDE
        assert number > 30
        _assert_theirs_stands(folders, act)


def _assert_theirs_stands(folders: Migration, act: str) -> None:
    if act == "edit":
        assert folders.rows("SELECT id FROM artifacts WHERE title = 'theirs'")
    else:
        notes = {path.name for path in folders.checkout.glob("notes-*.md")}
        tracked = {path for path in folders.lab.git("ls-files").split() if path.startswith("notes-")}
        assert notes and notes == tracked


# --- the remote -------------------------------------------------------------------------------------------


@pytest.fixture
async def pushing(tmp_path: Path, scidex_database: str) -> AsyncIterator[Migration]:
    """Three groups, and a bare remote that the artifact checkout is pushed to."""
    async with migration(tmp_path, scidex_database, 3, push=True) as made:
        remote = tmp_path / "remote.git"
        made.lab.git("clone", "-q", "--bare", str(made.checkout), str(remote))
        made.lab.git("remote", "set-url", "origin", str(remote))
        git(tmp_path, "clone", "-q", str(remote), "elsewhere")
        yield made


def push_from_elsewhere(folders: Migration, name: str) -> str:
    """Somebody pushes a commit of theirs from another clone; the commit."""
    elsewhere = folders.lab.folder / "elsewhere"
    git(elsewhere, "pull", "-q")
    (elsewhere / name).write_text("theirs")
    git(elsewhere, "add", name)
    git(elsewhere, "commit", "-q", "-m", name)
    git(elsewhere, "push", "-q")
    return git(elsewhere, "rev-parse", "HEAD").strip()


def pushed(folders: Migration) -> str:
    """The newest commit of the remote."""
    return folders.lab.git("ls-remote", "origin", "refs/heads/main").split()[0]


@pytest.mark.sweep
async def test_commits_pushed_by_others_before_a_cycle_are_taken_over(pushing: Migration) -> None:
    async with pushing.bench.engine(jobs=FOLDERS):
        await pushing.do("forward")
        assert pushed(pushing) == pushing.lab.git("rev-parse", "HEAD").strip()
        theirs = push_from_elsewhere(pushing, "new.csv")
        await pushing.do("forward")
        pushing.lab.git("merge-base", "--is-ancestor", theirs, "HEAD")
        assert (pushing.checkout / "new.csv").read_text() == "theirs"
        assert pushed(pushing) == pushing.lab.git("rev-parse", "HEAD").strip()
    await pushing.assert_sound(verified=True)


@pytest.mark.sweep
async def test_a_push_refused_because_others_were_quicker_is_told_and_left_to_a_person(
    pushing: Migration,
) -> None:
    def seal(held: HeldStore) -> HeldStore:
        """Somebody is quicker, once, between our commit and our push."""
        repository = held.files.repository
        push = repository.push

        def late() -> str:
            repository.push = push  # type: ignore[method-assign]
            push_from_elsewhere(pushing, "quicker.csv")
            return push()

        repository.push = late  # type: ignore[method-assign]
        return held

    async with pushing.bench.engine(jobs=FOLDERS, seal=seal):
        await pushing.do("forward")
        theirs = pushed(pushing)
        (batch,) = pushing.bench.batches()
        assert batch["state"] == "cleaned" and "push" in batch["push_state"], batch["push_state"]
        await until_true(lambda: "not published: " in pushing.bench.note(), "the engine says so")
        await pushing.do("forward")  # the work goes on, on what is there
        assert len(pushing.migrated()) == 6 and not (pushing.checkout / "quicker.csv").exists()
        assert "have parted" in pushing.bench.note()
        assert pushed(pushing) == theirs, "nothing is forced"
        # A person merges, and the next cycle publishes all three.
        git(pushing.checkout, "pull", "-q", "--no-rebase", "--no-edit")
        await pushing.do("forward")
        assert pushed(pushing) == pushing.lab.git("rev-parse", "HEAD").strip()
        assert {batch["push_state"] for batch in pushing.bench.batches()} == {"pushed"}
        await until_true(lambda: "published" not in pushing.bench.note(), "and no more")
    assert len(pushing.migrated()) == 9
    await pushing.assert_sound(verified=True)

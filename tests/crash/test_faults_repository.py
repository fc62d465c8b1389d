"""Somebody else is at work in the repository: they are waited for, or the run halts and says why."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scidex_console.adapters.git.locks import FileLock
from scidex_console.domain.intents import IntentState
from scidex_console.domain.runs import RunState
from scidex_console.wiring.held_store import HeldStore
from tests.crash.checks import assert_sound
from tests.engine.bench import Bench, addresses, bench, until_true
from tests.samples import sample

HOSTS = (("a.example.org", 8), ("b.example.org", 8))


@pytest.fixture
async def lost(tmp_path: Path, scidex_database: str) -> AsyncIterator[Bench]:
    """A dozen lost figures."""
    async with bench(tmp_path, scidex_database, addresses(*HOSTS)) as made:
        yield made


def assert_all_stored_once(bench: Bench) -> None:
    assert bench.tally() == {"stored": len(bench.lab.store.lost)}
    assert set(bench.asked_urls().values()) == {1}
    assert_sound(bench.lab)


def impatient(held: HeldStore) -> HeldStore:
    """Waits for another writer a moment only, where an engine waits ten seconds."""
    held.files.repository._writer_wait = 0.2
    return held


def git_path(bench: Bench, name: str) -> Path:
    return bench.lab.store.artifacts / bench.lab.git("rev-parse", "--git-path", name).strip()


async def test_index_lock_of_another_is_waited_for_told_and_never_removed(lost: Bench) -> None:
    lock = git_path(lost, "index.lock")
    async with lost.engine():
        lock.write_bytes(b"")
        await lost.ask("start")
        await until_true(lambda: "index.lock" in lost.run_row()["waits_on"], "the run says what it waits for")
        assert "index.lock" in lost.note() or "tried again" in lost.run_row()["waits_on"]
        assert lost.run_state() is RunState.RUNNING
        pause = await lost.submit("pause")
        await until_true(lambda: lost.run_state() is RunState.PAUSING, "the run is pausing")

        def intent_says_so() -> bool:
            rows = lost.lab.rows("SELECT waits_on FROM scidex_console.intent WHERE id = %s", pause.id)
            return "index.lock" in rows[0]["waits_on"]

        await until_true(intent_says_so, "the pause says what it waits for")
        assert lock.read_bytes() == b"" and not lost.tally()["stored"]
        lock.unlink()
        assert (await lost.settled(pause)).outcome == "run 1 is paused"
        assert set(lost.tally()) <= {"stored", "due"}
        await lost.ask("resume")
        assert await lost.at_rest() is RunState.DONE
    assert_all_stored_once(lost)


@pytest.mark.sweep
async def test_another_writer_of_the_repository_is_waited_for(lost: Bench) -> None:
    writer = FileLock(git_path(lost, "scidex-console") / "writer.lock")
    async with lost.engine(seal=impatient):
        await lost.ask("step", count=1)
        assert writer.take("somebody@else since today", wait=5.0)
        held = await lost.submit("resume")
        await lost.settled(held)
        await until_true(lambda: "somebody@else" in lost.run_row()["waits_on"], "it says whom it waits for")
        writer.release()
        assert await lost.at_rest() is RunState.DONE
    assert_all_stored_once(lost)


@pytest.mark.parametrize("trouble", sample("merge", "other branch", "detached"))
@pytest.mark.sweep
async def test_repository_not_ours_to_write_halts_the_run_until_it_is_mended_and_resumed(
    lost: Bench, trouble: str
) -> None:
    branch = lost.lab.store.branch
    begin = {
        "detached": ("checkout", "-q", "--detach"),
        "other branch": ("checkout", "-q", "-b", "elsewhere"),
        "merge": ("merge", "-q", "--no-commit", "--no-ff", "side"),
    }
    said = {
        "detached": "HEAD is detached",
        "other branch": "is on branch elsewhere",
        "merge": "a merge is in progress",
    }
    mend = {"merge": ("merge", "--abort")}.get(trouble, ("checkout", "-q", branch))
    lost.lab.git("checkout", "-q", "-b", "side")
    lost.lab.git("commit", "-q", "--allow-empty", "-m", "somebody's")
    lost.lab.git("checkout", "-q", branch)
    async with lost.engine():
        await lost.ask("step", count=2)
        tip = lost.lab.git("rev-parse", branch)
        lost.lab.git(*begin[trouble])
        before = lost.artifacts()
        await lost.ask("resume")
        assert await lost.at_rest() is RunState.HALTED
        assert said[trouble] in lost.run_row()["halt_reason"]
        await until_true(lambda: lost.note().startswith("HALT: "), "the engine says so")
        refused = await lost.ask("resume")
        assert refused.state is IntentState.REFUSED and said[trouble] in refused.outcome
        assert lost.run_state() is RunState.HALTED
        assert lost.lab.git("rev-parse", branch) == tip and lost.artifacts() == before, "nothing is written"
        asked = len(lost.asked())
        lost.lab.git(*mend)
        assert (await lost.ask("resume")).outcome == "run 1 goes on"
        assert await lost.at_rest() is RunState.DONE
        assert len(lost.asked()) > asked
        await until_true(lambda: "HALT" not in lost.note(), "and no more")
    assert_all_stored_once(lost)


@pytest.mark.sweep
async def test_engine_that_cannot_recover_stays_halts_its_run_and_goes_on_when_told(lost: Bench) -> None:
    async with lost.engine_until_it_ends() as (_, life):
        lost.hosts.let(8)
        await lost.ask("start")
        await until_true(lambda: lost.hosts.at_the_door >= 4, "requests under way")
        life.cancel()
    lost.hosts.let(None)
    lost.lab.git("checkout", "-q", "--detach")
    async with lost.engine():
        assert await lost.at_rest() is RunState.HALTED
        assert "HEAD is detached" in lost.run_row()["halt_reason"]
        await until_true(lambda: "not recovered: " in lost.note(), "the engine says so")
        lost.lab.git("checkout", "-q", lost.lab.store.branch)
        assert (await lost.ask("resume")).state is IntentState.DONE
        assert await lost.at_rest() is RunState.DONE
        await until_true(lambda: "recovered" not in lost.note(), "and no more")
    assert lost.tally() == {"stored": len(lost.lab.store.lost)}
    assert_sound(lost.lab)


@pytest.mark.sweep
async def test_engine_that_starts_while_git_is_locked_waits_and_beats(lost: Bench) -> None:
    start = await lost.submit("start")
    lock = git_path(lost, "index.lock")
    lock.write_bytes(b"")
    writer = FileLock(git_path(lost, "scidex-console") / "writer.lock")
    assert writer.take("somebody@else since today")
    async with lost.engine(seal=impatient):
        await until_true(lambda: "recovery waits: " in lost.note(), "the engine says what it waits for")
        assert "somebody@else" in lost.note()
        writer.release()
        assert (await lost.settled(start)).outcome == "run 1 started"
        lock.unlink()
        assert await lost.at_rest() is RunState.DONE
    assert_all_stored_once(lost)


@pytest.mark.sweep
async def test_commits_and_staged_changes_of_others_stay_through_a_run(lost: Bench) -> None:
    folder = lost.lab.store.artifacts
    (folder / "theirs.txt").write_text("staged\n")
    lost.lab.git("add", "theirs.txt")
    (folder / "notes.txt").write_text("not added\n")
    async with lost.engine():
        await lost.ask("step", count=6)
        lost.lab.git("commit", "-q", "--allow-empty", "-m", "a commit of theirs")
        foreign = lost.lab.git("rev-parse", "HEAD").strip()
        (folder / "more.txt").write_text("staged later\n")
        lost.lab.git("add", "more.txt")
        await lost.ask("resume")
        assert await lost.at_rest() is RunState.DONE
    assert lost.lab.git("diff", "--cached", "--name-only").split() == ["more.txt"]
    assert lost.lab.git("show", "--format=", "--name-only", foreign).split() == ["theirs.txt"]
    assert (folder / "notes.txt").read_text() == "not added\n"
    lost.lab.git("merge-base", "--is-ancestor", foreign, "HEAD")
    subprocess.run(["git", "-C", str(folder), "rm", "-q", "--cached", "more.txt"], check=True)
    lost.lab.git("rm", "-q", "theirs.txt")
    for name in ("more.txt", "notes.txt"):
        (folder / name).unlink()
    lost.lab.git("commit", "-q", "-m", "clear up")
    lost.lab.git("commit", "-q", "-a", "-m", "follow", outer=True)
    assert_all_stored_once(lost)

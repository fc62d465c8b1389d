"""Decisions about what no row claims while the disk is full, the index is locked, others commit and push."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from scidex_console.domain.errors import Halt
from scidex_console.domain.intents import SETTLED, Intent, IntentState
from scidex_console.domain.triage import Decision
from scidex_console.engine import engine
from scidex_console.settings import load_settings
from scidex_console.wiring import clean_up
from scidex_console.wiring.reading import readers
from tests.crash.at_places import at_place
from tests.crash.checks import assert_git_is_clean
from tests.crash.disks import fill
from tests.crash.test_kill_cleanup_at_every_step import FILES, assert_applied
from tests.engine.cleanup.attic import Attic, attic, broken, look, make
from tests.engine.folders.tiny import git
from tests.engine.triage.cases import number_of
from tests.labs import Lab
from tests.samples import sample

PAGE = 4096
MOST_PAGES = 48
PLENTY = 1000
STRIDE = int(os.environ.get("SCIDEX_DISK_STRIDE", "24"))
PLACES = int(os.environ.get("SCIDEX_CUT_STRIDE", "24"))
IN_GIT = (Decision.KEEP, Decision.DELETE)
"""Decisions that change git; adopting changes rows alone."""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be published is tried again at once, not every half minute."""
    monkeypatch.setattr(engine, "_PUBLISH_AGAIN_S", 0.2)


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    return await asyncio.to_thread(make, tmp_path, scidex_database)


async def order(at: Attic, decision: Decision, undoes: int | None) -> Intent:
    """A decision, or the undo of one, on the desk; not waited for."""
    if undoes is not None:
        triage = at.at_work.connected.triage
        return await triage.decide(await triage.preview_undo(undoes), reason="a mistake")
    preview = await at.preview(decision, *FILES[decision])
    return await at.at_work.connected.cleanup.decide(preview, reason="a trial", typed=preview.phrase)


async def stands_still(at: Attic, intent: Intent, word: str) -> Intent:
    """The intent once it is settled, or says that it waits for something of this name."""
    read = at.at_work.connected.read
    while (now := await read.intent(intent.id)) is None or now.state not in SETTLED:
        rows = at.lab.rows("SELECT waits_on FROM scidex_console.intent WHERE id = %s", intent.id)
        if now is not None and word in rows[0]["waits_on"]:
            return now
        await at.at_work.pause()
    return now


async def done(at: Attic, intent: Intent) -> int:
    """The number of the decision, once it is done."""
    settled = await at.settled(intent)
    assert settled.state is IntentState.DONE, settled.outcome
    return number_of(settled)


# --- the index's lock -------------------------------------------------------------------------------------


@asynccontextmanager
async def locked(lab: Lab) -> AsyncIterator[None]:
    """Another git has the index."""
    lock = Path(lab.git("rev-parse", "--path-format=absolute", "--git-path", "index.lock").strip())
    lock.write_bytes(b"")
    yield
    assert lock.read_bytes() == b"", "it is another's, and stays"
    lock.unlink()


@pytest.mark.parametrize("decision", sample(*IN_GIT))
@pytest.mark.sweep
async def test_index_lock_of_another_is_waited_for_by_a_decision_and_by_its_undo(
    lab: Lab, decision: Decision
) -> None:
    before = look(lab)
    async with attic(lab) as at:
        tip, undoes = lab.git("rev-parse", "HEAD"), None
        for _ in ("there", "back"):
            async with locked(lab):
                intent = await order(at, decision, undoes)
                waiting = await stands_still(at, intent, "index.lock")
                assert waiting.state not in SETTLED, waiting.outcome
                assert lab.git("rev-parse", "HEAD") == tip
            undoes = await done(at, intent)
            tip = lab.git("rev-parse", "HEAD")
            if look(lab) != before:
                assert_applied(lab, decision)
        assert look(lab) == before and await broken(lab) == []


# --- the disk ---------------------------------------------------------------------------------------------


async def without_room(at: Attic, disk: Path, leave: int, decision: Decision, undoes: int | None) -> int:
    """Decide with so much room left, and again with all of it if that was refused; the decision's number."""
    ballast, before = fill(disk, leave=leave), look(at.lab)
    intent = await order(at, decision, undoes)
    now = await stands_still(at, intent, "full")
    if ballast is not None:
        ballast.unlink()
    if now.state is IntentState.REFUSED:
        assert "full" in now.outcome or "o space left" in now.outcome, now.outcome
        assert look(at.lab) == before, "nothing has begun"
        intent = await order(at, decision, undoes)
    return await done(at, intent)


async def there_and_back_without_room(at: Attic, disk: Path, decision: Decision, leave: int) -> None:
    before = look(at.lab)
    number = await without_room(at, disk, leave, decision, None)
    assert_applied(at.lab, decision)
    await asyncio.to_thread(assert_git_is_clean, at.lab)
    await without_room(at, disk, leave, decision, number)
    assert look(at.lab) == before
    await asyncio.to_thread(assert_git_is_clean, at.lab)


@pytest.mark.parametrize(
    ("decision", "pages"), sample((Decision.KEEP, 6), (Decision.DELETE, 2), (Decision.KEEP, 0))
)
async def test_full_disk_holds_up_a_decision_and_its_undo_and_loses_nothing(
    disk: Path, scidex_database: str, decision: Decision, pages: int
) -> None:
    lab = await asyncio.to_thread(make, disk, scidex_database)
    async with attic(lab) as at:
        await there_and_back_without_room(at, disk, decision, pages * PAGE)
        assert await broken(lab) == []


@pytest.mark.sweep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("decision", list(FILES))
async def test_disk_that_fills_up_at_any_point_of_a_decision_loses_nothing(
    disk: Path, scidex_database: str, decision: Decision
) -> None:
    lab = await asyncio.to_thread(make, disk, scidex_database)
    async with attic(lab) as at:
        for pages in (*range(0, MOST_PAGES + 1, max(STRIDE // 6, 1)), PLENTY):
            await there_and_back_without_room(at, disk, decision, pages * PAGE)
        assert await broken(lab) == []


@pytest.mark.sweep
async def test_run_of_the_clean_up_on_a_full_disk_says_so_and_is_done_once_there_is_room(
    disk: Path, scidex_database: str
) -> None:
    lab = await asyncio.to_thread(make, disk, scidex_database)
    async with attic(lab) as at:
        await done(at, await at.decide(Decision.DELETE, "notes", "notebooks", "README.md"))
        await done(at, await at.decide(Decision.KEEP, "figures"))
    (lab.store.artifacts / "figures" / "left").mkdir(parents=True)
    ballast = fill(disk, leave=0)
    async with readers(lab.settings) as looking:
        plan = await looking.cleanup.plan()
    if ballast is not None:
        with pytest.raises(Halt, match="make room"):
            await clean_up(lab.settings, token=plan.token, reason="a trial", tell=lambda line: None)
        ballast.unlink()
    after = await clean_up(lab.settings, token=plan.token, reason="a trial", tell=lambda line: None)
    assert after.strays == () and after.vacuumed_at is not None
    assert await broken(lab) == []


# --- others' commits --------------------------------------------------------------------------------------


def commit_a_file(lab: Lab) -> None:
    """Somebody commits a file beside ours, unless git says that its index is locked."""
    note = lab.store.artifacts / f"theirs-{len(list(lab.store.artifacts.glob('theirs-*')))}.md"
    note.write_text("theirs")
    try:
        git(lab.store.artifacts, "add", note.name)
        git(lab.store.artifacts, "commit", "-q", "-m", "theirs", "--", note.name)
    except subprocess.CalledProcessError as refused:
        assert "index.lock" in refused.stderr, refused.stderr
        note.unlink()
        subprocess.run(
            ["git", "-C", lab.store.artifacts, "rm", "-q", "--cached", "--ignore-unmatch", note.name]
        )


def assert_theirs_stands(lab: Lab) -> None:
    notes = {path.name for path in lab.store.artifacts.glob("theirs-*")}
    assert notes == {path for path in lab.git("ls-files").split() if path.startswith("theirs-")}


async def there_and_back_meanwhile(at: Attic, decision: Decision, number: int) -> bool:
    """Somebody commits at one place of a decision and at one of its undo; whether either has such a place."""
    hit, undoes = False, None
    for _ in ("there", "back"):
        with at_place(number, lambda: commit_a_file(at.lab)) as place:
            undoes = await done(at, await order(at, decision, undoes))
        hit |= place.hit
        if at.lab.git("status", "--porcelain", outer=True):
            at.lab.git("commit", "-q", "-a", "-m", "follow", outer=True)
        await asyncio.to_thread(assert_git_is_clean, at.lab)
    assert_theirs_stands(at.lab)
    return hit


@pytest.mark.parametrize(("decision", "number"), sample((Decision.DELETE, 5), (Decision.KEEP, 9)))
@pytest.mark.sweep
async def test_commits_of_others_in_the_middle_of_a_decision_stand(
    lab: Lab, decision: Decision, number: int
) -> None:
    async with attic(lab) as at:
        assert await there_and_back_meanwhile(at, decision, number)
        assert await broken(lab) == []


@pytest.mark.sweep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("decision", IN_GIT)
async def test_commits_of_others_between_any_two_steps_of_a_decision_stand(
    lab: Lab, decision: Decision
) -> None:
    async with attic(lab) as at:
        number = 1
        while await there_and_back_meanwhile(at, decision, number):
            number += max(PLACES // 8, 1)
        assert number > 10
        assert await broken(lab) == []


@pytest.mark.sweep
async def test_commits_that_others_push_meanwhile_are_not_overwritten_and_published_after_a_merge(
    lab: Lab, tmp_path: Path
) -> None:
    remote, elsewhere = tmp_path / "remote.git", tmp_path / "elsewhere"
    lab.git("clone", "-q", "--bare", str(lab.store.artifacts), str(remote))
    lab.git("remote", "set-url", "origin", str(remote))
    git(tmp_path, "clone", "-q", str(remote), elsewhere.name)
    lab.config.write_text(lab.config.read_text().replace("push = false", "push = true"))
    pushing = replace(lab, settings=load_settings(lab.config, environ={}))

    def tip_of_the_remote() -> str:
        return lab.git("ls-remote", "origin", "refs/heads/main").split()[0]

    async with attic(pushing) as at:
        (elsewhere / "theirs.csv").write_text("theirs")
        git(elsewhere, "add", "theirs.csv")
        git(elsewhere, "commit", "-q", "-m", "theirs")
        git(elsewhere, "push", "-q")
        theirs = tip_of_the_remote()
        await done(at, await order(at, Decision.KEEP, None))
        assert_applied(lab, Decision.KEEP)
        (row,) = lab.rows("SELECT push_state FROM scidex_console.batch ORDER BY id DESC LIMIT 1")
        assert "push" in row["push_state"] and row["push_state"] != "pushed", row
        assert tip_of_the_remote() == theirs, "nothing is forced"
        # A person merges, and what is decided next publishes both.
        git(lab.store.artifacts, "pull", "-q", "--no-rebase", "--no-edit")
        await done(at, await order(at, Decision.DELETE, None))
        assert tip_of_the_remote() == lab.git("rev-parse", "HEAD").strip()
        states = lab.rows("SELECT push_state FROM scidex_console.batch WHERE decision_id IS NOT NULL")
        assert {row["push_state"] for row in states} == {"pushed"}
    assert (lab.store.artifacts / "theirs.csv").read_text() == "theirs"
    assert await broken(lab) == []

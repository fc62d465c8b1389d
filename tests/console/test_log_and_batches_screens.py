"""The migration log, an artifact whole, batches, and a batch whole with its ways back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scidex_console.console.screens.artifact import ArtifactScreen
from scidex_console.console.screens.batch_dialog import BatchDialog
from scidex_console.console.screens.batches import BatchesScreen, BatchScreen
from scidex_console.console.screens.migration_log import MigrationLogScreen
from scidex_console.console.screens.retry_dialog import RetryDialog
from scidex_console.domain.batches import BatchState
from scidex_console.domain.errors import Unreachable
from scidex_console.domain.jobs import JobName
from scidex_console.engine.batch_views import LaterBatch
from scidex_console.engine.listing_views import BatchFilter, LogFilter
from scidex_console.engine.ports import AttemptFilter
from tests.console.driving import (
    Driver,
    news,
    notice,
    press,
    running,
    screen_text,
    text_of,
    type_ahead,
    until,
)
from tests.console.fakes import BATCH, ERRORS, FOLDERS_GAP, World, a_gap, a_rollback, a_run, an_overview

LATER = an_overview(gaps=(a_gap(a_run()), replace(FOLDERS_GAP, error=2)))


async def log(pilot: Driver) -> MigrationLogScreen:
    await press(pilot, "4")
    screen = pilot.app.screen
    assert isinstance(screen, MigrationLogScreen)
    await until(pilot, lambda: screen.table.current is not None)
    return screen


async def batches(pilot: Driver) -> BatchesScreen:
    await press(pilot, "5")
    screen = pilot.app.screen
    assert isinstance(screen, BatchesScreen)
    await until(pilot, lambda: screen.table.current is not None)
    return screen


async def test_the_error_stands_in_the_row() -> None:
    async with running(World()) as pilot:
        await log(pilot)
        rows = text_of(pilot, "#rows").splitlines()
        assert "failed" in rows[1] and "hash mismatch: " in rows[1]


async def test_the_error_has_the_most_room_at_the_least_size_too() -> None:
    async with running(World(), (60, 16)) as pilot:
        await log(pilot)
        [_, first, second, *_] = text_of(pilot, "#rows").splitlines()
        assert "03:11:43" in first and "failed" in first and "hash mismatch: e" in first
        assert "notebook-12" in second and "file is missing o" in second


async def test_the_log_is_filtered_by_status_artifact_and_text() -> None:
    world = World()
    async with running(world) as pilot:
        await log(pilot)
        type_ahead(pilot, "/", "status:failed,mismatch id:notebook-12 git said no", "enter")
        expected = LogFilter(("failed", "hash_mismatch"), False, "notebook-12", "git said no")
        await until(pilot, lambda: world.read.log_filters[-1] == expected)
        await press(pilot, "/", "ctrl+u")
        type_ahead(pilot, "status:failed,", "enter")
        await until(pilot, lambda: "a status is missing" in screen_text(pilot))


async def test_e_shows_the_problems_alone_and_all_again() -> None:
    world = World()
    async with running(world) as pilot:
        await log(pilot)
        await press(pilot, "e")
        await until(pilot, lambda: world.read.log_filters[-1] == LogFilter(problems=True))
        assert "/ status:problems" in screen_text(pilot)
        await press(pilot, "e")
        await until(pilot, lambda: world.read.log_filters[-1] == LogFilter())


async def test_the_state_of_each_job_stands_on_every_screen() -> None:
    async with running(World()) as pilot:
        await log(pilot)
        assert "figures RUNNING" in text_of(pilot, "#status") and "no run" in text_of(pilot, "#status")


async def test_enter_tells_all_about_an_artifact() -> None:
    world = World(LATER)
    async with running(world, (120, 40)) as pilot:
        screen = await log(pilot)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ArtifactScreen)
        await until(pilot, lambda: "Migration log" in screen_text(pilot))
        told = screen_text(pilot)
        for words in (
            "hash mismatch",
            "metadata changed meanwhile",
            "accept by bob",
            "checked by eye [applied]",
            "batch:apply by bob",
            "batch 12: lunch",
            "analyses/9f3a.json",
            "derived_from",
            "Lung cells \\u202e reversed",
            "4f1c2d9aa0",
        ):
            assert words in told
        await press(pilot, "r")
        dialog = pilot.app.screen
        assert isinstance(dialog, RetryDialog)
        assert (dialog.job, dialog.criteria) == (
            JobName.FOLDERS,
            AttemptFilter(artifact_ids=(ERRORS[0].artifact_id,)),
        )
        await press(pilot, "escape", "escape")
        assert pilot.app.screen is screen


async def test_links_that_were_not_read_in_time_are_said_to_be_missing() -> None:
    world = World(LATER)
    world.read.artifact_changes = {"links": (), "links_unread": "not read in time (500 ms)"}
    async with running(world, (120, 40)) as pilot:
        await log(pilot)
        await press(pilot, "enter")
        await until(pilot, lambda: "not read in time (500 ms)" in screen_text(pilot))


async def test_a_page_that_is_longer_than_the_screen_scrolls() -> None:
    async with running(World()) as pilot:
        await log(pilot)
        await press(pilot, "enter")
        await until(pilot, lambda: "more" in text_of(pilot, "#page").partition("\n")[0])
        await press(pilot, "end")
        await until(pilot, lambda: "↑ end" in text_of(pilot, "#page").partition("\n")[0])
        assert "404 confirmed" in text_of(pilot, "#page")


async def test_batches_come_newest_first_with_state_and_commit() -> None:
    world = World()
    world.read.rows += tuple(replace(BATCH, id=number) for number in range(10, -20, -1))
    async with running(world) as pilot:
        await batches(pilot)
        rows = text_of(pilot, "#rows").splitlines()
        assert rows[0].startswith("Batches 32 ")  # the place of the cursor goes first, where room is short
        assert rows[1].startswith("12") and "done" in rows[1] and "4f1c2d9a" in rows[1]
        assert rows[2].startswith("11") and "taken back" in rows[2]


async def test_the_help_calls_a_rollback_what_it_is_on_any_row() -> None:
    async with running(World()) as pilot:
        await batches(pilot)
        await press(pilot, "?", "down", "down")
        assert "b     Roll back a batch" in screen_text(pilot)
        await until(pilot, lambda: "$ scidex-console rollback figures --batch 12" in screen_text(pilot))


async def test_batches_are_filtered() -> None:
    world = World()
    async with running(world) as pilot:
        await batches(pilot)
        type_ahead(pilot, "/", "job:folders state:taken-back id:a1 4f1c", "enter")
        expected = BatchFilter(JobName.FOLDERS, (BatchState.ROLLED_BACK.value,), "a1", "4f1c")
        await until(pilot, lambda: world.read.batch_filters[-1] == expected)
        await press(pilot, "/", "ctrl+u")
        type_ahead(pilot, "state:gone", "enter")
        await until(pilot, lambda: "gone is none of" in screen_text(pilot))


async def test_enter_shows_a_batch_with_every_row_before_and_after() -> None:
    async with running(World(), (120, 40)) as pilot:
        await batches(pilot)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, BatchScreen)
        await until(pilot, lambda: "Rows and files" in screen_text(pilot))
        told = screen_text(pilot)
        for words in (
            "file_path = null",
            "file_path = figures/paper_figure-0001.jpg",
            "file_sha256 = absent",
            "conflict",
            "changed by another",
            "stand on this one: batch 14 (3 rows)",
        ):
            assert words in told


@pytest.mark.parametrize(("moves", "key", "batch"), [(["down", "down"], "b", 10), (["down"], "B", 11)])
async def test_an_earlier_batch_is_taken_back_or_brought_on_again(
    moves: list[str], key: str, batch: int
) -> None:
    world = World()
    world.read.rows = (*world.read.rows, replace(BATCH, id=10))
    world.read.rollback = replace(a_rollback(), later=(LaterBatch(12, 2),))
    async with running(world, (120, 40)) as pilot:
        await batches(pilot)
        await press(pilot, *moves, key)
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchDialog))
        dialog = pilot.app.screen
        assert isinstance(dialog, BatchDialog)
        assert dialog.preview.batch.id == batch
        assert ("batch 12 stands on this one" in screen_text(pilot)) == (key == "b")
        type_ahead(pilot, str(batch), "tab", "it was wrong", "enter", "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        name, job, params, _ = world.desk.submitted[0]
        assert (name, job, params["batch"]) == ("rollback" if key == "b" else "redo", JobName.FIGURES, batch)


async def test_a_batch_in_another_state_says_so() -> None:
    world = World()
    world.read.rows = (*world.read.rows, replace(BATCH, id=10, state=BatchState.ROLLING_BACK))
    async with running(world) as pilot:
        await batches(pilot)
        await press(pilot, "B")
        assert notice(pilot).startswith("» B redo: batch 12 is done: only one that was taken back")
        await press(pilot, "down", "b")
        assert notice(pilot) == "» b roll back: batch 11 is taken back"
        await press(pilot, "down", "b")
        assert notice(pilot) == "» b roll back: batch 10 is being taken back"
        assert "the engine goes on with it" in screen_text(pilot) or "being taken back" in screen_text(pilot)


@pytest.mark.parametrize(("key", "intent"), [("b", "rollback"), ("B", "redo")])
async def test_a_partly_taken_back_batch_goes_either_way(key: str, intent: str) -> None:
    world = World()
    partly = replace(BATCH, state=BatchState.PARTLY_ROLLED_BACK, kept=2)
    world.read.rows = (partly,)
    world.read.rollback = replace(a_rollback(redo=key == "B"), batch=partly)
    async with running(world, (120, 40)) as pilot:
        await batches(pilot)
        assert "partly taken back" in text_of(pilot, "#rows")
        await press(pilot, key)
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchDialog))
        assert ("an earlier rollback kept 2 rows" in screen_text(pilot)) == (key == "b")
        type_ahead(pilot, "12", "tab", "the rest", "enter", "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted[0][0] == intent


async def test_the_list_of_batches_names_who_had_each_committed() -> None:
    world = World()
    world.read.rows = [
        replace(BATCH, id=14, writer="token ci"),
        replace(BATCH, id=13, writer="notebook runner"),
        BATCH,
    ]
    async with running(world, (120, 30)) as pilot:
        await press(pilot, "5")
        await until(pilot, lambda: "token ci" in text_of(pilot, "#rows"))
        rows = text_of(pilot, "#rows").splitlines()
        assert "notebook" in rows[2] and " engine " in rows[3]


async def test_a_screen_come_back_to_while_the_database_is_lost_tells_the_age_of_its_own_rows() -> None:
    world = World()
    async with running(world) as pilot:
        await batches(pilot)
        await press(pilot, "7")
        world.time.passes(200)
        await news(pilot, world, an_overview(last_batch=None))
        world.read.fails = Unreachable("connection refused", where="database scidex")
        world.time.passes(34)
        world.feed.tell("run")
        await until(pilot, lambda: "what is shown is 34s old" in text_of(pilot, "#status"))
        await press(pilot, "5")
        await until(pilot, lambda: "what is shown is 3m54s old" in text_of(pilot, "#status"))
        await press(pilot, "b")
        assert "what is shown is 3m54s old" in notice(pilot)
        await press(pilot, "1")
        await until(pilot, lambda: "what is shown is 3m54s old" in text_of(pilot, "#status"))

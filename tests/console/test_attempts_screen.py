"""The screen of attempts: paging, filter, marks, one attempt whole, and a retry of what is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scidex_console.console.presentation.words import moment
from scidex_console.console.screens.attempts import MOST_MARKED, AttemptScreen, AttemptsScreen
from scidex_console.console.screens.retry_dialog import RetryDialog
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import FIRST
from scidex_console.engine.ports import AttemptFilter, AttemptOrder
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
from tests.console.fakes import ATTEMPTS, NOW, World, ago, an_attempt, an_overview
from tests.samples import sample


async def shown(pilot: Driver, world: World) -> AttemptsScreen:
    """The screen, with its first rows drawn."""
    await press(pilot, "3")
    screen = pilot.app.screen
    assert isinstance(screen, AttemptsScreen)
    await until(pilot, lambda: screen.table.current is not None)
    return screen


def current(screen: AttemptsScreen) -> int:
    assert screen.table.current is not None
    return screen.table.current.id


async def test_newest_attempts_come_first_with_their_cause_in_the_row() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await shown(pilot, world)
        assert current(screen) == 400
        rows = text_of(pilot, "#rows").splitlines()
        assert "Attempts 1/100+" in rows[0]
        assert "dead" in rows[1] and "404 confirmed" in rows[1]
        assert "DEMO" in screen_text(pilot) and "data 0s" in screen_text(pilot)


async def test_all_rows_can_be_gone_through_and_few_are_loaded() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await shown(pilot, world)
        seen = {current(screen)}
        for _ in range(60):
            before = current(screen)
            await press(pilot, "pagedown")
            top = screen.table._top
            seen |= {row.id for row in screen.table.window.rows[top : top + 20]}
            assert len(screen.table.window.rows) <= 150
            if current(screen) == before == 1:
                break
        assert seen == {row.id for row in ATTEMPTS}


async def test_end_and_home_go_to_the_ends_of_the_whole_listing() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await shown(pilot, world)
        await press(pilot, "end")
        await until(pilot, lambda: current(screen) == 1)
        await press(pilot, "home")
        await until(pilot, lambda: current(screen) == 400)


async def test_cursor_stays_with_its_row_while_new_ones_come() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await shown(pilot, world)
        await press(pilot, "down", "down")
        assert current(screen) == 398
        world.read.listed = (*ATTEMPTS, *(an_attempt(i) for i in range(401, 420)))
        world.feed.tell("attempt")
        await until(
            pilot, lambda: "more above" in text_of(pilot, "#rows") or screen.table.window.rows[0].id == 419
        )
        assert current(screen) == 398
        await press(pilot, "home")
        await until(pilot, lambda: current(screen) == 419)


async def test_a_flood_of_new_rows_does_not_lose_the_cursor() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await shown(pilot, world)
        await press(pilot, "down", "down")
        world.read.listed = (*ATTEMPTS, *(an_attempt(i) for i in range(401, 900)))
        world.feed.tell("attempt")
        await until(pilot, lambda: world.read.windows[-1][2].key == (398,))
        await until(pilot, lambda: not screen.table.window.from_first)
        assert current(screen) == 398


async def filtered(pilot: Driver, typed: str) -> None:
    type_ahead(pilot, "/", typed, "enter")
    await pilot.pause()


async def test_a_filter_is_written_anew_however_fast_it_is_typed() -> None:
    world = World()
    async with running(world) as pilot:
        await shown(pilot, world)
        for text in ("class:dead", "class:blocked"):
            type_ahead(pilot, "/", "ctrl+u", text, "enter")
            await until(pilot, lambda text=text: f"/ {text}   Esc" in screen_text(pilot))  # type: ignore[misc]


async def test_the_slowest_say_how_long_they_took() -> None:
    world = World()
    world.read.listed = (an_attempt(1, took_ms=10_012),)
    async with running(world) as pilot:
        await shown(pilot, world)
        assert "10,012" not in text_of(pilot, "#rows")
        await filtered(pilot, "sort:slowest")
        await until(pilot, lambda: " ms " in text_of(pilot, "#rows") and "10,012" in text_of(pilot, "#rows"))


async def test_a_filter_is_asked_of_the_database() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await shown(pilot, world)
        await filtered(pilot, "class:dead,blocked host:europepmc since:2h sort:oldest lung cells")
        await until(pilot, lambda: world.read.windows[-1][0].outcome)
        expected = AttemptFilter("europepmc", "dead,blocked", ago(7200), (), "lung cells")
        assert world.read.windows[-1] == (expected, AttemptOrder.OLDEST, FIRST)
        assert "/ class:dead,blocked host:europepmc" in screen_text(pilot)
        await until(pilot, lambda: screen.table.current is not None)
        assert {row.outcome for row in screen.table.window.rows} == {FetchClass.DEAD, FetchClass.BLOCKED}


async def test_a_host_that_is_no_group_is_a_host() -> None:
    world = World()
    async with running(world) as pilot:
        await shown(pilot, world)
        await filtered(pilot, "host:www.ncbi.nlm.nih.gov")
        await until(pilot, lambda: world.read.windows[-1][0] == AttemptFilter(host="www.ncbi.nlm.nih.gov"))


@pytest.mark.parametrize(
    ("typed", "said"),
    sample(
        ("class:ded", "ded is none of stored, dead"),
        ("clas:dead", "clas: is not known here"),
        ("since:soon", "neither a time"),
        ("since:0001-01-01T00:00+14:00", "neither a time"),
        ("sort:size", "size is none of newest"),
        ('"no end', "this quote has no end"),
        quick=2,
    ),
)
async def test_a_wrong_filter_says_what_is_wrong_and_where(typed: str, said: str) -> None:
    world = World()
    async with running(world) as pilot:
        await shown(pilot, world)
        asked = len(world.read.windows)
        await filtered(pilot, typed)
        await until(pilot, lambda: said in screen_text(pilot))
        assert "column" in screen_text(pilot)
        assert len(world.read.windows) == asked
        await press(pilot, "ctrl+u")
        await until(pilot, lambda: said not in screen_text(pilot))
        type_ahead(pilot, "class:dead", "enter")
        await until(pilot, lambda: world.read.windows[-1][0] == AttemptFilter(outcome="dead"))


async def test_escape_takes_the_filter_away_then_goes_back() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await shown(pilot, world)
        await filtered(pilot, "class:dead")
        await until(pilot, lambda: world.read.windows[-1][0].outcome == "dead")
        await press(pilot, "escape")
        await until(pilot, lambda: world.read.windows[-1][0].outcome == "")
        assert pilot.app.screen is screen
        await press(pilot, "escape")
        assert pilot.app.screen is world.app.navigation.first
        await press(pilot, "escape")
        assert notice(pilot) == "» Esc back: there is nothing to go back to"


async def test_enter_shows_one_attempt_whole() -> None:
    world = World()
    world.read.listed = (an_attempt(1, url="https://h.example/\x1b[2Jx.png", reason="a\u202eb"),)
    async with running(world, (120, 40)) as pilot:
        screen = await shown(pilot, world)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, AttemptScreen)
        await until(pilot, lambda: "What came" in screen_text(pilot))
        told = screen_text(pilot)
        for words in (
            "DEAD",
            "a\\u202eb",
            "https://h.example/\\x1b[2Jx.png",
            "led to",
            "HTTP 404",
            "2 requests",
            "Figure 1. Overview",
            "503 from the server",
        ):
            assert words in told
        await press(pilot, "escape")
        assert pilot.app.screen is screen


async def test_r_retries_what_is_shown() -> None:
    world = World()
    async with running(world, (120, 40)) as pilot:
        await shown(pilot, world)
        await filtered(pilot, "class:transient host:ncbi since:1h lung")
        await until(pilot, lambda: world.read.windows[-1][0].outcome)
        await press(pilot, "r")
        await until(pilot, lambda: "Retry 3 rows" in screen_text(pilot))
        assert "since 2026-03-14 02:12:45Z" in screen_text(pilot) and "with “lung”" in screen_text(pilot)
        type_ahead(pilot, "tab", "server is back", "enter", "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted == [
            (
                "retry",
                JobName.FIGURES,
                {
                    "group": "ncbi",
                    "outcome": "transient",
                    "since": ago(3600).isoformat(),
                    "text": "lung",
                    "token": "1234567890ab",
                },
                "server is back",
            )
        ]


async def test_marked_rows_alone_are_retried() -> None:
    world = World()
    async with running(world, (120, 40)) as pilot:
        screen = await shown(pilot, world)
        await press(pilot, "space", "space", "down", "space")
        assert "3 marked" in text_of(pilot, "#rows")
        ids = [row.artifact_id for row in screen.table.marked.values()]
        await press(pilot, "r")
        dialog = pilot.app.screen
        assert isinstance(dialog, RetryDialog)
        assert dialog.criteria == AttemptFilter(artifact_ids=tuple(ids))
        await until(pilot, lambda: f"--artifact {ids[0]}" in screen_text(pilot))
        await press(pilot, "escape", "*")
        assert screen.table.marked == {}


async def test_marks_survive_pages_that_are_no_longer_loaded() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await shown(pilot, world)
        await press(pilot, "space", "end")
        await until(pilot, lambda: current(screen) == 1)
        assert [row.id for row in screen.table.chosen] == [400]


async def test_a_retry_of_what_is_never_retried_says_so() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await shown(pilot, world)
        await filtered(pilot, "class:dead")
        await until(pilot, lambda: screen.table.current is not None)
        await press(pilot, "r")
        assert notice(pilot).startswith("» r retry: figures that are dead are not retried")
        await press(pilot, "escape", *["space"] * (MOST_MARKED + 1), "r")
        assert f"at most {MOST_MARKED} are retried by marks" in notice(pilot)


async def test_keys_without_a_row_say_so() -> None:
    world = World()
    world.read.listed = ()
    async with running(world) as pilot:
        await press(pilot, "3")
        await until(pilot, lambda: "nothing has been asked for yet" in screen_text(pilot))
        for key, said in (
            ("enter", "Enter open: there is no row here"),
            ("*", "* unmark: nothing is marked"),
        ):
            await press(pilot, key)
            assert notice(pilot) == f"» {said}"


async def test_y_copies_the_row_as_a_command_line() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await shown(pilot, world)
        assert screen.table.current
        await press(pilot, "y")
        assert pilot.app.clipboard == f"scidex-console attempts --artifact {screen.table.current.artifact_id}"


async def test_only_the_screen_on_show_is_read() -> None:
    world = World()
    async with running(world) as pilot:
        assert world.read.windows == []
        await shown(pilot, world)
        assert world.read.windows
        await press(pilot, "1")
        await until(pilot, lambda: pilot.app.screen is world.app.navigation.first)
        await news(pilot, world, an_overview(last_batch=None))
        asked = len(world.read.windows)
        await news(pilot, world, an_overview())
        assert len(world.read.windows) == asked
        assert world.read.asked[-1][0] == 50


async def test_a_slow_refresh_does_not_take_the_rows_away() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await shown(pilot, world)
        world.read.fails = RuntimeError("gone")
        world.feed.tell("attempt")
        await until(pilot, lambda: "RECONNECTING" in screen_text(pilot))
        assert current(screen) == 400
        assert "actions are blocked" in screen_text(pilot)
        await press(pilot, "r")
        assert "out of reach" in notice(pilot)


def test_times_of_other_days_bear_their_day() -> None:
    assert moment(ago(60), NOW) == "03:11:45"
    assert moment(ago(86400), NOW) == "03-13 03:12:45"
    assert moment(replace(ATTEMPTS[0], at=ago(0)).at, None) == "03-14 03:12:45"

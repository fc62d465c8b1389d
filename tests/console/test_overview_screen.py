"""The overview over time: news, staleness, lost databases, sizes, panes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.geometry import Region

from scidex_console.console.link import Pace
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.overview_panes import DeadPane, GapPane, HostsPane
from scidex_console.console.screens.dialog import Dialog
from scidex_console.console.screens.too_small import TooSmallScreen
from scidex_console.domain.errors import Unreachable
from scidex_console.domain.runs import RunState
from tests.console.driving import news, notice, press, running, screen_text, text_of, until
from tests.console.fakes import (
    DEAD,
    ERRORS,
    HOSTS,
    World,
    a_gap,
    a_run,
    an_attempt,
    an_intent,
    an_overview,
    observing,
    production,
    with_run,
)

QUICK = Pace(at_most_every=0.001, poll_every=0.2, retry_after=0.1)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 50)])
async def test_all_four_panes_show_rows_at_every_size(size: tuple[int, int]) -> None:
    async with running(World(), size) as pilot:
        shown = screen_text(pilot)
        for words in (
            "figures",
            "RUNNING",
            "1,204",
            "BREAKER",
            "404",
            "hash mismatch",
            "pause figures",
            "DEMO",
        ):
            assert words in shown
        assert "WRITES" in shown
        assert "DEMO-0000" in shown
        assert all(len(line) <= size[0] for line in shown.splitlines())


async def test_news_changes_what_is_shown() -> None:
    world = World()
    async with running(world) as pilot:
        await news(pilot, world, with_run(RunState.PAUSED))
        assert "PAUSED" in text_of(pilot, "#gap")
        assert " p resume" in text_of(pilot, "#keys")


async def test_age_of_the_data_ticks_and_old_data_blocks() -> None:
    world = World()
    async with running(world) as pilot:
        assert text_of(pilot, "#status").splitlines()[1].startswith("data 0s")
        world.time.passes(16)
        await until(pilot, lambda: "data 16s" in text_of(pilot, "#status"))
        assert "STALE" in text_of(pilot, "#status")
        await press(pilot, "p")
        assert notice(pilot) == "» p pause: what is shown is 16s old"
        assert world.desk.submitted == []


async def test_a_tick_repaints_only_the_ages(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(an_overview(hosts=()))
    async with running(world, (200, 50)):
        painted: list[tuple[CellView, tuple[Region, ...]]] = []
        refresh = CellView.refresh

        def noted(self: CellView, *regions: Region, **options: Any) -> CellView:
            painted.append((self, regions))
            return refresh(self, *regions, **options)

        monkeypatch.setattr(CellView, "refresh", noted)
        world.app.navigation.first.tick()
        assert painted == []
        world.time.passes(1)
        world.app.navigation.first.tick()
        ((view, regions),) = painted
        assert view.id == "status"
        assert [region.width for region in regions] == [1, 1], "a figure of the age, one of the heartbeat"


async def test_a_lost_database_is_told_survived_and_found_again() -> None:
    world = World(pace=QUICK)
    async with running(world) as pilot:
        world.read.fails = Unreachable("connection refused", where="database scidex")
        world.time.passes(34)
        await until(pilot, lambda: "RECONNECTING" in text_of(pilot, "#status"))
        assert "34s old; actions are blocked" in text_of(pilot, "#status")
        assert "connection refused" in text_of(pilot, "#status")
        assert "1,204" in text_of(pilot, "#gap")
        await press(pilot, "b")
        assert "out of reach" in notice(pilot)
        world.read.fails = None
        await until(pilot, lambda: "RECONNECTING" not in text_of(pilot, "#status"))
        await press(pilot, "p")
        await until(pilot, lambda: world.desk.submitted)


async def test_a_database_that_is_not_there_at_first_is_told_and_waited_for() -> None:
    world = World(pace=QUICK)
    world.read.fails = Unreachable("connection refused")
    async with world.app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "RECONNECTING" in screen_text(pilot))
        await press(pilot, "s")
        await until(pilot, lambda: "out of reach" in notice(pilot))
        world.read.fails = None
        await until(pilot, lambda: "figures" in text_of(pilot, "#gap"))


async def test_nothing_acts_from_a_terminal_too_small_to_show_it() -> None:
    world = World()
    async with running(world) as pilot:
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: isinstance(pilot.app.screen, TooSmallScreen))
        await until(pilot, lambda: "40x10, needs 60x16" in screen_text(pilot))
        for key in "snpcrbBtw":
            await press(pilot, key)
        assert world.desk.submitted == []
        assert isinstance(pilot.app.screen, TooSmallScreen)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: pilot.app.screen is world.app.navigation.first)
        await press(pilot, "p")
        await until(pilot, lambda: world.desk.submitted)


async def test_a_terminal_too_small_can_still_be_left() -> None:
    async with running(World()) as pilot:
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: isinstance(pilot.app.screen, TooSmallScreen))
        await press(pilot, "q")
    assert pilot.app.return_code == 0


async def test_a_dialog_outlives_a_moment_of_being_too_small() -> None:
    world = World()
    async with running(world) as pilot:
        await press(pilot, "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dialog))
        await pilot.resize_terminal(50, 12)
        await until(pilot, lambda: isinstance(pilot.app.screen, TooSmallScreen))
        await press(pilot, "tab", "right", "enter")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: isinstance(pilot.app.screen, Dialog))
        assert world.desk.submitted == []


async def test_a_terminal_that_starts_too_small_reads_nothing_until_it_grows() -> None:
    world = World(pace=QUICK)
    async with world.app.run_test(size=(50, 12)) as pilot:
        await until(pilot, lambda: "50x12, needs 60x16" in screen_text(pilot))
        assert world.read.readings == 0
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "1,204" in text_of(pilot, "#gap"))


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (200, 50)])
async def test_resizing_chooses_the_columns_anew(size: tuple[int, int]) -> None:
    world = World()
    async with running(world, (100, 30)) as pilot:
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: len(text_of(pilot, "#keys")) <= size[0] and pilot.app.size == size)
        await until(pilot, lambda: max(map(len, screen_text(pilot).splitlines())) <= size[0])
        assert "RUNNING" in screen_text(pilot)


async def test_tab_goes_round_the_panes() -> None:
    async with running(World()) as pilot:
        seen = []
        for _ in range(4):
            seen.append(pilot.app.focused.id if pilot.app.focused else None)
            await press(pilot, "tab")
        assert seen == ["gap", "hosts", "dead", "errors"]
        assert isinstance(pilot.app.focused, GapPane)


async def test_cursor_stays_with_its_row_when_rows_come_and_go() -> None:
    world = World()
    async with running(world) as pilot:
        dead = world.app.navigation.first.query_one(DeadPane)
        dead.focus()
        await press(pilot, "down", "down")
        assert dead.cursor_key == "3"
        fresh = an_attempt(99)
        await news(pilot, world, an_overview(dead=(fresh, *DEAD)))
        assert dead.cursor_key == "3"
        await news(pilot, world, an_overview(dead=DEAD[5:]))
        assert dead.cursor_key == "9"  # the third of those that are left
        await press(pilot, "home")
        await news(pilot, world, an_overview(dead=(fresh, *DEAD)))
        assert dead.cursor_key == "99"  # at the top one stays at the top


async def test_a_pane_that_was_scrolled_says_what_is_newer_and_follows_again() -> None:
    world = World()
    async with running(world) as pilot:
        dead = world.app.navigation.first.query_one(DeadPane)
        dead.focus()
        await press(pilot, "end")
        hidden = len(DEAD) - (dead.size.height - 1)
        assert f"↑ {hidden} newer above" in text_of(pilot, "#dead")
        fresh = an_attempt(99)
        await news(pilot, world, an_overview(dead=(fresh, *DEAD)))
        assert f"↑ {hidden + 1} newer above" in text_of(pilot, "#dead")
        await press(pilot, "home")
        assert dead.cursor_key == "99"
        await press(pilot, "end", "tab")
        assert dead.cursor_key == "99"
        assert "newer above" not in text_of(pilot, "#dead")
        fresher = an_attempt(100)
        await news(pilot, world, an_overview(dead=(fresher, fresh, *DEAD)))
        assert dead.cursor_key == "100"


async def test_what_is_cut_to_the_newest_says_so_and_is_no_total() -> None:
    for size in ((80, 24), (60, 16), (200, 50)):
        async with running(World(), size) as pilot:
            assert text_of(pilot, "#dead").startswith("404s newest 30 ")
            assert text_of(pilot, "#errors").startswith("Errors newest ")
            assert "newest" not in text_of(pilot, "#hosts")


async def test_a_long_table_scrolls_with_its_cursor() -> None:
    async with running(World()) as pilot:
        dead = pilot.app.screen.query_one(DeadPane)
        dead.focus()
        await press(pilot, "end")
        assert dead.cursor_key == str(DEAD[-1].id)
        assert "03:07:15" in text_of(pilot, "#dead")
        assert "404s 30/30" in text_of(pilot, "#dead")
        await press(pilot, "pageup", "pageup")
        assert dead.cursor_key not in (str(DEAD[-1].id), str(DEAD[0].id))


async def test_requests_a_second_are_measured_between_readings() -> None:
    world = World()
    async with running(world) as pilot:
        assert "–/2" in text_of(pilot, "#hosts")
        later = an_overview()
        busier = replace(HOSTS[0], requests=HOSTS[0].requests + 19)
        later = replace(later, taken_at=later.taken_at.replace(second=55), hosts=(busier, *HOSTS[1:]))
        await news(pilot, world, later)
        assert "1.9/2" in text_of(pilot, "#hosts")


async def test_a_hold_counts_down_between_readings() -> None:
    world = World()
    async with running(world) as pilot:
        assert "1m35s" in text_of(pilot, "#hosts")
        world.time.passes(5)
        world.app.navigation.first.tick()
        assert "1m30s" in text_of(pilot, "#hosts")


async def test_only_what_the_panes_show_is_asked_for() -> None:
    world = World()
    async with running(world):
        assert world.read.asked[-1] == (50, 50, 30)


@pytest.mark.parametrize(
    ("overview", "words"),
    [(production(), "PRODUCTION"), (observing(), "OBSERVE"), (with_run(RunState.HALTED), "resume by hand")],
)
async def test_what_must_not_be_missed_is_on_the_smallest_screen(overview: Any, words: str) -> None:
    async with running(World(overview), (60, 16)) as pilot:
        assert words in screen_text(pilot)


async def test_without_an_engine_a_run_has_no_end() -> None:
    world = World(an_overview(engine=None))
    async with running(world) as pilot:
        await until(pilot, lambda: "38.2/min" in text_of(pilot, "#gap"))
        assert "31m30s" not in text_of(pilot, "#gap")


async def test_an_engine_that_never_was_is_no_error() -> None:
    async with running(
        World(an_overview(engine=None, gaps=(), hosts=(), dead=(), errors=(), intents=()))
    ) as pilot:
        shown = screen_text(pilot)
        for words in (
            "ENVIRONMENT UNKNOWN",
            "none has run here yet",
            "no job is known yet",
            "no host has been asked yet",
            "no address has been found dead",
            "no errors in the migration log",
            "nothing has been asked for yet",
        ):
            assert words in shown


async def test_untrusted_text_reaches_no_terminal_raw_and_breaks_no_column() -> None:
    evil = "\x1b[31m[b]図\u202e👩\x9b\r\n" * 9
    overview = an_overview(
        dead=tuple(an_attempt(i, url=evil, host=evil, artifact_id=evil) for i in range(1, 9)),
        errors=tuple(replace(ERRORS[0], id=i, errors=evil, status=evil, artifact_id=evil) for i in range(9)),
        gaps=(a_gap(a_run(waits_on=evil)),),
        intents=(an_intent(operator=evil, reason=evil, outcome=evil),),
        hosts=tuple(
            replace(h, gate=replace(h.gate, group=evil + str(i), hold_cause=evil))
            for i, h in enumerate(HOSTS)
        ),
    )
    async with running(World(overview)) as pilot:
        pilot.app.screen.query_one(HostsPane).focus()
        await press(pilot, "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dialog))
        shown = screen_text(pilot)
        assert not [c for c in shown if c != "\n" and (ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c == "\u202e")]
        widths = {strip.cell_length for strip in pilot.app.screen._compositor.render_strips()}
        assert widths == {80}

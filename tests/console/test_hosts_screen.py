"""The screen of hosts: what is stuck first, the pace, the override, and the way to its attempts."""

from __future__ import annotations

from dataclasses import replace

from scidex_console.console.presentation.hosts import host_cells, host_lines
from scidex_console.console.presentation.pace import pace_bars
from scidex_console.console.screens.attempts import AttemptsScreen
from scidex_console.console.screens.hosts import HostScreen, HostsScreen
from scidex_console.console.screens.throttle_dialog import ThrottleDialog
from scidex_console.domain.head_trust import PathTrust
from scidex_console.engine.ports import AttemptFilter
from tests.console.driving import Driver, press, running, screen_text, text_of, type_ahead, until
from tests.console.fakes import NOW, World, a_host, an_overview


async def shown(pilot: Driver) -> HostsScreen:
    await press(pilot, "2")
    screen = pilot.app.screen
    assert isinstance(screen, HostsScreen)
    await until(pilot, lambda: screen.table.current is not None)
    return screen


async def test_what_is_stuck_comes_first_with_its_cause_and_pace() -> None:
    async with running(World()) as pilot:
        await shown(pilot)
        rows = text_of(pilot, "#rows").splitlines()
        assert "BREAKER" in rows[1] and "8 failures in a row" in rows[1]
        assert "HOLD" in rows[2] and "1m35s" in rows[2] and "·" in rows[2]
        assert all(len(row) <= 80 for row in rows)


async def test_how_far_head_is_believed_stands_in_the_row() -> None:
    trusts = (PathTrust("/a/*.jpg", 20), PathTrust("/b/*.png", 3))
    hosts = (
        a_host("trusted", {"head_trust": trusts}),
        a_host("lying", {"head_trust": (replace(trusts[0], agreements=0, lies=1),)}),
        a_host("unknown"),
    )
    async with running(World(an_overview(hosts=hosts)), (100, 30)) as pilot:
        await shown(pilot)
        rows = {line.split()[0]: line for line in text_of(pilot, "#rows").splitlines()}
        assert "HEAD" in rows["Hosts"]
        assert " 1/2 " in rows["trusted"]
        assert " 0/1! " in rows["lying"]
        assert "/1!" not in rows["unknown"]


async def test_holds_run_down_between_readings() -> None:
    world = World()
    async with running(world) as pilot:
        await shown(pilot)
        world.time.passes(5)
        await until(pilot, lambda: "1m30s" in text_of(pilot, "#rows"))


async def test_a_filter_finds_a_group() -> None:
    async with running(World()) as pilot:
        screen = await shown(pilot)
        type_ahead(pilot, "/", "springer", "enter")
        await until(pilot, lambda: len(screen.table.window.rows) == 1)
        assert screen.subject().group == "static-content.springer.com"


async def test_a_filter_of_hosts_knows_no_names() -> None:
    async with running(World()) as pilot:
        await shown(pilot)
        type_ahead(pilot, "/", "state:hold", "enter")
        said = 'state: is not known here; put it in quotes: "state:hold"'
        await until(pilot, lambda: said in " ".join(screen_text(pilot).split()))


async def test_enter_tells_all_about_a_group_and_a_shows_its_attempts() -> None:
    world = World()
    async with running(world, (100, 40)) as pilot:
        screen = await shown(pilot)
        while screen.subject().group != "static-content.springer.com":
            await press(pilot, "down")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, HostScreen)
        await until(pilot, lambda: "Budget" in screen_text(pilot))
        told = screen_text(pilot)
        for words in ("0.5 requests/s by anna, ends 2026-03-14 05:10:45Z", "they asked us to slow down"):
            assert words in told
        await press(pilot, "a")
        attempts = pilot.app.screen
        assert isinstance(attempts, AttemptsScreen)
        await until(pilot, lambda: world.read.windows)
        assert world.read.windows[-1][0] == AttemptFilter(group="static-content.springer.com")
        assert 'host:"static-content.springer.com"' in screen_text(pilot)
        await press(pilot, "escape", "escape")
        assert pilot.app.screen is screen


async def test_t_throttles_the_group_under_the_cursor_and_can_clear_it() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await shown(pilot)
        group = screen.subject().group
        await press(pilot, "t")
        assert isinstance(pilot.app.screen, ThrottleDialog)
        type_ahead(pilot, "tab", "tab", "tab", "they recovered", "enter", "right", "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted == [("throttle", None, {"group": group, "clear": True}, "they recovered")]


def test_bars_are_measured_by_the_budget() -> None:
    assert pace_bars((0, 1, 60, 119, 120, 200), 2.0, 10) == "·▁▅██!"
    assert pace_bars((0, 1, 60), 2.0, 2) == "▁▅"
    assert pace_bars((0, 1, 2), 1 / 3600, 3) == "·█!"


def test_a_slow_budget_is_shown_by_its_unit() -> None:
    host = a_host("slow", {"rate": 1 / 3600})
    assert host_cells(host, NOW, 0.0)["rate"].text == "1/h"
    assert host_cells(a_host("usual"), NOW, 0.0)["rate"].text == "0.0/1"
    lines = host_lines(host, NOW, [1] + [0] * 59, 80)
    told = "\n".join("".join(cell.text for cell in line.cells) for line in lines)
    assert "1 requests/h at most" in told and "1 requests/h, 1 in all" in told

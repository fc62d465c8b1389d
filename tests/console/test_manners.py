"""What a person may want otherwise: other keys, a bell or a program of their own; and coming back."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta

import pytest
from textual.keys import _character_to_key

from scidex_console.console import attending
from scidex_console.console.app import ConsoleApp
from scidex_console.console.keys import BACK, EVERYWHERE, OPEN, PANES, Key
from scidex_console.console.manners import LONGEST_COPY, Manners
from scidex_console.console.screens.help import HelpScreen
from scidex_console.console.screens.table import SCREENS
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.settings.keys import KeysSettings
from tests.console.driving import news, notice, press, running, screen_text, text_of, until
from tests.console.fakes import NOW, World, a_gap, an_overview, with_run

IDLE = an_overview(gaps=(a_gap(), an_overview().gaps[1]))


def all_keys(app: ConsoleApp) -> dict[str, Key]:
    screens = [app.navigation.screen_of(entry.name) for entry in SCREENS]
    found = [key for screen in screens for key in screen.KEYS] + list(EVERYWHERE)
    return {key.name: key for key in found if key not in (BACK, OPEN, PANES)}


def test_every_key_can_be_chosen_otherwise_by_a_setting_of_its_name() -> None:
    named = {name: key.key for name, key in all_keys(World().app).items()}
    usual = {name: _character_to_key(k) if len(k) == 1 else k for name, k in KeysSettings.usual().items()}
    assert {name: usual.get(name) for name in named} == named, "give it a line in settings/keys.py"


async def test_a_chosen_key_does_what_the_usual_one_did_and_is_shown() -> None:
    manners = Manners(keys={"start": "p", "pause_or_resume": "s", "help": "f1", "copy_command": "!"})
    world = World(IDLE, manners=manners)
    async with running(world) as pilot:
        assert " p start " in text_of(pilot, "#keys") and "? help" not in text_of(pilot, "#keys")
        await press(pilot, "s")
        assert notice(pilot).startswith("» s pause: figures has no open run")
        await press(pilot, "question_mark")
        assert world.desk.submitted == [] and not isinstance(pilot.app.screen, HelpScreen)
        await press(pilot, "p")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted == [("start", JobName.FIGURES, {}, "")]
        await pilot.press("exclamation_mark")
        assert notice(pilot) == "» copied: scidex-console start figures"
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await until(pilot, lambda: re.search(r"^p +Start a run", screen_text(pilot), re.MULTILINE))


@pytest.mark.sweep
async def test_a_text_that_is_too_long_for_a_clipboard_is_shown_all_the_same() -> None:
    world = World()
    async with running(world) as pilot:
        world.app.copy("x " * (LONGEST_COPY // 2))
        assert world.app.clipboard == "x " * (LONGEST_COPY // 2)
        await until(pilot, lambda: "Copied, where the terminal allows it" in screen_text(pilot))
        await press(pilot, "escape")
        world.app.copy("y" * (LONGEST_COPY + 1))
        assert world.app.clipboard.startswith("x")
        await until(pilot, lambda: "Too long for a terminal's clipboard" in screen_text(pilot))
        assert "yyyyyyyy" in screen_text(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is world.app.navigation.first)


async def test_a_halt_rings_the_bell_and_tells_the_operators_program() -> None:
    told: list[str] = []

    async def tell(text: str) -> str:
        told.append(text)
        return "no such program"

    rings = []
    world = World(manners=Manners(bell=True, notify=tell))
    world.app.bell = lambda: rings.append(True)  # type: ignore[method-assign]
    async with running(world) as pilot:
        await news(pilot, world, with_run(RunState.HALTED, halt_reason="disk full"))
        await until(pilot, lambda: told)
        assert told == ["scidex-console: figures run 7 halted (demo): disk full"] and rings == [True]
        await until(pilot, lambda: notice(pilot) == "» console.notify: no such program")


class FakeAttendance:
    """Remembers the beats; says until when somebody was here before."""

    def __init__(self, left_at: datetime | None = None) -> None:
        self.left_at = left_at
        self.beats: list[tuple[str, float]] = []
        self.left = 0
        self.fails: Exception | None = None

    async def attend(self, screen: str, *, idle_s: float) -> datetime | None:
        if self.fails:
            raise self.fails
        self.beats.append((screen, idle_s))
        return self.left_at

    async def leave(self) -> None:
        self.left += 1


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beats that follow one another at once."""
    monkeypatch.setattr(attending, "BEAT_EVERY_S", 0.02)
    monkeypatch.setattr(attending, "AT_MOST_EVERY_S", 0.01)


async def test_who_comes_back_is_told_what_they_missed_until_they_have_read_it(quick: None) -> None:
    there = FakeAttendance(NOW - timedelta(hours=3))
    world = World(attendance=there)
    async with running(world) as pilot:
        await until(pilot, lambda: text_of(pilot, "#since"))
        assert text_of(pilot, "#since").startswith("since you left 00:12:45, 3h ago: figures HALTED 03:06:05")
        assert there.beats[0] == ("overview", 0.0)
        await press(pilot, "escape")
        await until(pilot, lambda: not text_of(pilot, "#since"))
        beats = len(there.beats)
        await until(pilot, lambda: len(there.beats) > beats + 1)
        assert text_of(pilot, "#since") == "", "told once"


async def test_who_pressed_no_key_for_long_was_away(quick: None) -> None:
    there = FakeAttendance()
    world = World(attendance=there)
    async with running(world) as pilot:
        await until(pilot, lambda: there.beats)
        assert text_of(pilot, "#since") == ""
        world.time.passes(3600)
        await until(pilot, lambda: there.beats[-1][1] == 3600)
        await press(pilot, "down")
        await until(pilot, lambda: text_of(pilot, "#since"))
        assert "1h ago" in text_of(pilot, "#since")


async def test_a_beat_that_fails_troubles_nobody(quick: None) -> None:
    there = FakeAttendance(NOW - timedelta(hours=1))
    there.fails = RuntimeError("no")
    world = World(attendance=there)
    async with running(world) as pilot:
        await asyncio.sleep(0.05)
        assert text_of(pilot, "#since") == ""
        there.fails = None
        await until(pilot, lambda: text_of(pilot, "#since"))


async def test_a_console_that_was_left_before_its_first_picture_paints_none() -> None:
    world = World()
    async with world.app.run_test():
        pass
    world.app._painting = False
    world.app.paint()
    assert not world.app.painting

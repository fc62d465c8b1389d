"""Themes: each draws; without colour nothing is coloured, and states stay words."""

from __future__ import annotations

import pytest

from scidex_console.console.themes import LOOKS
from scidex_console.domain.errors import UsageError
from scidex_console.domain.runs import RunState
from tests.console.driving import Driver, running, screen_text
from tests.console.fakes import World, production, with_run


def colours(pilot: Driver) -> set[str]:
    """Every colour on the screen that is not the terminal's own."""
    found = set()
    for strip in pilot.app.screen._compositor.render_strips():
        for segment in strip:
            for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                if colour is not None and not colour.is_default:
                    found.add(colour.name)
    return found


@pytest.mark.parametrize("theme", sorted(LOOKS))
async def test_every_theme_shows_every_state_as_a_word(theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    overview = production(with_run(RunState.HALTED))
    async with running(World(overview, theme=theme)) as pilot:
        shown = screen_text(pilot)
        for word in ("PRODUCTION", "WRITES", "RUNNING", "HALTED", "BREAKER", "HOLD", "failed", "DONE"):
            assert word in shown
        assert bool(colours(pilot)) is (theme != "none")


async def test_no_color_in_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(World(theme="dark")) as pilot:
        await pilot.press("t")
        await pilot.pause()
        assert colours(pilot) == set()


async def test_the_terminals_own_colours_are_sixteen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    async with running(World(theme="ansi")) as pilot:
        assert not [name for name in colours(pilot) if name.startswith("#")]


def test_an_unknown_theme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="choose one of dark, light, contrast, ansi, none"):
        World(theme="neon")

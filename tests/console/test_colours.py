"""Themes: each draws; without colour nothing is coloured, and states stay words."""

from __future__ import annotations

import pytest
from rich.color import Color

from scidex_console.console.themes import LOOKS
from scidex_console.domain.errors import UsageError
from scidex_console.domain.runs import RunState
from tests.console.driving import Driver, press, running, screen_text
from tests.console.fakes import World, observing, production, with_run
from tests.console.soaks import failed, seen


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


def brightness(colour: Color) -> float:
    """Relative luminance, as the Web Content Accessibility Guidelines have it."""
    parts = [c / 255 for c in colour.get_truecolor()]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def faintest(pilot: Driver) -> tuple[float, str]:
    """The least contrast of letters with what is behind them, and where."""
    found = [(21.0, "")]
    for strip in pilot.app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            if segment.text.strip() and style and style.color and style.bgcolor:
                dark, light = sorted(map(brightness, (style.color, style.bgcolor)))
                found.append(((light + 0.05) / (dark + 0.05), segment.text))
    return min(found)


@pytest.mark.parametrize(("theme", "least"), [("dark", 4.5), ("light", 4.5), ("contrast", 7.0)])
async def test_all_letters_stand_out(theme: str, least: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    halted = with_run(RunState.HALTED)
    for overview in (production(halted), halted, observing(seen(failed()))):
        async with running(World(overview, theme=theme), (120, 40)) as pilot:
            for key in "123567":
                await press(pilot, key)
                assert faintest(pilot) > (least, "")


def test_an_unknown_theme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="choose one of dark, light, contrast, ansi, none"):
        World(theme="neon")

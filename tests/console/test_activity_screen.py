"""Activity: who did what, what changed by it, who watches, and the note of a shift."""

from __future__ import annotations

from datetime import timedelta

from scidex_console.console.presentation.acts import act_command, act_lines
from scidex_console.console.screens.activity import ActivityScreen, ActScreen, HandoverScreen
from scidex_console.domain.intents import IntentState
from scidex_console.domain.jobs import JobName
from tests.console.driving import Driver, news, notice, press, running, screen_text, text_of, until
from tests.console.fakes import NOW, PRESENT, World, ago, an_act, an_intent, an_overview


def world() -> World:
    return World(an_overview(present=PRESENT))


async def activity(pilot: Driver, there: World, words: str = "throttle europepmc") -> None:
    await press(pilot, "8")
    await until(pilot, lambda: words in screen_text(pilot))
    assert isinstance(pilot.app.screen, ActivityScreen)


async def test_who_watches_and_who_did_what_stand_on_one_screen() -> None:
    there = world()
    async with running(there) as pilot:
        assert "2 watch" in screen_text(pilot)
        await activity(pilot, there)
        await until(pilot, lambda: "scidex_viewer [" in screen_text(pilot))
        shown = screen_text(pilot)
        assert "anna" in shown and "overview" in shown
        assert "rollback figures batch 11" in shown and "run halt" not in shown
        await press(pilot, "e")
        await until(pilot, lambda: "run halt figures run 7" in screen_text(pilot))
        await press(pilot, "e")
        await until(pilot, lambda: "run halt" not in screen_text(pilot))


async def test_an_act_of_another_day_says_which() -> None:
    there = world()
    there.read.acts = [an_act(90, at=ago(86_400))]
    async with running(there) as pilot:
        await activity(pilot, there, "pause figures")
        assert "03-13 03:12:45 bob" in screen_text(pilot)


async def test_enter_shows_before_and_after_and_escape_comes_back() -> None:
    there = world()
    async with running(there) as pilot:
        await activity(pilot, there)
        await press(pilot, "enter")
        await until(pilot, lambda: "~ rate: 2.0 → 0.5" in screen_text(pilot))
        shown = screen_text(pilot)
        assert (
            "ssh 10.0.0.5 4242@gate" in shown and "429s since 02:40" in shown and "group: europepmc" in shown
        )
        await press(pilot, "end", "home", "pagedown", "y")
        await until(pilot, lambda: "Copied" in screen_text(pilot) or "copied" in notice(pilot))
        assert (
            pilot.app.clipboard == "scidex-console throttle europepmc --rate 0.5 --reason '429s since 02:40'"
        )
        if "Copied" in screen_text(pilot):
            await press(pilot, "escape")
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ActivityScreen))


async def test_what_cannot_be_done_again_is_copied_as_what_lists_it() -> None:
    there = world()
    async with running(there) as pilot:
        await activity(pilot, there)
        await press(pilot, "e", "/", "halt since:2h", "enter")
        await until(pilot, lambda: "run halt figures run 7" in screen_text(pilot))
        await press(pilot, "y")
        await until(pilot, lambda: "copied: " in notice(pilot) or "Copied" in screen_text(pilot))
        since = (NOW - timedelta(hours=2)).isoformat(timespec="seconds")
        copied = f"scidex-console activity --text halt --since {since} --everything"
        assert pilot.app.clipboard == copied


async def test_a_filter_is_asked_of_the_database_and_escape_takes_it_away() -> None:
    there = world()
    async with running(there) as pilot:
        await activity(pilot, there)
        await press(pilot, "/", "throttle by:anna action:throttle since:2h", "enter")
        await until(pilot, lambda: there.read.activity_asked[-1].operator == "anna")
        asked = there.read.activity_asked[-1]
        assert (asked.text, asked.action, asked.since) == ("throttle", "throttle", NOW - timedelta(hours=2))
        await until(pilot, lambda: "rollback" not in screen_text(pilot))
        await press(pilot, "escape")
        await until(pilot, lambda: "rollback figures" in screen_text(pilot))
        await press(pilot, "/", "who:anna", "enter")
        await until(pilot, lambda: "who: is not known here" in screen_text(pilot))


async def test_h_shows_the_note_of_a_shift_for_any_period() -> None:
    there = world()
    async with running(there) as pilot:
        await activity(pilot, there)
        await press(pilot, "h")
        await until(pilot, lambda: "What waits" in screen_text(pilot) or "what waits" in screen_text(pilot))
        assert isinstance(pilot.app.screen, HandoverScreen)
        assert "Shift handover 2026-03-13 19:12Z to 2026-03-14 03:12Z (8h)" in screen_text(pilot)
        await press(pilot, "/", "since:2026-03-14T00:00 until:2026-03-14T02:00", "enter")
        await until(pilot, lambda: "2026-03-14 00:00Z to 2026-03-14 02:00Z (2h)" in screen_text(pilot))
        await press(pilot, "y")
        command = "scidex-console handover --since 2026-03-14T00:00:00Z --until 2026-03-14T02:00:00Z"
        await until(pilot, lambda: "Copied" in screen_text(pilot))
        assert pilot.app.clipboard == command and command[:60] in screen_text(pilot)
        await press(pilot, "escape")
        await press(pilot, "/")
        await pilot.press("end", "ctrl+u")
        await press(pilot, "until:0001-01-01", "enter")
        await until(pilot, lambda: "before all calendars" in screen_text(pilot))
        await press(pilot, "/")
        await pilot.press("end", "ctrl+u")
        await press(pilot, "until:2999-01-01", "enter")
        await until(pilot, lambda: "to 2026-03-14 03:12Z (8h)" in screen_text(pilot))
        await press(pilot, "/")
        await pilot.press("ctrl+u")
        await press(pilot, "since:1h until:2h", "enter")
        await until(pilot, lambda: "it ends before it begins" in screen_text(pilot))
        await press(pilot, "escape", "end", "home")
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ActivityScreen))


async def test_an_act_shown_stays_as_it_was_told_while_the_list_goes_on() -> None:
    there = world()
    async with running(there) as pilot:
        await activity(pilot, there)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ActScreen))
        there.read.acts.insert(0, an_act(99, at=NOW, action="intent:start", after={"params": {}}))
        await news(pilot, there, an_overview(present=PRESENT))
        assert "Act 93" in screen_text(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: "start figures" in screen_text(pilot))


async def test_w_withdraws_the_intent_under_the_cursor() -> None:
    there = world()
    there.read.acts = [an_act(-id, intent_id=id, action="intent:pause", outcome="waiting") for id in (46, 45)]
    intents = tuple(
        an_intent(id, state=IntentState.WAITING, outcome="", settled_at=None) for id in (44, 45, 46)
    )
    async with running(there) as pilot:
        await activity(pilot, there, "pause figures")
        await news(pilot, there, an_overview(present=PRESENT, intents=intents))
        await press(pilot, "down", "w")
        assert "$ scidex-console withdraw 45" in screen_text(pilot)
        await press(pilot, "right", "enter")
        await until(pilot, lambda: there.desk.cancelled == [45])


def test_an_intent_that_is_open_has_changed_nothing_yet() -> None:
    open_one = an_act(
        -41, before=None, after={"params": {"count": 5}}, action="intent:step", outcome="requested"
    )
    text = "\n".join(row.text for row in act_lines(open_one))
    assert "nothing yet: it is open" in text and "count: 5" in text
    assert act_command(open_one) == "step figures 5 --reason lunch"


def test_what_no_command_line_says_has_none() -> None:
    assert act_command(an_act(action="run:halt")) == ""
    assert act_command(an_act(action="intent:unheard", after={"params": {}})) == ""
    assert act_command(an_act(action="intent:throttle", job=None, after={"params": {}})) == ""
    token = an_act(
        action="intent:rollback", job=JobName.FIGURES, after={"params": {"batch": 3, "token": "t"}}
    )
    assert act_command(token) == "rollback figures --batch 3 --reason lunch", "an old token names an old plan"


async def test_the_list_of_who_watches_grows_with_them() -> None:
    world = World(an_overview(present=PRESENT[:1]))
    async with running(world) as pilot:
        await press(pilot, "8")
        await until(pilot, lambda: "Watching 1" in text_of(pilot, "#watching"))
        await news(pilot, world, an_overview(present=PRESENT))
        await until(pilot, lambda: "Watching 2" in text_of(pilot, "#watching"))
        await until(pilot, lambda: "scidex_viewer" in text_of(pilot, "#watching"))

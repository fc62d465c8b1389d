"""The soak's screen: what it shows, what each key does, and its dialogs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import Input

from scidex_console.console.screens.soak import SoakScreen
from scidex_console.console.screens.soak_dialogs import (
    BeginDialog,
    ConfirmStepDialog,
    OverrideDialog,
    SignDialog,
    SoakDialog,
)
from scidex_console.console.screens.step_dialog import StepDialog
from scidex_console.domain.intents import ActionName, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.soak.ladder import Ladder, override_token, read_ladder
from scidex_console.domain.soak.records import Override, SoakRecord
from tests.console.driving import Driver, news, press, running, screen_text, until
from tests.console.fakes import World, an_intent, an_overview
from tests.console.soaks import LOOKS, at_first_cycle, failed, opened, seen
from tests.console.soaks import running as under_way
from tests.domain.soak.samples import NOW
from tests.samples import sampled

_OPENS: tuple[tuple[str, type[SoakDialog]], ...] = (
    ("g", BeginDialog),
    ("C", ConfirmStepDialog),
    ("S", SignDialog),
    ("O", OverrideDialog),
)


async def to_soak(pilot: Driver, check: str = "") -> SoakScreen:
    """Go to the screen, and the cursor to a check."""
    await press(pilot, "7")
    await until(pilot, lambda: isinstance(pilot.app.screen, SoakScreen))
    screen = pilot.app.screen
    assert isinstance(screen, SoakScreen)
    while check and screen.subject().check != check:
        await press(pilot, "down")
    return screen


async def dialog(pilot: Driver, key: str, kind: type[SoakDialog]) -> SoakDialog:
    await press(pilot, key)
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    screen = pilot.app.screen
    assert isinstance(screen, kind)
    return screen


async def take(pilot: Driver, **fields: str) -> None:
    """Fill in the fields, go to the choices, take the second."""
    for name, value in fields.items():
        pilot.app.screen.query_one(f"#{name}", Input).value = value
    pilot.app.screen.query_one("#choices").focus()
    await press(pilot, "right", "enter")


def said(pilot: Driver) -> str:
    lines = pilot.app.screen.query_one("#activity").lines  # type: ignore[attr-defined]
    return str(lines[0].text) if lines else ""


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 16)])
async def test_it_shows_ladder_clock_gate_checks_and_the_next_step(size: tuple[int, int]) -> None:
    world = World(seen())
    async with running(world, size) as pilot:
        await to_soak(pilot)
        shown = screen_text(pilot)
        for words in ("backfill", "UNDER WAY", "RUNNING", "9h of 1d", "SHUT", "success", "2-start", "guide"):
            assert words in shown, words


async def test_a_failure_says_why_the_clock_stands_still() -> None:
    world = World(seen(failed()))
    async with running(world) as pilot:
        await to_soak(pilot)
        shown = screen_text(pilot)
        assert "STOPPED" in shown and "FAIL" in shown
        assert "files: 11,667 files before, 11,665 now. When it passes again" in shown


async def test_the_check_under_the_cursor_is_told_in_full() -> None:
    world = World(seen())
    async with running(world) as pilot:
        await to_soak(pilot, "latency")
        shown = screen_text(pilot)
        assert "Signed off by anna: p99 is 310 ms in grafana." in " ".join(shown.split())


async def test_before_any_phase_it_says_how_to_begin() -> None:
    world = World(seen(read_ladder(SoakRecord(now=NOW))))
    async with running(world) as pilot:
        await to_soak(pilot)
        shown = " ".join(screen_text(pilot).split())
        assert (
            "no phase was begun yet: g begins phase 0, as does `scidex-console soak begin 0 --reason TEXT`"
            in shown
        )
        await press(pilot, "m")
        assert "no phase is under way: begin phase 0 first" in said(pilot)


async def test_every_dialog_starts_on_cancel_and_its_key_never_confirms() -> None:
    world = World(seen())
    async with running(world) as pilot:
        await to_soak(pilot, "idempotent")
        for key, kind in _OPENS:
            await dialog(pilot, key, kind)
            shown = screen_text(pilot)
            assert "[ Cancel ]" in shown and "$ scidex-console soak " in shown and "reason" in shown
            while isinstance(pilot.app.screen, SoakDialog):
                await press(pilot, key, "enter")
            await dialog(pilot, key, kind)
            await press(pilot, "escape")
            assert isinstance(pilot.app.screen, SoakScreen)
        assert world.desk.submitted == []


@pytest.mark.parametrize(("key", "kind"), sampled(_OPENS, ("S",), name=lambda opens: opens[0]))
async def test_each_dialog_needs_a_reason(key: str, kind: type[SoakDialog]) -> None:
    world = World(seen())
    async with running(world) as pilot:
        await to_soak(pilot, "idempotent")
        opened_dialog = await dialog(pilot, key, kind)
        if kind is OverrideDialog:
            opened_dialog.query_one("#typed", Input).value = "readers"
        await take(pilot)
        assert "a reason is required" in screen_text(pilot)
        assert world.desk.submitted == []


async def submitted(world: World, pilot: Driver) -> tuple[str, JobName | None, dict[str, object], str]:
    await until(pilot, lambda: world.desk.submitted)
    return world.desk.submitted[-1]


async def test_g_begins_the_phase_that_the_open_gate_leads_to() -> None:
    world = World(seen(opened()))
    async with running(world) as pilot:
        await to_soak(pilot)
        assert "OPEN" in screen_text(pilot)
        await dialog(pilot, "g", BeginDialog)
        assert "Phase 3, readers" in screen_text(pilot)
        await take(pilot, reason="deployed 4f2a")
        assert await submitted(world, pilot) == ("soak_begin", None, {"phase": 3}, "deployed 4f2a")


async def test_g_does_not_lead_through_a_shut_gate() -> None:
    world = World(seen())
    async with running(world) as pilot:
        await to_soak(pilot)
        await press(pilot, "?")
        await until(pilot, lambda: "$ scidex-console soak begin 2" in screen_text(pilot))  # as the key offers
        await press(pilot, "escape")
        await dialog(pilot, "g", BeginDialog)
        assert pilot.app.screen.query_one("#phase", Input).value == "2"
        await take(pilot, phase="3", reason="now")
        assert "the gate of phase 2 is shut" in " ".join(screen_text(pilot).split())
        assert world.desk.submitted == []


async def test_capital_c_confirms_the_step_that_is_due() -> None:
    world = World(seen())
    async with running(world) as pilot:
        await to_soak(pilot)
        await dialog(pilot, "C", ConfirmStepDialog)
        assert "Start the run" in screen_text(pilot)
        await take(pilot, reason="run 9 is running")
        assert await submitted(world, pilot) == (
            "soak_confirm",
            None,
            {"step": "2-start"},
            "run 9 is running",
        )


async def test_capital_s_signs_the_check_under_the_cursor() -> None:
    world = World(seen())
    async with running(world) as pilot:
        await to_soak(pilot, "idempotent")
        world.read.ladder = under_way()
        await dialog(pilot, "S", SignDialog)
        await take(pilot, reason="verified by hand")
        assert await submitted(world, pilot) == (
            "soak_sign",
            None,
            {"check": "idempotent", "token": "print of idempotent"},
            "verified by hand",
        )


@pytest.mark.parametrize(
    ("check", "why"),
    [("files", "a figure is not signed away"), ("latency", "latency is signed off already")],
)
async def test_capital_s_says_why_a_check_cannot_be_signed(check: str, why: str) -> None:
    world = World(seen())
    async with running(world) as pilot:
        await to_soak(pilot, check)
        await press(pilot, "S")
        assert why in said(pilot)
        assert isinstance(pilot.app.screen, SoakScreen)


@pytest.mark.sweep
async def test_a_sign_off_about_evidence_that_changed_is_shown_anew() -> None:
    world = World(seen())
    async with running(world) as pilot:
        await to_soak(pilot, "idempotent")
        await dialog(pilot, "S", SignDialog)
        changed = replace(LOOKS["idempotent"], fingerprint="new", words="another word")
        world.read.ladder = under_way(measurements={**LOOKS, "idempotent": changed})
        await take(pilot, reason="verified by hand")
        await until(pilot, lambda: "another word" in screen_text(pilot))
        assert "the state changed and nothing was done" in " ".join(screen_text(pilot).split())
        assert pilot.app.screen.query_one("#reason", Input).value == "verified by hand"
        assert world.desk.submitted == []
        await take(pilot, reason="verified by hand")
        assert (await submitted(world, pilot))[2] == {"check": "idempotent", "token": "new"}


async def test_capital_o_overrides_once_the_name_is_typed() -> None:
    world = World(seen())
    world.read.ladder = under_way()
    async with running(world) as pilot:
        await to_soak(pilot)
        await dialog(pilot, "O", OverrideDialog)
        shown = " ".join(screen_text(pilot).split())
        assert "idempotent cannot be measured yet" in shown and "the clock is running, 15h to go" in shown
        await take(pilot, typed="backfill", reason="the board wants it")
        assert "type the phase's name, readers, to confirm" in screen_text(pilot)
        await take(pilot, typed="readers", reason="the board wants it")
        token = override_token(under_way(), 3)
        assert await submitted(world, pilot) == (
            "soak_override",
            None,
            {"phase": 3, "token": token},
            "the board wants it",
        )


@pytest.mark.parametrize("size", [(60, 16), (80, 24)])
async def test_whatever_an_override_passes_over_can_be_read(size: tuple[int, int]) -> None:
    ladder = under_way(measurements={}, signoffs=())
    world = World(seen(ladder))
    world.read.ladder = ladder
    async with running(world, size) as pilot:
        await to_soak(pilot)
        await dialog(pilot, "O", OverrideDialog)
        first = screen_text(pilot)
        assert "passed over 10" in first
        assert " more" in first or "the clock is running" in first  # it is said that not all is in sight
        assert "[ Cancel ]" in screen_text(pilot)
        await press(pilot, "shift+tab")
        shown = ""
        for _ in range(40):
            shown += screen_text(pilot)
            await press(pilot, "down")
        for view in ladder.checks:
            assert f"• {view.check.id} " in shown
        assert "the clock is running" in shown


async def test_an_override_that_the_engine_refused_as_stale_is_shown_anew() -> None:
    world = World(seen())
    world.read.ladder = under_way()
    async with running(world) as pilot:
        await to_soak(pilot)
        await dialog(pilot, "O", OverrideDialog)
        await take(pilot, typed="readers", reason="the board wants it")
        await submitted(world, pilot)
        world.read.ladder = failed()
        refused = an_intent(
            41, action=ActionName.SOAK_OVERRIDE, job=None, state=IntentState.REFUSED, outcome="has changed"
        )
        await news(pilot, world, replace(seen(failed()), intents=(refused,)))
        await until(pilot, lambda: isinstance(pilot.app.screen, OverrideDialog))
        assert "files fails" in " ".join(screen_text(pilot).split())


async def test_nothing_is_overridden_through_an_open_gate() -> None:
    world = World(seen(opened()))
    async with running(world) as pilot:
        await to_soak(pilot)
        await press(pilot, "O")
        assert "the gate is open: there is nothing to override" in said(pilot)


async def test_a_phase_that_is_let_in_already_needs_no_second_override() -> None:
    leave = Override(1, 3, NOW, "bob", "local", "drill", ())
    world = World(seen(under_way(override=leave)))
    async with running(world) as pilot:
        await to_soak(pilot)
        assert " O override" not in screen_text(pilot)
        await press(pilot, "O")
        assert "phase 3 is let in by bob already: there is nothing to override" in said(pilot)


async def test_m_measures_at_once() -> None:
    world = World(seen())
    async with running(world) as pilot:
        await to_soak(pilot)
        await press(pilot, "m")
        assert await submitted(world, pilot) == ("soak_measure", None, {}, "")


async def test_capital_d_asks_for_what_the_step_does() -> None:
    world = World(seen(at_first_cycle()))
    async with running(world) as pilot:
        await to_soak(pilot)
        assert "does `step folders 1 --cycle`" in screen_text(pilot)
        await press(pilot, "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, StepDialog))
        pilot.app.screen.query_one("#choices").focus()
        await press(pilot, "right", "right", "enter")
        assert await submitted(world, pilot) == ("step", JobName.FOLDERS, {"count": 1, "cycle": True}, "")


async def test_capital_d_starts_the_run_and_says_why_it_cannot() -> None:
    world = World(seen())
    async with running(world) as pilot:
        await to_soak(pilot)
        await press(pilot, "D")
        assert await submitted(world, pilot) == ("start", JobName.FOLDERS, {}, "")
    by_hand: Ladder = under_way(confirmations=())
    world = World(seen(by_hand))
    async with running(world) as pilot:
        await to_soak(pilot)
        await press(pilot, "D")
        assert "the next step has no action of this program" in said(pilot)


async def test_a_shut_gate_disables_the_folders_of_the_overview() -> None:
    ladder = under_way(entries=under_way_entries())
    world = World(seen(ladder))
    async with running(world) as pilot:
        await press(pilot, "o", "s")
        assert "phase 2 may not run yet" in said(pilot)
        assert world.desk.submitted == []


def under_way_entries() -> tuple[object, ...]:
    """Only phase 0 is under way."""
    from tests.domain.soak.samples import entry

    return (entry(0),)


async def test_a_reader_only_watches() -> None:
    world = World(seen(), read_only=True)
    async with running(world) as pilot:
        await to_soak(pilot, "idempotent")
        for key in ("g", "C", "S", "O", "m", "D"):
            await press(pilot, key)
            assert isinstance(pilot.app.screen, SoakScreen), key
        assert world.desk.submitted == []


async def test_an_overview_without_a_soak_draws_nothing_and_breaks_nothing() -> None:
    world = World(an_overview())
    async with running(world) as pilot:
        await to_soak(pilot)
        await press(pilot, "g")
        assert "nothing is known of the soak yet" in said(pilot)


async def test_in_the_removals_phase_the_screen_names_the_clean_up() -> None:
    ladder = under_way()
    assert ladder.entry is not None
    removal = replace(ladder, entry=replace(ladder.entry, phase=5))
    for known, command in ((ladder, "soak status"), (removal, "cleanup plan")):
        async with running(World(seen(known))) as pilot:
            assert (await to_soak(pilot)).twin() == command

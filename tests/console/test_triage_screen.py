"""The triage screen: every key, every dialog, cancel, and a plan that has become stale."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import Input

from scidex_console.console.presentation.triage import CASE_COLUMNS, case_cells
from scidex_console.console.screens.decision_dialog import DecisionDialog
from scidex_console.console.screens.decisions import DecisionsScreen
from scidex_console.console.screens.picture import PictureScreen
from scidex_console.console.screens.triage import CasesQuery, TriageScreen
from scidex_console.domain.errors import Refused
from scidex_console.domain.intents import IntentState
from scidex_console.domain.paging import FIRST, Span
from scidex_console.domain.triage import CaseKind, Decision
from tests.console.driving import Driver, notice, press, running, screen_text, text_of, until
from tests.console.fakes import World, observing
from tests.console.triage_fakes import ACTUAL, CASES, EXPECTED, a_case, an_evidence
from tests.samples import sample

BESIDE = (120, 40)


def triage(world: World) -> TriageScreen:
    screen = world.app.main_screen
    assert isinstance(screen, TriageScreen)
    return screen


async def opened(pilot: Driver, world: World) -> TriageScreen:
    """The screen with the evidence of its first case."""
    await press(pilot, "6")
    await until(pilot, lambda: isinstance(world.app.main_screen, TriageScreen) and triage(world).evidence)
    return triage(world)


async def dialog(pilot: Driver, world: World, key: str) -> DecisionDialog:
    await press(pilot, key)
    await until(pilot, lambda: isinstance(world.app.screen, DecisionDialog))
    assert isinstance(world.app.screen, DecisionDialog)
    return world.app.screen


@pytest.mark.parametrize("size", [(80, 24), BESIDE])
async def test_list_and_evidence_are_both_seen(size: tuple[int, int]) -> None:
    world = World()
    async with running(world, size) as pilot:
        await opened(pilot, world)
        shown = screen_text(pilot)
        assert "dataset-0001" in shown and EXPECTED[:16] in shown and ACTUAL[:16] in shown
        assert "content_hash" in shown and "3 rows below a heading" in shown
        list_and_title = any(
            "waiting for a person" in line and "dataset-0001" in line for line in shown.splitlines()
        )
        assert list_and_title == (size == BESIDE)


async def test_evidence_follows_the_cursor_and_enter_gives_it_the_whole_screen() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await opened(pilot, world)
        await press(pilot, "down", "down", "down")
        await until(pilot, lambda: screen.evidence and screen.evidence.case.artifact_id == "notebook-0004")
        assert world.triage.read[0] == "dataset-0001"
        await press(pilot, "enter")
        await until(pilot, lambda: "= 2026-01-13" in screen_text(pilot))
        assert "dataset-0002" not in screen_text(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: "dataset-0002" in screen_text(pilot))
        await press(pilot, "escape")
        assert world.app.main_screen is world.app.navigation.first


async def test_case_whose_evidence_is_read_stays_under_the_cursor_when_others_come_above_it() -> None:
    world = World()
    more = tuple(a_case(f"paper_figure-{number:04d}", CaseKind.SUSPECT) for number in range(6, 30))
    world.triage.waiting = (*CASES[1:], *more)
    async with running(world) as pilot:
        screen = await opened(pilot, world)
        assert screen.evidence and screen.evidence.case.artifact_id == "dataset-0002"
        world.triage.waiting = (*CASES, *more)
        world.feed.tell("run")
        await until(pilot, lambda: len(screen.table.window.rows) == len(CASES) + len(more))
        assert screen.table.current == CASES[1]
        assert "dataset-0001" in text_of(pilot, "#rows") and "more above" not in text_of(pilot, "#rows")
        # Who comes again begins with what is first by then, having chosen no row.
        await press(pilot, "5", "6")
        await until(pilot, lambda: screen.evidence and screen.evidence.case == CASES[0])
        await press(pilot, "down", "5", "6")
        await until(pilot, lambda: screen.evidence and screen.evidence.case == CASES[1])
        await press(pilot, "home")
        await until(pilot, lambda: screen.evidence and screen.evidence.case == CASES[0])


async def test_evidence_says_when_it_was_read_and_f5_reads_it_anew() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, world)
        assert "as of" in screen_text(pilot)
        await press(pilot, "f5")
        await until(pilot, lambda: world.triage.read == ["dataset-0001"] * 2)


@pytest.mark.sweep
async def test_filter_shows_kinds_and_words_and_says_what_is_wrong() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, world)
        await press(pilot, "/", *"kind:quarantined", "enter")
        await until(pilot, lambda: "dataset-0001" not in screen_text(pilot))
        assert world.triage.asked[-1].kind == "quarantined"
        await press(pilot, "/", *",x", "enter")
        await until(pilot, lambda: "is none of" in screen_text(pilot))
        await press(pilot, "escape")


async def test_the_kind_that_a_row_shows_is_what_it_is_filtered_by() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await opened(pilot, world)
        for kind in CaseKind:
            shown = case_cells(a_case("dataset-0001", kind))["kind"].text
            assert len(shown) <= next(column.width for column in CASE_COLUMNS if column.key == "kind")
            assert shown in screen.HINT and shown in kind  # the latter, so that it is found as a word, too
            screen.apply(f"kind:{shown}")
            query = screen.ask(FIRST, Span(0, 1))
            assert isinstance(query, CasesQuery) and query.criteria.kind == kind


@pytest.mark.parametrize(
    ("key", "decision", "row"),
    sample(
        ("a", Decision.ACCEPT, 0),
        ("f", Decision.REDOWNLOAD, 4),
        ("r", Decision.RESTORE, 0),
        ("d", Decision.DATABASE_ONLY, 0),
        ("l", Decision.LEAVE, 0),
        quick=2,
    ),
)
async def test_each_decision_has_its_key_and_a_dialog_that_starts_on_cancel(
    key: str, decision: Decision, row: int
) -> None:
    world = World()
    async with running(world) as pilot:
        screen = await opened(pilot, world)
        await press(pilot, *["down"] * row)
        await until(pilot, lambda: screen.evidence and screen.evidence.case == CASES[row])
        shown = await dialog(pilot, world, key)
        assert shown.preview.decision is decision
        assert f"triage decide {decision} {CASES[row].artifact_id}" in shown.twin().replace("\n", " ")
        await press(pilot, *"a reason", "enter", "enter")
        await until(pilot, lambda: world.app.screen is screen)
        assert world.triage.decided == [], "Enter in the last field comes to Cancel"
        await dialog(pilot, world, key)
        await press(pilot, *"a reason", "enter", "right", "enter")
        await until(pilot, lambda: world.triage.decided)
        preview, reason = world.triage.decided[0]
        assert (preview.decision, reason) == (decision, "a reason")


async def test_y_copies_the_command_that_shows_the_evidence() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, world)
        await press(pilot, "y")
        assert "triage show dataset-0001" in notice(pilot)


async def test_without_a_reason_nothing_is_decided() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, world)
        await dialog(pilot, world, "a")
        await press(pilot, "enter", "right", "enter")
        await until(pilot, lambda: "a reason is required" in screen_text(pilot))
        await press(pilot, "escape")
        assert world.triage.decided == []


async def test_marked_cases_are_decided_about_together_and_what_is_left_alone_is_named() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await opened(pilot, world)
        await press(pilot, "space", "space", "space")
        assert len(screen.table.marked) == 3
        shown = await dialog(pilot, world, "a")
        assert [i.artifact_id for i in shown.preview.items] == ["dataset-0001", "dataset-0002", "figure-0003"]
        assert "2 artifacts (2 hash_mismatch), 1 left alone" in screen_text(pilot)
        assert "LEFT ALONE" in screen_text(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: world.app.screen is screen)
        await pilot.press("asterisk")
        assert screen.table.marked == {}


async def test_marks_of_two_jobs_are_not_decided_about_at_once() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, world)
        await press(pilot, "space", "end", "space", "l")
        await until(pilot, lambda: "of two jobs" in notice(pilot))


async def test_plan_that_changed_is_shown_anew_and_nothing_is_decided() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, world)
        await dialog(pilot, world, "a")
        world.triage.token = "0123456789ab"
        await press(pilot, *"why", "enter", "right", "enter")
        await until(pilot, lambda: "the state changed and nothing was done" in screen_text(pilot))
        assert pilot.app.screen.query_one("#reason", Input).value == "why"
        assert isinstance(world.app.screen, DecisionDialog) and world.triage.decided == []
        await press(pilot, *"why", "enter", "right", "enter")
        await until(pilot, lambda: world.triage.decided)
        assert world.triage.decided[0][0].token == "0123456789ab"


@pytest.mark.sweep
async def test_decision_that_the_engine_found_stale_is_shown_anew() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, world)
        await dialog(pilot, world, "a")
        await press(pilot, *"why", "enter", "right", "enter")
        await until(pilot, lambda: world.triage.decided)
        world.triage.token = "0123456789ab"
        intent = await world.triage.decide(*world.triage.decided[0][:1], reason="why")
        world.read.intents[70] = replace(intent, state=IntentState.REFUSED, outcome="a row has changed")
        world.feed.tell("intent")
        await until(pilot, lambda: isinstance(world.app.screen, DecisionDialog))
        assert "a row has changed" in screen_text(pilot)


async def test_decision_of_lately_is_chosen_and_taken_back() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, world)
        await press(pilot, "u")
        await until(pilot, lambda: isinstance(world.app.screen, DecisionsScreen))
        assert "the authors confirm" in screen_text(pilot)
        await press(pilot, "down", "enter")
        assert "nothing is to be taken back" in screen_text(pilot)
        await press(pilot, "up", "enter")
        await until(pilot, lambda: isinstance(world.app.screen, DecisionDialog))
        assert "triage undo 7" in screen_text(pilot)
        await press(pilot, *"oops", "enter", "right", "enter")
        await until(pilot, lambda: world.triage.decided)
        assert world.triage.decided[0][0].undoes == 7


async def test_list_of_decisions_is_left_without_a_choice() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await opened(pilot, world)
        await press(pilot, "u")
        await until(pilot, lambda: isinstance(world.app.screen, DecisionsScreen))
        await press(pilot, "escape")
        await until(pilot, lambda: world.app.screen is screen)


async def test_closed_decision_says_why_on_its_key() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, world)
        await press(pilot, "f")
        assert "only a paper figure with an image_url" in notice(pilot)
        await press(pilot, "i")
        assert "it is no image but text/csv" in notice(pilot)


async def test_engine_that_only_observes_lets_nobody_decide() -> None:
    world = World(observing())
    async with running(world) as pilot:
        await opened(pilot, world)
        for key in "ardlu":
            await press(pilot, key)
            assert "only observes" in notice(pilot)


@pytest.mark.parametrize("theme", ["dark", "none"])
@pytest.mark.sweep
async def test_image_is_drawn_when_it_is_asked_for_and_not_before(theme: str) -> None:
    world = World(theme=theme)
    async with running(world) as pilot:
        screen = await opened(pilot, world)
        await press(pilot, "down", "down")
        await until(pilot, lambda: screen.evidence and screen.evidence.case == CASES[2])
        await press(pilot, "i")
        await until(
            pilot, lambda: isinstance(world.app.screen, PictureScreen) and "640x480" in screen_text(pilot)
        )
        assert ("▀" * 12 in screen_text(pilot)) == (theme == "dark")
        await press(pilot, "escape")
        await until(pilot, lambda: world.app.screen is screen)


async def test_image_that_cannot_be_drawn_tells_what_is_known_and_where_it_lies() -> None:
    world = World()
    world.triage.image = "it is no image that can be drawn"
    async with running(world) as pilot:
        screen = await opened(pilot, world)
        await press(pilot, "down", "down")
        await until(pilot, lambda: screen.evidence and screen.evidence.case == CASES[2])
        await press(pilot, "i")
        await until(pilot, lambda: "no image that can be drawn" in screen_text(pilot))
        assert "/srv/scidex/data/scidex-artifacts/figures/f.png" in screen_text(pilot)


async def test_evidence_that_cannot_be_read_is_told_and_the_list_goes_on() -> None:
    world = World()
    world.triage.fails = Refused("the checkout cannot be read", where="/srv/scidex")
    async with running(world) as pilot:
        await press(pilot, "6")
        await until(pilot, lambda: "the checkout cannot be read" in screen_text(pilot))
        assert "dataset-0002" in screen_text(pilot)


async def test_hostile_words_are_drawn_harmless() -> None:
    world = World()
    nasty = "\x1b[31m[bold]‮x\x9b2J"
    case = replace(CASES[0], reason=nasty, title=nasty)
    world.triage.waiting = (case,)
    world.triage.evidences[case.artifact_id] = an_evidence(
        case, diff=("---", "+++", f"+{nasty}"), others=(nasty,)
    )
    async with running(world, BESIDE) as pilot:
        await opened(pilot, world)
        shown = screen_text(pilot)
        assert "\\x1b" in shown and not set("\x1b\x9b‮") & set(shown)

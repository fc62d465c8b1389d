"""A whole soak climbed by keys, with a clock of a second: begin, do, confirm, sign, override."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scidex_console.domain.soak.ladder import Ladder
from scidex_console.wiring import verify
from scidex_console.wiring.reading import readers
from tests import warm
from tests.e2e.conftest import engine_of
from tests.e2e.terminals import ENTER, RIGHT, TAB, PtyTerminal, leave_dialog, wait_for
from tests.e2e.test_operator_session import environment
from tests.labs import Lab, make_lab

CONFIRM, DOWN, HOME = (TAB, RIGHT, ENTER), "\x1b[B", "\x1b[H"
_SOAK = """
[soak]
enforce = "always"
duration = "1s"
before_removal = "1s"
measure_every = "200ms"
new_artifact_grace = "0s"
baseline = "1h"
[folders]
every = "0s"
grace = "10ms"
"""


class Climber:
    """An operator on the soak's screen."""

    def __init__(self, lab: Lab, terminal: PtyTerminal) -> None:
        self.lab = lab
        self.terminal = terminal

    def ladder(self) -> Ladder:
        """Where the soak stands."""

        async def read() -> Ladder:
            async with readers(self.lab.settings) as connected:
                found = (await connected.read.overview()).soak
                assert found is not None
                return found

        return asyncio.run(read())

    def until(self, what: str, holds: Callable[[Ladder], object]) -> Ladder:
        """The ladder once it holds."""
        end = time.monotonic() + 20
        while not holds(ladder := self.ladder()):
            self.terminal.screen()
            assert time.monotonic() < end, f"waited in vain until {what}:\n{self.terminal.screen()}"
            time.sleep(0.1)
        return ladder

    def begin(self, phase: int) -> None:
        """Begin what is offered, which must be this phase."""
        self.terminal.send("g")
        wait_for(self.terminal, f"Phase {phase}", "Cancel")
        self.terminal.send("deployed and looked at", *CONFIRM)
        self.until(f"phase {phase} is under way", lambda now: now.entry and now.entry.phase == phase)
        wait_for(self.terminal, f"guide {phase}-")

    def confirm(self, name: str) -> None:
        """Confirm the step of the guide that is next."""
        wait_for(self.terminal, f"guide {name}")
        self.terminal.send("C")
        wait_for(self.terminal, f"Confirm {name}", "Cancel")
        self.terminal.send("seen, and as it should be", *CONFIRM)
        self.until(f"{name} is confirmed", lambda now: not now.next_step or now.next_step.step.id != name)

    def confirm_due(self) -> list[str]:
        """Confirm each step that is due; which they were."""
        confirmed: list[str] = []
        while (step := self.ladder().next_step) is not None and step.due:
            self.confirm(step.step.id)
            confirmed.append(step.step.id)
        return confirmed

    def let_in(self, phase: int, name: str, reason: str) -> None:
        """Pass over a shut gate, by the name of the phase."""
        self.terminal.send("O")
        wait_for(self.terminal, f"Let phase {phase} in although its gate is shut", "Cancel")
        self.terminal.send(name, TAB, reason, *CONFIRM)
        wait_for(self.terminal, f"phase {phase} let in by")

    def through_the_gate(self) -> None:
        """Sign what needs a person, confirm what is due, and wait until the gate is open."""
        self.sign_all()
        self.until("the clock is done", lambda now: now.clock and str(now.clock.state) == "done")
        self.confirm_due()
        self.until("the gate is open", lambda now: now.gate.is_open)

    def until_row(self, statement: str) -> dict[str, Any]:
        """The first row of an answer, once there is one."""
        end = time.monotonic() + 40
        while not (found := self.lab.rows(statement)):
            self.terminal.screen()
            assert time.monotonic() < end, f"waited in vain for {statement}:\n{self.terminal.screen()}"
            time.sleep(0.05)
        return found[0]

    def sign_all(self) -> None:
        """Sign each check that waits for a person."""
        waiting = [v.check.id for v in self.ladder().checks if str(v.state) in ("person", "unmeasured")]
        for name in waiting:
            self.point_at(name)
            self.terminal.send("S")
            wait_for(self.terminal, f"Sign off {name}", "Cancel")
            self.terminal.send("looked at with the team", *CONFIRM)
            self.until(f"{name} is signed", lambda now, name=name: self._signed(now, name))

    def _signed(self, ladder: Ladder, name: str) -> bool:
        """Whether it is; where it was measured anew meanwhile, the evidence of now is signed."""
        if "this is the plan as it is now" in self.terminal.screen():
            self.terminal.send(*CONFIRM)  # the reason stands there already
            time.sleep(0.5)
        return any(v.check.id == name and str(v.state) == "signed" for v in ladder.checks)

    def point_at(self, name: str) -> None:
        """Put the cursor on a check, as it is listed now."""
        shown = wait_for(self.terminal, "Checks", f"\n{name} ").splitlines()
        top = next(i for i, line in enumerate(shown) if line.startswith("Checks"))
        names = [line.split()[0] for line in shown[top + 1 :] if line.strip()]
        self.terminal.send(HOME, *[DOWN] * names.index(name))
        time.sleep(0.3)  # the screen has nothing to wait for: the cursor is a colour


@pytest.fixture
def climber(tmp_path: Path, scidex_database: str) -> Iterator[Climber]:
    lab = make_lab(tmp_path, scidex_database, extra=_SOAK, figures=4, artifacts=24)
    terminal = None
    with engine_of(lab):
        try:
            words = [*warm.PROGRAM, "--config", str(lab.config), "console"]
            terminal = PtyTerminal(words, 120, 40, environment(tmp_path))
            wait_for(terminal, "engine RUNNING")
            terminal.send("7")
            wait_for(terminal, "no phase is under way")
            yield Climber(lab, terminal)
        finally:
            if terminal is not None:
                terminal.close()


@pytest.mark.sweep
@pytest.mark.timeout(600)
def test_the_ladder_is_climbed_to_its_end_by_keys_alone(climber: Climber) -> None:
    terminal = climber.terminal
    terminal.send("g")
    wait_for(terminal, "Phase 0", "Cancel")
    leave_dialog(terminal)
    wait_for(terminal, "no phase is under way")
    assert climber.ladder().entry is None
    climber.begin(0)
    terminal.send("O")
    wait_for(terminal, "Let phase 1 in although its gate is shut", "Cancel")
    leave_dialog(terminal)
    climber.sign_all()
    climber.until("the clock is done", lambda now: str(now.clock.state) == "done" if now.clock else False)
    walked = climber.confirm_due()
    assert walked[:2] == ["0-apply", "0-read-tests"] and walked[-1] == "0-hour-24"
    climber.until("the gate is open", lambda now: now.gate.is_open)
    climber.begin(1)
    terminal.send("O")
    wait_for(terminal, "Let phase 2 in although its gate is shut", "Cancel")
    terminal.send("new artifacts", TAB, "the board has read it", *CONFIRM)
    wait_for(terminal, "type the phase's name, backfill")
    leave_dialog(terminal)
    climber.until("phase 1 is measured", lambda now: all(view.evidence for view in now.checks))
    wait_for(terminal, "person", "a person has to look")
    climber.let_in(2, "backfill", "the board has read it")
    told = climber.lab.rows("SELECT reason FROM scidex_console.intent WHERE action = 'soak_override'")
    assert told == [{"reason": "the board has read it"}]
    climber.begin(2)
    terminal.send("D")  # the first step of phase 2 is looked at elsewhere
    wait_for(terminal, "the next step has no action of this program", again="D")
    _move_what_was_there_before(climber)
    climber.through_the_gate()
    climber.begin(3)
    climber.let_in(4, "aliases", "the readers are another team's")
    climber.begin(4)
    climber.through_the_gate()
    climber.begin(5)
    _remove_the_old_places(climber)
    climber.through_the_gate()
    assert climber.ladder().next_step is None
    terminal.send("8")
    wait_for(terminal, "soak confirm", "Acts")


def _move_what_was_there_before(climber: Climber) -> None:
    """Phase 2: one cycle by the guide, taken back and applied again; then the run, and what it left."""
    terminal = climber.terminal
    climber.confirm("2-plan")
    wait_for(terminal, "guide 2-cycle")
    terminal.send("D")
    wait_for(terminal, "Step rows", "Cancel")
    terminal.send(TAB, "one cycle first", TAB, RIGHT, RIGHT, ENTER)
    batch = climber.until_row("SELECT id FROM scidex_console.batch WHERE state IN ('done', 'cleaned')")["id"]
    climber.until_row("SELECT 1 FROM scidex_console.run WHERE state = 'paused'")
    climber.confirm("2-cycle")
    terminal.send("5")
    wait_for(terminal, "Batches", f"{batch} ")
    terminal.send("b")
    wait_for(terminal, f"Roll back folders batch {batch}", "Cancel", again="b")
    terminal.send(str(batch), TAB, "as the guide says", *CONFIRM)
    climber.until_row("SELECT 1 FROM scidex_console.batch WHERE state = 'rolled_back'")
    wait_for(terminal, "taken back")
    terminal.send("B")
    wait_for(terminal, f"Redo folders batch {batch}", "Cancel", again="B")
    terminal.send(str(batch), TAB, "as the guide says", *CONFIRM)
    climber.until_row("SELECT 1 FROM scidex_console.batch WHERE state IN ('done', 'cleaned') AND pass_no = 2")
    terminal.send("7")
    climber.confirm("2-rollback")
    assert all(found.holds is not False for found in asyncio.run(verify(climber.lab.settings)).invariants)
    climber.confirm("2-verify")
    wait_for(terminal, "guide 2-start")
    terminal.send("D")  # the cycle that was stepped has left a run that is paused: it goes on
    climber.until_row("SELECT 1 FROM scidex_console.run WHERE state = 'done'")
    climber.confirm("2-start")
    # One artifact waits with a hash that its file never had: mended at its source, and tried again.
    climber.lab.rows(
        "UPDATE artifacts SET content_hash = NULL, metadata = metadata - 'file_sha256'"
        " WHERE migrated_to_folder_at IS NULL"
    )
    terminal.send("1")
    wait_for(terminal, "▸figures")
    terminal.send("o")
    wait_for(terminal, "▸folders")
    terminal.send("r")
    wait_for(terminal, "Retry", "Cancel", "1 row", again="r")
    terminal.send(TAB, "mended at its source", *CONFIRM)
    climber.until_row("SELECT 1 FROM scidex_console.intent WHERE action = 'retry' AND state = 'done'")
    wait_for(terminal, "due again")
    terminal.send("s")
    climber.until_row("SELECT 1 FROM scidex_console.run WHERE state = 'done' OFFSET 1")
    terminal.send("7", "m")
    climber.until_row("SELECT 1 WHERE NOT EXISTS (SELECT FROM artifacts WHERE migrated_to_folder_at IS NULL)")


def _remove_the_old_places(climber: Climber) -> None:
    """Phase 5: what still lies at the old places goes, by a commit of SciDEX's own; then the vacuum."""
    git = climber.lab.git
    legacy = [name for name in git("ls-tree", "--name-only", "HEAD").split() if len(name) < 36]
    git("rm", "-rq", *legacy)
    git("commit", "-qm", "Remove legacy folders")
    for table in ("artifacts", "artifact_links", "artifact_migration_log"):
        climber.lab.rows(f"VACUUM ANALYZE {table}")
    climber.until(
        "nothing is left there",
        lambda now: next(str(v.state) for v in now.checks if v.check.id == "listing") == "passing",
    )

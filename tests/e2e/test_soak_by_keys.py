"""A soak climbed by the console's keys, with a clock of a second: begin, confirm, sign, override."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scidex_console.domain.soak.ladder import Ladder
from scidex_console.wiring.reading import readers
from tests.e2e.conftest import engine_of
from tests.e2e.terminals import ENTER, RIGHT, TAB, PtyTerminal, leave_dialog, wait_for
from tests.e2e.test_operator_session import PROGRAM, environment
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
        return ladder

    def begin(self, phase: int) -> None:
        """Begin what is offered, which must be this phase."""
        self.terminal.send("g")
        wait_for(self.terminal, f"Phase {phase}", "Cancel")
        self.terminal.send("deployed and looked at", *CONFIRM)
        self.until(f"phase {phase} is under way", lambda now: now.entry and now.entry.phase == phase)
        wait_for(self.terminal, f"guide {phase}-")

    def confirm_due(self) -> list[str]:
        """Confirm each step that is due; which they were."""
        confirmed: list[str] = []
        while (step := self.ladder().next_step) is not None and step.due:
            name = step.step.id
            wait_for(self.terminal, f"guide {name}")
            self.terminal.send("C")
            wait_for(self.terminal, f"Confirm {name}", "Cancel")
            self.terminal.send("seen, and as it should be", *CONFIRM)
            self.until(
                f"{name} is confirmed",
                lambda now, name=name: not now.next_step or now.next_step.step.id != name,
            )
            confirmed.append(name)
        return confirmed

    def sign_all(self) -> None:
        """Sign each check that waits for a person."""
        waiting = [v.check.id for v in self.ladder().checks if str(v.state) in ("person", "unmeasured")]
        for name in waiting:
            self.point_at(name)
            self.terminal.send("S")
            wait_for(self.terminal, f"Sign off {name}", "Cancel")
            self.terminal.send("looked at with the team", *CONFIRM)
            self.until(
                f"{name} is signed",
                lambda now, name=name: any(
                    v.check.id == name and str(v.state) == "signed" for v in now.checks
                ),
            )

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
            words = [*PROGRAM, "--config", str(lab.config), "console"]
            terminal = PtyTerminal(words, 120, 40, environment(tmp_path))
            wait_for(terminal, "engine RUNNING")
            terminal.send("7")
            wait_for(terminal, "no phase is under way")
            yield Climber(lab, terminal)
        finally:
            if terminal is not None:
                terminal.close()


def test_phase_is_begun_walked_signed_and_left_through_its_open_gate(climber: Climber) -> None:
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
    terminal.send("O")
    wait_for(terminal, "Let phase 2 in although its gate is shut", "Cancel")
    terminal.send("backfill", TAB, "the board has read it", *CONFIRM)
    wait_for(terminal, "phase 2 let in by")
    told = climber.lab.rows("SELECT reason FROM scidex_console.intent WHERE action = 'soak_override'")
    assert told == [{"reason": "the board has read it"}]
    climber.begin(2)
    terminal.send("D")  # the first step of phase 2 is looked at elsewhere
    wait_for(terminal, "the next step has no action of this program")

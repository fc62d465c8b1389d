"""A whole soak, from the schema to the last gate, with a clock of a second: the real program and stores."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scidex_console.cli.main import main
from tests import warm
from tests.e2e.terminals import ENTER, RIGHT, TAB
from tests.e2e.terminals import wait_for as shows
from tests.e2e.test_operator_session import opened
from tests.labs import Lab, make_lab

_SOAK = """
[soak]
enforce = "always"
duration = "1s"
before_removal = "2s"
measure_every = "100ms"
new_artifact_grace = "0s"
baseline = "1h"
[folders]
every = "0s"
grace = "10ms"
"""
_WHY = ("--reason", "seen, and as it should be")


def wait_for(holds: Callable[[], bool], what: str, patience_s: float = 90.0) -> None:
    """Return once it holds."""
    until = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < until, f"waited in vain until {what}"
        time.sleep(0.02)


class Operator:
    """Somebody at the command line, and the engine they look after."""

    def __init__(self, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
        self.lab = lab
        self._capsys = capsys
        self.engine = self.start_engine()

    def start_engine(self) -> warm.Popen:
        self.engine = warm.Popen(
            [*warm.PROGRAM, "--config", str(self.lab.config), "engine"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self.engine

    def kill_engine(self) -> None:
        os.killpg(self.engine.pid, signal.SIGKILL)
        self.engine.wait()

    def run(self, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        found = main(["--config", str(self.lab.config), *words])
        captured = self._capsys.readouterr()
        assert found == code, f"{words}: {found}\n{captured.out}\n{captured.err}"
        return captured.out

    def soak(self) -> dict[str, Any]:
        self._capsys.readouterr()
        main(["--config", str(self.lab.config), "soak", "status", "--json"])
        document: dict[str, Any] = json.loads(self._capsys.readouterr().out)["soak"]
        return document

    def check(self, name: str) -> dict[str, Any]:
        [found] = [view for view in self.soak()["checks"] if view["check"]["id"] == name]
        return dict(found)

    def until(self, what: str, holds: Callable[[dict[str, Any]], bool]) -> None:
        wait_for(lambda: holds(self.soak()), what)

    def until_open(self) -> None:
        self.until("the gate is open", lambda soak: soak["gate"]["is_open"])
        self.run("soak", "status")

    def until_done(self) -> None:
        def is_done() -> bool:
            return bool(
                self.lab.rows(
                    "SELECT 1 FROM scidex_console.run WHERE state = 'done' AND finished_at"
                    " >= (SELECT max(created_at) FROM scidex_console.run)"
                )
            )

        wait_for(is_done, "the run is done")

    def sign_all(self) -> None:
        for view in self.soak()["checks"]:
            if view["state"] in ("person", "unmeasured"):
                self.sign(view["check"]["id"])

    def sign(self, name: str) -> None:
        """Sign what stands there now: looked at again where the engine measured anew in that very moment."""
        for _ in range(3):
            self._capsys.readouterr()
            code = main(["--config", str(self.lab.config), "soak", "sign", name, *_WHY])
            captured = self._capsys.readouterr()
            if "look again and sign" not in captured.out:
                break
        assert code == 0, f"sign {name}: {code}\n{captured.out}\n{captured.err}"


@pytest.fixture
def operator(tmp_path: Path, scidex_database: str, capsys: pytest.CaptureFixture[str]) -> Iterator[Operator]:
    lab = make_lab(tmp_path, scidex_database, extra=_SOAK, figures=4, artifacts=24)
    somebody = Operator(lab, capsys)
    try:
        yield somebody
    finally:
        somebody.kill_engine()


@pytest.mark.sweep
def test_the_ladder_is_climbed_from_the_schema_to_the_removal(operator: Operator) -> None:
    o = operator
    wait_for(lambda: bool(o.lab.rows("SELECT 1 FROM scidex_console.soak_rule WHERE enforced")), "an engine")
    assert "begin 0" in o.run("soak", "status")
    o.run("start", "folders", code=4)
    o.run("soak", "begin", "1", *_WHY, code=4)

    # Phase 0: measured in the catalogue, but for the read tests, which a person answers for.
    o.run("soak", "begin", "0", *_WHY)
    assert o.check("columns")["state"] == "passing"
    o.run("soak", "status", code=4)
    o.run("soak", "sign", "columns", *_WHY, code=1)
    o.run("soak", "sign", "queries", "--reason", "214 read tests pass")
    o.run("soak", "confirm", "0-apply", *_WHY)
    o.run("soak", "confirm", "1-first", *_WHY, code=1)
    o.until_open()

    # Phase 1: an artifact that comes without a folder stops the clock, and voids what was signed about it.
    o.run("soak", "begin", "1", *_WHY)
    o.run("start", "folders", code=4)
    o.run("soak", "sign", "newcomers", *_WHY)
    o.lab.rows(
        "INSERT INTO artifacts (id, artifact_type, title, metadata) VALUES ('late', 'claim', 'Late', '{}')"
    )
    o.until("the clock is stopped", lambda soak: soak["clock"]["state"] == "stopped")
    assert "newcomers: 1 of 1" in o.soak()["clock"]["why"]
    assert o.check("newcomers")["state"] == "failing"
    o.kill_engine()
    o.lab.rows("UPDATE artifacts SET migrated_to_folder_at = now() WHERE id = 'late'")
    o.start_engine()
    o.until("the clock runs again", lambda soak: soak["clock"]["state"] in ("running", "done"))
    assert o.check("newcomers")["state"] == "passing"
    o.sign_all()
    o.until_open()
    o.lab.rows("DELETE FROM artifacts WHERE id = 'late'")

    # Phase 2: the guide is walked, and the run that it starts is the phase's work.
    o.run("soak", "begin", "2", *_WHY)
    o.run("step", "folders", "1", "--cycle")
    o.run("soak", "confirm", "2-plan", *_WHY)
    o.run("soak", "confirm", "2-cycle", *_WHY)
    o.run("verify")
    o.run("soak", "measure")
    assert o.check("idempotent")["state"] == "passing"
    o.run("resume", "folders")
    o.until_done()
    assert o.check("success")["state"] == "failing"
    assert "stopped" in o.run("status")

    # One artifact waits with a hash that its file never had: decided, tried again, and the phase can be met.
    o.lab.rows(
        "UPDATE artifacts SET content_hash = NULL, metadata = metadata - 'file_sha256'"
        " WHERE migrated_to_folder_at IS NULL"
    )
    o.run("retry", "folders", *_WHY)
    o.run("start", "folders")
    o.until_done()
    o.run("soak", "measure")
    o.sign_all()
    o.until_open()

    # Phase 3 is passed over: shown first, refused with another token, and on record under a name.
    o.run("soak", "begin", "3", *_WHY)
    shown = json.loads(o.run("soak", "override", "4", "--json"))["preview"]
    o.run("soak", "override", "4", "--token", "0" * 12, *_WHY, code=1)
    o.run("soak", "begin", "4", *_WHY, code=4)
    o.run("soak", "override", "4", "--token", shown["token"], "--reason", "read by the board")
    o.run("soak", "begin", "4", *_WHY)
    assert [rung["state"] for rung in o.soak()["rungs"]][3:5] == ["overridden", "current"]
    o.sign_all()
    o.until_open()

    # Phase 5: what is left at the old places fails; once it is removed, the migration is over.
    o.run("soak", "begin", "5", *_WHY)
    assert o.check("listing")["state"] == "failing"
    legacy = [name for name in o.lab.git("ls-tree", "--name-only", "HEAD").split() if len(name) < 36]
    o.lab.git("rm", "-rq", *legacy)
    o.lab.git("commit", "-qm", "Remove legacy folders")
    for table in ("artifacts", "artifact_links", "artifact_migration_log"):
        o.lab.rows(f"VACUUM ANALYZE {table}")
    o.until("nothing is left there", lambda soak: soak["checks"][3]["state"] == "passing")
    o.sign_all()
    o.until("the clock is done", lambda soak: soak["clock"]["state"] == "done")
    assert "artifacts' folders" in o.run("soak", "report")

    told = o.lab.rows("SELECT action, operator, reason, outcome FROM scidex_console.audit ORDER BY id")
    [override] = [row for row in told if row["action"] == "intent:soak_override" and row["outcome"]][-1:]
    assert (override["reason"], override["operator"] != "") == ("read by the board", True)


def test_a_phase_is_stepped_through_at_the_console(operator: Operator, tmp_path: Path) -> None:
    words = ["--config", str(operator.lab.config), "console"]
    with opened("pty", words, 80, 24, tmp_path) as terminal:
        shows(terminal, "LAB", "engine RUNNING")
        terminal.send("7")
        shows(terminal, "no phase was begun yet")
        terminal.send("g")
        shows(terminal, "Phase 0, schema", "Cancel")
        terminal.send("applied today", TAB, RIGHT, ENTER)
        shows(terminal, "UNDER WAY", "RUNNING", "0-apply now", "waits for a person")
        terminal.send("C")
        shows(terminal, "Confirm 0-apply", "Cancel")
        terminal.send("nothing to mend", TAB, RIGHT, ENTER)
        shows(terminal, "0-read-tests now")
        terminal.send("\x1b[B", "\x1b[B", "S")
        shows(terminal, "Sign off queries", "Cancel")
        terminal.send("214 pass", TAB, RIGHT, ENTER)
        shows(terminal, "signed", "OPEN", "phase 1 may begin")
        terminal.send("O")
        shows(terminal, "there is nothing to override")
        terminal.send("q")
        wait_for(lambda: not terminal.running(), "the console has left")
    [step] = [view for view in operator.soak()["steps"] if view["step"]["id"] == "0-apply"]
    assert step["done"]["reason"] == "nothing to mend"

"""A store from its migration to a listing of artifacts' folders only, by commands, with the real program."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scidex_console.cli.main import main
from scidex_console.domain.folders.layout import is_uuid
from tests import warm
from tests.e2e.conftest import engine_of
from tests.e2e.terminals import ENTER, RIGHT, TAB, PtyTerminal, wait_for
from tests.e2e.test_operator_session import environment
from tests.engine.cleanup.attic import attic_lab
from tests.labs import Lab

_WHY = ("--reason", "after the soak")


@dataclass
class Shell:
    """Somebody at the command line."""

    lab: Lab
    capsys: pytest.CaptureFixture[str]
    said: str = ""
    """The messages of the last command."""

    def __call__(self, *words: str, code: int = 0) -> dict[str, Any]:
        """Run a command with `--json`; what it printed."""
        self.capsys.readouterr()
        got = main(["--config", str(self.lab.config), *words, "--json"])
        said = self.capsys.readouterr()
        assert got == code, (words, said.out, said.err)
        self.said = said.err
        document: dict[str, Any] = json.loads(said.out)
        return document

    def confirmed(self, *words: str, code: int = 0) -> dict[str, Any]:
        """A preview, then exactly what it shows."""
        preview = self(*words)
        token = (preview.get("preview") or preview.get("cleanup") or preview)["token"]
        typed = ("--typed", preview["typed"]) if preview.get("typed") else ()
        return self(*words, "--token", token, *_WHY, *typed, code=code)

    def set_legacy(self, word: str) -> None:
        other = "off" if word == "on" else "on"
        text = self.lab.config.read_text()
        self.lab.config.write_text(text.replace(f'legacy = "{other}"', f'legacy = "{word}"'))

    def names(self) -> set[str]:
        """What lies at the top of the checkout, but for git's own."""
        return {e.name for e in self.lab.store.artifacts.iterdir() if not e.name.startswith(".git")}


@pytest.fixture
def shell(tmp_path: Path, scidex_database: str, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    lab = attic_lab(tmp_path, scidex_database)
    shell = Shell(lab, capsys)
    shell.set_legacy("on")
    with engine_of(lab):
        yield shell


@pytest.mark.sweep
def test_console_decides_on_marked_files_and_deletes_only_what_is_typed(shell: Shell) -> None:
    shell("start", "folders")
    while shell("status", "folders")["jobs"][0]["run"]["state"] != "done":
        pass
    token = shell("soak", "override", "5")["preview"]["token"]
    shell("soak", "override", "5", "--token", token, *_WHY)
    words = [*warm.PROGRAM, "--config", str(shell.lab.config), "console"]
    console = PtyTerminal(words, 120, 40, environment(shell.lab.folder))
    try:
        wait_for(console, "engine RUNNING")
        console.send("6")
        wait_for(console, "nothing waits for a person")
        console.send("o")
        wait_for(console, "files that no row claims", "figures/lost.png", "notes/run.sh")
        console.send("/", "figures notes", ENTER)
        wait_for(console, "Esc shows all")
        console.send(" ", " ", " ", "o")
        wait_for(console, "Keep what no row claims", "3 files", "Cancel")
        console.send("after the soak", TAB, RIGHT, ENTER)
        wait_for(console, "keep applied to 3")
        console.send("d")
        wait_for(console, "Delete what no row claims", "type: delete 1 file")
        console.send("delete 1 file", TAB, "of no use", TAB, RIGHT, ENTER)
        wait_for(console, "delete applied to 1")
    finally:
        console.close()
    decided = shell("cleanup", "decisions")["decisions"]
    assert [(d["decision"], d["state"], d["applied"]) for d in decided] == [
        ("delete", "applied", 1),
        ("keep", "applied", 3),
    ]
    assert len(list((shell.lab.store.artifacts / "orphans").rglob("*.orphan.json"))) == 3


@pytest.mark.sweep
def test_from_the_migration_to_a_listing_of_folders_only(shell: Shell) -> None:
    shell("start", "folders")
    while shell("status", "folders")["jobs"][0]["run"]["state"] != "done":
        pass

    # Shut: everything is shown, nothing is done.
    plan = shell("cleanup", "plan", code=4)["cleanup"]
    assert "phase 5" in plan["shut_by"] and plan["orphans"] == 8 and plan["waiting"] == 0
    preview = shell("cleanup", "decide", "keep", "notes")
    assert "not yet: nothing is cleaned up before phase 5" in shell.said
    shut = shell("cleanup", "decide", "keep", "notes", "--token", preview["preview"]["token"], *_WHY, code=4)
    assert "phase 5" in shut["error"]["what"]
    shell("cleanup", "run", code=4)

    # Passed over by name.
    token = shell("soak", "override", "5")["preview"]["token"]
    shell("soak", "override", "5", "--token", token, *_WHY)
    shell("soak", "begin", "5", *_WHY)
    assert shell("cleanup", "plan")["cleanup"]["shut_by"] == ""

    # A run wants everything decided, and legacy reading off.
    in_the_way = shell("cleanup", "run", code=1)["cleanup"]["hindrances"]
    assert len(in_the_way) == 2 and "folders.legacy" in in_the_way[0] and "8 files" in in_the_way[1]

    # By pattern, by folder, one by one; in pages.
    first = shell("cleanup", "orphans", "--limit", "5")
    rest = shell("cleanup", "orphans", "--after", first["after"])
    assert first["total"] == 8 and len(rest["orphans"]) == 3 and rest["after"] is None
    shell.confirmed("cleanup", "decide", "adopt", "*.ipynb")
    shell.confirmed("cleanup", "decide", "keep", "README.md", "figures/*.png")
    refused = shell("cleanup", "decide", "delete", "notes")
    words = ("cleanup", "decide", "delete", "notes", "--token", refused["preview"]["token"])
    assert "typed" in shell(*words, *_WHY, code=1)["error"]["what"]
    shell.confirmed("cleanup", "decide", "delete", "notes", "figures/.gitkeep", "figures/deep")
    decided = shell("cleanup", "decisions")["decisions"]
    assert [each["decision"] for each in decided] == ["delete", "keep", "adopt"]

    # What was adopted gets its folder as any artifact does.
    assert shell("cleanup", "plan")["cleanup"]["waiting"] == 1
    shell("start", "folders")
    while shell("cleanup", "plan")["cleanup"]["waiting"]:
        pass

    # Folders that somebody has left behind, empty.
    (shell.lab.store.artifacts / "models" / os.fsdecode(b"old \xff")).mkdir(parents=True)
    (shell.lab.store.artifacts / "figures").mkdir(exist_ok=True)
    shell.set_legacy("off")
    plan = shell("cleanup", "run")["cleanup"]
    assert plan["folders"] == ["figures", "models/old \udcff", "models"] and plan["vacuumed_at"] is None
    shell("cleanup", "run", "--token", "t-000000", *_WHY, code=1)
    after = shell.confirmed("cleanup", "run")["cleanup"]
    assert after["strays"] == [] and after["folders"] == [] and after["orphans"] == 0 and after["kept"] == 2
    assert after["vacuumed_at"] is not None

    tops = shell.names()
    assert tops - {"orphans"} and all(is_uuid(name) for name in tops - {"orphans"})
    assert shell.lab.git("status", "--porcelain") == ""
    (audit,) = shell.lab.rows("SELECT * FROM scidex_console.audit WHERE action = 'cleanup'")
    assert audit["reason"] == "after the soak" and audit["after"]["removed"] == [
        "figures",
        "models/old \\udcff",
        "models",
    ]
    report = shell("verify")
    assert report["holds"] is True

    # The gate's checks have live evidence of it.
    shell("soak", "measure")
    checks = {c["check"]["id"]: c for c in shell("soak", "status", code=4)["soak"]["checks"]}
    assert checks["listing"]["state"] == "passing" and checks["vacuumed"]["state"] == "passing"
    assert checks["nothing_lost"]["state"] == "passing"

"""The operator's own program gets the text as one argument, whatever stands in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from scidex_console.adapters.system import notifying
from scidex_console.adapters.system.notifying import run_program

WRITE = "import sys, json, pathlib; pathlib.Path(sys.argv[1]).write_text(json.dumps(sys.argv[2:]))"
TEXT = "halted: $(touch x); `id` 'a' \"b\" && --flag"


async def test_the_text_is_one_argument_and_no_shell_sees_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert await run_program([sys.executable, "-c", WRITE, str(out), "{text}", "end"], TEXT) == ""
    assert out.read_text() == f'["{TEXT.replace(chr(34), chr(92) + chr(34))}", "end"]'
    assert await run_program([sys.executable, "-c", WRITE, str(out)], "plain {text}") == ""
    assert out.read_text() == '["plain {text}"]'


async def test_a_program_that_fails_or_is_not_there_is_told(tmp_path: Path) -> None:
    assert (
        await run_program([sys.executable, "-c", "raise SystemExit(3)"], "x")
        == f"{sys.executable} ended with 3"
    )
    assert "cannot be run" in await run_program([str(tmp_path / "nothing")], "x")


async def test_a_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifying, "PATIENCE_S", 0.2)
    told = await run_program([sys.executable, "-c", "import time; time.sleep(60)"], "x")
    assert told.endswith("was ended")


async def test_what_a_program_that_hangs_has_started_is_ended_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(notifying, "PATIENCE_S", 0.5)
    read, write = os.pipe()
    try:
        script = f"exec 9>/proc/{os.getpid()}/fd/{write}; (sleep 5; echo late >&9) & wait"
        assert (await run_program(["sh", "-c", script], "x")).endswith("was ended")
    finally:
        os.close(write)
    assert os.read(read, 1) == b"", "nobody is left who could write"
    os.close(read)

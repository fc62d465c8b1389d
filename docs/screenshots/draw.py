"""Draw the main screens of the real console over a demo world that is at work: `make screenshots`."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from textual.pilot import Pilot

from scidex_console.console.app import ConsoleApp
from scidex_console.settings import load_settings
from scidex_console.wiring.reading import Readers, readers

HERE = Path(__file__).parent
SIZE = (120, 36)
PROGRAM = (sys.executable, "-m", "scidex_console")
PICTURES: Sequence[tuple[str, Sequence[str]]] = (
    ("overview", ("1",)),
    ("hosts", ("2",)),
    ("rollback", ("5", "b")),
    ("triage", ("escape", "6")),
    ("soak", ("7",)),
    ("activity", ("8",)),
)
"""A picture's name, and the keys that lead there from the one before."""
_MOVED = 300
"""Artifacts that have their folder when the pictures are drawn: in the midst of the work."""
_PATIENCE_S = 120
"""How long that may take; what there is by then is drawn."""
_SETTLED_S = 2.0
"""How long a screen is left to read what it shows."""


def main() -> int:
    """Build a world, let it work for a while, draw it, and remove it; the exit code."""
    with TemporaryDirectory() as folder:
        world, config = Path(folder) / "world", Path(folder) / "world" / "config.toml"
        demo = [*PROGRAM, "demo", "--dir", str(world)]
        shown = subprocess.Popen([*demo, "--headless", "--speed", "3"], stderr=subprocess.PIPE, text=True)
        try:
            assert shown.stderr is not None
            if not any("folders running" in line for line in shown.stderr):
                print("the demo did not start", file=sys.stderr)
                return 1
            _act(config)
            asyncio.run(_draw(config))
        finally:
            subprocess.run([*demo, "--stop", "--remove"], check=True)
            shown.communicate()
    return 0


def _act(config: Path) -> None:
    """What operators have done by the time somebody looks."""
    for words in (
        ("throttle", "europepmc", "--rate", "1", "--for", "2h", "--reason", "429s since 02:40"),
        ("soak", "begin", "0", "--reason", "schema deployed 02:30"),
    ):
        subprocess.run([*PROGRAM, "--config", str(config), *words], check=True, stdout=subprocess.DEVNULL)


async def _draw(config: Path) -> None:
    settings = load_settings(config, environ={})
    async with readers(settings, role="console") as connected:
        for _ in range(_PATIENCE_S):
            gaps = (await connected.read.overview()).gaps
            if any(gap.job == "folders" and gap.done >= _MOVED for gap in gaps):
                break
            await asyncio.sleep(1)
        async with _console(connected).run_test(size=SIZE) as pilot:
            for name, keys in PICTURES:
                for key in keys:
                    await pilot.press(key)
                    await pilot.pause(_SETTLED_S)
                (HERE / f"{name}.svg").write_text(_picture(pilot, name), encoding="utf-8")


def _console(connected: Readers) -> ConsoleApp:
    return ConsoleApp(
        connected.read,
        connected.desk,
        connected.feed,
        connected.triage,
        program="scidex-console",
        attendance=connected.attendance,
    )


def _picture(pilot: Pilot[object], name: str) -> str:
    """The screen as it is, but for the name of this machine and for what differs from run to run."""
    drawn = pilot.app.export_screenshot(title=f"scidex-console: {name}")
    host = socket.gethostname()
    return re.sub(r"terminal-\d+", "terminal", drawn).replace(
        f"@{host}", f"@{'db-host-of-the-demo'[: len(host)]}"
    )


if __name__ == "__main__":
    sys.exit(main())

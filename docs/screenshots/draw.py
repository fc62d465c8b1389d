"""Draw the main screens of the real console over a demo world that is at work: `make screenshots`."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
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
    ("readers", ("9",)),
    ("service", ("0",)),
)
"""A picture's name, and the keys that lead there from the one before."""
_MOVED = 300
"""Artifacts that have their folder when the pictures are drawn: in the midst of the work."""
_ROUNDS = 5
"""How often readers come by."""
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
            with _served(config) as address:
                asyncio.run(_draw(config, address))
        finally:
            subprocess.run([*demo, "--stop", "--remove"], check=True)
            shown.communicate()
    return 0


def _act(config: Path) -> None:
    """What operators have done by the time somebody looks."""
    for words in (
        ("throttle", "europepmc", "--rate", "1", "--for", "2h", "--reason", "429s since 02:40"),
        ("soak", "begin", "0", "--reason", "schema deployed 02:30"),
        ("readers", "set", "figure", "25", "--reason", "second step"),
        ("readers", "set", "api", "100", "--reason", "no falling back for a day"),
    ):
        subprocess.run([*PROGRAM, "--config", str(config), *words], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _served(config: Path) -> Iterator[str]:
    """The read service over that world; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*PROGRAM, "--config", str(config), "serve", "--port", str(port)]
    flag = os.environ | {"ARTIFACT_FOLDER_READERS_ENABLED": "true"}
    service = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=flag)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        service.terminate()
        service.wait()


def _browse(address: str) -> None:
    """What readers ask for: pages, rows, manifests, and what is not there."""
    with httpx.Client(base_url=address, timeout=30) as client:
        for _ in range(_PATIENCE_S):
            with suppress(httpx.ConnectError):
                found = client.get("/api/artifacts").json()["items"]
                break
            time.sleep(1)
        else:
            raise TimeoutError("the service did not come up")
        for artifact in found:
            one = artifact["id"]
            for path in (f"/artifact/{one}", f"/api/artifacts/{one}", f"/api/artifacts/{one}/manifest"):
                client.get(path)
        client.get("/api/artifacts/no-such-artifact")


async def _draw(config: Path, address: str) -> None:
    settings = load_settings(config, environ={})
    async with readers(settings, role="console") as connected:
        for _ in range(_PATIENCE_S):
            gaps = (await connected.read.overview()).gaps
            if any(gap.job == "folders" and gap.done >= _MOVED for gap in gaps):
                break
            await asyncio.sleep(1)
        for _ in range(_ROUNDS):
            await asyncio.to_thread(_browse, address)
        async with _console(connected).run_test(size=SIZE) as pilot:
            for name, keys in PICTURES:
                for key in keys:
                    await pilot.press(key)
                    await pilot.pause(_SETTLED_S)
                await _until_read(pilot)
                (HERE / f"{name}.svg").write_text(_picture(pilot, name), encoding="utf-8")


async def _until_read(pilot: Pilot[object]) -> None:
    """Return once nothing on the screen says that it is still being read."""
    for _ in range(_PATIENCE_S):
        if "reading&#160;…" not in pilot.app.export_screenshot():
            return
        await pilot.pause(1.0)


def _console(connected: Readers) -> ConsoleApp:
    return ConsoleApp(
        connected.read,
        connected.desk,
        connected.feed,
        lambda: connected.triage,
        lambda: connected.cleanup,
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

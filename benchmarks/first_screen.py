"""Time from `demo` to the first live screen, in a pseudo terminal of 80x24.

    .venv/bin/python benchmarks/first_screen.py [--scale small] [--runs 3]

Live means: the screen shows a running run with at least one host that was asked. `cold` builds the world,
`warm` finds it. Aim of the project: 15 s at small scale, 60 s at full scale, on 2 cores.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.e2e.terminals import PtyTerminal, wait_for


def measure(world: Path, scale: str) -> float:
    """Seconds until the screen is live; the demo is ended afterwards."""
    words = [sys.executable, "-m", "scidex_console", "demo", "--dir", str(world), "--scale", scale]
    began = time.monotonic()
    terminal = PtyTerminal(words, 80, 24, {**os.environ, "TERM": "xterm-256color"})
    try:
        wait_for(terminal, "RUNNING", "europepmc", within=180)
        return time.monotonic() - began
    finally:
        terminal.close()
        # The world's processes follow the demo a moment later.
        stop = [sys.executable, "-m", "scidex_console", "demo", "--stop", "--dir", str(world)]
        subprocess.run(stop, check=False, stderr=subprocess.DEVNULL)


def main() -> int:
    """Measure cold and warm in turn, each run in a world of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", default="small", choices=("small", "full"))
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    figures: dict[str, list[float]] = {"cold": [], "warm": []}
    for _ in range(args.runs):
        with tempfile.TemporaryDirectory(prefix="first-screen-") as folder:
            for name in figures:
                figures[name].append(measure(Path(folder) / "world", args.scale))
    for name, seconds in figures.items():
        spread = f"{min(seconds):.1f} / {statistics.median(seconds):.1f} / {max(seconds):.1f}"
        print(f"{args.scale} {name}: {spread} s (min / median / max of {args.runs})")
    return 0


if __name__ == "__main__":
    sys.exit(main())

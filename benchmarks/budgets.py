"""Run the demo headless for some minutes and judge it by the hosts' own request log.

    .venv/bin/python benchmarks/budgets.py [--minutes 4] [--speed 1] [--scale small]

Budgets are counted where it matters, at the server: exact sliding windows over the arrival times of request
heads. Exit code 1 when a window, the number in flight or a hold was violated.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = [sys.executable, "-m", "scidex_console"]


def main() -> int:
    """Run, stop, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--speed", default="1")
    parser.add_argument("--scale", default="small", choices=("small", "full"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="budgets-") as folder:
        world = Path(folder) / "world"
        demo = subprocess.Popen(
            [
                *PROGRAM,
                "demo",
                "--headless",
                "--dir",
                str(world),
                "--speed",
                args.speed,
                "--scale",
                args.scale,
            ]
        )
        time.sleep(args.minutes * 60)
        demo.send_signal(signal.SIGTERM)
        demo.wait()
        log = world / "hosts" / "requests.jsonl"
        judge = [
            sys.executable,
            "-m",
            "scidex_console.demo.hosts.request_log",
            str(log),
            "--speed",
            args.speed,
        ]
        return subprocess.run(judge, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

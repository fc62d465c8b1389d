"""Runs the figure hosts as a process: `python -m scidex_console.demo.hosts --dir DIR`.

Writes DIR/hosts.json (ports, pid, certificate, log) once it listens, and stops on SIGTERM or SIGINT, or
when the process named by --exit-with-parent is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scidex_console.demo.hosts.answers import Timing
from scidex_console.demo.hosts.script import ScriptError, parse_script
from scidex_console.demo.hosts.server import FigureHosts, Ports

_WATCH_EVERY_S: Final = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop. Exit code 1 when a port, the folder or the script is at fault."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_run(options))
    except (OSError, ScriptError) as error:
        print(f"figure hosts: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scidex_console.demo.hosts", description=__doc__)
    parser.add_argument(
        "--dir", type=Path, required=True, help="folder for hosts.json, ca.pem, requests.jsonl"
    )
    parser.add_argument("--seed", type=int, default=0, help="decides what each address answers (default 0)")
    parser.add_argument("--speed", type=_positive, default=1.0, help="shortens holds, stalls and slow bodies")
    parser.add_argument("--latency", type=_not_negative, default=30.0, help="milliseconds (default 30)")
    parser.add_argument("--hold", type=_positive, default=20.0, help="Retry-After in seconds, before --speed")
    parser.add_argument("--http-port", type=int, default=0, help="0 (default): chosen by the system")
    parser.add_argument("--https-port", type=int, default=0, help="0 (default): chosen by the system")
    parser.add_argument("--script", type=Path, help="JSON file: what some addresses or hosts answer instead")
    parser.add_argument("--exit-with-parent", type=int, metavar="PID", help="stop when this process is gone")
    return parser


def _positive(text: str) -> float:
    value = _not_negative(text)
    if value == 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("must be a number, 0 or above")
    return value


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    timing = Timing.at_speed(options.speed, latency=options.latency / 1000, hold=options.hold)
    ports = Ports(options.http_port, options.https_port)
    script = parse_script(options.script.read_text(encoding="utf-8")) if options.script else None
    async with FigureHosts(options.dir, seed=options.seed, timing=timing, ports=ports) as hosts:
        if script is not None:
            hosts.script.replace(script)
        hosts.write_description()
        watch = loop.create_task(_watch(options.exit_with_parent, stop))
        await stop.wait()
        watch.cancel()


async def _watch(parent: int | None, stop: asyncio.Event) -> None:
    """Ask for the end once `parent` is gone."""
    if parent is None:
        return
    # For a real parent the change of getppid is certain: no number is reused, no zombie counts as alive.
    ours = os.getppid() == parent
    while os.getppid() == parent if ours else _exists(parent):  # noqa: ASYNC110 - nothing tells, so we ask
        await asyncio.sleep(_WATCH_EVERY_S)
    stop.set()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    raise SystemExit(main())

"""What the console costs a link, a person and a database, beside other programs on the same terminals.

    .venv/bin/python benchmarks/console.py [--artifacts N] [--attempts N] [--seconds 60] [--runs 5]

On pseudo terminals of 80x24 and 200x50, over an embedded PostgreSQL of the benchmark's own. The others are
a minimal Textual app, and two dashboards (glances, pg_activity), installed from the package index into a
virtual environment beside the database, unless `--peers DIR` names one that has them, or `--no-peers` leaves
them out. What it does at the moment is told on standard error. Exits with 1 when an aim is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.console_store import engine_at_work, fill
from benchmarks.terminal_watch import Watched
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.demo.postgres_server import EmbeddedPostgres

SIZES = ((80, 24), (200, 50))
DOWN, UP, PAGE_DOWN = b"\x1b[B", b"\x1b[A", b"\x1b[6~"
_MINIMAL = """
from textual.app import App
from textual.widgets import DataTable

class Minimal(App):
    def compose(self):
        yield DataTable(cursor_type="row")

    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns("host", "state", "requests")
        table.add_rows([(f"host {n}", "open", n) for n in range(50)])

Minimal().run(mouse=False)
"""


@dataclass(frozen=True)
class Dashboard:
    """One program, what says that its first screen is live, and keys it answers."""

    name: str
    command: Sequence[str]
    live: tuple[bytes, ...]
    keys: tuple[bytes, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    to_table: bytes = b""
    """Key that shows the table which is scrolled."""


@dataclass
class Measured:
    """What one program did on one size of terminal."""

    name: str
    size: str
    start_s: list[float] = field(default_factory=list)
    paint_bytes: list[int] = field(default_factory=list)
    idle_bytes_s: float = 0.0
    idle_percent: float = 0.0
    memory_mib: float = 0.0
    keys_ms: list[float] = field(default_factory=list)
    busy_bytes_s: float | None = None

    def row(self) -> str:
        """The line of the table."""
        keys = sorted(self.keys_ms)
        median = f"{statistics.median(keys):.1f}" if keys else "-"
        p99 = f"{keys[int(len(keys) * 0.99) - 1]:.1f}" if keys else "-"
        busy = "-" if self.busy_bytes_s is None else f"{self.busy_bytes_s:.0f}"
        cells = (
            self.name,
            self.size,
            f"{statistics.median(self.start_s):.2f}",
            f"{statistics.median(self.paint_bytes) / 1024:.1f}",
            f"{self.idle_bytes_s:.0f}",
            busy,
            f"{self.idle_percent:.2f}",
            f"{self.memory_mib:.0f}",
            median,
            p99,
        )
        return f"| {' | '.join(cells)} |"


_LEFT_OUT = ("NO_COLOR", "COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE")
"""Of the environment. Programs are loaded as they are where they are installed: compiled."""


def tell(text: str) -> None:
    """Say on standard error what is done, since it takes minutes."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def started(board: Dashboard, size: tuple[int, int]) -> Watched:
    """The program, at its beginning."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SCIDEX", "TEXTUAL")) and name not in _LEFT_OUT
    }
    environ |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLORTERM": "truecolor", **board.environ}
    return Watched(board.command, *size, environ)


def measure(board: Dashboard, size: tuple[int, int], runs: int, seconds: float, keys: int) -> Measured:
    """Start it `runs` times; then watch the last one at rest, and press keys."""
    measured = Measured(board.name, f"{size[0]}x{size[1]}")
    tell(f"{board.name} on {measured.size}: {runs} starts, {seconds:g} s at rest")
    for run in range(runs):
        watched = started(board, size)
        try:
            measured.start_s.append(watched.until(*board.live))
            watched.take(0.5)
            measured.paint_bytes.append(len(watched.output))
            if run == runs - 1:
                _at_rest(watched, measured, seconds)
                _press(watched, board, measured, keys)
        finally:
            watched.close()
    return measured


def _at_rest(watched: Watched, measured: Measured, seconds: float) -> None:
    watched.take(10.0)  # paces are measured by then
    watched.quiet()
    before, began = watched.processor_s(), time.monotonic()
    measured.idle_bytes_s = watched.take(seconds) / seconds
    measured.idle_percent = 100 * (watched.processor_s() - before) / (time.monotonic() - began)
    measured.memory_mib = watched.memory_mib()


def _press(watched: Watched, board: Dashboard, measured: Measured, keys: int) -> None:
    if not board.keys:
        return
    if board.to_table:
        watched.answer_to(board.to_table)
    watched.quiet()
    for number in range(keys):
        answer = watched.answer_to(board.keys[number % len(board.keys)])
        if answer is not None:
            measured.keys_ms.append(1000 * answer)
        watched.take(0.03)


def busy(board: Dashboard, size: tuple[int, int], url: str, seconds: float) -> float:
    """Bytes a second while ten cells change each second."""
    watched = started(board, size)
    try:
        watched.until(*board.live)
        with engine_at_work(url, cells_a_second=10):
            watched.take(3.0)
            return watched.take(seconds) / seconds
    finally:
        watched.close()


def refreshes(url: str, number: int = 50) -> tuple[list[float], float]:
    """Milliseconds there and back for each refresh of the overview; processor ms of the server for each."""

    async def work() -> tuple[list[float], float]:
        async with Database(url, name="benchmark", size=1) as database:
            read = PostgresReadModel(database)
            async with database.session() as connection:
                row = await (await connection.execute("SELECT pg_backend_pid() AS pid")).fetchone()
            assert row is not None
            await read.overview()
            before, took = _processor_s(row["pid"]), []
            for _ in range(number):
                began = time.monotonic()
                await read.overview()
                took.append(1000 * (time.monotonic() - began))
            return took, 1000 * (_processor_s(row["pid"]) - before) / number

    return asyncio.run(work())


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(part) for part in fields[11:13]) / os.sysconf("SC_CLK_TCK")


_INSTALLED_WITHIN_S = 300.0
"""Else the index is out of reach, and the benchmark ends with that."""


def peers(folder: Path, url: str) -> list[Dashboard]:
    """The other dashboards, installed where they are not there yet."""
    if not (folder / "bin" / "glances").exists():
        venv.create(folder, with_pip=True)
        packages = ["glances", "pg_activity", "psycopg[binary]"]
        tell(f"installing {', '.join(packages)} into {folder}; --no-peers leaves them out")
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--no-input", "--retries", "1"]
        subprocess.run([*pip, "--timeout", "15", *packages], check=True, timeout=_INSTALLED_WITHIN_S)
    return [
        Dashboard("glances", [str(folder / "bin" / "glances")], (b"CPU", b"MEM", b"LOAD"), (b"1",)),
        Dashboard(
            "pg_activity",
            [str(folder / "bin" / "pg_activity"), url, "--no-db-size"],
            (b"PostgreSQL", b"RUNNING QUERIES"),
            (DOWN, UP),
        ),
    ]


def judged(rows: Sequence[Measured], took: Sequence[float], server_ms: float) -> list[tuple[str, str, bool]]:
    """Each aim, what was measured, and whether it is reached."""
    slow = next(row for row in rows if (row.name, row.size) == ("console, low bandwidth", "80x24"))
    ours = [row for row in rows if row.name.startswith("console")]
    least = {row.size: statistics.median(row.start_s) for row in rows if row.name == "minimal Textual app"}
    start = max(statistics.median(row.start_s) / least[row.size] for row in ours)
    keys = sorted(ms for row in ours for ms in row.keys_ms)
    idle = max(row.idle_bytes_s for row in ours)
    paint = max(max(row.paint_bytes) for row in ours if "low" in row.name) / 1024
    memory, percent = max(row.memory_mib for row in ours), max(row.idle_percent for row in ours)
    database = statistics.median(took)
    median, p99 = statistics.median(keys), keys[int(len(keys) * 0.99) - 1]
    changing = slow.busy_bytes_s or 0.0
    return [
        ("bytes idle, but for the age: under 150 B/s", f"{idle:.0f} B/s", idle < 150),
        ("10 changing cells, 80x24, low: under 0.8 KB/s", f"{changing:.0f} B/s", changing < 800),
        ("first paint, low bandwidth: under 40 KB", f"{paint:.1f} KB", paint < 40),
        ("start: under 1.5 times a minimal Textual app", f"{start:.2f} times", start < 1.5),
        (
            "key to first byte: median under 30 ms, p99 under 100",
            f"{median:.1f}, {p99:.1f} ms",
            median < 30 and p99 < 100,
        ),
        ("resident memory: under 90 MB", f"{memory:.0f} MB", memory < 90),
        ("processor at rest: under 1 %", f"{percent:.2f} %", percent < 1),
        (
            "a refresh of the overview: under 20 ms of the database",
            f"{server_ms:.1f} ms of its processor, {database:.1f} ms there and back",
            database < 20,
        ),
    ]


def main() -> int:
    """Measure everything in one run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--artifacts", type=int, default=10_000)
    parser.add_argument("--attempts", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each is watched at rest")
    parser.add_argument("--runs", type=int, default=3, help="starts of each program")
    parser.add_argument("--keys", type=int, default=100)
    others = parser.add_mutually_exclusive_group()
    others.add_argument("--peers", type=Path, help="virtual environment with glances and pg_activity")
    others.add_argument("--no-peers", action="store_true", help="leave the other dashboards out")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="console-benchmark-") as folder:
        home = Path(folder)
        server = EmbeddedPostgres(home / "database")
        try:
            url = server.start()
            tell(f"filling a database: {args.artifacts:,} artifacts, {args.attempts:,} attempts")
            fill(url, artifacts=args.artifacts, attempts=args.attempts)
            return _run(args, home, url)
        finally:
            server.destroy()


def _run(args: argparse.Namespace, home: Path, url: str) -> int:
    config = home / "config.toml"
    config.write_text(f'[database]\nurl = "{url}"\n[console]\nnotify = "none"\n')
    command = [sys.executable, "-m", "scidex_console", "--config", str(config), "console"]
    live = (b"Hosts", b"benchmark", b"RUNNING")
    scrolled = (DOWN, DOWN, DOWN, DOWN, PAGE_DOWN)
    slow = {"SSH_CONNECTION": "10.0.0.5 1 10.0.0.6 22"}
    boards = [
        Dashboard("console", command, live, scrolled, to_table=b"3"),
        Dashboard("console, low bandwidth", command, live, scrolled, slow, to_table=b"3"),
        Dashboard("minimal Textual app", [sys.executable, "-c", _MINIMAL], (b"host 10",), (DOWN,)),
        *([] if args.no_peers else peers(args.peers or home / "peers", url)),
    ]
    compileall.compile_dir(str(files("scidex_console")), quiet=1)
    rows = []
    with engine_at_work(url):
        took, server_ms = refreshes(url)
        for board in boards:
            for size in SIZES:
                rows.append(measure(board, size, args.runs, args.seconds, args.keys))
    for row in rows:
        if row.name.startswith("console"):
            board = next(board for board in boards if board.name == row.name)
            columns, lines = row.size.split("x")
            tell(f"{row.name} on {row.size}: ten changing cells")
            row.busy_bytes_s = busy(board, (int(columns), int(lines)), url, args.seconds)
    print(f"{args.artifacts:,} artifacts, {args.attempts:,} attempts; load {os.getloadavg()[0]:.1f}")
    heads = (
        "",
        "size",
        "start s",
        "paint KB",
        "idle B/s",
        "10 cells B/s",
        "idle CPU %",
        "MB",
        "key ms",
        "p99",
    )
    print(f"| {' | '.join(heads)} |\n{'| --- ' * len(heads)}|")
    for row in rows:
        print(row.row())
    aims = judged(rows, took, server_ms)
    print("\n| aim | measured | |\n| --- | --- | --- |")
    for aim, figure, reached in aims:
        print(f"| {aim} | {figure} | {'reached' if reached else 'MISSED'} |")
    return 0 if all(reached for *_, reached in aims) else 1


if __name__ == "__main__":
    sys.exit(main())

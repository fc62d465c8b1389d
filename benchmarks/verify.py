"""How long `verify` takes over a store whose artifacts all have folders, as migrated and repacked.

    .venv/bin/python benchmarks/verify.py [--artifacts 11667] [--shard 0] [--runs 3] [--keep DIR]

Builds the store, migrates it with this engine, and runs `scidex-console verify` as an operator would, several
times over the store as the migration left it and again after `maintain`. For each run: seconds on the clock,
seconds of processor (of `verify` and every process it started; the database server is not among them), and
peak memory of the largest of these processes. With `--keep` the store is built in DIR once, and found there
again by the next run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scidex_console.demo.postgres_server import EmbeddedPostgres
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.settings import load_settings
from scidex_console.wiring.engine import assembled, engine_options, held_store
from scidex_console.wiring.reading import readers
from tests.labs import make_lab

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = frozenset({JobName.FOLDERS})
OVER = (RunState.PAUSED, RunState.HALTED, RunState.DONE, RunState.CANCELLED)


@dataclass(frozen=True)
class Run:
    """One run of `verify`."""

    seconds: float
    processor_seconds: float
    peak_mib: int


def main() -> int:
    """Build the store unless it is there, measure, print. 1 when `verify` found something broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--artifacts", type=int, default=11_667)
    parser.add_argument("--shard", type=int, default=0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    folder = (args.keep or Path(tempfile.mkdtemp(prefix="verify-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    server = EmbeddedPostgres(folder / "database", durable=False)
    try:
        url = server.start()
        configs = _built(folder, url, args)
        layout = f"sharded by {args.shard}" if args.shard else "flat"
        print(f"{args.artifacts} artifacts, {layout}; load {os.getloadavg()[0]:.1f}")
        print(f"{'':14}{'seconds':>9}{'processor':>11}{'peak MiB':>10}")
        for name, config in configs.items():
            for run in [_verify(config) for _ in range(args.runs)]:
                print(f"{name:14}{run.seconds:9.1f}{run.processor_seconds:11.1f}{run.peak_mib:10}")
    finally:
        if args.keep:
            server.stop_if_last()
        else:
            server.destroy()
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def _built(folder: Path, url: str, args: argparse.Namespace) -> dict[str, Path]:
    """Configurations of the migrated store and of a repacked copy of it; both read the same rows."""
    migrated, repacked = folder / "migrated/config.toml", folder / "repacked/config.toml"
    if not migrated.exists():
        extra = f'[folders]\nevery = "0s"\ngrace = "1s"\nshard = {args.shard}\nrepack_at_end = false\n'
        unfinished = folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        figures = min(args.artifacts * 4302 // 11_667, 4302)
        lab = make_lab(unfinished, url, hosts=None, figures=figures, artifacts=args.artifacts, extra=extra)
        text = lab.config.read_text().replace("[repository]\n", "[repository]\npush = false\n")
        lab.config.write_text(text)
        asyncio.run(_migrate(lab.config))
        _moved(unfinished, migrated.parent)
    if not repacked.exists():
        unfinished = folder / "unfinished"
        shutil.copytree(migrated.parent, unfinished, symlinks=True)
        _moved(unfinished, repacked.parent, says=migrated.parent)
        subprocess.run([*_COMMAND, "--config", repacked, "maintain"], cwd=ROOT, check=True, stdout=sys.stderr)
    return {"as migrated": migrated, "repacked": repacked}


async def _migrate(config: Path) -> None:
    settings = load_settings(config, environ={})
    options = engine_options(settings, FOLDERS, until_idle=False)
    async with (
        readers(settings) as connected,
        held_store(settings, options) as held,
        assembled(settings, options, held) as (engine, runs),
    ):
        life = asyncio.create_task(engine.run())
        await connected.desk.submit("start", JobName.FOLDERS, {}, reason="benchmark")
        while (run := await runs.last_run(JobName.FOLDERS)) is None or run.state not in OVER:
            await asyncio.sleep(0.5)
        engine.leave()
        await life
    if run.state is not RunState.DONE:
        raise SystemExit(f"the migration ended {run.state}")


def _moved(unfinished: Path, place: Path, says: Path | None = None) -> None:
    """Give a store its place; what names its place in files is told."""
    old = str(says or unfinished)
    for file in (unfinished / "config.toml", *unfinished.rglob("config")):
        file.write_text(file.read_text().replace(old, str(place)))
    unfinished.rename(place)


_COMMAND = (sys.executable, "-m", "scidex_console")


def _verify(config: Path) -> Run:
    """Run it once; what it writes goes to our standard error when it finds something."""
    began = time.monotonic()
    process = subprocess.Popen(
        [*_COMMAND, "--config", config, "verify"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    said = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    if process.returncode != 0:
        raise SystemExit(f"verify ended {process.returncode}:\n{said}")
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)


if __name__ == "__main__":
    sys.exit(main())

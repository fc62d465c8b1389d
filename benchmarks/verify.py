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
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measured import folder_lab, measured, migrate
from scidex_console.demo.postgres_server import EmbeddedPostgres


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
            for run in [measured(config, "verify") for _ in range(args.runs)]:
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
        unfinished = folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        asyncio.run(
            migrate(folder_lab(unfinished, url, "verify", artifacts=args.artifacts, shard=args.shard))
        )
        _moved(unfinished, migrated.parent)
    if not repacked.exists():
        unfinished = folder / "unfinished"
        shutil.copytree(migrated.parent, unfinished, symlinks=True)
        _moved(unfinished, repacked.parent, says=migrated.parent)
        measured(repacked, "maintain")
    return {"as migrated": migrated, "repacked": repacked}


def _moved(unfinished: Path, place: Path, says: Path | None = None) -> None:
    """Give a store its place; what names its place in files is told."""
    old = str(says or unfinished)
    for file in (unfinished / "config.toml", *unfinished.rglob("config")):
        file.write_text(file.read_text().replace(old, str(place)))
    unfinished.rename(place)


if __name__ == "__main__":
    sys.exit(main())

"""Migrate any git repository of files into folders; compare before and after without the engine's eyes.

    .venv/bin/python benchmarks/any_repository.py REPOSITORY [--artifacts 2000] [--cycle 100] [--keep]

The repository is cloned; the given one is only read. Rows of fitting types are made for its files: by all
the ways in which rows name files, some with a sha256, some with a wrong one, some that share a file, some for
whole folders, some without any file. Then: schema, engine, whole migration, `verify`; every tracked object
and mode of before must be there after, at the place that a folder's manifest gives; no file fewer,
`git fsck --strict` as before, `git log --follow` into the past; the last cycle is taken back, which must give
the very same paths, and redone. Prints a table; exits with 1 when anything was found.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import sys
import tempfile
from collections import Counter
from importlib.resources import files
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scidex_console.demo.postgres_server import EmbeddedPostgres
from tests.engine.folders.any_run import Outcome, examine, store_of
from tests.engine.folders.any_store import claims_for, git, see


def main() -> int:
    """Clone, migrate, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", type=Path, help="any git repository; it is only read")
    parser.add_argument("--artifacts", type=int, default=2000, help="rows for single files, at most")
    parser.add_argument("--cycle", type=int, default=100, help="artifacts a cycle")
    parser.add_argument("--shard", type=int, default=0, help="hexadecimal digits above each folder")
    parser.add_argument("--sample", type=int, default=25, help="files whose history is followed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the temporary store, and say where it is")
    args = parser.parse_args()
    try:
        git(args.repository, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except (OSError, RuntimeError):
        parser.error(f"{args.repository} is no git repository with a commit: name one")
    folder = Path(tempfile.mkdtemp(prefix="any-repository-"))
    server = EmbeddedPostgres(folder / "database", durable=False)
    try:
        url = server.start()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(files("scidex_console.demo").joinpath("scidex_tables.sql").read_bytes())
        store = store_of(folder, args.repository, url, cycle=args.cycle, shard=args.shard)
        claims = claims_for(see(store.checkout), args.artifacts, seed=args.seed)
        return _print(args, asyncio.run(examine(store, claims, sample=args.sample)))
    finally:
        server.destroy()
        if args.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _print(args: argparse.Namespace, seen: Outcome) -> int:
    kinds = Counter(mode for mode, _ in seen.before.tracked.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for name, value in (
        ("repository", str(args.repository)),
        ("tracked", ", ".join(f"{count} x {mode}" for mode, count in sorted(kinds.items()))),
        ("files (find -type f)", f"{seen.before.files} before, {seen.after.files} after"),
        ("rows", f"{len(seen.claims.claims)}, {seen.migrated} migrated in {seen.batches} cycles"),
        ("said", ", ".join(f"{word} {count}" for word, count in sorted(seen.words.items()))),
        ("time", f"{seen.seconds:.1f} s, {seen.migrated / seen.seconds:.0f} artifacts/s, peak {peak} MiB"),
        ("findings", "none" if not seen.findings else ""),
    ):
        print(f"{name:22}{value}")
    for line in seen.findings.lines():
        print(f"  {line}")
    return 1 if seen.findings else 0


if __name__ == "__main__":
    sys.exit(main())

"""How much a migration makes the repository grow, before and after maintenance, with realistic files.

    .venv/bin/python benchmarks/growth.py [--artifacts 11667] [--largest-kib 200] [--shard 0] [--keep DIR]

The demo's files are tiny, so that a folder's manifest outweighs them. Here figures are 20 KiB to
`--largest-kib` of bytes that do not compress, notebooks 5 to 50 KB of JSON with plots inside, datasets tables
of up to 200 KB; with 200 KiB the store is a few hundred MB large, with 800 it has the size the specification
tells of (1.1 GB). It is migrated to the end without maintenance, and `scidex-console maintain` is then run as
an operator would. The growth is told against the store as it was found, and against the same store repacked
likewise before: the second is what the folders alone add.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measured import folder_lab, measured, migrate
from scidex_console.demo import history
from scidex_console.demo.artifacts.contents import make_content
from scidex_console.demo.artifacts.model import ContentKind, StoredFile
from scidex_console.demo.postgres_server import EmbeddedPostgres
from tests.labs import Lab

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Kept:
    """What a repository takes, in bytes."""

    objects: int
    """Of git's objects."""
    files: int
    """Of the checkout's files."""
    blocks: int
    """Of the checkout on disk, folders included."""


def main() -> int:
    """Build, migrate, maintain, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--artifacts", type=int, default=11_667)
    parser.add_argument("--largest-kib", type=int, default=200)
    parser.add_argument("--shard", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="an empty folder to work in, which is kept")
    args = parser.parse_args()
    folder = args.keep or Path(tempfile.mkdtemp(prefix="growth-"))
    server = EmbeddedPostgres(folder / "database")
    try:
        _measure(folder, server.start(), args)
    finally:
        server.destroy()
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def _measure(folder: Path, url: str, args: argparse.Namespace) -> None:
    lab = _lab(folder / "store", url, args)
    checkout = lab.store.artifacts
    baseline = folder / "baseline"
    shutil.copytree(_git_dir(checkout), baseline)
    found = _kept(checkout)
    began = time.monotonic()
    done = asyncio.run(migrate(lab))
    seconds = time.monotonic() - began
    before = _kept(checkout)
    if args.keep:
        shutil.copytree(_git_dir(checkout), folder / "migrated")
    maintained = measured(lab.config, "maintain")
    after = _kept(checkout)
    _repack_baseline(lab, baseline)
    likewise = _size(baseline / "objects")
    rerun = " ".join(["benchmarks/growth.py", *sys.argv[1:]])
    print(f"{done} of {args.artifacts} artifacts; rerun: {rerun}")
    print(f"migrated in {seconds:.0f} s")
    print(f"{'':34}{'git objects':>14}{'files':>14}{'on disk':>14}")
    for name, kept in (("as found", found), ("migrated, before maintenance", before), ("after", after)):
        print(f"{name:34}{_mib(kept.objects)}{_mib(kept.files)}{_mib(kept.blocks)}")
    print(f"{'as found, repacked likewise':34}{_mib(likewise)}")
    print(
        f"growth before maintenance {_percent(found.objects, before.objects)}, after it "
        f"{_percent(found.objects, after.objects)}; against the store as found, repacked likewise, "
        f"{_percent(likewise, after.objects)}"
    )
    print(
        f"maintain: {maintained.seconds:.0f} s, {maintained.processor_seconds:.0f} s CPU, "
        f"peak memory {maintained.peak_mib} MiB"
    )


def _lab(folder: Path, url: str, args: argparse.Namespace) -> Lab:
    with mock.patch.object(history, "make_content", _realistic(args.largest_kib)):
        return folder_lab(folder, url, "growth", artifacts=args.artifacts, shard=args.shard)


def _realistic(largest_kib: int) -> Callable[..., bytes]:
    """Files of the sizes that figures, notebooks and datasets have."""

    def make(file: StoredFile, seed: int, *, first_version: bool = False) -> bytes:
        version = ":first" if first_version and file.rewritten else ""
        rng = random.Random(f"growth:{seed}:{file.kind}:{file.key}{version}")
        if file.kind in (ContentKind.PNG, ContentKind.PAPER_FIGURE):
            return b"\x89PNG\r\n\x1a\n" + rng.randbytes(rng.randrange(20, largest_kib) * 1024)
        if file.kind is ContentKind.PICKLE:
            return rng.randbytes(rng.randrange(20, largest_kib) * 1024)
        plain = make_content(file, seed, first_version=first_version)
        if file.kind is ContentKind.NOTEBOOK:
            return _notebook(json.loads(plain), rng)
        if file.kind is ContentKind.HTML:
            plot = base64.b64encode(rng.randbytes(rng.randrange(4, 40) * 1024))
            return plain.replace(b"</body>", b'<img src="data:image/png;base64,' + plot + b'">\n</body>')
        if file.kind is ContentKind.CSV:
            return _table(plain, rng)
        return plain

    return make


def _notebook(notebook: dict[str, list[object]], rng: random.Random) -> bytes:
    plot = base64.b64encode(rng.randbytes(rng.randrange(2_000, 34_000))).decode()
    shown = {"data": {"image/png": plot}, "metadata": {}, "output_type": "display_data"}
    notebook["cells"].append(
        {"cell_type": "code", "execution_count": 99, "metadata": {}, "outputs": [shown], "source": ["show()"]}
    )
    return json.dumps(notebook, indent=1).encode() + b"\n"


def _table(plain: bytes, rng: random.Random) -> bytes:
    columns = plain.split(b"\n", 1)[0].count(b",")
    rows = (
        f"S{row:05}," + ",".join(f"{rng.gauss(5, 2):.4f}" for _ in range(columns))
        for row in range(rng.randrange(100, 6_000))
    )
    return plain + "\n".join(rows).encode() + b"\n"


def _repack_baseline(lab: Lab, baseline: Path) -> None:
    """The store as it was found, repacked by the same `maintain`: it takes the migrated one's place."""
    git_dir = _git_dir(lab.store.artifacts)
    aside = git_dir.with_name("migrated-git-dir")
    git_dir.rename(aside)
    shutil.copytree(baseline, git_dir)
    try:
        measured(lab.config, "maintain")
        shutil.rmtree(baseline)
        shutil.copytree(git_dir, baseline)
    finally:
        shutil.rmtree(git_dir)
        aside.rename(git_dir)


def _git_dir(checkout: Path) -> Path:
    done = subprocess.run(
        ["git", "rev-parse", "--absolute-git-dir"], cwd=checkout, capture_output=True, text=True, check=True
    )
    return Path(done.stdout.strip())


def _kept(checkout: Path) -> Kept:
    blocks = files = 0
    for folder, folders, names in os.walk(checkout):
        if ".git" in folders:
            folders.remove(".git")
        for path in (folder, *(f"{folder}/{name}" for name in names)):
            found = os.lstat(path)
            blocks += found.st_blocks * 512
            files += found.st_size if path != folder else 0
    return Kept(_size(_git_dir(checkout) / "objects"), files, blocks)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _mib(size: int) -> str:
    return f"{size / _MIB:>10,.1f} MiB"


def _percent(before: int, after: int) -> str:
    return f"{(after - before) / before:+.2%}"


if __name__ == "__main__":
    sys.exit(main())

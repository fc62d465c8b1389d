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

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.folders import FOLDERS, OVER
from scidex_console.demo import history
from scidex_console.demo.artifacts.contents import make_content
from scidex_console.demo.artifacts.model import ContentKind, StoredFile
from scidex_console.demo.postgres_server import EmbeddedPostgres
from scidex_console.domain.jobs import JobName
from scidex_console.settings import load_settings
from scidex_console.wiring.engine import assembled, engine_options, held_store
from scidex_console.wiring.reading import readers
from tests.labs import Lab, make_lab

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


@dataclass(frozen=True)
class Maintained:
    """One `maintain`, from outside."""

    seconds: float
    processor_seconds: float
    peak_mib: int
    """Of the largest of its processes."""


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
    migrated = asyncio.run(_migrate(lab))
    seconds = time.monotonic() - began
    before = _kept(checkout)
    if args.keep:
        shutil.copytree(_git_dir(checkout), folder / "migrated")
    done = _maintain(lab)
    after = _kept(checkout)
    _repack_baseline(lab, baseline)
    likewise = _size(baseline / "objects")
    rerun = " ".join(["benchmarks/growth.py", *sys.argv[1:]])
    print(f"{migrated} of {args.artifacts} artifacts; rerun: {rerun}")
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
        f"maintain: {done.seconds:.0f} s, {done.processor_seconds:.0f} s CPU, peak memory {done.peak_mib} MiB"
    )


def _lab(folder: Path, url: str, args: argparse.Namespace) -> Lab:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE growth")
    extra = f'[folders]\nevery = "0s"\ngrace = "1s"\nrepack_at_end = false\nshard = {args.shard}\n'
    with mock.patch.object(history, "make_content", _realistic(args.largest_kib)):
        lab = make_lab(
            folder,
            url.rsplit("/", 1)[0] + "/growth" if "?" not in url else _renamed(url),
            figures=args.artifacts * 4302 // 11_667,
            artifacts=args.artifacts,
            extra=extra,
        )
    text = lab.config.read_text().replace("[repository]\n", "[repository]\npush = false\n")
    lab.config.write_text(text)
    return Lab(lab.folder, lab.store, lab.config, load_settings(lab.config, environ={}))


def _renamed(url: str) -> str:
    head, _, query = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/growth?{query}"


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


async def _migrate(lab: Lab) -> int:
    options = engine_options(lab.settings, FOLDERS, until_idle=False)
    async with (
        readers(lab.settings) as connected,
        held_store(lab.settings, options) as held,
        assembled(lab.settings, options, held) as (engine, runs),
    ):
        life = asyncio.create_task(engine.run())
        await connected.desk.submit("start", JobName.FOLDERS, {}, reason="benchmark")
        while (run := await runs.last_run(JobName.FOLDERS)) is None or run.state not in OVER:
            await asyncio.sleep(0.5)
        engine.leave()
        await life
    found = lab.rows("SELECT count(*) AS n FROM artifacts WHERE migrated_to_folder_at IS NOT NULL")
    return int(found[0]["n"])


def _maintain(lab: Lab) -> Maintained:
    began = time.monotonic()
    command = [sys.executable, "-m", "scidex_console", "--config", str(lab.config), "maintain"]
    process = subprocess.Popen(command, cwd=Path(__file__).resolve().parents[1])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"maintain ended with {process.returncode}")
    return Maintained(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)


def _repack_baseline(lab: Lab, baseline: Path) -> None:
    """The store as it was found, repacked by the same `maintain`: it takes the migrated one's place."""
    git_dir = _git_dir(lab.store.artifacts)
    aside = git_dir.with_name("migrated-git-dir")
    git_dir.rename(aside)
    shutil.copytree(baseline, git_dir)
    try:
        _maintain(lab)
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

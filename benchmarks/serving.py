"""Latency and throughput of the read service: before, during and after a migration, and beside nginx.

    .venv/bin/python benchmarks/serving.py [--artifacts 11667] [--seconds 20] [--parts latencies files]

Manifest, folder, figure file and page are asked for in turn over one kept connection by a client that waits a
little between two requests: what is measured is how long a reader waits, not how much the service can take.
Every request is for another artifact, so that nothing was found a moment ago. Meanwhile the engine moves
everything at full speed, in a process of its own with the priority that docs/operations.md gives it; each
answer that is not 200 is counted. Then the throughput of files on one processor, with `wrk` on the other one,
beside nginx with one worker over the same files; both log each request. That last part needs Debian's
nginx-light and wrk, and is left out without them.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measured import folder_lab, migrated
from scidex_console.demo.postgres_server import EmbeddedPostgres
from tests.labs import Lab

PARTS = ("latencies", "files")
PORT, NGINX_PORT = 18765, 18766
PAUSE_S = 0.004
"""Between two requests of the client: about a hundred readers a second, with what the answers take."""
_ROOT = Path(__file__).resolve().parents[1]
_PROGRAM = [sys.executable, "-m", "scidex_console"]
_FIRST = os.sched_getscheduler(0) in (os.SCHED_RR, os.SCHED_FIFO)
_AS_A_SERVICE = ("chrt", "--rr", "1") if _FIRST else ("nice", "-n", "10")
"""How docs/operations.md has the engine started: it leaves the processors to whoever reads. Where this
runs before all others (`chrt -r 10`), the engine comes after it and before those."""
_NGINX = """
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
user root;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    sendfile on;
    keepalive_requests 100000000;
    types {{ image/png png; }}
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


def main() -> int:
    """Build, measure, print; 1 when something was not answered."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--artifacts", type=int, default=11_667)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="serving-"))
    server = EmbeddedPostgres(folder / "database", durable=True)
    try:
        lab = _lab(folder, server.start(), args.artifacts)
        wrong = 0
        if "latencies" in args.parts:
            with _running(lab, "serve", "--port", str(PORT), until='"serving": "'):
                wrong = asyncio.run(_latencies(lab, args.seconds))
                _sitemap()
        else:
            _migrate(lab)
        if "files" in args.parts:
            _beside_nginx(lab, folder, args.seconds)
    finally:
        server.destroy()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if wrong else 0


def _migrate(lab: Lab) -> None:
    command = [*_PROGRAM, "--config", str(lab.config)]
    engine = subprocess.Popen([*command, "engine", "--jobs", "folders"], cwd=_ROOT, stderr=subprocess.DEVNULL)
    try:
        subprocess.run([*command, "start", "folders", "--wait", "60s"], cwd=_ROOT, check=True)
        _until_done(lab)
    finally:
        engine.terminate()
        engine.wait(60)


def _until_done(lab: Lab) -> None:
    while lab.rows("SELECT state FROM scidex_console.run ORDER BY id DESC LIMIT 1")[0]["state"] == "running":
        time.sleep(0.5)


def _lab(folder: Path, url: str, artifacts: int) -> Lab:
    lab = folder_lab(folder / "store", url, "serving", artifacts=artifacts, shard=0)
    with lab.config.open("a") as config:
        config.write("[readers]\nenabled = true\n[serve]\nlog_requests = true\n")
    with psycopg.connect(lab.store.database_url, autocommit=True) as connection:
        connection.execute("UPDATE scidex_console.reader_share SET percent = 100")
        connection.execute("CREATE INDEX ON artifact_links (source_artifact_id)")
        connection.execute("CREATE INDEX ON artifact_links (target_artifact_id)")
    print(f"{artifacts} artifacts; rerun: {' '.join(['benchmarks/serving.py', *sys.argv[1:]])}")
    return lab


@contextmanager
def _running(lab: Lab, *words: str, until: str, before: Sequence[str] = ()) -> Iterator[None]:
    """A command of the program for the length of a `with`; what it says goes to a file."""
    said = lab.folder / f"{words[0]}.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [*before, *_PROGRAM, "--config", str(lab.config), *words], cwd=_ROOT, stdout=log, stderr=log
        )
        try:
            while until not in said.read_text():
                if process.poll() is not None:
                    raise SystemExit(f"{words[0]} ended: {said.read_text()}")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(30)


class _Client:
    """One kept connection; answers are read whole."""

    def __init__(self) -> None:
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> tuple[int, float, bytes]:
        """Status, seconds, body."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", PORT, limit=1 << 24)
        reader, writer = self._streams
        began = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1])) if length else await self._chunked(reader)
        return int(head[9:12]), time.perf_counter() - began, body

    async def _chunked(self, reader: asyncio.StreamReader) -> bytes:
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return body


async def _latencies(lab: Lab, seconds: float) -> int:
    """Before, during and after; how many answers were not 200."""
    kinds = _addresses(lab)
    await _measured(kinds, 3.0)  # warm
    figures = {"before": await _measured(kinds, seconds)}
    engine = subprocess.Popen(
        [*_AS_A_SERVICE, *_PROGRAM, "--config", str(lab.config), "engine", "--jobs", "folders"],
        cwd=_ROOT, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        start = [*_PROGRAM, "--config", str(lab.config), "start", "folders", "--wait", "60s"]
        await asyncio.to_thread(subprocess.run, start, cwd=_ROOT, check=True, capture_output=True)
        while migrated(lab) < 200:  # the survey is over, and cycles follow one another
            await asyncio.sleep(0.1)
        began, first = time.monotonic(), migrated(lab)
        figures["during"] = await _measured(kinds, seconds)
        pace = (migrated(lab) - first) / (time.monotonic() - began)
        await asyncio.to_thread(_until_done, lab)
    finally:
        engine.terminate()
        engine.wait(60)
    figures["after"] = await _measured(kinds, seconds)
    print(f"{'':10}{'':8}" + "".join(f"{name:>9}{'p50 ms':>8}{'p99 ms':>8}" for name in figures))
    for kind in kinds:
        cells = "".join(
            f"{len(f[kind]):9}{_at(f[kind], 0.5):8.1f}{_at(f[kind], 0.99):8.1f}" for f in figures.values()
        )
        ratio = _at(figures["during"][kind], 0.99) / _at(figures["before"][kind], 0.99)
        print(f"{kind:18}{cells}   p99 during / before {ratio:.2f}")
    wrong = [answer for each in figures.values() for answer in each["wrong"]]
    print(f"migrated meanwhile: {pace:.0f} artifacts/s; not answered with 200: {len(wrong)} {wrong[:3]}")
    return len(wrong)


def _addresses(lab: Lab) -> dict[str, list[str]]:
    rows = lab.rows("SELECT id, file_path, artifact_type FROM artifacts ORDER BY md5(id)")
    files = {artifact.id: artifact.files for artifact in lab.store.plan.artifacts}
    named = [
        f"/artifact/{quote(row['id'], safe='')}/files/{quote(Path(files[row['id']][0].path).name)}"
        for row in rows
        if row["artifact_type"] == "figure" and files.get(row["id"])
    ]
    quoted = [quote(row["id"], safe="") for row in rows]
    return {
        "manifest": [f"/api/artifacts/{each}/manifest" for each in quoted],
        "folder": [f"/api/artifacts/{each}/folder" for each in quoted],
        "figure file": named,
        "page": [f"/artifact/{each}" for each in quoted],
    }


async def _measured(kinds: dict[str, list[str]], seconds: float) -> dict[str, list]:
    client, until = _Client(), time.monotonic() + seconds
    taken: dict[str, list] = {kind: [] for kind in kinds} | {"wrong": []}
    turns = {kind: itertools.cycle(addresses) for kind, addresses in kinds.items()}
    while time.monotonic() < until:
        for kind, addresses in turns.items():
            address = next(addresses)
            status, took, _ = await client.get(address)
            taken[kind].append(took * 1000)
            if status != 200:
                taken["wrong"].append((status, address))
            await asyncio.sleep(PAUSE_S)
    return taken


def _at(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def _sitemap() -> None:
    async def whole() -> tuple[float, int]:
        client, began = _Client(), time.perf_counter()
        _, _, index = await client.get("/sitemap.xml")
        addresses = 0
        for part in re.findall(rb"<loc>http://[^/]+([^<]+)</loc>", index):
            _, _, body = await client.get(part.decode())
            addresses += body.count(b"<loc>")
        return time.perf_counter() - began, addresses

    times = [asyncio.run(whole()) for _ in range(5)]
    best, worst = min(t for t, _ in times), max(t for t, _ in times)
    print(f"sitemap whole: {best:.3f} s at best, {worst:.3f} at worst; {times[0][1]} addresses")


def _beside_nginx(lab: Lab, folder: Path, seconds: float) -> None:
    """Throughput of one file on one processor, `wrk` on the other."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not (nginx and shutil.which("wrk") and shutil.which("taskset")):
        print("no nginx, wrk or taskset: throughput is not compared")
        return
    row = lab.rows(
        "SELECT id, artifact_dir, primary_filename FROM artifacts WHERE artifact_type = 'figure' "
        "AND primary_filename LIKE '%%.png' ORDER BY id LIMIT 1"
    )[0]
    inner = row["artifact_dir"].removeprefix(f"{lab.store.submodule}/")
    file = lab.store.artifacts / inner / row["primary_filename"]
    ours = f"http://127.0.0.1:{PORT}/artifact/{quote(row['id'], safe='')}/files/{row['primary_filename']}"
    theirs = f"http://127.0.0.1:{NGINX_PORT}/{inner}/{row['primary_filename']}"
    page = f"http://127.0.0.1:{PORT}/artifact/{quote(row['id'], safe='')}"
    api = f"http://127.0.0.1:{PORT}/api/artifacts/{quote(row['id'], safe='')}"
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, port=NGINX_PORT, root=lab.store.artifacts))
    beside = subprocess.Popen(["taskset", "-c", "0", nginx, "-c", str(config), "-g", "daemon off;"])
    pinned = ["taskset", "-c", "0"]
    try:
        with _running(lab, "serve", "--port", str(PORT), until='"serving": "', before=pinned):
            for size in (file.stat().st_size, 64 << 10, 512 << 10):
                file.write_bytes(file.read_bytes()[:size].ljust(size, b"0"))
                own, other = _rate(ours, seconds / 4), _rate(theirs, seconds / 4)
                print(f"file of {size:7} bytes: {own:8.0f}/s, nginx {other:8.0f}/s, {own / other:.2f} of it")
            for name, address in (
                ("page", page),
                ("manifest", f"{api}/manifest"),
                ("folder", f"{api}/folder"),
            ):
                print(f"{name}: {_rate(address, seconds / 4):.0f}/s")
    finally:
        beside.terminate()
        beside.wait(10)


def _rate(address: str, seconds: float) -> float:
    words = ["taskset", "-c", "1", "wrk", "-t1", "-c16", f"-d{max(round(seconds), 1)}s", address]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"{address}: {said}")
    return float(re.findall(r"Requests/sec:\s+([\d.]+)", said)[0])


if __name__ == "__main__":
    sys.exit(main())

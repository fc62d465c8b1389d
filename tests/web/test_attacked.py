"""The service in a process of its own: killed while it writes, fed slowly, asked for what is very large."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.conftest import Databases
from tests.crash.checks import assert_git_is_clean
from tests.crash.folder_checks import assert_verified
from tests.labs import Lab, make_lab
from tests.web.conftest import migrate
from tests.web.test_writing import PNG, make_token, until

SERVE = '[serve]\naccept_accessories = true\nwrites_per_minute = 10000\npatience = "2s"\n'
STRIDE = int(os.environ.get("SCIDEX_COMMIT_KILL_STRIDE", "3"))
HUGE = 300 << 20
"""Bytes of a file, with holes, so that it takes no room; more than is hashed."""


@dataclass(frozen=True)
class Program:
    """`scidex-console serve`, and a token for it."""

    lab: Lab
    url: str
    process: subprocess.Popen[bytes]
    token: str
    log: Path

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def post(self, artifact_id: str, name: str, content: Any) -> httpx.Response:
        with self.client() as client:
            return client.post(
                f"/api/artifacts/{quote(artifact_id, safe='')}/accessory",
                params={"filename": name},
                content=content,
                headers={"authorization": f"Bearer {self.token}"},
            )

    def connected(self) -> socket.socket:
        parts = urlsplit(self.url)
        return socket.create_connection((parts.hostname, parts.port), timeout=20)

    def most_memory(self) -> int:
        """Bytes that it has had in memory at most, files' pages aside."""
        said = Path(f"/proc/{self.process.pid}/status").read_text()
        now = next(line for line in said.splitlines() if line.startswith("RssAnon:"))
        return int(now.split()[1]) << 10

    def moved(self) -> dict[str, Any]:
        """An artifact with a folder and a file."""
        return self.lab.rows(
            "SELECT * FROM artifacts WHERE migrated_to_folder_at IS NOT NULL"
            " AND primary_filename IS NOT NULL ORDER BY id LIMIT 1"
        )[0]


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return str(listening.getsockname()[1])


@contextmanager
def program(lab: Lab, token: str, **environment: str) -> Iterator[Program]:
    """Start it on any free port; killed at the end if it is still there."""
    log = lab.folder / "serve.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "scidex_console",
                "--config",
                str(lab.config),
                "serve",
                "--port",
                free_port(),
            ],
            stdout=said,
            stderr=said,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        )
    try:
        until(lambda: '"serving": "' in log.read_text() or process.poll() is not None, patience=90)
        told = log.read_text()
        assert '"serving": "' in told, (process.poll(), told)
        yield Program(lab, json.loads(told.splitlines()[0])["serving"], process, token, log)
    finally:
        process.send_signal(signal.SIGTERM if process.poll() is None else 0)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def lab(
    _databases: Databases, _scidex_template: str, tmp_path_factory: pytest.TempPathFactory, _originals: None
) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("attacked")
    with _databases(_scidex_template) as url:
        folders = '[folders]\nevery = "0s"\ngrace = "0s"\ncycle = 10\nrepack_at_end = false\n'
        made = make_lab(folder, url, figures=4, artifacts=24, extra=folders + SERVE)
        migrate(made, 1)
        yield made


@pytest.fixture(scope="module")
def token(lab: Lab) -> str:
    return make_token(lab, "renderer")


@pytest.fixture(scope="module")
def serving(lab: Lab, token: str) -> Iterator[Program]:
    with program(lab, token) as running:
        yield running


# --- killed -----------------------------------------------------------------------------------------------


def killed_while_it_writes(lab: Lab, token: str, kill_at: int) -> bool:
    """Send a file to a service that dies at one place, and again to the next one; whether it came there."""
    content = PNG + f"killed at {kill_at}".encode()
    with program(lab, token, SCIDEX_CONSOLE_KILL_AT=str(kill_at)) as dying:
        artifact = dying.moved()["id"]
        with suppress(httpx.TransportError):
            answer = dying.post(artifact, f"at-{kill_at}.png", content)
            assert answer.status_code == 201, answer.text
            dying.process.send_signal(signal.SIGTERM)
        hit = dying.process.wait(60) == -signal.SIGKILL
    with program(lab, token) as next_one:
        answer = next_one.post(artifact, f"at-{kill_at}.png", content)
        assert answer.status_code in (200, 201), answer.text
        again = next_one.post(artifact, f"at-{kill_at}.png", content)
        assert (again.status_code, again.json()["file"]) == (200, answer.json()["file"])
        with next_one.client() as client:
            assert client.get(answer.json()["file"]["url"]).content == content
    left = [path for path in lab.store.outer.rglob("*incoming*/*") if path.is_file()]
    assert left == [], "what the dead one had staged is gone"
    assert_git_is_clean(lab)
    return hit


@pytest.mark.parametrize("kill_at", [4])
def test_service_killed_while_a_file_is_added_leaves_a_whole_store(
    lab: Lab, token: str, kill_at: int
) -> None:
    assert killed_while_it_writes(lab, token, kill_at)
    assert_verified(lab)


@pytest.mark.sweep
@pytest.mark.timeout(1800)
def test_service_killed_at_any_step_of_adding_a_file_leaves_a_whole_store(lab: Lab, token: str) -> None:
    for kill_at in count(1, STRIDE):
        if not killed_while_it_writes(lab, token, kill_at):
            assert kill_at > 5
            break
    assert_verified(lab)


@pytest.mark.sweep
def test_service_that_is_told_to_leave_folds_its_counts_and_clears_up_first(lab: Lab, token: str) -> None:
    counted = (
        "SELECT coalesce(sum(n), 0)::int AS n FROM scidex_console.request_minute WHERE route = 'healthz'"
    )
    (before,) = lab.rows(counted)
    with program(lab, token) as leaving:
        with leaving.client() as client:
            assert client.get("/healthz").status_code == 200
        leaving.process.send_signal(signal.SIGTERM)
        assert leaving.process.wait(30) == 0
    assert lab.rows(counted) == [{"n": before["n"] + 1}]
    assert lab.rows("SELECT 1 FROM scidex_console.reader_process") == []
    assert [path for path in lab.store.outer.rglob("*incoming*/*") if path.is_file()] == []


# --- slow -------------------------------------------------------------------------------------------------


def test_every_line_of_the_log_is_json(serving: Program) -> None:
    with closing(serving.connected()) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")
    until(lambda: "Invalid HTTP request" in serving.log.read_text())
    lines = [json.loads(line) for line in serving.log.read_text().splitlines()]
    said = [(line["level"], line["said"]) for line in lines if "said" in line]
    assert ("warning", "Invalid HTTP request received.") in said


def test_a_file_that_comes_in_drops_is_given_up(serving: Program) -> None:
    """Each drop comes in time, but all of it would take for ever."""
    with serving.connected() as connection:
        address = f"/api/artifacts/{quote(serving.moved()['id'], safe='')}/accessory?filename=drops.png"
        connection.sendall(
            f"POST {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {serving.token}\r\n"
            f"Content-Length: 1000000\r\n\r\n".encode()
            + PNG
        )
        connection.settimeout(0.2)
        got, began = b"", time.monotonic()
        while not got and time.monotonic() - began < 30:
            with suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
                connection.sendall(b"0")
                got = connection.recv(4096)
        assert got.startswith(b"HTTP/1.1 408 "), got


def test_slow_clients_of_every_kind_keep_nobody_waiting(serving: Program) -> None:
    row = serving.moved()
    name = f"/artifact/{quote(row['id'], safe='')}/files/{row['primary_filename']}"
    stop = threading.Event()

    def dribble(connection: socket.socket) -> None:
        with suppress(OSError):
            while not stop.wait(0.5):
                connection.sendall(b"X-Drop: 1\r\n")

    with ExitStack() as stack:
        slow = [stack.enter_context(serving.connected()) for _ in range(60)]
        for number, connection in enumerate(slow):
            connection.sendall(f"GET {name} HTTP/1.1\r\nHost: x\r\n".encode())
            if number % 3 == 1:
                threading.Thread(target=dribble, args=(connection,), daemon=True).start()
            elif number % 3 == 2:
                connection.sendall(b"\r\n" * 1 + f"GET {name} HTTP/1.1\r\n".encode() * 20)
        try:
            with serving.client() as client:
                for _ in range(5):
                    assert client.get("/healthz").status_code == 200
                    assert client.get(name).status_code == 200
        finally:
            stop.set()


# --- large ------------------------------------------------------------------------------------------------


@contextmanager
def huge(serving: Program) -> Iterator[str]:
    """The primary file of an artifact is very large for a while; its address."""
    row = serving.moved()
    path = serving.lab.store.outer / row["artifact_dir"] / row["primary_filename"]
    before, times = path.read_bytes(), path.stat()
    with path.open("r+b") as file:
        file.truncate(HUGE)
        file.seek(HUGE - 5)
        file.write(b"tail!")
    try:
        yield f"/artifact/{quote(row['id'], safe='')}/files/{row['primary_filename']}"
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def length_of(client: httpx.Client, address: str) -> int:
    with client.stream("GET", address) as answer:
        return int(answer.headers["content-length"])


def test_a_very_large_file_is_served_whole_and_in_part_without_being_held_in_memory(
    serving: Program,
) -> None:
    with huge(serving) as address, serving.client() as client, serving.connected() as idle:
        until(lambda: length_of(client, address) == HUGE)  # what was sent is kept for a second
        before = serving.most_memory()
        idle.sendall(f"GET {address} HTTP/1.1\r\nHost: x\r\n\r\n".encode())  # takes nothing of it
        part = client.get(address, headers={"range": f"bytes={HUGE - 5}-"})
        assert (part.status_code, part.content) == (206, b"tail!")
        assert part.headers["content-range"] == f"bytes {HUGE - 5}-{HUGE - 1}/{HUGE}"
        size, digest = 0, hashlib.sha256()
        with client.stream("GET", address) as answer:
            for piece in answer.iter_raw():
                size += len(piece)
                digest.update(piece[-5:])
                last = piece
        assert size == HUGE and last.endswith(b"tail!")
        assert serving.most_memory() - before < 24 << 20


@pytest.mark.sweep
def test_an_accessory_of_several_megabytes_is_taken_in_pieces(serving: Program) -> None:
    content = PNG + os.urandom(4 << 20)
    artifact = serving.moved()["id"]
    serving.post(artifact, "small.png", PNG + b"warm")
    before = serving.most_memory()

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(content), 50_000):
            yield content[at : at + 50_000]

    answer = serving.post(artifact, "large.png", pieces())
    assert answer.status_code == 201, answer.text
    assert answer.json()["file"]["sha256"] == hashlib.sha256(content).hexdigest()
    with serving.client() as client:
        assert client.get(answer.json()["file"]["url"]).content == content
    assert serving.most_memory() - before < 24 << 20
    assert_git_is_clean(serving.lab)

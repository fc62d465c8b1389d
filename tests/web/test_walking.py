"""A reader that walks every old and new address while everything moves, is taken back, and moves again.

An address that has led somewhere once never leads nowhere again, and a file's address always has its bytes.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import pytest

from tests.crash.test_reading_while_folders_move import there_and_back
from tests.engine.bench import addresses, bench
from tests.engine.folders.conftest import FolderBench
from tests.labs import Lab
from tests.web.conftest import served

_PREFIXES = {"figure": "figure", "paper_figure": "figure", "notebook": "notebook", "dataset": "dataset"}
_FEW = 30
"""Artifacts whose pages are walked in each round; files and documents are walked of all."""


@dataclass
class Walk:
    """What was found on the way."""

    known: dict[str, str] = field(default_factory=dict)
    """Every address that has led somewhere; of a file, the hash of its bytes."""
    answers: int = 0
    rounds: int = 0
    wrong: list[tuple[str, int | str]] = field(default_factory=list)

    def round(self, client: httpx.Client, artifacts: list[tuple[str, str]]) -> None:
        """Ask for everything once, and learn the addresses that have come since."""
        for number, (artifact_id, kind) in enumerate(artifacts):
            named = quote(artifact_id, safe="")
            told = self._ask(client, f"/api/artifacts/{named}")
            document = told.json() if told is not None else {"files": [], "artifact_id": None}
            for file in document["files"]:
                self._ask(client, file["url"].partition("?")[0], is_file=file["role"] != "manifest")
            handles = [named] + ([document["artifact_id"]] if document["artifact_id"] else [])
            for handle in handles if number % 4 == self.rounds % 4 or len(artifacts) <= _FEW else ():
                self._ask(client, f"/artifact/{handle}")
                self._ask(client, f"/api/artifacts/{handle}/folder")
                self._ask(client, f"/api/artifacts/{handle}/manifest")
                if kind in _PREFIXES:
                    self._ask(client, f"/{_PREFIXES[kind]}/{handle}")
        for address, sha256 in list(self.known.items()):
            self._ask(client, address, is_file=bool(sha256))
        self.rounds += 1

    def _ask(self, client: httpx.Client, address: str, *, is_file: bool = False) -> httpx.Response | None:
        answer = client.get(address, follow_redirects=is_file)
        self.answers += 1
        if answer.status_code >= 400:
            if address in self.known or answer.status_code >= 500:
                self.wrong.append((address, answer.status_code))
            return None
        sha256 = hashlib.sha256(answer.content).hexdigest() if is_file else ""
        if self.known.setdefault(address, sha256) != sha256:
            self.wrong.append((address, "other bytes"))
        return answer


@contextmanager
def walking(lab: Lab, paths: list[str]) -> Iterator[Walk]:
    """Walk from a thread of its own until the block ends."""
    walk, stop = Walk(), threading.Event()
    artifacts = [
        (row["id"], row["artifact_type"])
        for row in lab.rows("SELECT id, artifact_type FROM artifacts ORDER BY id")
    ]
    with served(lab) as serving, serving.client() as client:

        def go() -> None:
            for path in paths:
                walk._ask(client, f"/data/scidex-artifacts/{quote(path)}", is_file=True)
            while not stop.is_set():
                walk.round(client, artifacts)

        walker = threading.Thread(target=go)
        walker.start()
        try:
            yield walk
        finally:
            stop.set()
            walker.join()
        walk.round(client, artifacts)


@pytest.fixture
async def walked(
    tmp_path: Path, database_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[FolderBench]:
    artifacts, cycle = request.param
    extra = f'[folders]\ncycle = {cycle}\nevery = "0s"\ngrace = "500ms"\n[readers]\nenabled = true\n'
    urls = addresses(("figures.example.org", 8))
    async with bench(tmp_path, database_url, urls, extra=extra, artifacts=artifacts) as made:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("UPDATE scidex_console.reader_share SET percent = 50")
        yield FolderBench(made)


async def _prove(folders: FolderBench, least: int) -> None:
    lab = folders.bench.lab
    paths = {file.path for artifact in lab.store.plan.artifacts for file in artifact.files}
    legacy = [path for path in sorted(paths) if (lab.store.artifacts / path).is_file()]
    with walking(lab, legacy) as walk:
        await there_and_back(folders)
    assert walk.wrong == []
    assert walk.answers >= least and walk.rounds >= 2, (walk.answers, walk.rounds)
    assert sum(address.startswith("/data/") for address in walk.known) >= len(legacy) - 2


@pytest.mark.timeout(300)
@pytest.mark.parametrize("walked", [(20, 10)], indirect=True)
async def test_no_address_leads_nowhere_while_everything_moves_there_and_back(walked: FolderBench) -> None:
    await _prove(walked, 200)


@pytest.mark.sweep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("walked", [(400, 100)], indirect=True)
async def test_no_address_of_a_larger_store_leads_nowhere(walked: FolderBench) -> None:
    await _prove(walked, 5000)

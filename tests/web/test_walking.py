"""A reader that walks every address while everything moves, is taken back, moves again, is cleaned up.

An address that has led somewhere once never leads nowhere again, and a file's address always has its bytes.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import pytest

from scidex_console.domain.intents import IntentState
from scidex_console.domain.soak.ladder import override_token
from scidex_console.domain.triage import Decision
from scidex_console.settings import Settings, load_settings
from scidex_console.wiring import clean_up
from scidex_console.wiring.reading import readers
from tests.crash.test_reading_while_folders_move import there_and_back
from tests.engine.bench import AtRest, addresses, bench, until_true
from tests.engine.folders.conftest import FOLDERS, FolderBench
from tests.labs import Lab
from tests.web.conftest import served

_PREFIXES = {"figure": "figure", "paper_figure": "figure", "notebook": "notebook", "dataset": "dataset"}
_PAUSE_S = 0.004
"""Before each question, so that the walk does not take the processor from those who move what it walks."""
_FEW = 30
"""Artifacts whose pages are walked in each round; files and documents are walked of all."""


@dataclass
class Walk:
    """What was found on the way."""

    known: dict[str, str] = field(default_factory=dict)
    """Every address that has led somewhere; of a file, the hash of its bytes."""
    gone: set[str] = field(default_factory=set)
    """Addresses of files that somebody has decided to delete."""
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
        time.sleep(_PAUSE_S)
        answer = client.get(address, follow_redirects=is_file)
        self.answers += 1
        if answer.status_code >= 400:
            if (address in self.known and address not in self.gone) or answer.status_code >= 500:
                self.wrong.append((address, answer.status_code))
            return None
        sha256 = hashlib.sha256(answer.content).hexdigest() if is_file else ""
        if self.known.setdefault(address, sha256) != sha256:
            self.wrong.append((address, "other bytes"))
        return answer


def path_of(path: str) -> str:
    """The address of a path of the repository."""
    return f"/data/scidex-artifacts/{quote(path)}"


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
                walk._ask(client, path_of(path), is_file=True)
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


async def clean_up_behind(folders: FolderBench, walk: Walk) -> Settings:
    """Phase 5, as its guide says: decide on what no row claims, legacy reading off, run; its settings."""
    made, lab = folders.bench, folders.bench.lab
    cleanup = made.readers.cleanup
    async with made.engine(jobs=FOLDERS):
        token = override_token(await made.readers.read.soak(), 5)
        override = {"phase": 5, "token": token}
        await made.settled(await made.readers.desk.submit("soak_override", None, override, reason="a trial"))
        walk.gone.add(path_of("attic/of no use.txt"))
        for decision, files in (
            (Decision.ADOPT, ("attic/counts.csv",)),
            (Decision.DELETE, ("attic/of no use.txt",)),
            (Decision.KEEP, ()),
        ):
            left = files or [o.path for o in (await cleanup.orphans((), limit=500, after="")).orphans]
            preview = await cleanup.preview(decision, left, "")
            assert not preview.preview.refused, preview.preview.refused
            put = await cleanup.decide(preview, reason="a trial", typed=preview.phrase)
            settled = await made.settled(put)
            assert settled.state is IntentState.DONE, settled.outcome
        # What waits for a person is mended, and goes with what was adopted.
        lab.rows("UPDATE artifacts SET content_hash = NULL WHERE migrated_to_folder_at IS NULL")
        lab.rows("UPDATE scidex_console.folder SET state = 'due', due_at = now()")
        await folders.ask("start")
        await until_true(lambda: made.run_state() in AtRest, "folders of the adopted", patience=600)
    (lab.store.artifacts / "figures" / "left" / "behind").mkdir(parents=True)
    config = lab.folder / "off.toml"
    config.write_text(lab.config.read_text().replace("[folders]\n", '[folders]\nlegacy = "off"\n'))
    settings = load_settings(config, environ={})
    async with readers(settings) as looking:
        plan = await looking.cleanup.plan()
    after = await clean_up(settings, token=plan.token, reason="a trial", tell=lambda line: None)
    assert after.strays == () and after.kept, after
    return settings


async def _prove(folders: FolderBench, least: int) -> None:
    lab = folders.bench.lab
    for name in ("counts.csv", "of no use.txt", "to keep.md"):
        (lab.store.artifacts / "attic").mkdir(exist_ok=True)
        (lab.store.artifacts / "attic" / name).write_text(f"bytes of {name}")
    lab.git("add", "attic")
    lab.git("commit", "-qm", "What no row claims")
    legacy = [path for path in lab.git("ls-files", "-z").split("\0") if path and not path.startswith(".git")]
    with walking(lab, legacy) as walk:
        await there_and_back(folders)
        settings = await clean_up_behind(folders, walk)
    rounds = walk.rounds
    with served(lab, settings) as serving, serving.client() as client:
        walk.round(client, [])  # restarted, as the guide says, with the legacy way switched off
        assert client.get(path_of("attic/of no use.txt")).status_code == 404
        assert client.get(path_of("attic/to keep.md"), follow_redirects=True).text == "bytes of to keep.md"
    assert walk.rounds == rounds + 1 and walk.wrong == []
    assert walk.answers >= least and walk.rounds >= 2, (walk.answers, walk.rounds)
    assert sum(address.startswith("/data/") for address in walk.known) >= len(legacy) - 2


@pytest.mark.timeout(300)
@pytest.mark.parametrize("walked", [(10, 5)], indirect=True)
@pytest.mark.sweep
async def test_no_address_leads_nowhere_while_everything_moves_and_is_cleaned_up(walked: FolderBench) -> None:
    await _prove(walked, 200)


@pytest.mark.sweep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("walked", [(400, 100)], indirect=True)
async def test_no_address_of_a_larger_store_leads_nowhere(walked: FolderBench) -> None:
    await _prove(walked, 5000)

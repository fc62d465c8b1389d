"""A store of all kinds of artifacts, and engines that migrate it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scidex_console.domain.jobs import JobName
from tests.crash.folder_checks import Before, look
from tests.engine.bench import Bench, addresses, bench
from tests.engine.folders.trial import FolderTrial, held
from tests.labs import Lab

FOLDERS = frozenset({JobName.FOLDERS})


@dataclass(frozen=True)
class FolderBench:
    """A bench whose engines migrate folders."""

    bench: Bench

    @property
    def checkout(self) -> Path:
        return self.bench.lab.store.artifacts

    @property
    def outer(self) -> Path:
        return self.bench.lab.store.outer

    def rows(self, statement: str, *params: object) -> list[dict[str, Any]]:
        return self.bench.lab.rows(statement, *params)

    def artifacts(self) -> dict[str, dict[str, Any]]:
        return self.bench.artifacts()

    def statuses(self) -> dict[str, list[str]]:
        """Every artifact's words in the migration log, in order."""
        found: dict[str, list[str]] = {}
        for row in self.rows("SELECT artifact_id, status FROM artifact_migration_log ORDER BY id"):
            found.setdefault(row["artifact_id"], []).append(row["status"])
        return found

    async def ask(self, action: str, *, reason: str = "", **params: Any) -> Any:
        return await self.bench.ask(action, JobName.FOLDERS, reason=reason, **params)

    async def migrate(self) -> None:
        """Everything, to the end."""
        async with self.bench.engine(jobs=FOLDERS):
            await self.ask("start")
            await self.bench.at_rest()


@pytest.fixture
async def folders(tmp_path: Path, database_url: str) -> AsyncIterator[FolderBench]:
    """A small store of the demo's own making, oddities and all."""
    extra = '[folders]\ncycle = 40\nevery = "0s"\ngrace = "0s"\n'
    urls = addresses(("figures.example.org", 12))
    async with bench(tmp_path, database_url, urls, extra=extra, artifacts=70) as made:
        yield FolderBench(made)


@pytest.fixture
def before(lab: Lab) -> Before:
    """What the test's own laboratory is like at the beginning."""
    return look(lab)


@pytest.fixture
async def trial(lab: Lab) -> AsyncIterator[FolderTrial]:
    """The test's own laboratory, held by an engine whose steps the test takes."""
    async with held(lab) as made:
        yield made

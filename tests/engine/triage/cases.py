"""A store with one artifact of every kind that waits for a person, and an engine that settles decisions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scidex_console.domain.intents import SETTLED, Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import FIRST, Span
from scidex_console.domain.triage import Decision
from scidex_console.engine.triage.views import CaseFilter, CaseView, DecisionPreview
from scidex_console.wiring import verify
from tests.engine.folders.tiny import SUBMODULE, Row, git, row_of, sha256, tiny_lab
from tests.engine.folders.trial import held
from tests.labs import AtWork, Lab, engine_at_work

BOTH = frozenset(JobName)
OLD = {
    "datasets/stale.csv": b"a,b\n1,2\n3,4\n",
    "datasets/key.csv": b"x,y\n1,1\n",
    "datasets/wrong.csv": b"never,promised\n",
    "figures/paper.png": b"an old scan",
    "figures/good.png": b"as promised",
}
NEW = {
    "datasets/stale.csv": b"a,b\n1,2\n3,5\n",
    "datasets/key.csv": b"x,y\n1,2\n",
    "datasets/wrong.csv": b"never,promised,either\n",
    "figures/paper.png": b"not the scan at all",
}
IMAGE_URL = "https://figures.example.org/1.png"


def rows() -> list[Row]:
    """`stale` and `key` promise what their files held before; `wrong` and `paper` what git never had."""
    return [
        row_of("stale", "datasets/stale.csv", content=OLD["datasets/stale.csv"], artifact_type="dataset"),
        row_of(
            "key", "datasets/key.csv", artifact_type="dataset", content_hash=sha256(OLD["datasets/key.csv"])
        ),
        row_of("wrong", "datasets/wrong.csv", content=b"nobody has this", artifact_type="dataset"),
        Row(
            "paper",
            "paper_figure",
            {
                "file_sha256": sha256(b"the scan"),
                "file_size_bytes": 8,
                "image_url": IMAGE_URL,
            },
            file_path=f"{SUBMODULE}/figures/paper.png",
        ),
        Row("outside", "figure", {"figure_path": f"{SUBMODULE}/../../secret.png"}),
        row_of("good", "figures/good.png", content=OLD["figures/good.png"]),
    ]


def cases_lab(folder: Path, database_url: str, *, extra: str = "") -> Lab:
    """The store before anybody has looked at it: every file but the good one was rewritten since."""
    lab = tiny_lab(folder, database_url, OLD, rows(), extra=extra)
    for path, content in NEW.items():
        (lab.store.artifacts / path).write_bytes(content)
    git(lab.store.artifacts, "commit", "-qam", "Rewrite", date="2025-07-01T12:00:00Z")
    return lab


async def look_at_all(lab: Lab) -> None:
    """One cycle: the good artifact gets its folder, the others wait for a person."""
    async with held(lab) as trial:
        await trial.cycle()


@dataclass(frozen=True)
class Office:
    """An engine at work, and what an operator decides."""

    lab: Lab
    at_work: AtWork

    async def decide(
        self, decision: Decision, *ids: str, job: JobName | None = None, reason: str = "a trial"
    ) -> Intent:
        preview = await self.at_work.connected.triage.preview(decision, ids, job)
        return await self.settled(preview, reason=reason)

    async def undo(self, decision: int, reason: str = "a mistake") -> Intent:
        preview = await self.at_work.connected.triage.preview_undo(decision)
        return await self.settled(preview, reason=reason)

    async def settled(self, preview: DecisionPreview, *, reason: str = "a trial") -> Intent:
        intent = await self.at_work.connected.triage.decide(preview, reason=reason)
        while (
            now := await self.at_work.connected.read.intent(intent.id)
        ) is None or now.state not in SETTLED:
            await self.at_work.pause()
        return now

    async def waiting(self) -> dict[str, str]:
        return {case.artifact_id: str(case.kind) for case in await self.cases()}

    async def cases(self) -> Sequence[CaseView]:
        return (await self.at_work.connected.triage.cases(CaseFilter(), FIRST, Span(0, 100))).rows

    def row(self, artifact_id: str) -> dict[str, Any]:
        return self.lab.rows("SELECT * FROM artifacts WHERE id = %s", artifact_id)[0]

    def results(self, decision: int) -> dict[str, dict[str, Any]]:
        found = self.lab.rows("SELECT * FROM scidex_console.triage_result WHERE decision_id = %s", decision)
        return {row["artifact_id"]: row for row in found}

    def file(self, path: str) -> bytes | None:
        place = self.lab.store.artifacts / path
        return place.read_bytes() if place.exists() else None


@asynccontextmanager
async def office(lab: Lab, jobs: frozenset[JobName] = BOTH) -> AsyncIterator[Office]:
    """An engine over a laboratory."""
    async with engine_at_work(lab.settings, jobs) as at_work:
        yield Office(lab, at_work)


def number_of(intent: Intent) -> int:
    """The decision that an intent is about."""
    return int(intent.params["decision"])


async def verified(lab: Lab) -> Sequence[str]:
    """What `verify` finds broken."""
    report = await verify(lab.settings)
    return [f"{i.name}: {line}" for i in report.invariants if i.holds is False for line in i.broken]

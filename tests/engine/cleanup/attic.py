"""A migrated store with files that no row claims, and an engine that settles what is decided about them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from scidex_console.domain.intents import SETTLED, Intent, IntentState
from scidex_console.domain.soak.ladder import override_token
from scidex_console.domain.triage import Decision
from scidex_console.engine.ports import OrphanPreview
from scidex_console.wiring import verify
from tests.engine.folders.tiny import Content, Link, Script, row_of, tiny_lab
from tests.engine.folders.trial import held
from tests.engine.triage.cases import BOTH
from tests.labs import AtWork, Lab, engine_at_work

LOST: dict[str, Content] = {
    "figures/.gitkeep": b"",
    "figures/lost.png": b"a figure of nobody's",
    "figures/deep/old.csv": b"a,b\n1,2\n",
    "notebooks/a lost one.ipynb": b"{}",
    "notes/readme.txt": b"read me\n",
    "notes/run.sh": Script(b"#!/bin/sh\n"),
    "notes/to": Link("readme.txt"),
}
"""What no row claims."""
_EXTRA = """legacy = "off"
[fetch]
contact = "ops@example.org"
"""


def attic_lab(folder: Path, database_url: str) -> Lab:
    """Two artifacts with files, and much that is nobody's."""
    files: dict[str, Content] = {
        **LOST,
        "figures/one.png": b"figure one",
        "datasets/two.csv": b"x\n2\n",
        ".gitattributes": b"*.bin -text\n",
    }
    rows = [
        row_of("one", "figures/one.png", content=b"figure one"),
        row_of("two", "datasets/two.csv", artifact_type="dataset"),
    ]
    return tiny_lab(folder, database_url, files, rows, extra=_EXTRA)


async def migrate(lab: Lab) -> None:
    """Every artifact gets its folder."""
    async with held(lab) as trial:
        await trial.cycle()


@dataclass(frozen=True)
class Attic:
    """An engine at work, and what an operator decides about files that no row claims."""

    lab: Lab
    at_work: AtWork

    async def open_the_gate(self) -> None:
        """Pass over it by name, as an operator who will not wait."""
        read, desk = self.at_work.connected.read, self.at_work.connected.desk
        token = override_token(await read.soak(), 5)
        intent = await desk.submit("soak_override", None, {"phase": 5, "token": token}, reason="a trial")
        assert (await self.settled(intent)).state is IntentState.DONE

    async def preview(self, decision: Decision, *files: str, artifact_type: str = "") -> OrphanPreview:
        return await self.at_work.connected.cleanup.preview(decision, files, artifact_type)

    async def decide(self, decision: Decision, *files: str, artifact_type: str = "") -> Intent:
        preview = await self.preview(decision, *files, artifact_type=artifact_type)
        return await self.put(preview)

    async def put(self, preview: OrphanPreview) -> Intent:
        """Have a preview done, whatever has to be typed."""
        desk = self.at_work.connected.cleanup
        return await self.settled(await desk.decide(preview, reason="a trial", typed=preview.phrase))

    async def undo(self, decision: int) -> Intent:
        triage = self.at_work.connected.triage
        preview = await triage.preview_undo(decision)
        return await self.settled(await triage.decide(preview, reason="a mistake"))

    async def settled(self, intent: Intent) -> Intent:
        read = self.at_work.connected.read
        while (now := await read.intent(intent.id)) is None or now.state not in SETTLED:
            await self.at_work.pause()
        return now

    async def left(self) -> list[str]:
        """Files that are still to be decided on."""
        page = await self.at_work.connected.cleanup.orphans((), limit=100, after="")
        return [orphan.path for orphan in page.orphans]

    def tracked(self) -> set[str]:
        return set(self.lab.git("ls-files", "-z").split("\0")) - {""}

    def file(self, path: str) -> Path:
        return self.lab.store.artifacts / path


@asynccontextmanager
async def attic(lab: Lab, *, gate_open: bool = True) -> AsyncIterator[Attic]:
    """An impatient engine over a laboratory."""
    async with engine_at_work(lab.settings, BOTH, retry_s=0.1) as at_work:
        at = Attic(lab, at_work)
        if gate_open:
            await at.open_the_gate()
        yield at


async def broken(lab: Lab) -> Sequence[str]:
    """What `verify` finds broken."""
    report = await verify(lab.settings)
    return [f"{i.name}: {line}" for i in report.invariants if i.holds is False for line in i.broken]


def look(lab: Lab) -> tuple[dict[str, bytes | str], str]:
    """What each path of the checkout holds, and what git has, but for its own folder."""
    root = lab.store.artifacts
    held = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            held[str(path.relative_to(root))] = str(path.readlink())
        elif path.is_file() and ".git" not in path.relative_to(root).parts:
            held[str(path.relative_to(root))] = path.read_bytes()
    return held, lab.git("ls-files", "-s")


def make(folder: Path, database_url: str) -> Lab:
    """The store, migrated."""
    lab = attic_lab(folder, database_url)
    asyncio.run(migrate(lab))
    return lab

"""Files that no row claims, for the console, without a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scidex_console.domain.cleanup import CleanupPlan, matching
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.folders.orphans import Orphan, OrphanPage
from scidex_console.domain.intents import Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.orphans import phrase_to_type, subject_of
from scidex_console.domain.paging import Around, Span, Window, join
from scidex_console.domain.triage import Decision
from scidex_console.engine.ports import OrphanPreview
from scidex_console.engine.triage.views import DecisionItem, DecisionPreview, DecisionView
from tests.console.triage_fakes import FakeTriage

ORPHANS = (
    Orphan("README.md", "100644", "a" * 40, 10),
    Orphan("figures/lost [1].png", "100644", "b" * 40, 2048),
    Orphan("figures/lost 1.png", "100644", "c" * 40, 2_500_000),
    Orphan("notes/run.sh", "100755", "d" * 40, 12),
    Orphan("notes/to", "120000", "e" * 40, 9),
)


class FakeCleanup:
    """A desk that knows a few files, and remembers what was decided."""

    def __init__(self) -> None:
        self.left: tuple[Orphan, ...] = tuple(sorted(ORPHANS, key=lambda each: each.path))
        self.token = "abcdef012345"
        self.decided: list[tuple[OrphanPreview, str, str]] = []
        self.fails: ConsoleError | None = None

    async def plan(self) -> CleanupPlan:
        raise NotImplementedError

    async def decisions(self) -> Sequence[DecisionView]:
        raise NotImplementedError

    async def orphans(self, patterns: Sequence[str], *, limit: int, after: str) -> OrphanPage:
        raise NotImplementedError

    async def window(self, patterns: Sequence[str], around: Around, span: Span) -> Window[Orphan]:
        meant = matching([each.path for each in self.left], patterns)
        return join([], [((each.path,), each) for each in self.left if each.path in meant], around, span)

    async def preview(
        self, decision: Decision, patterns: Sequence[str], artifact_type: str = ""
    ) -> OrphanPreview:
        paths = matching([each.path for each in self.left], patterns)
        items = [DecisionItem(subject_of(path), "", "", "a change", path) for path in paths]
        if decision is Decision.ADOPT and not artifact_type:
            items = [
                item if item.path.endswith(".png") else replace(item, what="", refused="its kind tells none")
                for item in items
            ]
        preview = DecisionPreview(decision, JobName.FOLDERS, tuple(items), self.token + artifact_type)
        phrase = phrase_to_type(len(preview.applied)) if decision is Decision.DELETE else ""
        return OrphanPreview(preview, artifact_type, 0, phrase)

    async def decide(self, preview: OrphanPreview, *, reason: str, typed: str = "") -> Intent:
        if self.fails:
            raise self.fails
        self.decided.append((preview, reason, typed))
        return await FakeTriage().decide(preview.preview, reason=reason)

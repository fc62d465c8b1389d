"""The clean-up for consoles and commands: the plan, the files to decide on, and the desk for decisions."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from scidex_console.domain.cleanup import MOST_SHOWN, CleanupPlan, Leftovers, by_folder, matching, strays
from scidex_console.domain.errors import GateShut, Refused
from scidex_console.domain.folders.layout import FolderLayout
from scidex_console.domain.folders.orphans import Orphan, OrphanPage
from scidex_console.domain.intents import Intent
from scidex_console.domain.orphans import is_kept, phrase_to_type, subject_of
from scidex_console.domain.paging import Around, Key, Span, Window, join
from scidex_console.domain.soak.ladder import Ladder, clean_up_opens_at, way_to_clean, why_not_clean
from scidex_console.domain.triage import MOST_IDS, OF_ORPHANS, Decision
from scidex_console.engine.cleanup.orphans import Found, OrphanFinder
from scidex_console.engine.cleanup.planning import OrphanPlanner
from scidex_console.engine.ports.cleanup import OrphanPreview, Vacuumed
from scidex_console.engine.ports.triage import TriageStore
from scidex_console.engine.triage.views import DecisionPreview, DecisionView

Submit = Callable[[DecisionPreview, Mapping[str, Any], str], Awaitable[Intent]]
"""Puts a decision with its parameters and its reason on the desk."""
Page = Callable[[Found, Sequence[str], int, str], OrphanPage]
"""So many of these paths behind one of them, with what git says of each. Blocks."""
Leavings = Callable[[Found], tuple[Leftovers, list[str]]]
"""What git knows nothing of, and the names at the top of the checkout. Blocks."""


class Cleanup:
    """Implements `CleanupDesk`. `leavings` looks at the checkout, `vacuumed` at the database's statistics."""

    def __init__(
        self,
        *,
        ladder: Callable[[], Awaitable[Ladder]],
        store: TriageStore,
        finder: Callable[[], OrphanFinder],
        planner: Callable[[], OrphanPlanner],
        page: Page,
        leavings: Leavings,
        vacuumed: Callable[[], Awaitable[Vacuumed]],
        submit: Submit,
        layout: FolderLayout,
        legacy_is_off: bool,
    ) -> None:
        self._ladder = ladder
        self._store = store
        self._finder = finder
        self._planner = planner
        self._page = page
        self._leavings = leavings
        self._vacuumed = vacuumed
        self._submit = submit
        self._layout = layout
        self._legacy_is_off = legacy_is_off
        self._turn = asyncio.Lock()
        """One look at the checkout at a time: what looks is shared."""

    async def plan(self) -> CleanupPlan:
        """What is left to decide, and what a run would do now."""
        ladder, vacuumed = await self._ladder(), await self._vacuumed()
        async with self._turn:
            found = await self._look()
            left, names = await asyncio.to_thread(self._leavings, found)
        tracked = found.tree.entries
        return CleanupPlan(
            taken_at=ladder.taken_at,
            shut_by=why_not_clean(ladder) or "",
            opens_at=clean_up_opens_at(ladder),
            legacy_is_off=self._legacy_is_off,
            waiting=found.waiting,
            orphans=len(found.orphans),
            by_folder=by_folder(found.orphans),
            kept=sum(is_kept(path, tracked) for path in tracked) // 2,
            folders=left.empty,
            untracked=len(left.untracked),
            untracked_shown=left.untracked[:MOST_SHOWN],
            strays=strays([*names, *(path.partition("/")[0] for path in tracked)], self._layout),
            may_vacuum=vacuumed.may,
            vacuumed_at=vacuumed.at,
        )

    async def orphans(self, patterns: Sequence[str], *, limit: int, after: str) -> OrphanPage:
        """Files that no row claims, by path."""
        async with self._turn:
            found = await self._look()
            wanted = matching(found.orphans, patterns)
            return await asyncio.to_thread(self._page, found, wanted, limit, after)

    async def window(self, patterns: Sequence[str], around: Around, span: Span) -> Window[Orphan]:
        """The same, as a window around a path."""
        async with self._turn:
            found = await self._look()
            wanted = matching(found.orphans, patterns)
            at = len(wanted) if around.last else bisect_left(wanted, around.key[-1]) if around.key else 0
            before = span.before + span.after if around.last else span.before
            part = wanted[max(at - before, 0) : at + span.after]
            page = await asyncio.to_thread(self._page, found, part, len(part), "")
        pairs: list[tuple[Key, Orphan]] = [((orphan.path,), orphan) for orphan in page.orphans]
        middle = min(at, before)
        return join(pairs[:middle][::-1], pairs[middle:], around, span)

    async def preview(
        self, decision: Decision, patterns: Sequence[str], artifact_type: str = ""
    ) -> OrphanPreview:
        """What a decision about the files that these patterns mean would do.

        Of more than one decision takes, the first by path.
        """
        if not patterns:
            raise Refused("a decision names its files", fix="name paths, folders or patterns")
        async with self._turn:
            found = await self._look()
            wanted = matching(found.orphans, patterns)
            # What is named as it is and is no orphan is told why, each by itself.
            known = set(wanted)
            named = [p for p in dict.fromkeys(patterns) if p not in known and p in found.tree.entries]
            paths = [*wanted[:MOST_IDS], *named][:MOST_IDS]
            if not paths:
                raise Refused(
                    "no file that no row claims is meant by this",
                    where=patterns[0],
                    fix="`scidex-console cleanup orphans` lists them",
                )
            planner = await asyncio.to_thread(self._planner)
            params = {"type": artifact_type} if artifact_type else {}
            plan = await planner.plan(decision, [subject_of(path) for path in paths], params)
        files = len(plan.preview.applied)
        phrase = phrase_to_type(files) if decision is Decision.DELETE else ""
        return OrphanPreview(plan.preview, artifact_type, max(len(wanted) - MOST_IDS, 0), phrase)

    async def decisions(self) -> Sequence[DecisionView]:
        """What was decided lately about such files, newest first."""
        return await self._store.decisions(None, OF_ORPHANS)

    async def decide(self, preview: OrphanPreview, *, reason: str, typed: str = "") -> Intent:
        """Put exactly this decision on the desk, or join the open one that is the same."""
        if not reason.strip():
            raise Refused("a decision needs a reason")
        ladder = await self._ladder()
        if why := why_not_clean(ladder):
            raise GateShut(why, where="cleanup", fix=way_to_clean(ladder))
        if preview.phrase and typed.strip() != preview.phrase:
            raise Refused("what is deleted has to be typed", fix=f"type exactly: {preview.phrase}")
        params = {"type": preview.artifact_type} if preview.artifact_type else {}
        return await self._submit(preview.preview, params, reason.strip())

    async def _look(self) -> Found:
        finder = await asyncio.to_thread(self._finder)
        return await finder.look()

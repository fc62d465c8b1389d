"""Evidence and previews for consoles and commands.

Everything is read: rows from the database, files from git and the checkout, in threads, so that a console
goes on meanwhile. Nothing here can write but the desk where a decision is put, which the engine applies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scidex_console.domain.errors import Refused
from scidex_console.domain.folders.manifest import media_type
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.intents import Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.domain.shapes import LARGEST_TEXT, as_text, shape_of, text_diff
from scidex_console.domain.triage import DECISIONS, Decision
from scidex_console.engine.ports import Picture, TriageStore
from scidex_console.engine.triage.cases import CaseReader, Past, ReadCase, others_of
from scidex_console.engine.triage.planning import DecisionPlanner
from scidex_console.engine.triage.undoing import UndoPlanner
from scidex_console.engine.triage.views import (
    CaseFilter,
    CaseView,
    DecisionPreview,
    DecisionView,
    EvidenceView,
    FileView,
    VersionView,
)

_LARGEST_READ = 32 << 20
"""Bytes of a file that is opened to see what is in it."""

Submit = Callable[[DecisionPreview, str], Awaitable[Intent]]
Draw = Callable[[bytes, int, int], Picture | str]
"""Bytes of an image, columns and rows at most; why there is no picture."""


@dataclass(frozen=True)
class _Looked:
    """What reading a case's file came to."""

    file: FileView | None
    past: Past
    diff: tuple[str, ...]
    diff_from: str
    diff_cut: bool


class Triage:
    """Implements `TriageDesk`. `now` gives the time, `open_files` what reads the checkout."""

    def __init__(
        self,
        store: TriageStore,
        *,
        planner: Callable[[], DecisionPlanner],
        reader: Callable[[], CaseReader],
        undoing: UndoPlanner,
        submit: Submit,
        draw: Draw,
        place: Callable[[str], Path],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._planner = planner
        self._reader = reader
        self._undoing = undoing
        self._submit = submit
        self._draw = draw
        self._place = place
        self._now = now
        self._turn = asyncio.Lock()
        """One look at the checkout at a time: planner and reader are shared."""

    async def cases(self, criteria: CaseFilter, around: Around, span: Span) -> Window[CaseView]:
        """A window of what waits for a person, by kind, job and id."""
        return await self._store.cases(criteria, around, span)

    async def count_cases(self) -> Mapping[str, int]:
        """How many wait, by kind."""
        return await self._store.count_cases()

    async def evidence(self, artifact_id: str, job: JobName | None = None) -> EvidenceView:
        """Everything known of one case. Raises `Refused` when it does not wait for a person."""
        cases = await self._store.cases_of([artifact_id], job)
        row = (await self._store.rows([artifact_id])).get(artifact_id)
        if not cases or row is None:
            raise Refused(
                "it does not wait for a person", where=artifact_id, fix="see `scidex-console triage list`"
            )
        case = cases[0]
        async with self._turn:
            read, looked = await asyncio.to_thread(self._look, row)
            planner = await asyncio.to_thread(self._planner)
        others = others_of(read.path, artifact_id, await self._store.claimants([read.path]))
        facts = planner.facts_of(case, read, looked.past, others)
        size = row.metadata.get("file_size_bytes")
        return EvidenceView(
            case=case,
            taken_at=self._now(),
            expected_sha256=read.expected.sha256 if read.expected else "",
            expected_from=str(read.expected.source) if read.expected else "",
            recorded_size=size if isinstance(size, int) else None,
            file=looked.file,
            why_unread=read.why_unread,
            others=others,
            versions=_versions(looked.past, read),
            more_versions=looked.past.more,
            diff=looked.diff,
            diff_from=looked.diff_from,
            diff_cut=looked.diff_cut,
            attempt=await self._store.attempt(artifact_id),
            decisions=tuple(await self._store.decisions(artifact_id)),
            open_to={decision: planner.why_not(decision, facts) for decision in DECISIONS},
        )

    async def picture(self, artifact_id: str, columns: int, rows: int) -> Picture | str:
        """The file as an image no larger than this; why there is none, where there is none."""
        row = (await self._store.rows([artifact_id])).get(artifact_id)
        if row is None:
            return "its row is gone"
        async with self._turn:
            return await asyncio.to_thread(self._picture, row, columns, rows)

    async def preview(
        self, decision: Decision, artifact_ids: Sequence[str], job: JobName | None = None
    ) -> DecisionPreview:
        """What a decision would do."""
        async with self._turn:
            planner = await asyncio.to_thread(self._planner)
            return (await planner.plan(decision, artifact_ids, job)).preview

    async def preview_undo(self, decision_id: int) -> DecisionPreview:
        """What taking a decision back would do."""
        return await self._undoing.plan(decision_id)

    async def decision(self, decision_id: int) -> DecisionView | None:
        """One decision."""
        return await self._store.decision(decision_id)

    async def recent(self) -> Sequence[DecisionView]:
        """What was decided lately, newest first."""
        return await self._store.decisions(None)

    async def decide(self, preview: DecisionPreview, *, reason: str) -> Intent:
        """Put exactly this decision on the desk, or join the open one that is the same."""
        if not reason.strip():
            raise Refused("a decision needs a reason")
        return await self._submit(preview, reason.strip())

    # --- files ------------------------------------------------------------------------------------------

    def _look(self, row: ArtifactRow) -> tuple[ReadCase, _Looked]:
        reader = self._reader()
        read = reader.read(row)
        return read, self._looked(reader, read)

    def _looked(self, reader: CaseReader, read: ReadCase) -> _Looked:
        past = reader.past(read, until_match=False)
        if read.version is None or read.hashed is None:
            return _Looked(None, past, (), "", diff_cut=False)
        name = read.path.rpartition("/")[2]
        content = reader.content(read.version.blob, most=_LARGEST_READ)
        file = FileView(
            read.path,
            str(self._place(read.path)),
            read.hashed.sha256,
            read.hashed.size,
            media_type(name),
            shape_of(name, content) if content is not None else "",
        )
        against = _compared(past, read)
        if against is None or content is None:
            return _Looked(file, past, (), "", diff_cut=False)
        commit, blob = against
        old_content = reader.content(blob, most=LARGEST_TEXT)
        old, new = (as_text(each) if each is not None else None for each in (old_content, content))
        if old is None or new is None:
            return _Looked(file, past, (), "", diff_cut=False)
        lines, cut = text_diff(old, new, old_name=f"{commit[:12]}:{name}", new_name=name)
        return _Looked(file, past, tuple(lines), commit, diff_cut=cut)

    def _picture(self, row: ArtifactRow, columns: int, rows: int) -> Picture | str:
        reader = self._reader()
        read = reader.read(row)
        if read.version is None:
            return read.why_unread
        content = reader.content(read.version.blob, most=_LARGEST_READ)
        if content is None:
            return f"it is larger than {_LARGEST_READ >> 20} MiB"
        return self._draw(content, columns, rows)


def _compared(past: Past, read: ReadCase) -> tuple[str, str] | None:
    """Commit and blob of the version to compare with: the promised one, else the one before."""
    assert read.version is not None
    if past.match is not None:
        return past.match[0].commit, past.match[0].blob
    older = (v for v, _ in past.versions if v.blob != read.version.blob)
    found = next(older, None)
    return (found.commit, found.blob) if found is not None else None


def _versions(past: Past, read: ReadCase) -> tuple[VersionView, ...]:
    promised = read.expected.sha256 if read.expected is not None else None
    return tuple(
        VersionView(
            version.commit,
            version.at,
            version.author,
            version.subject,
            version.path,
            version.blob,
            version.mode,
            hashed.size if hashed else None,
            hashed.sha256 if hashed else "",
            matches=hashed is not None and hashed.sha256 == promised,
            is_stand_in=hashed is not None and hashed.is_stand_in,
        )
        for version, hashed in past.versions
    )

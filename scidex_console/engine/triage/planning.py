"""What a decision would do, artifact by artifact: the preview, its token, and the operations of its batch.

The engine makes the same plan again before it acts. A plan names the row's fields and the file as they are,
so another token means that one of them has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scidex_console.domain.batches import Operation, RowChange
from scidex_console.domain.errors import Refused, UnsafePath
from scidex_console.domain.folders.hashes import HashSource
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.jobs import JobName
from scidex_console.domain.tokens import plan_token
from scidex_console.domain.triage import (
    DATABASE_ONLY_KEY,
    MOST_IDS,
    PROMISE_KEY,
    CaseFacts,
    Decision,
    Replacement,
    Version,
    why_not,
)
from scidex_console.engine.ports import TriageStore
from scidex_console.engine.triage.cases import CaseReader, Past, ReadCase, others_of
from scidex_console.engine.triage.views import CaseView, DecisionItem, DecisionPreview

_SIZE_KEY = "file_size_bytes"
_GUARDED_KEYS = ("file_path", "image_url", "slug", PROMISE_KEY, _SIZE_KEY, DATABASE_ONLY_KEY)
_GUARDED_COLUMNS = ("content_hash", "provenance_chain", "migrated_to_folder_at")


@dataclass(frozen=True)
class DecisionPlan:
    """A preview, and what a batch does to bring it about; no operations where none is needed."""

    preview: DecisionPreview
    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True)
class _Planned:
    item: DecisionItem
    operation: Operation | None
    facts: Any
    """What the token names, as JSON."""


class DecisionPlanner:
    """Makes plans; changes nothing."""

    def __init__(
        self,
        store: TriageStore,
        reader: CaseReader,
        *,
        rules: ResolvingRules,
        hash_sources: Sequence[HashSource],
        file_path_field: str,
    ) -> None:
        self._store = store
        self._reader = reader
        self._rules = rules
        self._hash_sources = hash_sources
        self._file_path_field = file_path_field

    async def plan(
        self, decision: Decision, artifact_ids: Sequence[str], job: JobName | None = None
    ) -> DecisionPlan:
        """What a decision would do to these artifacts.

        Raises `Refused` when none of them waits, or they are of different jobs.
        """
        ids = sorted(set(artifact_ids))
        if not ids or len(ids) > MOST_IDS:
            raise Refused(f"a decision is about 1 to {MOST_IDS} artifacts", where=f"{len(ids)} artifacts")
        cases = {case.artifact_id: case for case in await self._store.cases_of(ids, job)}
        job = _one_job(ids, list(cases.values()), job)
        rows = await self._store.rows(ids)
        read = await asyncio.to_thread(self._read, rows.values())
        claimants = await self._store.claimants([each.path for each in read.values() if each.path])
        planned = await asyncio.to_thread(self._planned, decision, ids, cases, read, claimants)
        facts = [each.facts for each in planned]
        token = plan_token({"action": "triage", "decision": decision, "job": job, "items": facts})
        preview = DecisionPreview(decision, job, tuple(each.item for each in planned), token)
        return DecisionPlan(preview, tuple(o for each in planned if (o := each.operation) is not None))

    def facts_of(self, case: CaseView, read: ReadCase, past: Past | None, others: Sequence[str]) -> CaseFacts:
        """What decides which decisions are open."""
        match = past.match if past is not None else None
        hashed = read.hashed if read.version is not None else None
        return CaseFacts(
            of_folders=case.job is JobName.FOLDERS,
            artifact_type=read.row.artifact_type,
            expected=read.expected,
            actual_sha256=hashed.sha256 if hashed is not None else "",
            why_unread=read.why_unread,
            matching=match is not None,
            is_stand_in=any(each.is_stand_in for each in (hashed, match[1] if match else None) if each),
            has_url=isinstance(read.row.metadata.get("image_url"), str),
            others=others,
            migrated=read.row.migrated_at is not None,
        )

    def why_not(self, decision: Decision, facts: CaseFacts) -> str:
        """Why a decision is not open to a case."""
        return why_not(decision, facts, self._hash_sources)

    # --- one artifact -----------------------------------------------------------------------------------

    def _read(self, rows: Any) -> dict[str, ReadCase]:
        return {row.id: self._reader.read(row) for row in rows}

    def _planned(
        self,
        decision: Decision,
        ids: Sequence[str],
        cases: Mapping[str, CaseView],
        read: Mapping[str, ReadCase],
        claimants: Mapping[str, frozenset[str]],
    ) -> list[_Planned]:
        planned = []
        for artifact_id in ids:
            case, found = cases.get(artifact_id), read.get(artifact_id)
            if case is None or found is None:
                why = "it does not wait for a person" if found is not None else "there is no such row"
                item = DecisionItem(artifact_id, "", "", "", refused=why)
                planned.append(_Planned(item, None, [artifact_id, why]))
            else:
                others = others_of(found.path, artifact_id, claimants)
                planned.append(self._plan_one(decision, case, found, others))
        return planned

    def _plan_one(
        self, decision: Decision, case: CaseView, read: ReadCase, others: Sequence[str]
    ) -> _Planned:
        past = self._reader.past(read, until_match=True) if decision is Decision.RESTORE else None
        refused = self.why_not(decision, self.facts_of(case, read, past, others))
        row = _image(read.row, self._guarded(read.row))
        if refused:
            item = DecisionItem(case.artifact_id, case.title, case.kind, "", read.path, refused=refused)
            return _Planned(item, None, [case.artifact_id, refused])
        replacement = _replacement(decision, read, past)
        after = self._after(decision, read, row)
        item = _item(decision, case, read, past)
        facts = [
            case.artifact_id,
            case.kind,
            case.since.isoformat() if case.job is JobName.FIGURES else case.reason,
            row,
            replacement.to_json() if replacement else None,
        ]
        if case.job is JobName.FIGURES or decision is Decision.LEAVE:
            return _Planned(item, None, facts)
        fields = tuple(dict.fromkeys([*self._guarded(read.row), *after]))
        waits = {"state": case.kind, "reason": case.reason, "attempts": case.attempts}
        operation = Operation(
            case.artifact_id, RowChange(fields, row, after), replacement=replacement, log=waits
        )
        return _Planned(item, operation, facts)

    def _guarded(self, row: ArtifactRow) -> tuple[str, ...]:
        """The fields that must still be what they were when a decision is applied, or taken back."""
        keys = dict.fromkeys([*self._rules.keys_of(row.artifact_type), *_GUARDED_KEYS])
        columns = [*_GUARDED_COLUMNS, *(["file_path"] if self._file_path_field == "file_path" else [])]
        return (*columns, *(f"metadata.{key}" for key in keys))

    def _after(self, decision: Decision, read: ReadCase, before: Mapping[str, Any]) -> dict[str, Any]:
        after = dict(before)
        match decision:
            case Decision.ACCEPT:
                assert read.hashed is not None, "a file that was not read is not accepted"
                after[f"metadata.{PROMISE_KEY}"] = read.hashed.sha256
                if f"metadata.{_SIZE_KEY}" in before:
                    after[f"metadata.{_SIZE_KEY}"] = read.hashed.size
            case Decision.DATABASE_ONLY:
                after[f"metadata.{DATABASE_ONLY_KEY}"] = True
            case Decision.REDOWNLOAD:
                for key in (PROMISE_KEY, _SIZE_KEY):
                    after.pop(f"metadata.{key}", None)
                for field, value in before.items():
                    if (
                        isinstance(value, str)
                        and field not in _GUARDED_COLUMNS
                        and self._leads_to(value, read)
                    ):
                        del after[field]
                if self._file_path_field == "file_path":
                    after["file_path"] = None
        return after

    def _leads_to(self, recorded: str, read: ReadCase) -> bool:
        try:
            return bool(read.path) and self._rules.inside(recorded) == read.path
        except UnsafePath:
            return False


def _one_job(ids: Sequence[str], cases: Sequence[CaseView], job: JobName | None) -> JobName:
    jobs = {case.job for case in cases}
    if not jobs:
        raise Refused(
            "it does not wait for a person" if len(ids) == 1 else "none of them waits for a person",
            where=ids[0],
            fix="see `scidex-console triage list`",
        )
    if len(jobs) > 1:
        raise Refused("a decision is about artifacts of one job", fix="name the job with --job")
    return job or jobs.pop()


def _image(row: ArtifactRow, fields: Sequence[str]) -> dict[str, Any]:
    """The row's values of some fields; an absent key is absent."""
    columns = {
        "content_hash": row.content_hash,
        "provenance_chain": row.provenance_chain,
        "migrated_to_folder_at": row.migrated_at.isoformat() if row.migrated_at else None,
        "file_path": row.file_path,
    }
    image: dict[str, Any] = {}
    for field in fields:
        key = field.removeprefix("metadata.")
        if field in columns:
            image[field] = columns[field]
        elif key in row.metadata:
            image[field] = row.metadata[key]
    return image


def _replacement(decision: Decision, read: ReadCase, past: Past | None) -> Replacement | None:
    """What happens to the file; of a decision that takes it as it is, that it stays this one."""
    if read.version is None or decision not in (Decision.RESTORE, Decision.ACCEPT, Decision.REDOWNLOAD):
        return None
    if decision is Decision.ACCEPT:
        return Replacement(read.path, read.version, read.version)
    if decision is Decision.REDOWNLOAD:
        return Replacement(read.path, read.version, None)
    assert past is not None and past.match is not None, "only what was found is restored"
    version, hashed = past.match
    return Replacement(
        read.path, read.version, Version(version.blob, hashed.raw, hashed.raw_size, read.version.mode)
    )


def _item(decision: Decision, case: CaseView, read: ReadCase, past: Past | None) -> DecisionItem:
    before = read.hashed.sha256 if read.hashed is not None and read.version is not None else ""
    what, after = "", before
    match decision:
        case Decision.RESTORE:
            assert past is not None and past.match is not None
            version, hashed = past.match
            what, after = f"the version of {version.at:%Y-%m-%d} comes back", hashed.sha256
        case Decision.ACCEPT:
            what = f"metadata.{PROMISE_KEY} becomes the hash of the file"
        case Decision.DATABASE_ONLY:
            what = "a manifest only; its file stays where it is" if read.path else "a manifest only"
        case Decision.REDOWNLOAD if case.job is JobName.FOLDERS:
            what, after = "its file leaves git and its row; asked for again in the next run of figures", ""
        case Decision.REDOWNLOAD:
            what = "due again"
        case Decision.LEAVE:
            what = "a note"
    return DecisionItem(case.artifact_id, case.title, case.kind, what, read.path, before, after)

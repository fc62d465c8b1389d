"""Job `folders`: find the artifacts without a folder, verify their files, plan what a batch lays out.

Spec: Phase 2, newest first, 100 a cycle, a cycle every 30 minutes, until none is left. A file whose hash is
not the one its row promises is not moved; a row without a file gets a folder with its manifest alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from scidex_console.domain.batches import Operation
from scidex_console.domain.durations import to_come
from scidex_console.domain.folders.cycles import Cycle, CyclePlan
from scidex_console.domain.folders.hashes import HashSource
from scidex_console.domain.folders.layout import FolderLayout, folder_of
from scidex_console.domain.folders.manifest import is_manifest_of, lay_before
from scidex_console.domain.folders.operations import operation_for_folder
from scidex_console.domain.folders.planning import FolderPlan, plan_folder
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.domain.folders.rows import ArtifactRow, Relations
from scidex_console.domain.folders.statuses import FolderStatus
from scidex_console.domain.jobs import JobName
from scidex_console.engine.jobs.folder_reading import FolderReader, ReadArtifact
from scidex_console.engine.jobs.folder_survey import FolderSurvey
from scidex_console.engine.jobs.record import Record
from scidex_console.engine.jobs.relating import bookkeeping_of, relate
from scidex_console.engine.ports import ArtifactRepository, Clock, DueFolder, FolderStore, Refusal
from scidex_console.engine.threads import in_thread, in_thread_until_stopped

_LOCKED = "its row, or one that it links to, is locked by somebody else"

_SURVEY_EVERY_S = 300.0
"""How old a survey may be when a batch is planned."""
GROUP = "repository"
"""What all artifacts share: there is one repository to write."""


@dataclass(frozen=True)
class FolderRules:
    """The configured part of the migration."""

    resolving: ResolvingRules
    layout: FolderLayout
    cycle: CyclePlan
    hash_sources: Sequence[HashSource]
    upstream_links: Sequence[str]
    """Types of links whose target is what their source was made from."""
    repack_at_end: bool = True
    catch_up: bool = True
    """Whether to take over what others have pushed before each cycle."""


class MigrateFolders:
    """Implements the engine's `Job` for folders."""

    name = JobName.FOLDERS
    closes_batch_at_rest = True
    reads_beside_writing = False

    def __init__(
        self,
        *,
        store: FolderStore,
        reader: FolderReader,
        survey: FolderSurvey,
        repository: ArtifactRepository,
        rules: FolderRules,
        file_path_field: str,
        clock: Clock,
        tell: Callable[[str], None],
    ) -> None:
        self._store = store
        self._reader = reader
        self._survey = survey
        self._repository = repository
        self._rules = rules
        self._file_path_field = file_path_field
        self._clock = clock
        self._tell = tell
        self._cycle = Cycle(rules.cycle)
        self._prepared: dict[str, ReadArtifact] = {}
        self._doubted: dict[str, ArtifactRow] = {}
        """Those with something wrong, unless that was only a batch on its way between the two stores."""
        self._begun: set[str] = set()
        """Those that are being read, and so counted."""
        self._stepping = False
        self._more_due = False
        """Whether the last look found as many as it asked for, so that there may be more."""
        self._surveyed_at = clock.monotonic()

    @property
    def batch_limits(self) -> tuple[int, int]:
        """A cycle is a batch."""
        return self._rules.cycle.size, self._rules.cycle.size

    async def begin(self, *, stepping: bool) -> None:
        """A stretch of work begins; a step does not wait for the next cycle's time.

        Raises `Refused` when folders were laid out otherwise before.
        """
        self._rules.layout.require_as_before(await self._store.first_laid_out())
        self._stepping = stepping
        self._doubted.clear()
        self._prepared.clear()  # what a halt has left: it is read again
        self._cycle.resume(await self._store.next_cycle_at())

    async def survey(self, epoch: int) -> None:
        """Who claims what, which files nobody claims, and whether the promised hashes are hashes of files."""
        await self._survey.take()
        self._surveyed_at = self._clock.monotonic()

    async def ready_groups(self) -> Sequence[str]:
        """The repository, when its cycle has room and artifacts are due."""
        if self._room() <= 0:
            return []
        is_any = self._more_due or await self._store.due(1, excluding=[*self._prepared, *self._doubted])
        return [GROUP] if is_any else []

    async def rest(self) -> str | None:
        """What the job waits for when nothing can be taken up now; None when nothing is left at all."""
        gap = await self._store.gap()
        if gap.due and self._room() <= 0 and self._cycle.next_at is not None:
            begins = to_come(self._cycle.next_at, self._clock.now())
            return f"{gap.due} artifacts; the next cycle begins {begins}"
        if gap.due:
            return ""
        if gap.next_at is not None:
            due = to_come(gap.next_at, self._clock.now())
            return f"{gap.later} artifacts in back-off, the next is due {due}"
        return None

    async def next_items(self, group: str, limit: int, *, excluding: Collection[str]) -> Sequence[DueFolder]:
        """The newest artifacts, as many as the cycle has room for."""
        self._begun &= set(excluding)
        # What was handed out and has not begun is not counted by the cycle yet.
        room = min(limit, self._room() - (len(excluding) - len(self._begun)))
        if room <= 0:
            return []
        if not (self._prepared or self._doubted or excluding):
            self._tell(await in_thread(self._catch_up))
        due = await self._store.due(room, excluding=[*excluding, *self._prepared, *self._doubted])
        self._more_due = len(due) == room
        return due

    async def settle(self, group: str) -> None:
        """What is prepared needs nothing more."""

    def width(self, group: str) -> int:
        """Files are read two at a time: one is hashed while another comes from disk."""
        return 2

    def is_closed(self, group: str) -> bool:
        """The repository has no holds."""
        return False

    async def prepare(self, item: DueFolder, *, run_id: int, epoch: int) -> Record:
        """Resolve and verify an artifact's files; what comes back keeps it for a batch, or says why not."""
        # Counted here: what was only read ahead is not taken up, as in a step of a few.
        is_last = self._cycle.take(1, self._clock.now())
        self._begun.add(item.artifact_id)
        found = await asyncio.to_thread(self._reader.read, item.row)

        async def record() -> None:
            if is_last:
                await self._store.schedule_cycle(self._cycle.next_at)
            if isinstance(found, Refusal):
                self._doubted[item.artifact_id] = item.row
            else:
                self._prepared[item.artifact_id] = found
            if self._stepping:
                await self._store.count_step(run_id)

        return Record(record)

    @property
    def ending(self) -> str:
        """What takes minutes at the end."""
        return "repacking the repository" if self._rules.repack_at_end else ""

    async def finish(self) -> None:
        """The repository is repacked: each artifact's commit has rewritten its root folder."""
        if self._rules.repack_at_end:
            await self._store.record_repacked(await in_thread_until_stopped(self._repository.repack))

    async def waiting(self) -> tuple[int, int]:
        """Artifacts that wait for a batch: verified ones, and those with something wrong."""
        return len(self._prepared) + len(self._doubted), 0

    async def effects(self, *, files: int, marks: int) -> Sequence[Operation]:
        """The folders of the next batch, and the rows that lead to them."""
        await in_thread(self._reader.look)
        if self._clock.monotonic() - self._surveyed_at > _SURVEY_EVERY_S:
            # A row that was added or edited meanwhile may claim a path that would go.
            await self.survey(epoch=0)
        await self._look_again()
        taken = [self._prepared.pop(artifact_id) for artifact_id in list(self._prepared)[:files]]
        rows = await self._store.read([found.row.id for found in taken])
        # An artifact whose row or files are others since it was read is read again.
        now = [found.with_row(rows.get(found.row.id)) for found in taken]
        taken = await asyncio.to_thread(self._reader.standing, [found for found in now if found is not None])
        if not taken:
            return []
        related, uuids, locked = await relate(
            self._store, [found.row.id for found in taken], self._rules.upstream_links
        )
        logged = await self._store.logged_files([each.row.id for each in taken if _may_have_a_folder(each)])
        plans: list[tuple[ReadArtifact, FolderPlan]] = []
        for found in taken:
            if found.row.id in locked:
                await self._store.refuse(found.row, self._reader.later(_LOCKED))
            if found.row.id in locked or found.row.id not in uuids:
                continue
            row = replace(found.row, uuid=uuids[found.row.id])
            try:
                plans.append((found, self._plan(row, found, related[row.id], lay_before(logged.get(row.id)))))
            except ValueError as error:
                await self._store.refuse(found.row, _unplannable(error))
        return await self._operations(await self._kept_as_they_are(plans), logged)

    async def _look_again(self) -> None:
        """What was wrong with artifacts stands, or is over, now that no batch of any job is on its way."""
        doubted, self._doubted = self._doubted, {}
        rows = await self._store.read(list(doubted)) if doubted else {}
        for row in rows.values():
            found = await asyncio.to_thread(self._reader.read, row)
            if isinstance(found, Refusal):
                await self._store.refuse(row, found)
            else:
                self._prepared[row.id] = found

    # --- planning ---------------------------------------------------------------------------------------

    def _catch_up(self) -> str:
        """A cycle begins with what others have pushed, and one look at what is there.

        Why what they have pushed was left alone, or nothing.
        """
        why_not = self._repository.catch_up() if self._rules.catch_up else ""
        self._reader.look()
        return why_not

    def _room(self) -> int:
        return self._cycle.room(self._clock.now(), stepping=self._stepping)

    def _plan(
        self, row: ArtifactRow, found: ReadArtifact, relations: Relations, lay_at: Mapping[str, str]
    ) -> FolderPlan:
        return plan_folder(row, found.files, relations, self._rules.layout, self._rules.resolving, lay_at)

    async def _kept_as_they_are(
        self, plans: Sequence[tuple[ReadArtifact, FolderPlan]]
    ) -> Sequence[tuple[ReadArtifact, FolderPlan]]:
        """The plans after which git keeps each file as before; the other artifacts wait for a person."""
        moves = [move for _, plan in plans for move in plan.moves]
        refused = await asyncio.to_thread(self._reader.converted, moves)
        kept = []
        for found, plan in plans:
            refusal = next((r for m in plan.moves if (r := refused.get(m.path))), None)
            if refusal is None:
                kept.append((found, plan))
            else:
                await self._store.refuse(found.row, refusal)
        return kept

    async def _operations(
        self,
        plans: Sequence[tuple[ReadArtifact, FolderPlan]],
        logged: Mapping[str, Sequence[Mapping[str, object]]],
    ) -> list[Operation]:
        leaving = await self._leaving([plan for _, plan in plans])
        standing = await asyncio.to_thread(bookkeeping_of, self._repository, [plan for _, plan in plans])
        now = self._clock.now()
        return [
            operation_for_folder(
                plan,
                leaving=leaving.get(plan.row.id, frozenset()),
                replaced_manifest=_to_replace(plan, standing.get(plan.manifest_path)),
                standing_links={p for p, to in plan.links.items() if standing.get(p) == to.encode()},
                migrated_at=now,
                took_ms=found.took_ms,
                missing=found.missing,
                file_path_field=self._file_path_field,
                claims_seen=self._survey.seen,
                linked={m.file.path for m in plan.moves if self._reader.is_led_to(m.file.path)},
                files_before=logged.get(plan.row.id) if plan.row.artifact_dir is not None else None,
            )
            for found, plan in plans
        ]

    async def _leaving(self, plans: Sequence[FolderPlan]) -> Mapping[str, set[str]]:
        """Which old paths go with which artifact: with the last of its claimants, if all of them go."""
        moving: dict[str, list[str]] = {}
        for plan in plans:
            for move in plan.moves:
                moving.setdefault(move.file.path, []).append(plan.row.id)
        await self._survey.refresh()
        claimants = await self._store.claimants(list(moving))
        leaving: dict[str, set[str]] = {}
        for path, movers in moving.items():
            if claimants.get(path, frozenset()) <= set(movers) and self._reader.may_go(path):
                leaving.setdefault(movers[-1], set()).add(path)
        return leaving


def _may_have_a_folder(found: ReadArtifact) -> bool:
    return found.row.artifact_dir is not None or any(folder_of(file.path) is not None for file in found.files)


def _to_replace(plan: FolderPlan, standing: bytes | None) -> bytes | None:
    """The manifest to write another one over: not a file of that name that tells of something else."""
    if standing is None or plan.row.artifact_dir is not None or is_manifest_of(plan.row, standing):
        return standing
    return None


def _unplannable(error: ValueError) -> Refusal:
    return Refusal(FolderStatus.QUARANTINED, f"no manifest can be made: {error}", {}, 0, None)

"""Job `figures`: find the rows without a file, ask for each figure once, prepare what a batch records.

Spec: every row is attempted at least once with its recorded address; transient failures stay retryable.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

from scidex_console.domain.batches import Operation
from scidex_console.domain.durations import to_come
from scidex_console.domain.errors import Halt
from scidex_console.domain.fetching import FetchClass, FetchOutcome
from scidex_console.domain.figures import BackOff, PreparedFigure, Suspicion, judge, operation_for
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paths import ArtifactPaths
from scidex_console.domain.sanitise import visible
from scidex_console.engine.jobs.adoption import Adoption, Found
from scidex_console.engine.jobs.controls import Controls, waits_on
from scidex_console.engine.jobs.record import Record
from scidex_console.engine.jobs.rescuing import Rescue
from scidex_console.engine.ports import (
    ArtifactRepository,
    Clock,
    DueFigure,
    FigureRow,
    FigureSource,
    FigureStore,
    Gate,
    SurveyedFigure,
    Worktree,
)
from scidex_console.engine.ports.suspects import SuspectStore

MOST_VANISHED = 20
"""Files missing from the checkout that are put back from git; more at once are the checkout's own matter."""


class RedownloadFigures:
    """Implements the engine's `Job` for figures."""

    name = JobName.FIGURES
    closes_batch_at_rest = False
    reads_beside_writing = True

    def __init__(
        self,
        *,
        store: FigureStore,
        source: FigureSource,
        gate: Gate,
        worktree: Worktree,
        repository: ArtifactRepository,
        paths: ArtifactPaths,
        file_path_field: str,
        clock: Clock,
        back_off: BackOff,
        jitter: random.Random,
        batch_limits: tuple[int, int],
        suspects: SuspectStore,
        controls: Controls,
        rescue: Rescue,
    ) -> None:
        self._store = store
        self._source = source
        self._gate = gate
        self._worktree = worktree
        self._repository = repository
        self._paths = paths
        self._file_path_field = file_path_field
        self._clock = clock
        self._back_off = back_off
        self._jitter = jitter
        self._batch_limits = batch_limits
        self._suspects = suspects
        self._controls = controls
        self._rescue = rescue
        self._adoption = Adoption(repository, worktree, paths)

    @property
    def batch_limits(self) -> tuple[int, int]:
        """Files and dead marks that close a batch."""
        return self._batch_limits

    async def begin(self, *, stepping: bool) -> None:
        """Figures are due by their own time, in a step as in a run."""

    async def survey(self, epoch: int) -> None:
        """Compare rows and disk: which figures lack their file, and which are marked dead already.

        Those whose file is where it belongs after all, on disk or in git, wait for a batch that says so.
        """
        gap: list[SurveyedFigure] = []
        marked: list[SurveyedFigure] = []
        vanished: dict[str, bool] = {}
        total = 0
        await asyncio.to_thread(self._repository.check)
        async for page in self._store.rows():
            total += len(page)
            missing = await asyncio.to_thread(self._without_file, page)
            self._offer_controls(page, missing)
            stored = await self._store.stored_hashes([row.artifact_id for row in missing]) if missing else {}
            found = await asyncio.to_thread(self._adoption.find, missing, stored)
            vanished |= await asyncio.to_thread(self._vanished, missing, found)
            for row in missing:
                figure = self._surveyed(row, found.get(row.artifact_id))
                (marked if row.unavailable else gap).append(figure)
        _check_vanished(vanished)
        await self._store.record_survey(gap, marked, total=total, epoch=epoch)
        moved = [figure.artifact_id for figure in marked if self._rescue.applies(figure.url)]
        if moved:
            await self._store.ask_marked(moved, self._rescue.fingerprint)

    @property
    def ending(self) -> str:
        """Nothing belongs to the end."""
        return ""

    async def finish(self) -> None:
        """Nothing is due at the end."""

    async def waiting(self) -> tuple[int, int]:
        """Files and dead marks that wait for a batch."""
        return await self._store.prepared_counts()

    async def ready_groups(self) -> Sequence[str]:
        """Host groups with rows due now, or suspected and to be decided now, that nothing keeps closed."""
        groups = dict.fromkeys(await self._store.due_groups())
        for group, suspects in (await self._suspects.groups()).items():
            if self._controls.can_settle(group, suspects):
                groups[group] = None
        return [
            group
            for group in groups
            if self._gate.closed_until(group) is None and not self._controls.rests(group)
        ]

    async def rest(self) -> str | None:
        """What the job waits for when nothing is due now; None when nothing is left at all."""
        groups = await self._store.due_groups()
        closed = {group: until for group in groups if (until := self._gate.closed_until(group)) is not None}
        if closed:
            return self._closings(groups, closed)
        if groups:
            return ""
        due = await self._store.next_due_at()
        if suspected := waits_on(await self._suspects.groups()):
            return suspected
        if due is None:
            await self._store.forget_deleted()
        return f"rows in back-off, the next is due {to_come(due, self._clock.now())}" if due else None

    def _closings(self, rows: Mapping[str, int], closed: Mapping[str, datetime]) -> str:
        """What keeps rows from being asked: hours of the day, which nobody need worry about, or holds."""
        off_peak = [group for group in closed if self._gate.is_off_peak(group)]
        held = [group for group in closed if group not in off_peak]
        words = []
        for groups, what, ends in (
            (held, "behind a hold", "ends"),
            (off_peak, "of groups asked off peak only", "opens"),
        ):
            if groups:
                number, first = sum(rows[group] for group in groups), min(closed[group] for group in groups)
                words.append(f"{number} rows {what}, the first {ends} {to_come(first, self._clock.now())}")
        return "; ".join(words)

    async def next_items(self, group: str, limit: int, *, excluding: Collection[str]) -> Sequence[DueFigure]:
        """Rows of a group to be asked now."""
        return await self._store.due(group, limit, excluding=excluding)

    async def settle(self, group: str) -> None:
        """Decide about the figures of a group that are said to be gone, and whether it is trusted again."""
        if self._controls.distrusts(group):
            if not self._controls.rests(group):
                await self._controls.ask(group)
        elif group in await self._suspects.groups():
            await self._controls.settle(group)

    def width(self, group: str) -> int:
        """How many rows of a group may be worked on at once."""
        return max(1, self._gate.in_flight_limit(group))

    def is_closed(self, group: str) -> bool:
        """Whether rows are not to be taken up: a hold, an open breaker, or a control that failed last."""
        return self._gate.closed_until(group) is not None or self._controls.distrusts(group)

    async def prepare(self, item: DueFigure, *, run_id: int, epoch: int) -> Record:
        """Ask for one figure; what comes back records the attempt and its verdict."""
        if self._controls.is_due(item.group):
            await self._controls.ask(item.group)
        may_be_controlled = await self._controls.known(item.group)
        outcome = await self._fetched(item)
        take_away = partial(self._source.let_go, outcome)
        self._controls.spend(item.group, outcome.requests)
        try:
            if not outcome.resolved_by and not item.marked:
                await self._controls.note(outcome, item.suspected_for)
            said_by = outcome.final_url or item.url
            host_has_control = await self._controls.may_vouch_for(item.group, said_by)
        except BaseException:
            take_away()
            raise
        now = self._clock.now()
        suspicion = Suspicion(
            self._controls.rules,
            may_be_controlled,
            item.suspected_for,
            host_has_control=host_has_control,
        )
        verdict = judge(
            outcome, item.attempts + 1, now, self._back_off, self._jitter, suspicion, marked=item.marked
        )
        return Record(
            partial(
                self._store.record_attempt, item, outcome, verdict, run_id=run_id, epoch=epoch, judged_at=now
            ),
            take_away=take_away,
        )

    async def _fetched(self, item: DueFigure) -> FetchOutcome:
        """The figure from its recorded address, or where that is dead from where it has moved."""
        if item.marked and self._rescue.applies(item.url):
            return await self._rescue.instead_of(item, None)
        # A second answer is the last word where no control vouches for the host.
        since, second_pass_after = item.suspected_for, self._controls.rules.second_pass_after
        is_last = since is not None and since >= second_pass_after
        outcome = await self._source.fetch(item.artifact_id, item.url, audited=is_last)
        if outcome.outcome is FetchClass.DEAD and self._rescue.applies(item.url, item.rescue_tried):
            return await self._rescue.instead_of(item, outcome)
        return outcome

    async def effects(self, *, files: int, marks: int) -> Sequence[Operation]:
        """What the next batch changes.

        A row that somebody gave a file since it was asked for needs neither ours nor a dead mark; one that
        somebody marked does not get the file that was found.
        """
        while True:
            prepared = await self._store.prepared(files=files, marks=marks)
            helped = await asyncio.to_thread(self._with_file, prepared)
            helped += [f.artifact_id for f in prepared if f.is_adoption and f.is_marked]
            if not helped:
                self._controls.end_batch()
                return [operation_for(figure, self._paths, self._file_path_field) for figure in prepared]
            await self._store.let_go(helped)

    def _offer_controls(self, page: Sequence[FigureRow], missing: Sequence[FigureRow]) -> None:
        """What has its file, its address and its hash may be asked for as a control."""
        lost = {row.artifact_id for row in missing}
        for row in page:
            if row.url and row.sha256 and row.artifact_id not in lost:
                self._controls.offer(row.url, row.sha256)

    def _with_file(self, figures: Sequence[PreparedFigure]) -> list[str]:
        return [figure.artifact_id for figure in figures if self._is_on_disk(figure.file_path)]

    def _without_file(self, page: Sequence[FigureRow]) -> list[FigureRow]:
        return [row for row in page if not self._is_on_disk(row.file_path)]

    def _is_on_disk(self, recorded: str | None) -> bool:
        if not recorded:
            return False
        path = self._paths.inside(recorded)
        return self._worktree.exists(path) if path is not None else self._worktree.opens_elsewhere(recorded)

    def _surveyed(self, row: FigureRow, found: Found | None) -> SurveyedFigure:
        url = row.url or ""
        group = self._source.group_of(url) if url else ""
        if found is None:
            return SurveyedFigure(row.artifact_id, url, group)
        return SurveyedFigure(row.artifact_id, url, group, found.sha256, found.size, found.extension)

    def _vanished(self, missing: Sequence[FigureRow], found: Mapping[str, Found]) -> dict[str, bool]:
        """Recorded paths that git has and the checkout has not, and whether the very file can come back."""
        named = [(row.artifact_id, path) for row in missing if (path := self._inside(row)) is not None]
        if not named:
            return {}
        tracked = self._repository.blobs_of(self._repository.head(), [path for _, path in named])
        return {
            path: artifact_id in found and found[artifact_id].path == path
            for artifact_id, path in named
            if path in tracked
        }

    def _inside(self, row: FigureRow) -> str | None:
        return self._paths.inside(row.file_path) if row.file_path else None


def _check_vanished(vanished: Mapping[str, bool]) -> None:
    """A file that git has and the checkout has not is put back; many, or one in an odd way, are an alarm."""
    if len(vanished) <= MOST_VANISHED and all(vanished.values()):
        return
    shown = min(path for path, comes_back in vanished.items() if not comes_back or all(vanished.values()))
    raise Halt(
        f"git has {len(vanished)} figures that the checkout has not, such as {visible(shown)}",
        where="artifact repository",
        fix="see `git status` there, bring them back (`git checkout -- FILE`), then resume",
    )

"""Settling decisions: what was shown is planned again, compared by its token, applied, and recorded.

A decision that changes rows or git is one batch of the journal, so a crash at any step is recovered as any
batch is; handled again after it, the decision finds its batch or its results and goes on from there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from scidex_console.domain.batches import UNSETTLED
from scidex_console.domain.errors import LockBusy, Refused, StaleToken
from scidex_console.domain.intents import Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.triage import OF_ORPHANS, Decision
from scidex_console.engine.cleanup.planning import OrphanPlanner
from scidex_console.engine.finishing import Finishing
from scidex_console.engine.ports import DecisionStore, Journal, TriageStore
from scidex_console.engine.run_orders import number_of
from scidex_console.engine.triage.planning import DecisionPlan, DecisionPlanner
from scidex_console.engine.triage.undoing import UndoPlanner
from scidex_console.engine.triage.views import DecisionPreview, DecisionRecord
from scidex_console.engine.two_stores.stores import Mandate
from scidex_console.engine.vocabulary import counted
from scidex_console.engine.writer import Writer


class TriageOrders:
    """Handler of decisions."""

    def __init__(
        self,
        *,
        store: TriageStore,
        decisions: DecisionStore,
        planner: DecisionPlanner,
        orphans: OrphanPlanner,
        check_cleanup: Callable[[], Awaitable[None]],
        undoing: UndoPlanner,
        finishing: Finishing,
        journal: Journal,
        writer: Writer,
        mandate: Mandate,
    ) -> None:
        """`check_cleanup` raises `GateShut` while nothing may be cleaned up."""
        self._store = store
        self._decisions = decisions
        self._planner = planner
        self._orphans = orphans
        self._check_cleanup = check_cleanup
        self._undoing = undoing
        self._finishing = finishing
        self._journal = journal
        self._writer = writer
        self._mandate = mandate

    async def decide(self, intent: Intent) -> str:
        """Apply a decision, or take one back; what came of it."""
        record = await self._record(intent)
        await self._finishing.check_run(record.job)
        if not await self._store.results(record.id):
            if record.decision is Decision.UNDO:
                await self._undo(intent, record)
            else:
                await self._apply(record)
        return await self._words(record)

    async def facts(self, intent: Intent) -> dict[str, Any]:
        """What an audit row says of a decision."""
        number = number_of(intent, "decision")
        found = None if number is None else await self._store.decision(number)
        if found is None:
            return {"decision": None}
        return {
            "decision": found.id,
            "kind": found.decision,
            "undoes": found.undoes,
            "applied": found.applied,
            "refused": found.refused,
            "batch": found.batch,
        }

    async def _record(self, intent: Intent) -> DecisionRecord:
        number = number_of(intent, "decision")
        record = None if number is None else await self._store.record(number)
        if record is None or record.job is not intent.job:
            raise Refused(
                f"there is no decision {intent.params.get('decision')} of {intent.job}",
                fix="see `scidex-console triage list`",
            )
        return record

    async def _apply(self, record: DecisionRecord) -> None:
        batch = await self._journal.of_decision(record.id)
        if batch is not None:  # from before a crash, or before something was in the way
            await self._finishing.settled(batch)
            return
        plan = await self._plan(record)
        self._check_token(plan.preview, record)
        applied = [item.artifact_id for item in plan.preview.applied]
        if record.decision is Decision.LEAVE:
            await self._decisions.leave(record.id, applied)
        elif record.job is JobName.FIGURES:
            await self._decisions.redownload(record.id, applied)
        elif plan.operations:
            await self._write(record, plan.operations)
        refused = {item.artifact_id: item.refused for item in plan.preview.refused}
        await self._decisions.refuse(record.id, refused)

    async def _plan(self, record: DecisionRecord) -> DecisionPlan:
        if record.decision not in OF_ORPHANS:
            return await self._planner.plan(record.decision, record.artifact_ids, record.job)
        await self._check_cleanup()
        return await self._orphans.plan(record.decision, record.artifact_ids, record.params, record.decided)

    async def _write(self, record: DecisionRecord, operations: Sequence[Any]) -> None:
        async with self._finishing.waiting(partial(self._journal.of_decision, record.id)):
            batch = await self._writer.write_decision(record.job, record.id, operations)
        if batch is None:
            raise LockBusy("every artifact is locked by somebody else, or another batch has it")
        claimed = {operation.artifact_id for operation in batch.operations}
        left = [o.artifact_id for o in operations if o.artifact_id not in claimed]
        why = "its lock is held by somebody else, or another batch has it; decide again"
        await self._decisions.refuse(record.id, dict.fromkeys(left, why))

    async def _undo(self, intent: Intent, record: DecisionRecord) -> None:
        assert record.undoes is not None, "the database keeps an undo with what it undoes"
        batch = await self._journal.of_decision(record.undoes)
        if batch is None:
            self._check_token(await self._undoing.plan(record.undoes), record)
            await self._decisions.undo(record.id, record.undoes)
            return
        if batch.state in UNSETTLED:
            batch = await self._finishing.settled(batch)
            if await self._store.results(record.id):
                return
        self._check_token(await self._undoing.plan(record.undoes), record)
        async with self._finishing.waiting(partial(self._journal.load, batch.id)):
            await self._writer.roll_back(batch, origin=self._mandate.origin(intent))
        await self._refuse_rest(record)

    async def _refuse_rest(self, record: DecisionRecord) -> None:
        """What a rollback has kept before its commit point has no result yet."""
        known = {result.artifact_id for result in await self._store.results(record.id)}
        batch = await self._journal.of_decision(record.undoes or 0)
        reasons = {o.artifact_id: o.reason for o in batch.operations} if batch is not None else {}
        left = {i: reasons.get(i) or "nothing was done to it" for i in record.artifact_ids if i not in known}
        await self._decisions.refuse(record.id, left)

    def _check_token(self, preview: DecisionPreview, record: DecisionRecord) -> None:
        if preview.token != record.token:
            raise StaleToken("a row or a file has changed since the preview", fix="look again and confirm")

    async def _words(self, record: DecisionRecord) -> str:
        results = await self._store.results(record.id)
        applied = [result for result in results if result.applied]
        refused = [result for result in results if not result.applied]
        batch = next((result.batch for result in results if result.batch is not None), None)
        where = f" by batch {batch}" if batch is not None and record.decision is not Decision.UNDO else ""
        undone = f"undo of decision {record.undoes}" if record.undoes else str(record.decision)
        said = f"decision {record.id}: {undone} applied to {counted(len(applied), 'artifact')}{where}"
        if not refused:
            return said
        if not applied:
            raise Refused(f"decision {record.id}: nothing was done: {refused[0].reason}")
        return f"{said}, {len(refused)} left alone: {refused[0].reason}"

"""Orders about rows and batches: what the writer is told to do at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from scidex_console.domain.batches import REVERTIBLE, STANDING, Batch, BatchState, OperationState
from scidex_console.domain.errors import Refused, StaleToken
from scidex_console.domain.intents import Intent
from scidex_console.domain.jobs import JobName
from scidex_console.engine.finishing import Finishing
from scidex_console.engine.ports import (
    AttemptFilter,
    Journal,
    ReadModel,
    RunStore,
)
from scidex_console.engine.run_orders import job_of, number_of
from scidex_console.engine.two_stores.stores import Mandate
from scidex_console.engine.vocabulary import BATCH_WORDS, OPERATION_WORDS, counted
from scidex_console.engine.writer import Writer

_NOT_OF_A_ROLLBACK = frozenset({OperationState.CONFLICT, OperationState.SKIPPED})
"""Where only the way forward ends."""
_NAMED = 3
"""So many kept operations are named; the batch's own page has all of them."""


class WorkTable(Protocol):
    """Where a job keeps the rows of its gap."""

    async def make_due(self, artifact_ids: Sequence[str]) -> Sequence[str]:
        """Rows that failed become due now; the ids it did."""
        ...


class RowOrders:
    """Handler of retry."""

    def __init__(self, stores: Mapping[JobName, WorkTable], previews: ReadModel, runs: RunStore) -> None:
        self._stores = stores
        self._runs = runs
        self._previews = previews

    async def retry(self, intent: Intent) -> str:
        """Exactly the rows of the preview that the token names; a single row needs none."""
        job, ids, token = job_of(intent), _ids(intent), str(intent.params.get("token") or "")
        if token or len(ids) != 1:
            preview = await self._previews.retry_preview(job, _criteria(intent))
            if preview.token != token:
                raise StaleToken(
                    "the rows to retry have changed since the preview", fix="look again and confirm"
                )
            ids = [item.artifact_id for item in preview.items]
        made_due = await self._stores[job].make_due(ids)
        if ids and not made_due and not token:
            raise Refused("that row has not failed", where=ids[0])
        due = f"{counted(len(made_due), 'row')} {'is' if len(made_due) == 1 else 'are'} due again"
        if not made_due or await self._runs.open_run(job) is not None:
            return due
        what = "it" if len(made_due) == 1 else "them"
        return f"{due}; start a run to take {what} up: `scidex-console start {job}`"


class BatchOrders:
    """Handlers of rollback and redo."""

    def __init__(
        self, finishing: Finishing, journal: Journal, previews: ReadModel, writer: Writer, mandate: Mandate
    ) -> None:
        self._finishing = finishing
        self._journal = journal
        self._previews = previews
        self._writer = writer
        self._mandate = mandate

    async def roll_back(self, intent: Intent) -> str:
        """Take a batch back in both stores."""
        batch = await self._batch(intent)
        token = str(intent.params.get("token") or "")
        if batch.state is BatchState.ROLLED_BACK or (token and token == batch.undo_plan):
            return _words(batch, leaving_out=_NOT_OF_A_ROLLBACK)
        await self._check_plan(intent, batch, redo=False)
        before = frozenset(o.id for o in batch.operations if o.state not in REVERTIBLE)
        async with self._finishing.waiting(partial(self._journal.load, batch.id)):
            batch = await self._writer.roll_back(batch, origin=self._mandate.origin(intent), plan=token)
        return _words(batch, earlier=before)

    async def redo(self, intent: Intent) -> str:
        """Bring a batch that was taken back on again."""
        batch = await self._batch(intent)
        if batch.state in STANDING and batch.pass_no > 1:
            return _words(batch)
        await self._check_plan(intent, batch, redo=True)
        async with self._finishing.waiting(partial(self._journal.load, batch.id)):
            batch = await self._writer.redo(batch)
        return _words(batch)

    async def facts(self, intent: Intent) -> dict[str, Any]:
        """What an audit row says of the batch."""
        batch = await self._named(intent)
        if batch is None:
            return {"batch": None}
        return {
            "batch": batch.id,
            "state": batch.state,
            "pass": batch.pass_no,
            "commit": batch.commit,
            "inverse_commit": batch.inverse_commit,
        }

    async def _batch(self, intent: Intent) -> Batch:
        """The batch, with nothing of it left half-way."""
        batch = await self._named(intent)
        if batch is None or batch.job is not job_of(intent):
            number = intent.params.get("batch")
            raise Refused(f"there is no batch {number} of {intent.job}", fix="see `scidex-console batches`")
        await self._finishing.check_run(batch.job)
        return await self._finishing.settled(batch)

    async def _named(self, intent: Intent) -> Batch | None:
        number = number_of(intent, "batch")
        return None if number is None else await self._journal.load(number)

    async def _check_plan(self, intent: Intent, batch: Batch, *, redo: bool) -> None:
        preview = await self._previews.rollback_preview(batch.id, redo=redo)
        if preview.token != intent.params.get("token"):
            raise StaleToken(f"batch {batch.id} has changed since the preview", fix="look again and confirm")


def _ids(intent: Intent) -> list[str]:
    ids = intent.params.get("artifact_ids") or []
    if not isinstance(ids, list) or not all(isinstance(i, str) for i in ids):
        raise Refused("the rows to retry are a list of artifact ids", where="artifact_ids")
    return ids


def _criteria(intent: Intent) -> AttemptFilter:
    return AttemptFilter(
        group=_text(intent, "group"),
        outcome=_text(intent, "outcome"),
        since=_since(intent),
        artifact_ids=tuple(_ids(intent)),
        text=_text(intent, "text"),
        host=_text(intent, "host"),
    )


def _text(intent: Intent, name: str) -> str:
    return str(intent.params.get(name) or "")


def _since(intent: Intent) -> datetime | None:
    value = _text(intent, "since")
    try:
        return datetime.fromisoformat(value) if value else None
    except ValueError:
        raise Refused(f"{value!r} is not a time", where="since", fix="write it as ISO 8601") from None


def _words(
    batch: Batch, *, leaving_out: Set[OperationState] = frozenset(), earlier: Set[int] = frozenset()
) -> str:
    """What became of a batch's operations, but for those in some states and those settled `earlier`."""
    counts: dict[OperationState, int] = {}
    for operation in batch.operations:
        if operation.state in leaving_out or operation.id in earlier:
            continue
        counts[operation.state] = counts.get(operation.state, 0) + 1
    tally = ", ".join(f"{n} {OPERATION_WORDS[state]}" for state, n in sorted(counts.items()))
    return f"batch {batch.id} is {BATCH_WORDS[batch.state]}: {tally}{_kept_words(batch)}"


def _kept_words(batch: Batch) -> str:
    """Which operations a rollback had to keep, and why."""
    kept = [o for o in batch.operations if o.state is OperationState.KEPT]
    if not kept:
        return ""
    named = ", ".join(f"{o.artifact_id} ({o.reason})" for o in kept[:_NAMED])
    return f"; kept: {named}" + (f" and {len(kept) - _NAMED} more" if len(kept) > _NAMED else "")

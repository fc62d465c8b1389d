"""The journal: batches and operations, with every image before and after.

This is the database's half of the two-store protocol (docs/two-stores.md). `switch` and `restore` are the
commit points; both write only rows that still are as journalled, and name the others.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.adapters.postgres.guarded_rows import GuardedRows
from scidex_console.adapters.postgres.journal_loading import journalled, load, loaded
from scidex_console.adapters.postgres.journal_rows import batch_of, entry_params, operation_params
from scidex_console.adapters.postgres.orphan_rows import CONFLICT, UNDO_CONFLICT, OrphanRows
from scidex_console.adapters.postgres.settling import settling
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.domain.batches import (
    REVERSIBLE,
    REVERTIBLE,
    Batch,
    BatchState,
    Operation,
    OperationState,
    Skip,
)
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import Refused
from scidex_console.domain.jobs import JobName
from scidex_console.engine.ports import Committed, SwitchResult

_LOCKED = "its advisory lock is held by somebody else"
_CONFLICT = "changed, deleted or locked by somebody else; their edit stands"
_UNDO_CONFLICT = "the row was changed, deleted or locked by somebody else during the rollback"


class PostgresJournal:
    """Implements the engine's `Journal`.

    `path_keys` are the metadata keys that hold paths, `roots` what may stand before such a path.
    """

    def __init__(
        self,
        fenced: FencedDatabase,
        rows: GuardedRows,
        *,
        path_keys: Sequence[str] = (),
        roots: Sequence[str] = (),
    ) -> None:
        self._fenced = fenced
        self._rows = rows
        self._recorded = {"keys": list(path_keys), "roots": list(roots)}
        self._orphans = OrphanRows(path_keys=path_keys, roots=roots)

    async def prepare(
        self,
        job: JobName,
        run_id: int | None,
        operations: Sequence[Operation],
        *,
        base_commit: str,
        epoch: int,
        authorization: str,
        decision: int | None = None,
        writer: str = "",
    ) -> Batch | None:
        """Journal a batch; operations whose artifact is claimed elsewhere are left out."""
        params = {
            "uid": uuid.uuid4(),
            "job": job,
            "run_id": run_id,
            "epoch": epoch,
            "authorization": authorization,
            "base_commit": base_commit,
            "decision": decision,
            "writer": writer,
            "operations": Jsonb([operation_params(operation) for operation in operations]),
        }

        entries = [entry for operation in operations for entry in entry_params(operation)]

        async def work(connection: Connection) -> Batch | None:
            row = await (await connection.execute(query("insert_batch"), params)).fetchone()
            assert row is not None
            claimed = {"batch_id": row["id"], "operations": params["operations"]}
            rows = await (await connection.execute(query("claim_operations"), claimed)).fetchall()
            if job is JobName.FOLDERS and decision is None and not writer:
                await _put_off(connection, operations, {row["artifact_id"] for row in rows})
            if not rows:
                await connection.execute(query("close_unclaimed_batch"), {"id": row["id"]})
                return None
            if entries:
                await connection.execute(
                    query("insert_entries"), {"batch_id": row["id"], "entries": Jsonb(entries)}
                )
                await connection.execute(query("keep_sources"), {"batch_id": row["id"]})
            return await journalled(connection, row["id"], operations)

        return await self._fenced.write(work)

    async def skip(self, batch: Batch, skips: Mapping[str, Skip]) -> Batch:
        """Take operations out before the commit; their figures become due again, or wait for a person."""
        plan = [{"artifact_id": a, "reason": s.reason, "again": s.again} for a, s in skips.items()]

        async def work(connection: Connection) -> Batch:
            params = {"batch_id": batch.id, "skips": Jsonb(plan)}
            await connection.execute(query("skip_operations"), params)
            if (follow := settling(batch).skip) != "":
                await connection.execute(query(follow), params)
            await connection.execute(query("keep_sources"), params)
            return await loaded(connection, batch)

        return await self._fenced.write(work)

    async def record_commit(self, batch: Batch, committed: Committed, kind: CommitKind, op: str) -> Batch:
        """Note a commit of ours, with the blobs it added and its audit row. Repeating it changes nothing."""
        params = {
            "batch_id": batch.id,
            "op": op,
            "kind": kind,
            "commit_id": committed.commit,
            "epoch": self._fenced.epoch,
            "blobs": Jsonb(dict(committed.blobs)),
        }

        async def work(connection: Connection) -> Batch:
            new = await (await connection.execute(query("insert_commit_record"), params)).fetchone()
            await connection.execute(query("record_batch_commit"), params)
            if kind is CommitKind.APPLY and any(o.entries for o in batch.live()):
                in_chain = [o.artifact_id for o in batch.live() if o.entries and committed.parts]
                parts = Jsonb(dict(zip(in_chain, committed.parts, strict=True)))
                await connection.execute(query("record_entry_blobs"), {**params, "parts": parts})
            if new is not None:
                await self._audit(connection, batch, f"commit:{kind}", op, after={"commit": committed.commit})
            # A pointer commit does not concern the operations.
            return batch if kind is CommitKind.POINTER else await loaded(connection, batch)

        return await self._fenced.write(work)

    async def switch(
        self, batch: Batch, *, epoch: int, origin: Mapping[str, str]
    ) -> tuple[Batch, SwitchResult]:
        """The database's commit point: rows, figures, audit and journal in one transaction."""

        async def work(connection: Connection) -> tuple[Batch, SwitchResult]:
            if batch.of_orphans:
                result, reason = await self._orphans.settle(connection, batch), CONFLICT
            else:
                plan = [(o.artifact_id, o.row) for o in batch.live()]
                result, reason = await self._rows.write(connection, plan), _CONFLICT
            params = {
                "batch_id": batch.id,
                "done": list(result.done),
                "conflicts": list(result.conflicts),
                "conflict_reason": reason,
            }
            await connection.execute(query("switch_operations"), params)
            await connection.execute(query(settling(batch).switch), params)
            if result.conflicts:
                await connection.execute(query("keep_sources"), params)
            await _set_state(connection, batch, BatchState.DONE)
            if batch.pass_no == 1:
                await connection.execute(query("count_run_batch"), {"run_id": batch.run_id})
            await self._audit(
                connection, batch, "batch:apply", batch.op, after=_counts(result), origin=origin
            )
            return await loaded(connection, batch), result

        await self._rows.settle_locks([o.artifact_id for o in batch.live()])
        return await self._fenced.write(work)

    async def keep_named(self, batch: Batch) -> Batch:
        """Old paths that rows have come to name since the batch was planned are to stay."""

        async def work(connection: Connection) -> Batch:
            params = {"batch_id": batch.id, **self._recorded}
            kept = await connection.execute(query("keep_named_sources"), params)
            return await loaded(connection, batch) if kept.rowcount else batch

        return await self._fenced.write(work)

    async def finish(self, batch: Batch) -> Batch:
        """`done` → `cleaned`; a batch of which nothing came about is `empty`."""
        done = any(o.state is OperationState.DONE for o in batch.operations)
        return await self._settle(batch, BatchState.CLEANED if done else BatchState.EMPTY)

    async def begin_rollback(self, batch: Batch, *, keep: Mapping[str, str], plan: str = "") -> Batch:
        """`rolling_back`: operations in `keep` stay, with the reason; may be repeated to keep more.

        One that is begun anew gets the next number, and looks again at what an earlier one kept. Raises
        `Refused` for a batch of which nothing is in the stores.
        """

        async def work(connection: Connection) -> Batch:
            now = await loaded(connection, batch)
            if now.state not in REVERSIBLE | {BatchState.ROLLING_BACK}:
                raise Refused(f"batch {batch.id} is {now.state} and cannot be rolled back")
            begins = now.state is not BatchState.ROLLING_BACK
            asked = [o.artifact_id for o in now.operations if o.state in REVERTIBLE] if begins else []
            held = dict.fromkeys(await _locked_by_others(connection, asked), _LOCKED)
            kept = [{"artifact_id": a, "reason": r} for a, r in {**held, **keep}.items()]
            params = {"batch_id": batch.id, "keep": Jsonb(kept), "plan": plan}
            await connection.execute(query("begin_rollback"), params)
            await connection.execute(query("keep_operations"), params)
            return await loaded(connection, batch)

        return await self._fenced.write(work)

    async def restore(
        self, batch: Batch, *, epoch: int, origin: Mapping[str, str]
    ) -> tuple[Batch, SwitchResult]:
        """The rollback's commit point: the changed fields get their old values back, guarded."""

        async def work(connection: Connection) -> tuple[Batch, SwitchResult]:
            if batch.of_orphans:
                result, reason = await self._orphans.take_back(connection, batch), UNDO_CONFLICT
            else:
                plan = [(o.artifact_id, batch.taking_back(o)) for o in batch.live()]
                result, reason = await self._rows.write(connection, plan), _UNDO_CONFLICT
            params = {
                "batch_id": batch.id,
                "done": list(result.done),
                "conflicts": list(result.conflicts),
                "op": batch.undo_op,
                "reason": reason,
            }
            await connection.execute(query("restore_operations"), params)
            await connection.execute(query(settling(batch).take_back), params)
            await self._audit(
                connection, batch, "batch:rollback", batch.undo_op, after=_counts(result), origin=origin
            )
            return await loaded(connection, batch), result

        await self._rows.settle_locks([o.artifact_id for o in batch.live()])
        return await self._fenced.write(work)

    async def finish_rollback(self, batch: Batch) -> Batch:
        """`rolled_back`, partly so when something was kept, or `cleaned` again when everything was."""
        states = {o.state for o in batch.operations}
        if OperationState.ROLLED_BACK not in states:
            return await self._settle(batch, BatchState.CLEANED)
        kept = OperationState.KEPT in states
        return await self._settle(batch, BatchState.PARTLY_ROLLED_BACK if kept else BatchState.ROLLED_BACK)

    async def begin_redo(self, batch: Batch, *, base_commit: str, epoch: int, authorization: str) -> Batch:
        """Another pass over the operations that were rolled back. Raises `Refused` in any other state."""

        async def work(connection: Connection) -> Batch:
            params = {
                "batch_id": batch.id,
                "pass_no": batch.pass_no,
                "base_commit": base_commit,
                "epoch": epoch,
                "authorization": authorization,
            }
            row = await (await connection.execute(query("begin_redo"), params)).fetchone()
            if row is None:
                raise Refused(f"batch {batch.id} is not rolled back, so there is nothing to redo")
            waiting = [o.artifact_id for o in batch.operations if o.state is OperationState.ROLLED_BACK]
            if held := await _locked_by_others(connection, waiting):
                raise Refused(_LOCKED, where=held[0], fix="wait until that is over, and redo the batch then")
            await connection.execute(query("reopen_operations"), params)
            await connection.execute(query("release_sources"), params)
            await connection.execute(query("keep_sources"), params)
            return await loaded(connection, batch)

        return await self._fenced.write(work)

    async def unsettled(self) -> Sequence[Batch]:
        """Batches that recovery must look at, oldest first."""
        return await self._batches("read_unsettled_batches", {})

    async def left_open(self, *, lingering: Collection[int]) -> Sequence[Batch]:
        """Of the unsettled batches those that nobody is about to settle, oldest first."""
        return await self._batches("read_batches_left_open", {"lingering": list(lingering)})

    async def load(self, batch_id: int) -> Batch | None:
        """One batch with its operations."""
        async with self._fenced.database.session() as connection:
            return await load(connection, batch_id)

    async def of_decision(self, decision: int) -> Batch | None:
        """The batch that applies a decision; None before it is journalled, or when it needs none."""
        batches = await self._batches("read_batch_of_decision", {"decision": decision})
        return batches[0] if batches else None

    async def last(self, job: JobName) -> Batch | None:
        """The newest batch of a job that is done or cleaned."""
        batches = await self._batches("read_last_batch", {"job": job})
        return batches[0] if batches else None

    async def changed_since(self, batch: Batch, *, undo: bool) -> Mapping[str, str]:
        """Artifacts whose rows are not as the batch left (for a redo: found) them, with the reason."""
        part = [
            o
            for o in batch.operations
            if (o.state in REVERTIBLE if undo else o.state is OperationState.ROLLED_BACK)
        ]
        async with self._fenced.database.session() as connection:
            return await self._rows.differing(connection, batch, part, undo=undo)

    async def record_outer(self, batch: Batch, *, commit: str, push: str) -> None:
        """Note the outer repository's pointer commit and the state of the push.

        Nothing of a batch that was taken back, or brought on again, since it was looked at: that is yet to be
        published.
        """

        async def work(connection: Connection) -> None:
            params = {
                "batch_id": batch.id,
                "commit_id": commit,
                "push": push,
                "state": batch.state,
                "pass_no": batch.pass_no,
                "undo_no": batch.undo_no,
            }
            await connection.execute(query("record_batch_outer"), params)

        await self._fenced.write(work)

    async def newest_commit(self, batch: Batch) -> str:
        """The last commit that a batch has put on the branch; empty where it has none."""
        async with self._fenced.database.session() as connection:
            ops = [batch.op, f"{batch.op}/kept", batch.undo_op]
            asked = await connection.execute(query("read_newest_commit"), {"ops": ops})
            row = await asked.fetchone()
        return str(row["commit_id"]) if row is not None else ""

    async def unpushed(self) -> Sequence[Batch]:
        """Settled batches whose pointer or push is outstanding, the last settled last, without operations."""
        async with self._fenced.database.session() as connection:
            rows = await (await connection.execute(query("read_unpushed_batches"))).fetchall()
        return [batch_of(row, ()) for row in rows]

    async def _settle(self, batch: Batch, state: BatchState) -> Batch:
        async def work(connection: Connection) -> None:
            await _set_state(connection, batch, state)

        await self._fenced.write(work)
        return replace(batch, state=state)

    async def _batches(self, statement: str, params: dict[str, Any]) -> list[Batch]:
        async with self._fenced.database.session() as connection:
            rows = await (await connection.execute(query(statement), params)).fetchall()
            found = [await load(connection, row["id"]) for row in rows]
        return [batch for batch in found if batch is not None]

    async def _audit(
        self,
        connection: Connection,
        batch: Batch,
        action: str,
        op: str,
        *,
        after: Any,
        origin: Mapping[str, str] | None = None,
    ) -> None:
        who = origin or {}
        params = {
            "operator": who.get("operator", "engine"),
            "origin": who.get("origin", ""),
            "reason": who.get("reason", ""),
            "version": who.get("version", ""),
            "epoch": self._fenced.epoch,
            "action": action,
            "job": batch.job,
            "intent_id": None,
            "run_id": batch.run_id,
            "batch_id": batch.id,
            "op": op,
            "before": Jsonb({"base_commit": batch.base_commit, "state": batch.state}),
            "after": Jsonb(after),
            "outcome": "done",
            "authorization": batch.authorization,
        }
        await connection.execute(query("insert_audit"), params)


async def _put_off(connection: Connection, operations: Sequence[Operation], claimed: Set[str]) -> None:
    """Artifacts whose lock somebody else holds are tried again later (spec: lock contention)."""
    others = [o.artifact_id for o in operations if o.artifact_id not in claimed]
    if others:
        params = {"artifact_ids": others, "reason": _LOCKED}
        await connection.execute(query("put_off_folders"), params)


async def _locked_by_others(connection: Connection, artifact_ids: Sequence[str]) -> list[str]:
    if not artifact_ids:
        return []
    cursor = await connection.execute(query("list_artifacts_locked_by_others"), {"ids": list(artifact_ids)})
    return [row["artifact_id"] for row in await cursor.fetchall()]


def _counts(result: SwitchResult) -> dict[str, Any]:
    return {"rows": len(result.done), "conflicts": list(result.conflicts)}


async def _set_state(connection: Connection, batch: Batch, state: BatchState) -> None:
    await connection.execute(query("set_batch_state"), {"batch_id": batch.id, "state": state})

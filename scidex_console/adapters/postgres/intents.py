"""The engine's side of intents: claim, wait, settle, each with its audit row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.domain.intents import ActionName, Intent, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.sanitise import visible


def intent_view(row: dict[str, Any]) -> Intent:
    """A row of `intent` as the domain knows it."""
    return Intent(
        id=row["id"],
        action=ActionName(row["action"]),
        job=JobName(row["job"]) if row["job"] else None,
        params=row["params"],
        state=IntentState(row["state"]),
        operator=row["operator"],
        origin=row["origin"],
        reason=row["reason"],
        requested_at=row["requested_at"],
        waits_on=row["waits_on"],
        outcome=row["outcome"],
        settled_at=row["settled_at"],
        cancel_requested=row["cancel_requested"],
        also_by=tuple(row["also_by"]),
    )


class PostgresIntents:
    """Implements the engine's `IntentStore`."""

    def __init__(self, fenced: FencedDatabase) -> None:
        self._fenced = fenced

    async def claim(self, *, besides: Collection[int] = ()) -> Sequence[Intent]:
        """All open intents but the given ones, oldest first; new ones are `accepted` now."""

        async def work(connection: Connection) -> list[Intent]:
            cursor = await connection.execute(query("claim_intents"), {"known": list(besides)})
            known = []
            for row in sorted(await cursor.fetchall(), key=lambda row: row["id"]):
                try:
                    known.append(intent_view(row))
                except ValueError as error:
                    reason = f"this engine does not know what is asked for: {visible(str(error), 200)}"
                    await _settle_in(
                        connection, self._fenced.epoch, row, IntentState.REFUSED, reason, None, None
                    )
            return known

        return await self._fenced.write(work)

    async def wait(self, intent: Intent, on: str) -> None:
        """Say what the intent waits for."""

        async def work(connection: Connection) -> None:
            await connection.execute(query("wait_intent"), {"id": intent.id, "waits_on": on})

        await self._fenced.write(work)

    async def settle(
        self, intent: Intent, *, done: bool, outcome: str, before: Any = None, after: Any = None
    ) -> None:
        """Done or refused, with the audit row in the same transaction."""
        await self._settle(intent, IntentState.DONE if done else IntentState.REFUSED, outcome, before, after)

    async def cancelled(self, outcomes: Mapping[ActionName, str]) -> Sequence[Intent]:
        """Settle as cancelled the intents whose cancellation was asked for; what they were."""

        async def work(connection: Connection) -> list[Intent]:
            rows = await (await connection.execute(query("read_cancelled_intents"))).fetchall()
            dropped = []
            for row in rows:
                outcome = "nothing was done"
                with suppress(ValueError):  # one this program does not know has done nothing
                    dropped.append(intent := intent_view(row))
                    if intent.state is IntentState.WAITING:
                        outcome = outcomes.get(intent.action, outcome)
                await _settle_in(
                    connection, self._fenced.epoch, row, IntentState.CANCELLED, outcome, None, None
                )
            return dropped

        return await self._fenced.write(work)

    async def _settle(
        self, intent: Intent, state: IntentState, outcome: str, before: Any, after: Any
    ) -> None:
        async def work(connection: Connection) -> None:
            row = await (
                await connection.execute(query("read_intent_for_update"), {"id": intent.id})
            ).fetchone()
            if row is not None:
                await _settle_in(connection, self._fenced.epoch, row, state, outcome, before, after)

        await self._fenced.write(work)


async def _settle_in(
    connection: Connection,
    epoch: int,
    row: dict[str, Any],
    state: IntentState,
    outcome: str,
    before: Any,
    after: Any,
) -> None:
    params = {"id": row["id"], "state": state, "outcome": outcome}
    await connection.execute(query("settle_intent"), params)
    audit = {
        "operator": ", ".join([row["operator"], *row["also_by"]]),
        "origin": row["origin"],
        "reason": row["reason"],
        "version": row["version"],
        "epoch": epoch,
        "action": f"intent:{row['action']}",
        "job": row["job"],
        "intent_id": row["id"],
        "run_id": None,
        "batch_id": _batch_id(row["params"].get("batch")),
        "op": None,
        "authorization": "",
        "before": Jsonb(before),
        "after": Jsonb({"params": row["params"], "result": after}),
        "outcome": f"{state}: {outcome}",
    }
    await connection.execute(query("insert_audit"), audit)


def _batch_id(value: Any) -> int | None:
    """A batch number as asked for, when it can be one."""
    return value if isinstance(value, int) and 0 < value < 2**63 and value is not True else None

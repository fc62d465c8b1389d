"""The gate's state, kept over restarts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.domain.head_trust import PathTrust
from scidex_console.domain.hosts import BreakerState, GateState, Override


def gate_state(row: dict[str, Any]) -> GateState:
    """A row of `host_state` as the domain knows it."""
    override = None
    if row["override_until"] is not None:
        override = Override(
            rate=row["override_rate"],
            in_flight=row["override_in_flight"],
            until=row["override_until"],
            operator=row["override_by"],
            reason=row["override_reason"],
        )
    return GateState(
        group=row["host_group"],
        rate=row["rate"],
        in_flight_limit=row["in_flight_limit"],
        in_flight=row["in_flight"],
        waiting=row["waiting"],
        next_at=row["next_at"],
        hold_until=row["hold_until"],
        hold_cause=row["hold_cause"],
        holds_in_a_row=row["holds_in_a_row"],
        breaker=BreakerState(row["breaker"]),
        breaker_until=row["breaker_until"],
        failures_in_a_row=row["failures_in_a_row"],
        breaker_openings=row["breaker_openings"],
        override=override,
        opens_at=row["opens_at"],
        hosts=tuple(row["hosts"]),
        hours=row["hours"],
        head_trust=tuple(PathTrust(pattern, *known) for pattern, known in row["head_trust"].items()),
    )


def _params(state: GateState) -> dict[str, Any]:
    override = state.override
    return {
        "host_group": state.group,
        "rate": state.rate,
        "in_flight_limit": state.in_flight_limit,
        "in_flight": state.in_flight,
        "waiting": state.waiting,
        "next_at": state.next_at,
        "hold_until": state.hold_until,
        "hold_cause": state.hold_cause,
        "holds_in_a_row": state.holds_in_a_row,
        "breaker": state.breaker,
        "breaker_until": state.breaker_until,
        "failures_in_a_row": state.failures_in_a_row,
        "breaker_openings": state.breaker_openings,
        "head_trust": Jsonb({t.pattern: [t.agreements, t.lies] for t in state.head_trust}),
        "opens_at": state.opens_at,
        "hosts": list(state.hosts),
        "hours": state.hours,
        "override_rate": override.rate if override else None,
        "override_in_flight": override.in_flight if override else None,
        "override_until": override.until if override else None,
        "override_by": override.operator if override else "",
        "override_reason": override.reason if override else "",
    }


class PostgresGates:
    """Implements the engine's `GateStore`."""

    def __init__(self, fenced: FencedDatabase) -> None:
        self._fenced = fenced

    async def load(self) -> Sequence[GateState]:
        """What the engine before us left."""
        async with self._fenced.database.session() as connection:
            rows = await (await connection.execute(query("read_host_states"))).fetchall()
        return [gate_state(row) for row in rows]

    async def save(self, states: Sequence[GateState]) -> None:
        """Write the given groups' states."""

        async def work(connection: Connection) -> None:
            async with connection.cursor() as cursor:
                await cursor.executemany(query("upsert_host_state"), [_params(state) for state in states])

        if states:
            await self._fenced.write(work)

"""The engine's side of the soak: phases begun, looks kept, what people said, and failed commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.adapters.postgres.soak import read_soak
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.domain.intents import Intent
from scidex_console.domain.sanitise import visible
from scidex_console.domain.soak.clock import SpanKind, counted_s
from scidex_console.domain.soak.judging import Reading
from scidex_console.domain.soak.records import Entry, SoakRecord, SoakRules

KEPT = 120
"""Looks at each check that stay."""
_LONGEST = 1000
"""Characters of a reason or of words that are kept."""


class PostgresSoak:
    """Implements the engine's `SoakStore` and `FailureLog`."""

    def __init__(self, fenced: FencedDatabase) -> None:
        self._fenced = fenced

    async def declare(self, rules: SoakRules) -> None:
        """Write down what this engine goes by."""
        params = {"enforced": rules.enforced, "every_s": rules.measured_every_s}
        await self._run("declare_soak_rules", params)

    async def record(self) -> SoakRecord:
        """Everything on record that matters now."""
        return await read_soak(self._fenced.database)

    async def begin(self, phase: int, *, needed_s: float, overridden: bool, intent: Intent) -> None:
        """A phase is under way from now on; what was measured and signed before stays with the one before."""
        params = {"phase": phase, "needed_s": needed_s, "overridden": overridden, **_said_by(intent)}
        await self._run("insert_soak_phase", params)

    async def confirm(self, entry: Entry, step_id: str, *, intent: Intent) -> None:
        """Somebody did a step of the guide and looked."""
        params = {"phase_id": entry.id, "step_id": step_id, **_said_by(intent)}
        await self._run("insert_soak_confirmation", params)

    async def sign(
        self, entry: Entry, check_id: str, *, fingerprint: str, evidence: str, intent: Intent
    ) -> None:
        """Somebody signed for a check, about the evidence that the fingerprint names."""
        about = {"check_id": check_id, "fingerprint": fingerprint, "evidence": visible(evidence, _LONGEST)}
        await self._run("insert_soak_signoff", {"phase_id": entry.id, **about, **_said_by(intent)})

    async def override(
        self, entry: Entry | None, phase: int, *, shut_by: Sequence[str], intent: Intent
    ) -> None:
        """Somebody gave leave to begin a phase all the same."""
        shut = [visible(words, _LONGEST) for words in shut_by]
        params = {"phase_id": entry.id if entry else None, "phase": phase, "shut_by": shut}
        await self._run("insert_soak_override", {**params, **_said_by(intent)})

    async def keep(
        self,
        entry: Entry,
        readings: Mapping[str, tuple[Reading, str]],
        *,
        kind: SpanKind,
        why: str,
        longest_s: float,
    ) -> None:
        """One look, with the clock's span; the looks of long ago go."""
        rows = [
            {
                "check_id": check_id,
                "standing": reading.standing,
                "figure": reading.figure,
                "words": visible(reading.words, _LONGEST),
                "fingerprint": name,
            }
            for check_id, (reading, name) in readings.items()
        ]

        async def work(connection: Connection) -> None:
            looks = {"phase_id": entry.id, "measurements": Jsonb(rows)}
            await connection.execute(query("insert_soak_measurements"), looks)
            await connection.execute(
                query("drop_old_soak_measurements"), {"phase_id": entry.id, "kept": KEPT}
            )
            await _extend(connection, entry, kind, visible(why, _LONGEST), longest_s)

        await self._fenced.write(work)

    async def record_failure(self, job: str, run_id: int | None, kind: str, reason: str) -> None:
        """A commit of ours has failed."""
        about = {"job": job, "run_id": run_id, "kind": kind, "reason": visible(reason, _LONGEST)}
        await self._run("insert_commit_failure", {**about, "epoch": self._fenced.epoch, "at": None})

    async def _run(self, statement: str, params: Mapping[str, Any]) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(query(statement), params)

        await self._fenced.write(work)


def _said_by(intent: Intent) -> dict[str, str]:
    names = ", ".join([intent.operator, *intent.also_by])
    return {"operator": names, "origin": intent.origin, "reason": intent.reason}


async def _extend(connection: Connection, entry: Entry, kind: SpanKind, why: str, longest_s: float) -> None:
    """The look belongs to the last span if that found the same not long ago; otherwise it begins another."""
    last = await (await connection.execute(query("read_last_soak_span"), {"phase_id": entry.id})).fetchone()
    assert last is not None
    if last["id"] is not None and last["kind"] == kind:
        counts = counted_s(last["until_at"], last["now"], longest_s=longest_s)
        if counts or kind is not SpanKind.HELD:
            params = {"id": last["id"], "counted_s": counts, "why": why}
            await connection.execute(query("extend_soak_span"), params)
            return
    params = {"phase_id": entry.id, "kind": kind, "why": why}
    await connection.execute(query("insert_soak_span"), params)

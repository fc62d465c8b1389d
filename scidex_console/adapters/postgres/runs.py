"""Runs: one open run per job, moved only along the domain's legal moves."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.domain.errors import Overtaken
from scidex_console.domain.intents import Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState, check_move
from scidex_console.engine.views import RunView

_TOLD = {RunState.HALTED: "run:halt", RunState.CANCELLED: "run:cancel"}
"""Action of the audit row about a halt; every other end of one is a resume."""


def run_view(row: dict[str, Any]) -> RunView:
    """A row of `run` as readers get it."""
    return RunView(
        id=row["id"],
        job=JobName(row["job"]),
        state=RunState(row["state"]),
        steps_left=row["steps_left"],
        step_unit=row["step_unit"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        operator=row["operator"],
        reason=row["reason"],
        waits_on=row["waits_on"],
        halt_reason=row["halt_reason"],
        halt_bytes_needed=row["halt_bytes_needed"],
    )


class PostgresRuns:
    """Implements the engine's `RunStore`."""

    def __init__(self, fenced: FencedDatabase) -> None:
        self._fenced = fenced

    async def open_run(self, job: JobName) -> RunView | None:
        """The run of a job that is not over."""
        return await self._read("read_open_run", job)

    async def last_run(self, job: JobName) -> RunView | None:
        """The newest run of a job, over or not."""
        return await self._read("read_last_run", job)

    async def create(
        self,
        job: JobName,
        state: RunState,
        *,
        steps: int | None,
        step_unit: str,
        intent: Intent,
        waits_on: str = "",
    ) -> RunView:
        """A new run in the name of the intent that asked for it, and that may wait for it from now on."""
        params = {
            "job": job,
            "state": state,
            "steps": steps,
            "step_unit": step_unit,
            "operator": intent.operator,
            "origin": intent.origin,
            "reason": intent.reason,
        }

        async def work(connection: Connection) -> RunView:
            if waits_on:
                await _let_wait(connection, intent, waits_on)
            return await _one(connection, "insert_run", params)

        return await self._fenced.write(work)

    async def move(
        self,
        run: RunView,
        to: RunState,
        *,
        steps: int | None = None,
        step_unit: str = "item",
        waits_on: str = "",
        halt_reason: str = "",
        halt_bytes_needed: int | None = None,
        intent: Intent | None = None,
        intent_waits_on: str = "",
    ) -> RunView:
        """Move a run. Raises `Refused` for a move the table of legal moves does not have.

        Raises `Overtaken` when the run is not as given any more.

        The intent behind it waits from the same moment on, so that nobody moves the run for it again. A halt
        and its end are told in the audit, by which it can be checked that nothing was begun between them.
        """
        check_move(run.state, to)
        params = {
            "id": run.id,
            "before": run.state,
            "after": to,
            "steps": steps,
            "step_unit": step_unit,
            "waits_on": waits_on,
            "halt_reason": halt_reason,
            "halt_bytes_needed": halt_bytes_needed,
        }

        async def work(connection: Connection) -> RunView:
            if intent is not None:
                await _let_wait(connection, intent, intent_waits_on)
            moved = await _one(connection, "move_run", params)
            if RunState.HALTED in (run.state, to) and run.state is not to:
                await self._tell(connection, run, moved, intent)
            return moved

        return await self._fenced.write(work)

    async def wait_on(self, run: RunView, what: str) -> RunView:
        """Say what the run waits for."""
        params = {"id": run.id, "waits_on": what}
        return await self._fenced.write(lambda connection: _one(connection, "wait_run", params))

    async def _tell(
        self, connection: Connection, before: RunView, after: RunView, intent: Intent | None
    ) -> None:
        params = {
            "operator": intent.operator if intent else "engine",
            "origin": intent.origin if intent else "",
            "reason": intent.reason if intent else "",
            "version": "",
            "epoch": self._fenced.epoch,
            "action": _TOLD.get(after.state, "run:resume"),
            "job": after.job,
            "intent_id": intent.id if intent else None,
            "run_id": after.id,
            "batch_id": None,
            "op": None,
            "authorization": "",
            "before": Jsonb({"state": before.state}),
            "after": Jsonb({"state": after.state}),
            "outcome": after.halt_reason or before.halt_reason,
        }
        await connection.execute(query("insert_audit"), params)

    async def _read(self, statement: str, job: JobName) -> RunView | None:
        async with self._fenced.database.session() as connection:
            row = await (await connection.execute(query(statement), {"job": job})).fetchone()
        return run_view(row) if row else None


async def _let_wait(connection: Connection, intent: Intent, on: str) -> None:
    await connection.execute(query("wait_intent"), {"id": intent.id, "waits_on": on})


async def _one(connection: Connection, statement: str, params: dict[str, Any]) -> RunView:
    row = await (await connection.execute(query(statement), params)).fetchone()
    if row is None:
        raise Overtaken("the run has moved meanwhile", fix="look again")
    return run_view(row)

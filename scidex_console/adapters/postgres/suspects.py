"""Suspected figures, and the controls that decide about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.adapters.postgres.hops import hops_json
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.domain.controls import ControlCheck, SaidGone
from scidex_console.domain.figures import BackOff
from scidex_console.domain.sanitise import visible
from scidex_console.engine.ports.suspects import PastAnswer, Said, Suspects


class PostgresSuspects:
    """Implements the engine's `SuspectStore`."""

    def __init__(self, fenced: FencedDatabase) -> None:
        self._fenced = fenced

    async def groups(self) -> Mapping[str, Suspects]:
        """Host groups with suspected figures."""
        rows = await self._fetch("list_suspected_groups", {})
        return {row["host_group"]: Suspects(row["n"], row["due"], row["next_due_at"]) for row in rows}

    async def of_group(self, group: str) -> Mapping[str, SaidGone]:
        """Artifacts whose figures are suspected, and by what."""
        rows = await self._fetch("list_suspected", {"host_group": group})
        return {row["artifact_id"]: SaidGone(row["said_by"], row["to_head"]) for row in rows}

    async def stored_images(self, group: str, limit: int, *, most: int) -> Sequence[tuple[str, str]]:
        """Address and sha256 of figures that this tool has fetched, the newest `limit` of each host."""
        params = {"host_group": group, "limit": limit, "most": most}
        rows = await self._fetch("list_stored_images", params)
        return [(row["url"], row["sha256"]) for row in rows]

    async def past_answers(self, group: str, limit: int) -> Sequence[PastAnswer]:
        """The last answers and controls of a group, the oldest first."""
        rows = await self._fetch("list_past_answers", {"host_group": group, "limit": limit})
        return [
            PastAnswer(
                Said(row["said"]),
                row["artifact_id"],
                None if (since := row["suspected_for_s"]) is None else timedelta(seconds=since),
            )
            for row in rows
        ]

    async def record(self, check: ControlCheck, *, confirms: Sequence[str]) -> None:
        """Log a control; those of `confirms` that are suspected still are condemned by it."""
        params = {
            "host_group": check.group,
            "url": check.url,
            "sha256": check.sha256,
            "result": check.result,
            "status": check.status,
            "reason": visible(check.reason),
            "requests": check.requests,
            "hops": hops_json(check.hops),
            "epoch": self._fenced.epoch,
            "confirmed": list(confirms),
        }
        await self._change("record_control", params)

    async def confirm(self, group: str) -> None:
        """Condemn what is suspected in a group, by the first answer alone."""
        await self._change("confirm_suspected", {"host_group": group})

    async def ask_again(self, group: str) -> None:
        """Make due what has been suspected long enough; the suspicion is remembered."""
        await self._change("ask_suspected_again", {"host_group": group})

    async def ask_later(self, artifact_ids: Sequence[str], after: timedelta) -> None:
        """Ask these once more, so long after they were first suspected; the suspicion is remembered."""
        params = {"ids": list(artifact_ids), "after_s": after.total_seconds()}
        await self._change("ask_doubted_again", params)

    async def discard(self, artifact_ids: Sequence[str], reason: str, back_off: BackOff) -> None:
        """The answers mean nothing: log that, and ask again after the back-off, or leave it to a person."""
        params = {
            "ids": list(artifact_ids),
            "reason": visible(reason),
            "epoch": self._fenced.epoch,
            "max_attempts": back_off.max_attempts,
            "first_s": back_off.first.total_seconds(),
            "longest_s": back_off.longest.total_seconds(),
        }
        await self._change("discard_suspected", params)

    async def _fetch(self, statement: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        async with self._fenced.database.session() as connection:
            return await (await connection.execute(query(statement), params)).fetchall()

    async def _change(self, statement: str, params: dict[str, Any]) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(query(statement), params)

        await self._fenced.write(work)

"""The gap of folders: rows without one, who claims what, links, and what a try came to."""

from __future__ import annotations

import math
import uuid
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.row_json import is_storable
from scidex_console.domain.sanitise import visible
from scidex_console.engine.ports import Census, DueFolder, FolderGap, Refusal, Repacked

_PAGE = 2000


class PostgresFolders:
    """Implements the engine's `FolderStore`."""

    def __init__(self, fenced: FencedDatabase) -> None:
        self._fenced = fenced

    async def rows(self) -> AsyncIterator[Sequence[ArtifactRow]]:
        """All rows that are not migrated, by id, a page at a time."""
        after: str | None = None
        while page := await self._fetch("read_unmigrated_rows", {"after": after, "limit": _PAGE}):
            after = page[-1]["id"]
            yield [artifact_row(row) for row in page]

    async def due(self, limit: int, *, excluding: Collection[str]) -> Sequence[DueFolder]:
        """The newest rows that may be migrated now."""
        rows = await self._fetch("read_due_folders", {"limit": limit, "excluding": list(excluding)})
        return [DueFolder(row["id"], artifact_row(row)) for row in rows]

    async def gap(self) -> FolderGap:
        """How many artifacts of the gap may be taken up, now and later."""
        (row,) = await self._fetch("count_folder_gap", {})
        return FolderGap(row["due"], row["later"], row["next_at"])

    async def read(self, artifact_ids: Sequence[str]) -> Mapping[str, ArtifactRow]:
        """Rows as they are now; deleted ones are left out."""
        rows = await self._fetch("read_rows_for_folders", {"ids": list(artifact_ids)})
        return {row["id"]: artifact_row(row) for row in rows}

    async def find(self, artifact: str) -> ArtifactRow | None:
        """The row with this id, or with this UUID, however that is written."""
        if not is_storable(artifact):
            return None
        try:
            as_uuid = str(uuid.UUID(artifact))
        except ValueError:
            as_uuid = None
        rows = await self._fetch("find_artifact", {"key": artifact, "uuid": as_uuid})
        return artifact_row(rows[0]) if rows else None

    async def logged_files(
        self, artifact_ids: Collection[str]
    ) -> Mapping[str, Sequence[Mapping[str, object]]]:
        """What the migration log says the folders of these artifacts hold or held, where it says anything."""
        rows = await self._fetch("list_logged_files", {"ids": list(artifact_ids)})
        return {row["artifact_id"]: row["files_moved"] or () for row in rows}

    async def links(
        self, artifact_ids: Sequence[str], link_types: Sequence[str]
    ) -> Sequence[tuple[str, str]]:
        """Links of these types that begin or end at these artifacts: what was derived, and from what."""
        params = {"ids": list(artifact_ids), "types": list(link_types)}
        return [(row["derived"], row["origin"]) for row in await self._fetch("list_provenance_links", params)]

    async def mint(self, artifact_ids: Sequence[str]) -> Mapping[str, str]:
        """UUIDs of these artifacts; those that have none get one, which stays theirs for ever.

        Rows that are not there, or that have none and are locked, are left out.
        """
        ids = {"ids": list(artifact_ids)}

        async def work(connection: Connection) -> Mapping[str, str]:
            await connection.execute(query("mint_artifact_ids"), ids)
            cursor = await connection.execute(query("list_artifact_ids"), ids)
            return {row["id"]: row["uuid"] for row in await cursor.fetchall()}

        return await self._fenced.write(work)

    async def folders_of(self, artifact_ids: Sequence[str]) -> Mapping[str, str]:
        """`artifact_dir` by UUID, of those of these artifacts whose row has both."""
        rows = await self._fetch("list_artifact_dirs", {"ids": list(artifact_ids)})
        return {row["uuid"]: row["artifact_dir"] for row in rows}

    async def first_laid_out(self) -> str:
        """A path in the first folder that was laid out where the configuration said; empty: there is none."""
        rows = await self._fetch("read_first_laid_out", {})
        return rows[0]["path"] if rows else ""

    async def claimants(self, paths: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Who claims each path and is not migrated yet."""
        rows = await self._fetch("list_claimants", {"paths": list(paths)})
        return {row["path"]: frozenset(row["claimants"]) for row in rows}

    async def refuse(self, row: ArtifactRow, refusal: Refusal) -> None:
        """Log why an artifact is not migrated, and keep it from being taken up before its time."""
        params = {
            "id": row.id,
            "status": refusal.status,
            "state": "due" if refusal.retry_at is not None else refusal.status,
            "retry_at": refusal.retry_at,
            "reason": visible(refusal.reason),
            "errors": Jsonb({"reason": visible(refusal.reason), **refusal.details}),
            "took_ms": refusal.took_ms,
        }
        await self._execute("refuse_folder", params)

    async def count_step(self, run_id: int) -> None:
        """One artifact of a step has been looked at."""
        await self._execute("count_step", {"run_id": run_id})

    async def horizon(self) -> int:
        """What `changed_since` counts from: what ended before it is seen by whatever reads later."""
        (row,) = await self._fetch("read_snapshot_horizon", {})
        return int(row["seen"])

    async def changed_since(self, seen: int) -> tuple[Sequence[ArtifactRow], int]:
        """Rows without a folder that were written since a horizon, and the horizon from now on."""
        now = await self.horizon()
        rows = await self._fetch("list_rows_changed_since", {"seen": seen})
        return [artifact_row(row) for row in rows], now

    async def record_claims(self, artifact_ids: Sequence[str], claims: Sequence[tuple[str, str]]) -> None:
        """What these artifacts claim now (path, artifact), in place of what they claimed."""
        listed = [
            {"path": path, "artifact_id": artifact_id, "ordinal": ordinal}
            for ordinal, (path, artifact_id) in enumerate(dict.fromkeys(claims))
        ]
        await self._execute("replace_folder_claims", {"ids": list(artifact_ids), "claims": Jsonb(listed)})

    async def record_survey(self, claims: Sequence[tuple[str, str]], census: Census) -> None:
        """Who claims what, and the store's figures; the first are those at the start, too."""

        async def work(connection: Connection) -> None:
            await connection.execute(query("delete_stale_folders"))
            await connection.execute(query("delete_folder_claims"))
            async with (
                connection.cursor() as cursor,
                cursor.copy(
                    "COPY scidex_console.folder_claim (path, artifact_id, ordinal) FROM STDIN"
                ) as copy,
            ):
                for ordinal, (path, artifact_id) in enumerate(dict.fromkeys(claims)):
                    await copy.write_row((path, artifact_id, ordinal))
            await connection.execute(
                query("record_folder_census"),
                {
                    "files": census.files,
                    "bytes": census.bytes,
                    "orphans": census.orphans,
                    "with_files": census.with_files,
                    "hash_advice": census.hash_advice,
                },
            )

        await self._fenced.write(work)

    async def record_repacked(self, done: Repacked) -> None:
        """Bytes of everything git keeps, before it was repacked and since."""
        await self._execute("record_repacked", {"before": done.before, "after": done.after})

    async def next_cycle_at(self) -> datetime | None:
        """When the next cycle begins; None: at once."""
        (row,) = await self._fetch("read_next_cycle", {})
        at: datetime | None = row["next_cycle_at"]
        return at

    async def schedule_cycle(self, at: datetime | None) -> None:
        """When the next cycle begins; outlives a restart."""
        await self._execute("schedule_cycle", {"at": at})

    async def make_due(self, artifact_ids: Sequence[str]) -> Sequence[str]:
        """Retry: rows that wait become due now; the ids it did."""

        async def work(connection: Connection) -> Sequence[str]:
            cursor = await connection.execute(query("make_folders_due"), {"ids": list(artifact_ids)})
            return [row["artifact_id"] for row in await cursor.fetchall()]

        return await self._fenced.write(work)

    async def _execute(self, statement: str, params: dict[str, Any]) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(query(statement), params)

        await self._fenced.write(work)

    async def _fetch(self, statement: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        async with self._fenced.database.session() as connection:
            return await (await connection.execute(query(statement), params)).fetchall()


def artifact_row(row: dict[str, Any]) -> ArtifactRow:
    """A row of `artifacts` as the statements about folders select it."""
    accessories = row["accessory_filenames"]
    return ArtifactRow(
        id=row["id"],
        artifact_type=row["artifact_type"] or "",
        title=row["title"],
        content_hash=row["content_hash"],
        file_path=row["file_path"],
        metadata=_metadata(row["metadata"]),
        provenance_chain=row["provenance_chain"],
        created_at=row["created_at"],
        uuid=row["uuid"],
        artifact_dir=row["artifact_dir"],
        primary_filename=row["primary_filename"],
        accessory_filenames=None if accessories is None else tuple(accessories),
        layout_version=row["folder_layout_version"],
        migrated_at=row["migrated_to_folder_at"],
        flagged=row.get("flagged", False),
    )


def _metadata(value: Any) -> dict[str, Any]:
    """An object; else, or where it is nested too deeply to be read, what keeps a manifest from being made.

    Statements give an empty object for a row without metadata, so that None is JSON's null.
    """
    return value if isinstance(value, dict) else {"unread": math.nan}

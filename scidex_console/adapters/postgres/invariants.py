"""What the database says of itself, for `verify`: its rows as they are, beside the journal as it is.

Nothing is concluded here; that is the verification's part. Everything is read in one snapshot, so that a
store at work does not contradict itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.folders import artifact_row
from scidex_console.adapters.postgres.identity import path_is_column, read_identity
from scidex_console.adapters.postgres.journal_rows import batch_of
from scidex_console.adapters.postgres.snapshot import Row, Rows, ask, snapshot
from scidex_console.domain.batches import Batch, BatchState
from scidex_console.engine.verification.facts import (
    AuditFact,
    BatchStanding,
    CommitRecord,
    DatabaseFacts,
    EngineFact,
    FolderRow,
    MarkFact,
    Movement,
    Reach,
    RowFact,
    RunHalt,
    RunSpan,
)

_QUESTIONS = (
    "read_engine_state",
    "read_store_totals",
    "list_marked_rows",
    "list_missing_rows",
    "list_journal_batches",
    "list_journal_operations",
    "list_journal_entries",
    "list_run_spans",
    "list_run_halts",
    "list_engine_starts",
    "list_commit_records",
    "list_batch_audits",
    "read_staged_names",
    "recount_counters",
)
_OF_FOLDERS = ("list_rows_with_folders", "list_open_claims")
_LONGEST = "15min"
"""For one statement: exact counts of a large store take their time."""


class PostgresFacts:
    """Implements the verification's `DatabaseSource`.

    `upstream_links` are the types of `artifact_links` that folders have links for.
    """

    def __init__(self, database: Database, *, upstream_links: Sequence[str] = ()) -> None:
        self._database = database
        self._upstream_links = list(upstream_links)

    async def facts(self) -> DatabaseFacts:
        """Everything, as of one moment. Raises `SchemaMismatch` when the schema was never applied."""
        in_column = path_is_column(await read_identity(self._database))
        rows = f"list_filed_rows_path_in_{'column' if in_column else 'metadata'}"
        async with snapshot(self._database) as connection:
            await connection.execute("SELECT set_config('statement_timeout', %s, true)", [_LONGEST])
            found = await ask(connection, dict.fromkeys((*_QUESTIONS, rows)))
            folders: dict[str, Rows] = {}
            decided = any(row["decision_id"] is not None for row in found["list_journal_batches"])
            if decided or found["list_journal_entries"] or found["read_store_totals"][0]["migrated"]:
                folders = await ask(
                    connection,
                    {**dict.fromkeys(_OF_FOLDERS), "list_upstream_links": {"types": self._upstream_links}},
                )
        engine, totals = found["read_engine_state"][0], found["read_store_totals"][0]
        return DatabaseFacts(
            taken_at=engine["taken_at"],
            installed_at=totals["installed_at"],
            journal=totals["journal"] or "",
            engine=_engine(engine),
            rows=[_filed(row) for row in found[rows]],
            marks=[_mark(row) for row in found["list_marked_rows"]],
            figures=totals["figures"],
            missing_rows=frozenset(row["artifact_id"] for row in found["list_missing_rows"]),
            migrated=totals["migrated"],
            batches=_batches(
                found["list_journal_batches"], found["list_journal_operations"], found["list_journal_entries"]
            ),
            runs={row["id"]: _run(row) for row in found["list_run_spans"]},
            halts=[RunHalt(row["run_id"], row["at"], row["halted"]) for row in found["list_run_halts"]],
            observing=frozenset(
                row["epoch"] for row in found["list_engine_starts"] if row["writes"] is False
            ),
            records=[_record(row) for row in found["list_commit_records"]],
            audits=[_audit(row) for row in found["list_batch_audits"]],
            staged=frozenset(row["staged"] for row in found["read_staged_names"]),
            counters_off=_counters_off(found["recount_counters"]),
            counters=len(found["recount_counters"]),
            folder_rows=[_folder(row) for row in folders.get("list_rows_with_folders", ())],
            claims={row["path"]: row["claimants"] for row in folders.get("list_open_claims", ())},
            links=frozenset((row["derived"], row["origin"]) for row in folders.get("list_upstream_links", ()))
            if self._upstream_links
            else None,
        )

    async def movement(self) -> Movement:
        """Whether an engine lives, and where every batch stands."""
        async with snapshot(self._database) as connection:
            found = await ask(connection, {"read_engine_state": None, "list_batch_standings": None})
        standings = {
            str(row["uid"]): BatchStanding(
                BatchState(row["state"]), row["pass_no"], row["undo_no"], row["push_state"]
            )
            for row in found["list_batch_standings"]
        }
        return Movement(found["read_engine_state"][0]["lock_held"], standings)

    async def reach(self, uids: Collection[str]) -> Reach:
        """What the batches of these uids are about."""
        if not uids:
            return Reach()
        async with snapshot(self._database) as connection:
            found = await ask(connection, {"list_reach_of_batches": {"uids": list(uids)}})
        rows = found["list_reach_of_batches"]
        paths = frozenset(row["path"] for row in rows if row["path"])
        return Reach(frozenset(row["artifact_id"] for row in rows), paths)


def _engine(row: Row) -> EngineFact:
    return EngineFact(
        epoch=row["epoch"],
        holder=row["holder"],
        alive=row["lock_held"],
        writes=row["writes"],
        figures_total=row["figures_total"],
        surveyed_at=row["surveyed_at"],
    )


def _filed(row: Row) -> RowFact:
    return RowFact(row["id"], bool(row["is_figure"]), row["file_path"], row["sha256"])


def _folder(row: Row) -> FolderRow:
    return FolderRow(artifact_row(row), row["succeeded"], row["files_moved"], row["last_status"])


def _mark(row: Row) -> MarkFact:
    return MarkFact(row["id"], row["marked_at"], row["logged"], row["figure_state"], row["attempts"])


def _run(row: Row) -> RunSpan:
    return RunSpan(row["started_at"], row["finished_at"], halted=row["state"] == "halted")


def _batches(batches: Rows, operations: Rows, entries: Rows) -> Sequence[Batch]:
    of_operation: dict[int, Rows] = defaultdict(list)
    for entry in entries:
        of_operation[entry["operation_id"]].append(entry)
    by_batch: dict[int, Rows] = defaultdict(list)
    for operation in operations:
        by_batch[operation["batch_id"]].append(operation)
    return [
        batch_of(row, mine, [e for o in mine for e in of_operation[o["id"]]])
        for row in batches
        for mine in [by_batch[row["id"]]]
    ]


def _record(row: Row) -> CommitRecord:
    return CommitRecord(row["op"], row["kind"], str(row["uid"]), row["commit_id"], row["epoch"])


def _audit(row: Row) -> AuditFact:
    return AuditFact(
        action=row["action"],
        op=row["op"],
        batch=str(row["uid"]),
        commit=row["commit_id"],
        authorization=row["authorization_ref"],
        epoch=row["epoch"],
    )


def _counters_off(rows: Rows) -> Sequence[str]:
    return [_difference(row) for row in rows if row["counted"] != row["exact"]]


def _difference(row: Row) -> str:
    name = " ".join(part for part in (row["subject"], row["host_group"], row["state"]) if part)
    return f"{name}: counted {row['counted']}, there are {row['exact']}"

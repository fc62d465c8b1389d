"""All about one batch or one artifact, and the pace of hosts: each as of one moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from scidex_console.adapters.postgres.attempts import (
    attempt_view,
    contains,
    filter_params,
    migration_log_view,
)
from scidex_console.adapters.postgres.batches import (
    batch_params,
    batch_view,
    later_batches,
    load_batch,
    operation_view,
)
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.people import audit_view
from scidex_console.adapters.postgres.snapshot import Rows, ask, ask_once, snapshot
from scidex_console.domain.errors import LockBusy
from scidex_console.engine.listing_views import (
    ArtifactChange,
    ArtifactDecision,
    ArtifactDetail,
    ArtifactFile,
    ArtifactHistory,
    ArtifactLink,
    BatchDetail,
    BatchFilter,
    CommitRecordView,
    HostPace,
    LogFilter,
    OperationDetail,
)
from scidex_console.engine.ports import AttemptFilter

_LAST_FEW = 20
_MOST_FILES = 500
_LINKS_WITHIN_MS = 500
_HELPS = "indexes of artifact_links by source and by target artifact would help"


def log_params(criteria: LogFilter) -> dict[str, Any]:
    """The parameters of `list_migration_log_*` for a filter."""
    return {
        "statuses": list(criteria.statuses) or None,
        "problems": criteria.problems,
        "artifact_id": criteria.artifact_id,
        "pattern": contains(criteria.text),
    }


async def read_host_pace(database: Database, minutes: int) -> HostPace:
    """Requests of every group in each of the last minutes."""
    async with snapshot(database) as connection:
        found = await ask(connection, {"read_clock": None, "count_requests_by_minute": {"minutes": minutes}})
    pace: dict[str, list[int]] = defaultdict(lambda: [0] * minutes)
    for row in found["count_requests_by_minute"]:
        if row["minutes_ago"] < minutes:
            pace[row["host_group"]][minutes - 1 - row["minutes_ago"]] += row["n"]
    taken_at = found["read_clock"][0]["taken_at"]
    return HostPace(taken_at, tuple((group, tuple(counts)) for group, counts in sorted(pace.items())))


async def read_batch(database: Database, batch_id: int) -> BatchDetail | None:
    """One batch whole; None when there is none of that id."""
    async with snapshot(database) as connection:
        batch = await load_batch(connection, batch_id)
        if batch is None:
            return None
        listed = {**batch_params(BatchFilter(), batch_id), "id": None, "limit": 1}
        commits = {"batch_id": batch_id}
        found = await ask(connection, {"list_batches": listed, "list_batch_commits": commits})
        later = await later_batches(connection, batch_id)
    return BatchDetail(
        batch=batch_view(found["list_batches"][0]),
        operations=tuple(
            OperationDetail(operation_view(o), o.row.inverse().after, o.row.inverse().before)
            for o in batch.operations
        ),
        commits=tuple(
            CommitRecordView(row["op"], row["kind"], row["commit_id"], row["recorded_at"])
            for row in found["list_batch_commits"]
        ),
        later=later,
    )


async def read_artifact(database: Database, artifact_id: str) -> ArtifactDetail:
    """All about an artifact; also what is left of one whose row is gone."""
    of_it = {"artifact_id": artifact_id, "limit": _LAST_FEW}
    same = AttemptFilter(artifact_ids=(artifact_id,))
    questions = {
        "read_artifact": of_it,
        "list_artifact_files": {**of_it, "limit": _MOST_FILES},
        **_history_of(artifact_id),
        "list_artifact_audits": of_it,
        "list_attempts": {**filter_params(same), "id": None, "limit": _LAST_FEW},
    }
    found = await ask_once(database, questions)
    links, links_unread = await _links(database, artifact_id)
    row, history = found["read_artifact"], _history(found)
    return ArtifactDetail(
        artifact_id=artifact_id,
        row=row[0]["found"] if row else None,
        files=tuple(
            ArtifactFile(f["role"], f["path"], f["size_bytes"], f["sha256"], f["source"])
            for f in found["list_artifact_files"]
        ),
        links=links,
        links_unread=links_unread,
        changes=history.changes,
        decisions=history.decisions,
        attempts=tuple(attempt_view(a) for a in found["list_attempts"]),
        log=history.log,
        audit=tuple(audit_view(act) for act in found["list_artifact_audits"]),
    )


async def read_history(database: Database, artifact_id: str) -> ArtifactHistory:
    """What happened to one artifact."""
    return _history(await ask_once(database, _history_of(artifact_id)))


def _history_of(artifact_id: str) -> dict[str, dict[str, Any]]:
    of_it = {"artifact_id": artifact_id, "limit": _LAST_FEW}
    logged = {**log_params(LogFilter(artifact_id=artifact_id)), "id": None, "limit": _LAST_FEW}
    return {
        "list_artifact_changes": of_it,
        "list_artifact_decisions": of_it,
        "list_migration_log": logged,
    }


def _history(found: Mapping[str, Rows]) -> ArtifactHistory:
    return ArtifactHistory(
        changes=tuple(
            ArtifactChange(
                c["batch_id"], c["job"], c["state"], c["batch_state"], c["commit_id"], c["at"], c["reason"]
            )
            for c in found["list_artifact_changes"]
        ),
        decisions=tuple(
            ArtifactDecision(
                d["id"], d["decision"], d["operator"], d["at"], d["reason"], d["state"], d["note"]
            )
            for d in found["list_artifact_decisions"]
        ),
        log=tuple(migration_log_view(entry) for entry in found["list_migration_log"]),
    )


async def _links(database: Database, artifact_id: str) -> tuple[tuple[ArtifactLink, ...], str]:
    """An artifact's links, or why they are not known.

    The table is not ours and may have no index for them: it is read for a bounded time only.
    """
    try:
        params = {"artifact_id": artifact_id, "limit": _LAST_FEW}
        found = await ask_once(database, {"list_artifact_links": params}, within_ms=_LINKS_WITHIN_MS)
    except LockBusy:
        return (), f"not read in time ({_LINKS_WITHIN_MS} ms): {_HELPS}"
    return tuple(
        ArtifactLink(
            link["source_artifact_id"] or "", link["target_artifact_id"] or "", link["link_type"] or ""
        )
        for link in found["list_artifact_links"]
    ), ""

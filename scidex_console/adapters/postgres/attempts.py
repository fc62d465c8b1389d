"""Attempts and the migration log as readers get them: newest first, by key."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from scidex_console.adapters.postgres.hops import hops_of
from scidex_console.adapters.postgres.snapshot import Row, Rows
from scidex_console.domain.controls import Proof
from scidex_console.domain.errors import UsageError
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.sanitise import visible
from scidex_console.engine.ports import AttemptFilter
from scidex_console.engine.views import (
    AttemptDetail,
    AttemptView,
    MigrationLogView,
    ProofView,
    WaitingFolderView,
)


def attempt_view(row: Row) -> AttemptView:
    """A row of `fetch_attempt`."""
    return AttemptView(
        id=row["id"],
        at=row["started_at"],
        recorded_at=row["recorded_at"] or row["started_at"] + timedelta(milliseconds=row["took_ms"]),
        artifact_id=row["artifact_id"],
        title=row["title"],
        group=row["host_group"],
        host=row["host"],
        url=row["url"],
        outcome=FetchClass(row["outcome"]),
        status=row["status"],
        reason=row["reason"],
        requests=row["requests"],
        took_ms=row["took_ms"],
        unproven=row.get("unproven", False),
    )


def attempt_detail(row: Row, others: Rows) -> AttemptDetail:
    """A row of `read_attempt`, and the figure's attempts."""
    return AttemptDetail(
        attempt=attempt_view(row),
        run_id=row["run_id"],
        final_url=row["final_url"],
        size=row["size_bytes"],
        sha256=row["sha256"],
        media_type=row["media_type"],
        figure_state=row["figure_state"] or "",
        figure_due_at=row["figure_due_at"],
        figure_attempts=row["figure_attempts"] or 0,
        row_type=(row["artifact_type"] or "artifact") if row["has_row"] else "",
        row_title=row["row_title"] or "",
        row_path=row["file_path"],
        row_unavailable=row["image_unavailable"] == "true",
        hops=hops_of(row["hops"]),
        proof=_proof(row) if row["proof"] else None,
        others=tuple(attempt_view(other) for other in others if other["id"] != row["id"]),
    )


def _proof(row: Row) -> ProofView:
    return ProofView(
        proof=Proof(row["proof"]),
        at=row["proven_at"],
        control_at=row["control_at"],
        control_url=row["control_url"] or "",
        control_sha256=row["control_sha256"] or "",
        control_reason=row["control_reason"] or "",
        control_hops=hops_of(row["control_hops"]),
    )


def migration_log_view(row: Row) -> MigrationLogView:
    """A row of `artifact_migration_log`, whose errors may be any JSON."""
    errors = row["errors"]
    if errors is None:
        text = ""
    elif isinstance(errors, str):
        text = errors
    else:
        text = json.dumps(errors, ensure_ascii=False)
    return MigrationLogView(
        id=row["id"],
        at=row["created_at"],
        artifact_id=row["artifact_id"],
        status=row["status"],
        errors=visible(text),
        took_ms=row["took_ms"],
        words=visible(_told(errors)),
    )


def _told(errors: Any) -> str:
    """An object as sentences: its reason first, then what else it says by name. Of anything else nothing."""
    if not isinstance(errors, dict):
        return ""
    reason = errors.get("reason")
    rest = dict(errors)
    parts = [rest.pop("reason")] if isinstance(reason, str) else []
    return "; ".join(
        [*parts, *(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in rest.items())]
    )


def _value(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def waiting_folder_view(row: Row) -> WaitingFolderView:
    """A row of `list_retryable_folders`."""
    return WaitingFolderView(
        artifact_id=row["artifact_id"],
        title=row["title"],
        group=row["artifact_type"],
        outcome=row["class"],
        reason=row["reason"],
        at=row["changed_at"],
        attempts=row["attempts"],
    )


def filter_params(
    criteria: AttemptFilter, *, also: Collection[str] = (), known: Collection[str] = tuple(FetchClass)
) -> dict[str, Any]:
    """The statements' parameters for a filter; `also` names states accepted beside the `known` classes.

    Raises `UsageError` for an outcome that does not exist.
    """
    allowed = {str(name) for name in (*known, *also)}
    outcomes = [name.strip() for name in criteria.outcome.split(",") if name.strip()]
    for name in outcomes:
        if name not in allowed:
            what = f"outcome {visible(name, 60)!r} is unknown"
            raise UsageError(
                what, fix=f"use one or more of {', '.join(sorted(allowed))}, with commas between"
            )
    return {
        "host_group": criteria.group,
        "outcomes": outcomes or None,
        "since": criteria.since,
        "artifact_ids": list(criteria.artifact_ids) or None,
        "host": criteria.host,
        "pattern": contains(criteria.text),
    }


def contains(text: str) -> str:
    """The LIKE pattern for "has this text in it", whose own wildcards stand for themselves."""
    if not text:
        return ""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"

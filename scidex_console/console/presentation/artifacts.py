"""All about one artifact, in lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scidex_console.console.presentation.attempts import OTHER_COLUMNS, listed_cells
from scidex_console.console.presentation.cells import Line
from scidex_console.console.presentation.columns import choose, row_line
from scidex_console.console.presentation.facts import Fact, fact_lines, parts
from scidex_console.console.presentation.migration_log import OF_ONE_COLUMNS
from scidex_console.console.presentation.migration_log import listed_cells as log_cells
from scidex_console.console.presentation.words import at_length, size
from scidex_console.engine.handover import outcome_words
from scidex_console.engine.listing_views import ArtifactChange, ArtifactDetail, ArtifactFile
from scidex_console.engine.people import AuditView

_FIRST = ("artifact_type", "title", "file_path", "artifact_id", "artifact_dir", "primary_filename")
_LAST = ("metadata", "provenance_chain")
_SHORT_COMMIT = 12


def value_words(value: Any) -> str:
    """A value of a row as it stands in the database."""
    if value is None:
        return "null"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _row_facts(row: Mapping[str, Any]) -> list[Fact]:
    names = [name for name in _FIRST if name in row]
    names += sorted(row.keys() - {*_FIRST, *_LAST, "id"})
    names += [name for name in _LAST if name in row]
    return [Fact(name.replace("_", " "), value_words(row[name])) for name in names if row[name] is not None]


def _file_fact(file: ArtifactFile) -> Fact:
    source = f", from {file.source}" if file.source else ""
    return Fact(file.role, f"{file.path}, {size(file.size)}{source}, sha256 {file.sha256[:16]}…")


def _change_fact(change: ArtifactChange) -> Fact:
    commit = f", commit {change.commit[:_SHORT_COMMIT]}" if change.commit else ""
    why = f": {change.reason}" if change.reason else ""
    state = change.state.replace("_", " ")
    tone = "warn" if change.state in ("conflict", "skipped", "kept") else ""
    return Fact(
        f"batch {change.batch_id}", f"{state}, {change.job}, {at_length(change.at)}{commit}{why}", tone
    )


def _audit_fact(act: AuditView) -> Fact:
    where = f" at {act.origin}" if act.origin else ""
    why = f": {act.reason}" if act.reason else ""
    about = f", batch {act.batch_id}" if act.batch_id else ""
    outcome = f" [{outcome_words(act)}]" if act.outcome else ""
    return Fact(
        f"audit {act.id}",
        f"{act.action} by {act.operator}{where}, {at_length(act.at)}{about}{why}{outcome}",
    )


def artifact_lines(view: ArtifactDetail, width: int, now: datetime | None) -> list[Line]:
    """What went wrong first, then what was done and decided, its files, its row, its attempts."""
    log_columns, attempt_columns = choose(OF_ONE_COLUMNS, width), choose(OTHER_COLUMNS, width)
    decisions = [
        Fact(
            f"decision {d.id}",
            f"{d.decision} by {d.operator}, {at_length(d.at)}: {d.reason} "
            f"[{d.state or 'not yet looked at'}{f': {d.note}' if d.note else ''}]",
        )
        for d in view.decisions
    ]
    links = [Fact("link", f"{link.source} → {link.target}, {link.kind}") for link in view.links]
    links += [Fact("links", view.links_unread, "warn")] if view.links_unread else []
    audit = [_audit_fact(act) for act in view.audit]
    row = [Fact("row", "gone: no such artifact", "bad")] if view.row is None else _row_facts(view.row)
    return parts(
        ("Migration log", [row_line(log_columns, log_cells(entry, now)) for entry in view.log]),
        ("Batches", fact_lines(map(_change_fact, view.changes), width)),
        ("Decisions", fact_lines(decisions, width)),
        ("Audit", fact_lines(audit, width)),
        ("Folder", fact_lines(map(_file_fact, view.files), width)),
        ("Row", fact_lines(row, width)),
        ("Links", fact_lines(links, width)),
        ("Attempts", [row_line(attempt_columns, listed_cells(a, now)) for a in view.attempts]),
    )

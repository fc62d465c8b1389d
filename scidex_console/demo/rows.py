"""Writes the demo's rows: `artifacts` and `artifact_links`, in SciDEX's own two tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any

import psycopg

from scidex_console.demo.artifacts.model import Artifact, HashUse
from scidex_console.demo.artifacts.plan import StorePlan
from scidex_console.demo.history import Digest
from scidex_console.domain.errors import Refused, Unreachable

Row = tuple[str, str, str | None, str | None, str | None, str, str | None, datetime, datetime]
"""One row of `artifacts`, in the order of its columns; JSON as text."""

_TABLES = files("scidex_console.demo").joinpath("scidex_tables.sql")
_COPY_ARTIFACTS = """
    COPY artifacts (id, artifact_type, title, content_hash, file_path, metadata, provenance_chain,
                    created_at, updated_at) FROM STDIN
"""
_COPY_LINKS = "COPY artifact_links (source_artifact_id, target_artifact_id, link_type) FROM STDIN"


def load_rows(url: str, plan: StorePlan, digests: Mapping[str, Digest]) -> None:
    """Write all rows of a plan in one transaction, making the two tables when missing.

    Raises `Refused` when the database holds artifacts already, `Unreachable` when it cannot be written to.
    """
    try:
        with psycopg.connect(url, application_name="scidex-console demo") as connection:
            connection.execute(_TABLES.read_bytes())
            if connection.execute("SELECT 1 FROM artifacts LIMIT 1").fetchone():
                raise Refused(
                    "the database holds artifacts already",
                    where="artifacts",
                    fix="give the demo an empty one",
                )
            with connection.cursor() as cursor:
                with cursor.copy(_COPY_ARTIFACTS) as copy:
                    for row in artifact_rows(plan, digests):
                        copy.write_row(row)
                with cursor.copy(_COPY_LINKS) as copy:
                    for link in plan.links:
                        copy.write_row((link.source, link.target, link.link_type))
            connection.execute("ANALYZE artifacts, artifact_links")
    except psycopg.Error as error:
        raise Unreachable(f"cannot write the demo's rows: {error}") from error


def artifact_rows(plan: StorePlan, digests: Mapping[str, Digest]) -> Iterable[Row]:
    """The rows of a plan, once the bytes of its files are known."""
    return (_row(artifact, digests) for artifact in plan.artifacts)


def _row(artifact: Artifact, digests: Mapping[str, Digest]) -> Row:
    digest = digests[artifact.files[0].path] if artifact.files else None
    metadata = dict(artifact.metadata)
    if artifact.records_sha256 and digest is not None:
        metadata |= {"file_sha256": digest.sha256, "file_size_bytes": digest.size}
    return (
        artifact.id,
        artifact.artifact_type,
        artifact.title,
        _content_hash(artifact, digest),
        artifact.file_path,
        _as_json(metadata),
        None if artifact.provenance_chain is None else _as_json(artifact.provenance_chain),
        artifact.created_at,
        artifact.updated_at,
    )


def _content_hash(artifact: Artifact, digest: Digest | None) -> str | None:
    match artifact.hash_use:
        case HashUse.NONE:
            return None
        case HashUse.KEY:
            key = f"{artifact.title}\n{_as_json(artifact.metadata)}"
            return hashlib.sha256(key.encode()).hexdigest()
        case HashUse.FILE if digest is not None:
            return digest.lfs_object or digest.sha256
        case HashUse.STALE if digest is not None:
            return digest.first_sha256
    raise ValueError(f"{artifact.id}: the hash of a file needs the file")


def _as_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)

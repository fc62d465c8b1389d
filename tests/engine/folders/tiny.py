"""Artifact stores of a few files that a test names itself, with rows that claim them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from scidex_console.settings import load_settings
from tests.labs import Lab
from tests.originals import ORIGINALS

SUBMODULE = "data/scidex-artifacts"
BRANCH = "main"
_ADA = ("-c", "user.name=ada", "-c", "user.email=ada@localhost", "-c", "protocol.file.allow=always")


@dataclass(frozen=True)
class Link:
    """A symbolic link of the checkout."""

    target: str


@dataclass(frozen=True)
class Script:
    """A file with its executable bit set."""

    content: bytes


Content = bytes | Link | Script


@dataclass(frozen=True)
class Row:
    """A row of `artifacts` as a test wants it; rows are as old as they come late."""

    id: str
    artifact_type: str = "figure"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    file_path: str | None = None
    title: str | None = None
    content_hash: str | None = None
    provenance_chain: Any = None


@dataclass(frozen=True)
class TinyStore:
    """Where the repositories are, as in any other store of the tests."""

    database_url: str
    outer: Path
    artifacts: Path
    submodule: str = SUBMODULE
    branch: str = BRANCH


def sha256(content: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def row_of(artifact_id: str, path: str, *, content: bytes | None = None, **more: Any) -> Row:
    """A row that names its file, and promises its hash if the content is given."""
    kind = more.pop("artifact_type", "figure")
    metadata = {f"{kind}_path": f"{SUBMODULE}/{path}", **more.pop("metadata", {})}
    if content is not None:
        metadata["file_sha256"] = sha256(content)
    return Row(artifact_id, kind, metadata, **more)


def tiny_lab(
    folder: Path,
    database_url: str,
    files: Mapping[str, Content],
    rows: Sequence[Row],
    *,
    links: Sequence[tuple[str, str]] = (),
    cycle: int = 100,
    every: str = "0s",
    grace: str = "0s",
    extra: str = "",
) -> Lab:
    """Two repositories, rows in a database that has SciDEX's tables, our schema, and a configuration.

    `links` say what was derived from what.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ORIGINALS.copy(("tiny", *files.items()), lambda place: _repositories(place, files), folder)
    outer = folder / "scidex"
    store = TinyStore(database_url, outer, outer / SUBMODULE)
    with psycopg.connect(database_url, autocommit=True) as connection:
        insert_rows(connection, rows)
        for derived, origin in links:
            connection.execute(
                "INSERT INTO artifact_links VALUES (%s, %s, 'derives_from')", (derived, origin)
            )
    config = folder / "config.toml"
    config.write_text(
        f"""
[environment]
name = "tiny"
[database]
url = "{database_url}"
[repository]
path = "{store.artifacts}"
outer = "{store.outer}"
push = false
[writes]
enabled = true
authorization = "tiny 1"
[engine]
heartbeat = "500ms"
[folders]
cycle = {cycle}
every = "{every}"
grace = "{grace}"
retry_after = "1h"
{extra}"""
    )
    lab = Lab(folder, store, config, load_settings(config, environ={}))  # type: ignore[arg-type]
    asyncio.run(SchemaRunner(database_url).apply())
    return lab


def insert_rows(connection: psycopg.Connection[Any], rows: Sequence[Row]) -> None:
    """Rows of `artifacts`, the first one the newest."""
    newest = datetime(2026, 3, 1, tzinfo=UTC)
    for age, row in enumerate(rows):
        connection.execute(
            "INSERT INTO artifacts (id, artifact_type, title, content_hash, file_path, metadata, "
            "provenance_chain, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                row.id,
                row.artifact_type,
                row.title,
                row.content_hash,
                row.file_path,
                Jsonb(dict(row.metadata)),
                Jsonb(row.provenance_chain) if row.provenance_chain is not None else None,
                newest - timedelta(days=age),
            ),
        )


def write_files(root: Path, files: Mapping[str, Content]) -> None:
    """Let these files be there."""
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            os.symlink(content.target, place)
        elif isinstance(content, Script):
            place.write_bytes(content.content)
            place.chmod(place.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        else:
            place.write_bytes(content)


def git(folder: Path, *arguments: str, date: str = "") -> str:
    """Run git as somebody else would; a commit is of now, unless a date is given."""
    dated = {"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date} if date else {}
    done = subprocess.run(
        ["git", "-C", str(folder), *_ADA, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | dated,
    )
    return done.stdout


def _repositories(folder: Path, files: Mapping[str, Content]) -> None:
    seed, outer = folder / "seed", folder / "scidex"
    for place in (seed, outer):
        place.mkdir(parents=True)
        git(place, "init", "-q", "-b", BRANCH)
    write_files(seed, {"README.md": b"artifacts\n", **files})
    git(seed, "add", "-A")
    # Of last year: `git log --follow` goes by the dates.
    git(seed, "commit", "-q", "-m", "artifacts", date="2025-06-01T12:00:00Z")
    git(outer, "submodule", "--quiet", "add", "-b", BRANCH, f"../{seed.name}", SUBMODULE)
    git(outer, "commit", "-q", "-m", "the artifacts")

"""Preconditions of the folder migration: what the hashes are of, and what the checkout lies on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from scidex_console.adapters.files.folders import CheckoutFolders
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.folders import PostgresFolders
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.domain.checks import Finding
from scidex_console.domain.errors import ConsoleError, Refused, UnsafePath
from scidex_console.domain.folders.hashes import (
    HashSource,
    SourceSample,
    advice,
    expected_hash,
    sample_sources,
)
from scidex_console.domain.folders.resolving import TreeIndex, resolve
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.settings import Settings
from scidex_console.wiring.preconditions.findings import bad, failed, good
from scidex_console.wiring.stores import open_repository

_ROWS = 1000
"""Rows looked at, the newest first, as a run would take them up."""
_FILES = 100
"""Of these, files read."""


async def folder_findings(settings: Settings) -> Sequence[Finding]:
    """What a run of folders meets. Without a database or a repository, other findings say so."""
    findings = list(_configured(settings))
    try:
        rows, laid_out = await _look(settings)
    except ConsoleError:
        return findings
    findings.extend(_layout(settings, laid_out))
    try:
        findings.append(await asyncio.to_thread(_hashes, settings, rows))
        findings.extend(await asyncio.to_thread(lambda: list(_checkout(settings))))
    except ConsoleError as error:
        findings.append(failed("folders: hashes", error))
    return findings


def _configured(settings: Settings) -> Iterator[Finding]:
    if settings.repository.commit_artifact:
        yield good(
            "folders: commit function",
            f"{settings.repository.commit_artifact} commits figures; a cycle of folders is a chain of "
            "commits, which is always made here",
        )


async def _look(settings: Settings) -> tuple[Sequence[ArtifactRow], str]:
    """The rows that are next, and a path in the first folder that was laid out; empty: there is none."""
    timeout = settings.database.statement_timeout.total_seconds()
    url = settings.database.need_url()
    async with Database(url, name="scidex-console doctor", statement_timeout_s=timeout, size=1) as database:
        folders = PostgresFolders(FencedDatabase(database))
        due = await folders.due(_ROWS, excluding=[])
        return [item.row for item in due], await folders.first_laid_out()


def _layout(settings: Settings, laid_out: str) -> Iterator[Finding]:
    name, layout = "folders: layout", settings.folders.layout()
    try:
        layout.require_as_before(laid_out)
    except Refused as error:
        yield failed(name, error)
    else:
        if laid_out:
            yield good(name, f"folders.shard = {layout.shard}, as in the first cycle")


def _hashes(settings: Settings, rows: Sequence[ArtifactRow]) -> Finding:
    """Spec (folders): the hash is checked where it is set; in some stores it is none of the file."""
    name = "folders: hashes"
    order = settings.folders.hash_source
    samples = sample_sources(order, _sample(settings, rows))
    said = advice(order, samples)
    if said:
        what, _, fix = said.rpartition(": ")
        return bad(name, what, fix)
    if not any(sample.promised for sample in samples):
        return good(name, "none of the artifacts that are next promises the hash of a file")
    return good(name, "; ".join(_words(sample) for sample in samples if sample.promised))


def _words(sample: SourceSample) -> str:
    return f"{sample.matching} of {sample.promised} sampled files match {sample.source}"


def _sample(
    settings: Settings, rows: Sequence[ArtifactRow]
) -> Iterator[tuple[dict[str, object], str | None, str]]:
    """Rows that promise a hash, each with the one its file has."""
    repository = open_repository(settings, SystemClock())
    checkout = repository.checkout
    files = CheckoutFolders(
        checkout.worktree, drafts=checkout.own_dir / "staging", object_format=checkout.object_format
    )
    rules = settings.folders.resolving(submodule=settings.repository.submodule, worktree=checkout.worktree)
    tree = TreeIndex(repository.tree())
    read = 0
    for row in rows:
        if read == _FILES:
            return
        resolved = resolve(row, tree, rules)
        if resolved.quarantine or not resolved.files or not _promises(row):
            continue
        try:
            there = files.examine(resolved.files[0])
        except (Refused, UnsafePath):
            continue
        if there is not None:
            read += 1
            yield (
                dict(row.metadata),
                row.content_hash,
                there.pointer.sha256 if there.pointer else there.sha256,
            )


def _promises(row: ArtifactRow) -> bool:
    said = expected_hash(tuple(HashSource), metadata=row.metadata, content_hash=row.content_hash)
    return said is not None


def _checkout(settings: Settings) -> Iterator[Finding]:
    """What is not wrong, but good to know where files are moved."""
    worktree = open_repository(settings, SystemClock()).checkout.worktree
    if ignores_case(worktree):
        yield good(
            "folders: file system",
            f"{worktree} does not tell capitals apart: paths that differ in them alone are quarantined",
        )
    owner = worktree.stat().st_uid
    if owner != os.geteuid():
        yield good(
            "folders: owner",
            f"{worktree} belongs to uid {owner}, and what is written there will belong to uid {os.geteuid()}",
        )


def ignores_case(worktree: Path) -> bool:
    """Whether the file system takes two names that differ in case for one."""
    return (worktree / ".git").exists() and (worktree / ".GIT").exists()

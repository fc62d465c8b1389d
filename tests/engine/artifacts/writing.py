"""What a writer does in tests: a row, files, a commit."""

from __future__ import annotations

import json
import uuid
from typing import Any

from scidex_console.domain.artifact_commits import CommitRequest, CommitResult, GivenFile
from scidex_console.engine.artifacts.committing import ArtifactCommits
from scidex_console.wiring import verify
from tests.labs import Lab


def new_row(lab: Lab, kind: str = "figure", **fields: Any) -> str:
    """A row of `artifacts` as `register_artifact` would make it; its id."""
    artifact_id = f"{kind}-{uuid.uuid4()}"
    columns = {"id": artifact_id, "artifact_type": kind, "title": "A trial", **fields}
    names = ", ".join(columns)
    marks = ", ".join("%s" for _ in columns)
    values = [json.dumps(v) if isinstance(v, dict) else v for v in columns.values()]
    lab.rows(f"INSERT INTO artifacts ({names}) VALUES ({marks})", *values)
    return artifact_id


async def given(commits: ArtifactCommits, name: str, content: bytes) -> GivenFile:
    """A staged file."""
    writer = commits.staging.create(name)
    writer.write(content)
    staged = await writer.finish()
    return GivenFile(name, staged.name, staged.sha256, staged.size)


async def commit(
    commits: ArtifactCommits,
    artifact: str,
    primary: tuple[str, bytes] | None = None,
    *accessories: tuple[str, bytes],
    **more: Any,
) -> CommitResult:
    """Commit files of these names and bytes."""
    first = await given(commits, *primary) if primary else None
    others = [await given(commits, *each) for each in accessories]
    return await commits.commit(CommitRequest(artifact, first, others, **more))


def row(lab: Lab, artifact_id: str) -> dict[str, Any]:
    """A row of `artifacts`, as it is."""
    return lab.rows("SELECT * FROM artifacts WHERE id = %s", artifact_id)[0]


async def assert_verified(lab: Lab) -> None:
    """`verify` finds every invariant to hold."""
    report = await verify(lab.settings)
    broken = [(each.name, each.broken) for each in report.invariants if each.holds is False]
    assert report.holds and broken == [], broken

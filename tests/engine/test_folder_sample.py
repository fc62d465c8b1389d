"""Which rows the folder survey samples to see what a hash is of: not those known to differ, if it can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scidex_console.domain.folders.resolving import Resolved, TreeIndex
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.engine.jobs.folder_survey import FolderSurvey, _Seen
from tests.domain.folders.samples import row as artifact

RIGHT, WRONG = "a" * 64, "b" * 64


def seen(rows: Sequence[ArtifactRow]) -> _Seen:
    there = SimpleNamespace(pointer=None, sha256=RIGHT)
    survey = FolderSurvey(
        store=cast(Any, None),
        reader=cast(Any, SimpleNamespace(resolve=lambda row, *_: Resolved((f"{row.id}.png",)))),
        repository=cast(Any, None),
        folders=cast(Any, SimpleNamespace(examine=lambda _path: there)),
        hash_sources=(),
    )
    found = _Seen()
    survey._note(found, rows, TreeIndex({}), frozenset())
    return found


@pytest.mark.parametrize("others", [0, 1])
def test_rows_flagged_already_speak_only_when_there_is_no_other(others: int) -> None:
    flagged = [replace(artifact(), id=f"f{i}", content_hash=WRONG, flagged=True) for i in range(2)]
    rest = [replace(artifact(), id=f"r{i}", content_hash=RIGHT) for i in range(others)]
    said = [promised for _, promised, _ in seen([*flagged, *rest]).told]
    assert said == ([RIGHT] * others or [WRONG, WRONG])

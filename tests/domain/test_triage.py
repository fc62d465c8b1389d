"""Which decisions are open to a case, and why not the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scidex_console.domain.folders.hashes import Expected, HashSource
from scidex_console.domain.triage import (
    DECISIONS,
    CaseFacts,
    Decision,
    Replacement,
    Version,
    is_database_only,
    why_not,
)

SOURCES = (HashSource.FILE_SHA256, HashSource.CONTENT_HASH)
MISMATCH = CaseFacts(
    of_folders=True,
    artifact_type="dataset",
    expected=Expected("a" * 64, HashSource.CONTENT_HASH),
    actual_sha256="b" * 64,
    matching=True,
)
FIGURE = CaseFacts(False, "paper_figure", None, "", has_url=True, migrated=True)


def open_to(case: CaseFacts, sources: tuple[HashSource, ...] = SOURCES) -> set[str]:
    return {str(decision) for decision in DECISIONS if not why_not(decision, case, sources)}


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (MISMATCH, {"restore", "accept", "database-only", "leave"}),
        (replace(MISMATCH, matching=False), {"accept", "database-only", "leave"}),
        (replace(MISMATCH, is_stand_in=True), {"accept", "database-only", "leave"}),
        (replace(MISMATCH, others=("x",)), {"accept", "database-only", "leave"}),
        (replace(MISMATCH, why_unread="it has no file"), {"database-only", "leave"}),
        (replace(MISMATCH, actual_sha256="a" * 64), {"database-only", "leave"}),
        (replace(MISMATCH, expected=None), {"database-only", "leave"}),
        (replace(MISMATCH, migrated=True), set()),
        (replace(MISMATCH, artifact_type="paper_figure", has_url=True), {str(d) for d in DECISIONS}),
        (FIGURE, {"redownload", "leave"}),
        (replace(FIGURE, has_url=False), {"leave"}),
    ],
)
def test_decisions_are_open_where_they_mean_something(case: CaseFacts, expected: set[str]) -> None:
    assert open_to(case) == expected


def test_hash_is_only_recorded_where_it_is_asked_first() -> None:
    turned = (HashSource.CONTENT_HASH, HashSource.FILE_SHA256)
    assert "asks content_hash before" in why_not(Decision.ACCEPT, MISMATCH, turned)
    assert "leaves metadata.file_sha256 out" in why_not(Decision.ACCEPT, MISMATCH, (HashSource.CONTENT_HASH,))


def test_many_who_share_a_file_are_named_shortly() -> None:
    shared = replace(MISMATCH, others=tuple("abcde"))
    assert why_not(Decision.RESTORE, shared, SOURCES) == "its file is also that of a, b, c and 2 more"


def test_replacement_survives_the_journal() -> None:
    before, after = (Version(blob, "s", 1, "100755") for blob in "ab")
    for each in (Replacement("p", before, after), Replacement("p", before, None)):
        assert Replacement.from_json(each.to_json()) == each and each.changes
    assert not Replacement("p", before, before).changes and Replacement.from_json(None) is None


def test_only_true_makes_a_row_one_of_the_database_alone() -> None:
    assert is_database_only({"database_only": True})
    assert not any(is_database_only({"database_only": value}) for value in (1, "true", None))

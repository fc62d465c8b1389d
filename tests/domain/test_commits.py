"""What a commit says of itself is read back as it was written, and who may take it for its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scidex_console.domain.commits import CommitKind, Trailers, message, parse_trailers

NAMED = Trailers("b/1", "b", CommitKind.APPLY, 4, "CHG-7", "0b9c1d2e-0000-4000-8000-000000000000")


@pytest.mark.parametrize("trailers", [NAMED, replace(NAMED, journal=""), replace(NAMED, authorization="")])
def test_trailers_are_read_back_as_they_were_written(trailers: Trailers) -> None:
    assert parse_trailers(message("figures: store 3", trailers)) == trailers


def test_a_commit_without_our_trailers_is_nobodys() -> None:
    assert parse_trailers("figures: store 3\n\nScidex-Journal: b\n") is None


@pytest.mark.parametrize(
    ("op", "kind", "journal", "answers"),
    [
        ("b/1", CommitKind.APPLY, NAMED.journal, True),
        ("b/1", CommitKind.APPLY, "another", False),
        ("b/1", CommitKind.UNDO, NAMED.journal, False),
        ("b/2", CommitKind.APPLY, NAMED.journal, False),
    ],
)
def test_a_commit_answers_its_own_journal_by_its_own_key(
    op: str, kind: CommitKind, journal: str, answers: bool
) -> None:
    assert NAMED.answers(op, kind, journal) is answers


def test_a_commit_that_names_no_journal_answers_whoever_knows_its_key() -> None:
    unnamed = replace(NAMED, journal="")
    assert unnamed.answers("b/1", CommitKind.APPLY, "any")
    assert not unnamed.answers("c/1", CommitKind.APPLY, "any")

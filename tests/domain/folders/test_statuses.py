"""The words of the migration log."""

from __future__ import annotations

import pytest

from scidex_console.domain.folders.statuses import FolderStatus


@pytest.mark.parametrize(
    ("word", "tried_again"),
    [
        ("success", False),
        ("hash_mismatch", False),
        ("error", True),
        ("quarantined", False),
        ("skipped", True),
        ("rolled_back", False),
    ],
)
def test_failures_that_pass_are_tried_again_and_others_wait_for_a_person(
    word: str, tried_again: bool
) -> None:
    assert FolderStatus(word).tried_again is tried_again


def test_log_has_no_other_words() -> None:
    assert len(FolderStatus) == 6

"""An expected error in one line: where first as a rule, what first where the line's end may be cut off."""

from __future__ import annotations

from scidex_console.domain.errors import LockBusy, briefly, explain


def test_what_is_wrong_comes_before_a_long_place_where_lines_are_cut() -> None:
    error = LockBusy(
        "index.lock is held by another git process", where="/srv/scidex/.git/modules/x/index.lock", fix="wait"
    )
    assert explain(error).startswith("/srv/scidex/")
    assert briefly(error) == (
        "index.lock is held by another git process (/srv/scidex/.git/modules/x/index.lock); wait"
    )
    assert briefly(LockBusy("a row is locked")) == "a row is locked"

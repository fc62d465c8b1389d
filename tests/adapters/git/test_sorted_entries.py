"""A folder's entries in blocks, against a plain dictionary."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scidex_console.adapters.git import sorted_entries
from scidex_console.adapters.git.sorted_entries import Snapshot, SortedEntries

KEYS = st.binary(min_size=1, max_size=2)
ENTRIES = st.binary(min_size=1, max_size=5)
STEPS = st.lists(st.tuples(KEYS, st.none() | ENTRIES), max_size=60)


@pytest.fixture(autouse=True)
def blocks_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_entries, "_BLOCK", 2)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.dictionaries(KEYS, ENTRIES, max_size=12), STEPS)
def test_any_changes_leave_the_entries_in_order(
    first: dict[bytes, bytes], steps: list[tuple[bytes, bytes | None]]
) -> None:
    entries = SortedEntries(sorted(first), [first[key] for key in sorted(first)])
    snapshot, expected = entries.snapshot(), dict(first)
    for key, entry in steps:
        changed = expected.get(key) != entry
        expected = {**{k: e for k, e in expected.items() if k != key}, **({key: entry} if entry else {})}
        assert entries.put(key, entry) == changed
        assert entries.get(key) == entry
    assert b"".join(entries.chunks) == content(expected)
    assert (len(entries), entries.size) == (len(expected), len(content(expected)))
    assert_spans(snapshot, first)
    assert_spans(entries.snapshot(), expected)


def content(entries: dict[bytes, bytes]) -> bytes:
    return b"".join(entries[key] for key in sorted(entries))


def assert_spans(snapshot: Snapshot, entries: dict[bytes, bytes]) -> None:
    assert snapshot.size == len(content(entries))
    for key in {*entries, b"", b"\x80", b"\xff\xff\xff"}:
        start, stop = snapshot.span(key)
        assert content(entries)[start:stop] == entries.get(key, b"")
        assert start == len(content({k: e for k, e in entries.items() if k < key}))

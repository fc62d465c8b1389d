"""Which sha256 a row promises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scidex_console.domain.folders.hashes import (
    Expected,
    HashSource,
    SourceSample,
    advice,
    expected_hash,
    sample_sources,
)

A, B = "a" * 64, "b" * 64
FILE, CONTENT = HashSource.FILE_SHA256, HashSource.CONTENT_HASH
BOTH = (FILE, CONTENT)


@pytest.mark.parametrize(
    ("order", "metadata", "content_hash", "expected"),
    [
        (BOTH, {"file_sha256": A}, B, Expected(A, FILE)),
        ((CONTENT, FILE), {"file_sha256": A}, B, Expected(B, CONTENT)),
        (BOTH, {}, B, Expected(B, CONTENT)),
        (BOTH, {"file_sha256": None}, B, Expected(B, CONTENT)),
        (BOTH, {"file_sha256": "unknown"}, B, Expected(B, CONTENT)),
        (BOTH, {"file_sha256": 17}, B, Expected(B, CONTENT)),
        ((FILE,), {}, B, None),
        ((), {"file_sha256": A}, B, None),
        (BOTH, {}, None, None),
        (BOTH, {}, "", None),
        (BOTH, {}, f"sha256:{B}", Expected(B, CONTENT)),
        (BOTH, {}, f" SHA256:{B.upper()}\n", Expected(B, CONTENT)),
        (BOTH, {}, f"md5:{B}", None),
        (BOTH, {}, B[:-1], None),
        (BOTH, {}, B + "b", None),
        (BOTH, {}, "g" * 64, None),
        (BOTH, {}, "d41d8cd98f00b204e9800998ecf8427e", None),
        (BOTH, {}, "figure:tau in ad", None),
    ],
)
def test_first_source_that_says_a_sha256_is_believed(
    order: tuple[HashSource, ...],
    metadata: dict[str, Any],
    content_hash: str | None,
    expected: Expected | None,
) -> None:
    assert expected_hash(order, metadata=metadata, content_hash=content_hash) == expected


def test_sample_counts_each_source_by_itself() -> None:
    rows: list[tuple[dict[str, Any], str | None, str]] = [
        ({"file_sha256": A}, B, A),
        ({"file_sha256": A}, f"sha256:{A}", A),
        ({}, "no hash", A),
        ({}, B, A),
    ]
    assert sample_sources(BOTH, rows) == (SourceSample(FILE, 2, 0, 2, 0), SourceSample(CONTENT, 1, 2, 1, 1))
    assert sample_sources((), rows)[0] == SourceSample(FILE, 2, 0, 0, 0)


def test_empty_sample_advises_nothing() -> None:
    assert advice(BOTH, sample_sources(BOTH, [])) == ""


def test_a_source_that_is_wrong_only_where_a_better_one_is_asked_first_flags_nothing() -> None:
    rows: list[tuple[dict[str, Any], str | None, str]] = [
        *([({"file_sha256": A}, B, A)] * 40),  # a key over title and metadata
        *([({}, A, A)] * 30),
    ]
    assert advice(BOTH, sample_sources(BOTH, rows)) == ""
    said = advice((CONTENT, FILE), sample_sources((CONTENT, FILE), rows))
    assert said.startswith("40 of 70 sampled files differ from content_hash, 40 of 40 match")
    assert said.endswith('write hash_source = ["metadata.file_sha256"] below [folders]')


def all_held_against(source: HashSource, counts: tuple[int, int]) -> SourceSample:
    """A sample of rows about which no other source says anything."""
    matching, differing = counts
    return SourceSample(source, matching, differing, matching + differing, differing)


@pytest.mark.parametrize(
    ("order", "file", "content", "said"),
    [
        (BOTH, (18, 2), (18, 2), ""),
        (BOTH, (10, 10), (10, 10), ""),
        ((FILE,), (18, 2), (0, 20), ""),
        ((), (0, 20), (0, 20), ""),
        (BOTH, (0, 2), (0, 0), ""),
        (BOTH, (0, 19), (0, 19), ""),
        (BOTH, (5, 0), (0, 20), 'write hash_source = ["metadata.file_sha256"] below [folders]'),
        ((CONTENT, FILE), (18, 2), (4, 16), 'write hash_source = ["metadata.file_sha256"] below [folders]'),
        ((CONTENT,), (18, 2), (4, 16), 'write hash_source = ["metadata.file_sha256"] below [folders]'),
        (BOTH, (2, 18), (16, 4), 'write hash_source = ["content_hash"] below [folders]'),
        (BOTH, (18, 2), (4, 16), 'write hash_source = ["metadata.file_sha256"] below [folders]'),
        (BOTH, (0, 0), (4, 16), 'write hash_source = ["metadata.file_sha256"] below [folders]'),
        ((CONTENT,), (2, 18), (4, 16), "write hash_source = [] below [folders]"),
    ],
)
def test_advice_is_given_when_most_files_differ(
    order: tuple[HashSource, ...], file: tuple[int, int], content: tuple[int, int], said: str
) -> None:
    sentence = advice(order, (all_held_against(FILE, file), all_held_against(CONTENT, content)))
    assert sentence.endswith(said)
    assert bool(sentence) == bool(said)


def test_advice_names_the_counts_and_both_sources() -> None:
    sentence = advice((CONTENT,), (all_held_against(FILE, (18, 2)), all_held_against(CONTENT, (4, 16))))
    assert sentence.startswith(
        "16 of 20 sampled files differ from content_hash, 18 of 20 match metadata.file_sha256"
    )


_COUNTS = st.integers(0, 20)


@given(st.permutations(BOTH), st.integers(0, 2), _COUNTS, _COUNTS, _COUNTS, _COUNTS)
def test_advice_speaks_exactly_when_a_source_in_use_mostly_differs(
    order: list[HashSource], used: int, fm: int, fd: int, cm: int, cd: int
) -> None:
    mostly_wrong = {FILE: fd > fm and fm + fd >= 20, CONTENT: cd > cm and cm + cd >= 20}
    spoken = advice(order[:used], (all_held_against(FILE, (fm, fd)), all_held_against(CONTENT, (cm, cd))))
    assert bool(spoken) == any(mostly_wrong[source] for source in order[:used])

"""Magic bytes and media types by tables of cases: what is stored, and what comes in place of an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from scidex_console.adapters.http.images import describe, image_kind
from scidex_console.domain.classify import classify_no_image, is_challenge

DATA = Path(__file__).parents[2] / "data"


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (DATA / name).read_text(encoding="utf-8").splitlines()[1:]]


@pytest.mark.parametrize(("start", "kind"), [row[:2] for row in rows("magic_bytes.tsv")])
def test_bytes_decide_the_format(start: str, kind: str) -> None:
    padded = bytes.fromhex(start)
    found = image_kind(padded if padded.startswith(b"<") else padded.ljust(64, b"\0"))
    assert (found.name if found else "") == kind


@pytest.mark.parametrize(
    ("media_type", "body", "outcome", "words"), [row[:4] for row in rows("media_types.tsv")]
)
def test_a_success_without_an_image_says_what_came_instead(
    media_type: str, body: str, outcome: str, words: str
) -> None:
    data = body.encode()
    assert image_kind(data) is None
    challenge = is_challenge(200, {"content-type": media_type}, data)
    plain = media_type.partition(";")[0]
    decision = classify_no_image(200, plain, data, describe(data), challenge=challenge)
    assert (decision.outcome.value, words in decision.reason) == (outcome, True), decision

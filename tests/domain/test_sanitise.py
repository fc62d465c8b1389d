"""Untrusted text made harmless: plain text comes back as it is, everything else piece by piece."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scidex_console.domain.sanitise import visible

_PLAIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)
_ANY = st.text(max_size=30)
_LIMIT = st.integers(min_value=0, max_value=40)


@given(_PLAIN, _LIMIT)
def test_plain_text_comes_back_as_it_is_up_to_the_limit(text: str, limit: int) -> None:
    whole = len(text) <= limit
    assert visible(text, limit) == (text if whole else text[:limit] + "…")


@given(_ANY, _ANY, _LIMIT)
def test_a_text_is_the_sum_of_its_pieces_whatever_it_is_made_of(one: str, other: str, limit: int) -> None:
    whole = "".join(visible(char) for char in one + other)
    shown = visible(one + other, limit)
    assert shown == whole or (len(whole) > limit and shown.endswith("…"))
    assert len(shown) <= limit + 1
    assert whole.startswith(shown.removesuffix("…"))

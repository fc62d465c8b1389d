"""An id survives its way into an address and back, whatever it holds."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from scidex_console.web.addresses import artifact_path, disposition, for_routing, from_routing

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(TEXTS)
@example("a/b")
@example("%2F")
@example("%252F%25")
@example("../../etc/passwd")
@example("a\r\nSet-Cookie: x")
def test_an_id_is_one_segment_and_comes_back(artifact_id: str) -> None:
    path = artifact_path(artifact_id)
    assert path.isascii() and path.isprintable() and path.count("/") == 2
    routed = for_routing(path.encode())
    assert from_routing(routed.removeprefix("/artifact/")) == artifact_id
    assert "/" not in routed.removeprefix("/artifact/")


@given(TEXTS)
def test_a_filename_cannot_leave_its_header(filename: str) -> None:
    header = disposition(filename, attached=True)
    assert header.isascii() and header.isprintable()
    assert header.count('"') == 2

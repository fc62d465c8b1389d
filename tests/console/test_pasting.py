"""What is pasted is text and no keys, whatever stands in it and however it arrives."""

from __future__ import annotations

import pytest
from textual import events
from textual.drivers import linux_driver

from scidex_console.console.pasting import PlainPastes, read_pastes_plainly

PASTED = "\x1b[200~one\r\x1b[31mpqrs\x1b[0m\x1b\x1b two\x1b[201~"


@pytest.mark.parametrize("at", range(1, len(PASTED)))
def test_escape_sequences_in_a_paste_press_no_key(at: int) -> None:
    parser = PlainPastes()
    told = [event for piece in ("x", PASTED[:at], PASTED[at:], "y") for event in parser.feed(piece)]
    assert [event.key for event in told if isinstance(event, events.Key)] == ["x", "y"]
    assert [event.text for event in told if isinstance(event, events.Paste)] == ["one\r[31mpqrs[0m two"]


def test_keys_are_what_they_were() -> None:
    parser = PlainPastes()
    told = [*parser.feed("a\x1b[A\x1b[20"), *parser.feed("~")]
    assert [event.key for event in told if isinstance(event, events.Key)] == ["a", "up", "f9"]
    assert list(parser.feed("")) == []


def test_terminals_are_read_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux_driver, "XTermParser", linux_driver.XTermParser)
    read_pastes_plainly()
    assert linux_driver.XTermParser is PlainPastes

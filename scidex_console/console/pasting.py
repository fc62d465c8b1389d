"""What is pasted is text: Textual takes an escape sequence inside a paste for keys, and presses those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

_BEGIN, _END, _ESC = "\x1b[200~", "\x1b[201~", "\x1b"


class PlainPastes(XTermParser):
    """Reads a terminal's input, with pastes that have lost their escape characters."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pasting = False
        self._seen = ""
        """The end of what came: a mark may arrive in pieces. Of a paste it was not passed on yet."""

    def feed(self, data: str) -> Iterable[Message]:
        """As Textual's; nothing at all is the end of the input."""
        plain = "".join(self._plain(data))
        return super().feed(plain) if plain or not data else ()

    def _plain(self, data: str) -> Iterator[str]:
        while data:
            text = self._seen + data
            before, mark, rest = text.partition(_END if self._pasting else _BEGIN)
            if self._pasting:
                # What may be the beginning of the mark is kept back.
                kept = 0 if mark else max((n for n in range(1, 6) if text.endswith(_END[:n])), default=0)
                self._seen = text[len(text) - kept :]
                yield before[: len(before) - kept].replace(_ESC, "") + mark
            else:
                self._seen = "" if mark else text[-5:]
                yield data[: len(data) - len(rest)] if mark else data
            self._pasting ^= bool(mark)
            data = rest


def read_pastes_plainly() -> None:
    """From now on every terminal of this program is read so."""
    linux_driver.XTermParser = PlainPastes  # type: ignore[attr-defined]

"""Untrusted text made harmless for a terminal, a log line and a commit message.

Titles, URLs and server messages are attacker-controlled. Control, C1, bidirectional and other invisible
characters are shown as visible escapes, never passed on; the length is bounded.
"""

from __future__ import annotations

import unicodedata

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0\u2800")
"""Letters and marks by category that are drawn as nothing; the selectors U+E0100 to U+E01EF likewise."""


def visible(text: str, limit: int = 500) -> str:
    """The text on one line, with everything that could move a cursor or hide itself written out.

    `limit` bounds the number of characters that come back; a longer text ends in an ellipsis.
    """
    if text.isascii() and text.isprintable():  # as nearly all are: a look at each character costs more
        return text if len(text) <= limit else f"{text[:limit]}…"
    shown: list[str] = []
    length = 0
    for char in text:
        piece = _escape(char) if _is_hidden(char) else char
        length += len(piece)
        if length > limit:
            shown.append("…")
            break
        shown.append(piece)
    return "".join(shown)


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN or char in _UNSEEN or "\U000e0100" <= char <= "\U000e01ef"


def _escape(char: str) -> str:
    code = ord(char)
    if char in "\t\n\r":
        return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

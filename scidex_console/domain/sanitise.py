"""Untrusted text made harmless for a terminal, a log line and a commit message.

Titles, URLs and server messages are attacker-controlled. Control, C1, bidirectional and other invisible
characters are shown as visible escapes, never passed on; the length is bounded.
"""

from __future__ import annotations

import unicodedata

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str, limit: int = 500) -> str:
    """The text on one line, with everything that could move a cursor or hide itself written out.

    `limit` bounds the number of characters that come back; a longer text ends in an ellipsis.
    """
    shown: list[str] = []
    length = 0
    for char in text:
        piece = _escape(char) if unicodedata.category(char) in _HIDDEN else char
        length += len(piece)
        if length > limit:
            shown.append("…")
            break
        shown.append(piece)
    return "".join(shown)


def _escape(char: str) -> str:
    code = ord(char)
    if char in "\t\n\r":
        return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

"""What is typed after `/`: words to look for, and `name:value` where a listing knows the name.

Pure. What is wrong is said with the place where it stands, so that it can be pointed at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from scidex_console.domain.durations import parse_duration


class FilterError(ValueError):
    """A filter that is not understood: `what` in words, and `at`, the column where it begins, from 0."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.what = what
        self.at = at


@dataclass(frozen=True)
class Word:
    """One `name:value`, and where its value begins."""

    value: str
    at: int


@dataclass(frozen=True)
class Typed:
    """A filter taken apart."""

    text: str
    """Words without a name, with single spaces between."""
    named: Mapping[str, Word]


def take_apart(typed: str, names: Sequence[str]) -> Typed:
    """Find the names a listing knows. Raises `FilterError` for one given twice, without a value, or unknown.

    A colon only makes a name of letters before it: an address is a word. A word in double quotes is text as
    it stands.
    """
    words: list[str] = []
    named: dict[str, Word] = {}
    for at, word in _words(typed):
        name, colon, value = word.partition(":")
        if not colon or not name.isalpha() or value.startswith("//") or word.startswith('"'):
            words.append(word.strip('"'))
            continue
        name = name.lower()
        if name not in names:
            known = ", ".join(f"{known}:" for known in names)
            use = f"use {known} or " if known else ""
            raise FilterError(f'{name}: is not known here; {use}put it in quotes: "{word}"', at)
        if name in named:
            raise FilterError(f"{name}: is there already", at)
        if not value:
            raise FilterError(f"{name}: needs a value right behind it", at + len(name) + 1)
        named[name] = Word(value.strip('"'), at + len(name) + 1)
    return Typed(" ".join(words), named)


def _words(typed: str) -> list[tuple[int, str]]:
    """Words and where they begin; spaces between double quotes do not part them."""
    found: list[tuple[int, str]] = []
    begin, quoted, quote_at = None, False, 0
    for at, char in enumerate([*typed, " "]):
        if char == '"' and at < len(typed):
            quoted, quote_at = not quoted, at
        if char == " " and (not quoted or at == len(typed)):
            if begin is not None:
                found.append((begin, typed[begin:at]))
            begin = None
        elif begin is None:
            begin = at
    if quoted:
        raise FilterError("this quote has no end", quote_at)
    return found


def one_of(word: Word | None, choices: Sequence[str], also: Mapping[str, str] | None = None) -> str:
    """One or more of the choices with commas between; empty without a word.

    `also` has other names that some of them are known by.
    """
    if word is None:
        return ""
    at, found = word.at, []
    for name in word.value.split(","):
        found.append((also or {}).get(name, name))
        if found[-1] not in choices:
            raise FilterError(f"{name or 'nothing'} is none of {', '.join(choices)}", at)
        at += len(name) + 1
    return ",".join(found)


def moment(word: Word | None, now: datetime | None) -> datetime | None:
    """A time (UTC when it names no zone), or a duration before `now` (None while nothing was read)."""
    if word is None:
        return None
    try:
        try:
            found = datetime.fromisoformat(word.value)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except ValueError:
            ago = parse_duration(word.value)
        if now is not None:
            return now - ago
    except (ValueError, OverflowError):
        raise FilterError(
            f"{word.value} is neither a time such as 2026-05-19T20:00 nor a duration such as 2h", word.at
        ) from None
    raise FilterError("the time is not known yet: nothing has been read", word.at)

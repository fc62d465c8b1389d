"""Conditional and partial requests (RFC 9110, sections 13 and 14): pure, from header texts to a decision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_ONE_RANGE = re.compile(r"bytes[ \t]*=[ \t]*(\d*)-(\d*)[ \t]*", re.IGNORECASE)
_MOST_DIGITS = 18


@dataclass(frozen=True)
class Whole:
    """The whole content is sent."""


@dataclass(frozen=True)
class Unchanged:
    """The client has it already: 304."""


@dataclass(frozen=True)
class Failed:
    """What the client insists on does not hold: 412."""


@dataclass(frozen=True)
class Part:
    """One range of it is sent: 206. `first` and `last` are offsets in bytes, both included."""

    first: int
    last: int


@dataclass(frozen=True)
class Unsatisfiable:
    """No byte of it lies in the range: 416."""


Answer = Whole | Unchanged | Failed | Part | Unsatisfiable


@dataclass(frozen=True)
class Asked:
    """The headers of a request that say when and what to send; empty where there is none."""

    if_match: str = ""
    if_none_match: str = ""
    if_modified_since: str = ""
    if_unmodified_since: str = ""
    if_range: str = ""
    range: str = ""


def decide(asked: Asked, *, etag: str, modified: datetime, size: int) -> Answer:
    """What to send of a file with this (strong, quoted) tag, time of change and size in bytes."""
    if asked.if_match:
        if not _matches(asked.if_match, etag, weakly=False):
            return Failed()
    elif asked.if_unmodified_since and not _not_later(modified, asked.if_unmodified_since, unreadable=True):
        return Failed()
    if asked.if_none_match:
        if _matches(asked.if_none_match, etag, weakly=True):
            return Unchanged()
    elif asked.if_modified_since and _not_later(modified, asked.if_modified_since, unreadable=False):
        return Unchanged()
    if asked.range and _range_counts(asked.if_range, etag, modified):
        return _part(asked.range, size)
    return Whole()


def http_date(moment: datetime) -> str:
    """A time as headers have it."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def _matches(listed: str, etag: str, *, weakly: bool) -> bool:
    if listed.strip() == "*":
        return True
    tags = _TAG.findall(listed)
    return etag in ((tag.removeprefix("W/") for tag in tags) if weakly else tags)


def _not_later(modified: datetime, than: str, *, unreadable: bool) -> bool:
    moment = _date(than)
    return unreadable if moment is None else modified.replace(microsecond=0) <= moment


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _range_counts(if_range: str, etag: str, modified: datetime) -> bool:
    """Whether the client's copy is of the same bytes, so that a part completes it."""
    if not if_range:
        return True
    if '"' in if_range:
        return if_range.strip() == etag
    return _date(if_range) == modified.replace(microsecond=0)


def _part(asked: str, size: int) -> Answer:
    """One range only; several at once, or what is no range, get the whole, as the standard allows."""
    found = _ONE_RANGE.fullmatch(asked)
    if found is None or max(map(len, found.groups())) > _MOST_DIGITS:
        return Whole()
    first, last = found.groups()
    if not first:
        if not last:
            return Whole()
        wanted = int(last)
        return Part(max(size - wanted, 0), size - 1) if wanted and size else Unsatisfiable()
    start, end = int(first), int(last) if last else size - 1
    if last and end < start:
        return Whole()
    return Part(start, min(end, size - 1)) if start < size else Unsatisfiable()

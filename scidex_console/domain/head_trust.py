"""How far an answer to HEAD is believed, learned per host and path pattern of a host group.

Servers that answer HEAD wrongly are common, so at first GET confirms every "gone". Where HEAD and GET have
agreed often enough, HEAD's word is taken, but for a share that is audited for ever; one lie takes it away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from scidex_console.domain.fetching import DEAD_STATUSES, FetchClass

NEEDED: Final = 20
"""Agreements in a row before HEAD is believed."""
AUDITED: Final = 0.1
"""Share of believed answers that GET confirms all the same."""
_MOST_PATTERNS: Final = 200
"""Per group; what is met beyond that is not learned about."""

_DIGITS: Final = re.compile(r"\d+")
_ENDING: Final = re.compile(r"\.([A-Za-z]{1,5})$")


def path_pattern(path: str) -> str:
    """What is alike in paths of one kind: `/articles/PMC17/bin/fig1.JPG` is of `/articles/PMC#/bin/*.jpg`."""
    folder, _, name = path.rpartition("/")
    ending = _ENDING.search(name)
    return f"{_DIGITS.sub('#', folder)}/*{'.' + ending[1].lower() if ending else ''}"[:200]


def path_in_group(group: str, host: str, path: str) -> str:
    """By what HEAD is learned about: hosts of one operator may answer HEAD each in its own way."""
    return path if host == group else host + path


@dataclass(frozen=True)
class PathTrust:
    """What is known about HEAD under one path pattern."""

    pattern: str
    agreements: int = 0
    """In a row: GET said "gone" as HEAD had."""
    lies: int = 0
    """Ever: HEAD said "gone" and GET did not, or the other way round."""

    @property
    def trusted(self) -> bool:
        """Whether HEAD is believed."""
        return self.agreements >= NEEDED


class HeadTrust:
    """The trust of one host group."""

    def __init__(self, known: Iterable[PathTrust] = ()) -> None:
        self._by_pattern = {trust.pattern: trust for trust in known}

    def paths(self) -> tuple[PathTrust, ...]:
        """What has been learned, by pattern."""
        return tuple(self._by_pattern[pattern] for pattern in sorted(self._by_pattern))

    def believes(self, path: str, status: int, chance: float) -> bool:
        """Whether HEAD's word is enough; `chance` in [0, 1) draws the audits."""
        trust = self._by_pattern.get(path_pattern(path))
        return status in DEAD_STATUSES and trust is not None and trust.trusted and chance >= AUDITED

    def distrust(self, within: str) -> None:
        """HEAD said that a known image is gone: it is believed nowhere `within` before it has agreed again.

        `within` is a host as paths in a group have it before them; empty for all.
        """
        for pattern, trust in self._by_pattern.items():
            if pattern.startswith(_DIGITS.sub("#", within)):
                self._by_pattern[pattern] = replace(trust, agreements=0, lies=trust.lies + 1)

    def note(self, path: str, head_status: int, outcome: FetchClass) -> None:
        """GET has decided after HEAD had answered with this status. Trouble says nothing."""
        said_gone, is_gone = head_status in DEAD_STATUSES, outcome is FetchClass.DEAD
        if outcome is FetchClass.TRANSIENT or not (said_gone or is_gone):
            return
        pattern = path_pattern(path)
        trust = self._by_pattern.get(pattern)
        if trust is None:
            if len(self._by_pattern) >= _MOST_PATTERNS:
                return
            trust = PathTrust(pattern)
        if said_gone and is_gone:
            trust = replace(trust, agreements=trust.agreements + 1)
        elif said_gone or 200 <= head_status < 300:
            trust = replace(trust, agreements=0, lies=trust.lies + 1)
        self._by_pattern[pattern] = trust

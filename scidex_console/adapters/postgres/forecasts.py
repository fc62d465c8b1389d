"""How long the run of figures still takes: what is left, as the database knows it, played by the simulation.

For a screen that refreshes, an answer is kept and counted down, and made anew once it is old or something
about the groups has changed; the playing is done in a thread of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.gates import gate_state
from scidex_console.adapters.postgres.snapshot import Row, Rows, fetch
from scidex_console.domain.addresses import BadAddress, parse_address
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.figures import FigureState
from scidex_console.domain.head_trust import path_in_group
from scidex_console.domain.hosts import HostGroups
from scidex_console.domain.pacing.answers import Kind, Mix, expected
from scidex_console.domain.pacing.forecast import MOST_ROWS, Forecast, forecast
from scidex_console.domain.pacing.work import Rules, Work

_FRESH: Final = timedelta(seconds=10), timedelta(minutes=1)
"""How long an answer stands at least and at most while nothing but the counts changes."""
_SHARE: Final = 0.01
"""Between the two, it stands for so much of what it told: nobody reads seconds off an hour. Of the rows to
be asked, so many more than it was made from make it old at once, as when many are asked again."""
_LEAST_APART: Final = timedelta(seconds=2)
"""Least time between two answers, whatever changes."""
_LEARNED_FOR: Final = timedelta(minutes=1)
_ATTEMPTS, _ADDRESSES = 50, 20
"""The last attempts of a group that are learned from, and addresses of it that are looked at."""
_PRIOR: Final = 5.0
"""What is expected of a group counts as much as so many attempts."""
_ROWS_AT_A_GLANCE, _GROUPS_AT_A_GLANCE = 500, 40
"""What is played for a refresh: the first rows of the groups that will take longest."""


@dataclass(frozen=True)
class _Kept:
    at: datetime
    signature: tuple[Any, ...]
    due: int
    """Rows to be asked."""
    seconds: float

    def stands(self, age: timedelta, signature: tuple[Any, ...], due: int) -> bool:
        """Whether it still tells the truth, nearly, counted down by its age."""
        if signature != self.signature or due > self.due * (1 + _SHARE) + 1:
            return age < _LEAST_APART
        least, most = _FRESH
        return age < min(max(timedelta(seconds=self.seconds * _SHARE), least), most)


class Forecasts:
    """Forecasts for one database. `rules` and `groups` are the configuration's."""

    def __init__(
        self, database: Database, rules: Rules | None = None, groups: HostGroups | None = None
    ) -> None:
        self._database = database
        self._rules = rules or Rules()
        self._groups = groups or HostGroups()
        self._kept: _Kept | None = None
        self._learned: tuple[datetime, dict[str, Row]] | None = None

    async def seconds_left(self, found: Mapping[str, Rows], run_id: int, now: datetime) -> float:
        """Seconds until the run has nothing left to ask, for a refresh of what is `found` at `now`."""
        signature = (run_id, *(_closing(row) for row in found["list_hosts"]))
        due = sum(row["n"] for row in found["list_counts"] if _is_due(row))
        kept = self._kept
        if kept is not None and kept.signature[0] == run_id:
            age = now - kept.at
            if kept.stands(age, signature, due):
                return max(0.0, kept.seconds - age.total_seconds())
        works = sorted(await self._works(found, now), key=_at_least, reverse=True)[:_GROUPS_AT_A_GLANCE]
        told = await asyncio.to_thread(forecast, works, self._rules, now, most_rows=_ROWS_AT_A_GLANCE)
        self._kept = _Kept(now, signature, due, told.seconds)
        return told.seconds

    async def whole(self, found: Mapping[str, Rows], now: datetime) -> Forecast:
        """Every group, its rows one by one as far as that is bearable."""
        works = await self._works(found, now)
        return await asyncio.to_thread(forecast, works, self._rules, now, most_rows=MOST_ROWS)

    async def _works(self, found: Mapping[str, Rows], now: datetime) -> list[Work]:
        answers = await self._answers(now)
        gates = {row["host_group"]: row for row in found["list_hosts"]}
        later = {row["host_group"]: row for row in found["count_scheduled_figures"]}
        suspected = {row["host_group"]: row for row in found["count_suspected_figures"]}
        counts = {(row["subject"], row["host_group"], row["state"]): row["n"] for row in found["list_counts"]}
        names = {row["host_group"] for row in found["list_counts"] if _is_due(row)}
        return [
            self._work(
                name,
                counts.get(("figure", name, FigureState.DUE), 0),
                later.get(name),
                suspected.get(name),
                gates.get(name),
                answers.get(name),
                controlled=counts.get(("attempt", name, FetchClass.STORED), 0) > 0,
            )
            for name in sorted(names | suspected.keys())
        ]

    def _work(
        self,
        name: str,
        due: int,
        later: Row | None,
        suspected: Row | None,
        gate: Row | None,
        answers: Row | None,
        *,
        controlled: bool,
    ) -> Work:
        put_off = min(later["scheduled"], due, MOST_ROWS) if later else 0
        attempts = round(later["attempts"]) if later else 0
        return Work(
            group=self._groups.named(name),
            due=max(due - put_off, 0),
            later=tuple((at, attempts) for at in _spread(later, put_off)),
            suspected=_spread(suspected, min(suspected["suspected"], MOST_ROWS) if suspected else 0),
            controlled=controlled,
            kept=gate_state(gate) if gate else None,
            mix=_mix(name, answers, head_first=self._rules.head_first),
            paths=_paths(name, answers["urls"] or () if answers else ()),
        )

    async def _answers(self, now: datetime) -> dict[str, Row]:
        if self._learned is None or not timedelta(0) <= now - self._learned[0] < _LEARNED_FOR:
            params = {"attempts": _ATTEMPTS, "addresses": _ADDRESSES}
            rows = await fetch(self._database, "list_recent_answers", params)
            self._learned = now, {row["host_group"]: row for row in rows}
        return self._learned[1]


def _is_due(row: Row) -> bool:
    return bool(row["subject"] == "figure" and row["state"] == FigureState.DUE)


def _closing(row: Row) -> tuple[Any, ...]:
    """What makes an old answer wrong at once."""
    names = (
        "host_group",
        "rate",
        "in_flight_limit",
        "hold_until",
        "breaker_until",
        "opens_at",
        "override_until",
    )
    return tuple(row[name] for name in names)


def _at_least(work: Work) -> float:
    """Seconds that a group takes at least, nearly: which groups are the slowest."""
    ends = max((*(due for due, _ in work.later), *(() if work.controlled else work.suspected)), default=0.0)
    rate = work.kept.rate if work.kept and work.kept.rate > 0 else work.group.rate
    return max(ends, (work.due + len(work.later)) / rate)


def _spread(row: Row | None, number: int) -> tuple[float, ...]:
    """So many moments from the first to the last."""
    if row is None or number <= 0:
        return ()
    first, last = row["first_due_s"], max(row["last_due_s"], row["first_due_s"])
    return tuple(first + (last - first) * n / max(1, number - 1) for n in range(number))


def _mix(name: str, row: Row | None, *, head_first: bool) -> Mix:
    """What was learned of a group, with what is expected of it for want of more."""
    prior = expected(name)
    if row is None:
        return prior
    shares = {kind: _PRIOR * prior.share(kind) for kind in Kind}
    for kind in Kind:
        shares[kind] += row[kind.value.replace("-", "_")]
    trouble = row["trouble"]
    least = 2 if head_first else 1
    return Mix(
        shares,
        answer_s=row["answer_ms"] / 1000 if row["answer_ms"] else prior.answer_s,
        trouble_s=row["trouble_ms"] / 1000 if row["trouble_ms"] else prior.trouble_s,
        at_head=row["at_head"] / trouble if trouble else prior.at_head,
        hops=max(0.0, row["requests_stored"] - least) if row["requests_stored"] else 0.0,
    )


def _paths(group: str, urls: Iterable[str]) -> tuple[str, ...]:
    found = []
    for url in urls:
        try:
            address = parse_address(url)
            found.append(path_in_group(group, address.host, address.path))
        except BadAddress:
            continue  # refused without a request, or with a name that only the network's side can read
    return tuple(found) or ("/",)

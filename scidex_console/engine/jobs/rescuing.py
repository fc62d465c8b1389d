"""Rescue of figures that have moved: a dead recorded address is rewritten, and the figure asked for there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scidex_console.domain.fetching import FetchClass, FetchOutcome
from scidex_console.domain.rescue import RescueRule, fingerprint, other_addresses
from scidex_console.engine.ports import DueFigure, FigureSource


class Rescue:
    """Applies the rules that are in force; without any it does nothing."""

    def __init__(self, source: FigureSource, rules: Sequence[RescueRule]) -> None:
        self._source = source
        self._rules = tuple(rules)
        self.fingerprint = fingerprint(rules)

    def applies(self, url: str, tried: str = "") -> bool:
        """Whether a figure may live elsewhere, and the rules in force have not been tried on it."""
        return bool(self._rules) and tried != self.fingerprint and bool(other_addresses(url, self._rules))

    async def instead_of(self, item: DueFigure, dead: FetchOutcome | None) -> FetchOutcome:
        """The figure from where it has moved, or what is known after trying: `dead` where there is such.

        A figure that is marked already is not asked for at its recorded address (`dead` is None).
        """
        requests, took, hops = (dead.requests, dead.took_ms, dead.hops) if dead else (0, 0, ())
        last, trouble = dead, False
        for rule, url in other_addresses(item.url, self._rules):
            found = await self._source.fetch_elsewhere(item.artifact_id, url)
            requests, took = requests + found.requests, took + found.took_ms
            hops += found.hops
            if found.outcome is FetchClass.STORED:
                return replace(
                    found,
                    requests=requests,
                    took_ms=took,
                    hops=hops,
                    reason=f"{found.reason}, at another address by the rule {rule.name}",
                    resolved_url=url,
                    resolved_by=rule.name,
                )
            trouble = trouble or found.outcome in (FetchClass.TRANSIENT, FetchClass.BLOCKED)
            last = last or found
        assert last is not None, "a rule applies"
        tried = "" if trouble else self.fingerprint
        return replace(last, requests=requests, took_ms=took, hops=hops, rescue_tried=tried)

"""Orders about hosts: what the gate is told to do at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from scidex_console.domain.errors import Refused
from scidex_console.domain.hosts import HostGroup, HostGroups, Override
from scidex_console.domain.intents import Intent
from scidex_console.domain.rates import format_rate
from scidex_console.engine.ports import Clock, FigureStore, Gate, GateStore
from scidex_console.engine.run_orders import number_of


class HostOrders:
    """Handler of throttle. `budgets` are what the configuration grants, which no override exceeds.

    Spec (figures, risks): nobody goes beyond the budget of a host.
    """

    def __init__(
        self,
        gate: Gate,
        gate_store: GateStore,
        figures: FigureStore,
        clock: Clock,
        *,
        budgets: HostGroups,
    ) -> None:
        self._gate = gate
        self._gate_store = gate_store
        self._figures = figures
        self._clock = clock
        self._budgets = budgets

    async def throttle(self, intent: Intent) -> str:
        """Set or clear a temporary budget."""
        group = str(intent.params.get("group") or "")
        if not group:
            raise Refused("a host group must be named", where="group")
        if not await self._knows(group):
            raise Refused(f"no row is asked of a host group {group}", fix="see `scidex-console status`")
        if intent.params.get("clear"):
            self._gate.set_override(group, None)
            done = f"{group} has its configured budget again"
        else:
            override = self._override(intent, self._budgets.named(group))
            self._gate.set_override(group, override)
            done = f"{group}: {_budget(override)} until {override.until:%Y-%m-%d %H:%M:%S} UTC"
        await self._gate_store.save(self._gate.states())
        return done

    def facts(self, intent: Intent) -> dict[str, Any]:
        """What an audit row says of the group's budget."""
        group = intent.params.get("group")
        state = next((state for state in self._gate.states() if state.group == group), None)
        if state is None:
            return {"group": group}
        until = state.override.until.isoformat() if state.override else None
        return {
            "group": group,
            "rate": state.rate,
            "in_flight": state.in_flight_limit,
            "override_until": until,
        }

    async def _knows(self, group: str) -> bool:
        asked = {state.group for state in self._gate.states()}
        configured = {known.name for known in self._budgets.configured()}
        return group in configured | asked or await self._figures.has_group(group)

    def _override(self, intent: Intent, granted: HostGroup) -> Override:
        rate, in_flight = intent.params.get("rate"), intent.params.get("in_flight")
        seconds = intent.params.get("for_seconds", 7200)
        if rate is None and in_flight is None:
            raise Refused("a throttle needs a rate, a number in flight, or both")
        if rate is not None and not (_is_amount(rate) and 0 < rate <= granted.rate):
            raise Refused(
                f"a rate is above 0 and at most the budget of {granted.name}, "
                f"{format_rate(granted.rate, 'requests')}",
                where="rate",
                fix="a larger budget is a matter of the configuration (fetch.groups)",
            )
        if in_flight is not None and not 1 <= (number_of(intent, "in_flight") or 0) <= granted.in_flight:
            raise Refused(
                f"a number in flight is from 1 to the budget of {granted.name}, {granted.in_flight}",
                where="in_flight",
                fix="a larger budget is a matter of the configuration (fetch.groups)",
            )
        if not (_is_amount(seconds) and 1 <= seconds <= 30 * 86400):
            raise Refused("an override lasts from 1 second to 30 days", where="for")
        until = self._clock.now() + timedelta(seconds=float(seconds))
        return Override(rate, in_flight, until, intent.operator, intent.reason)


def _budget(override: Override) -> str:
    parts = []
    if override.rate is not None:
        parts.append(format_rate(override.rate, "requests"))
    if override.in_flight is not None:
        parts.append(f"{override.in_flight} in flight")
    return ", ".join(parts)


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

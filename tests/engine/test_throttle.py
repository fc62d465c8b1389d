"""An operator's override: lower for a while, never above what the configuration grants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scidex_console.domain.errors import Refused
from scidex_console.domain.hosts import GateState, HostGroup, HostGroups, Override
from scidex_console.domain.intents import ActionName, Intent, IntentState
from scidex_console.engine.host_orders import HostOrders

NOW = datetime(2026, 5, 19, 3, 0, tzinfo=UTC)
BUDGETS = HostGroups([HostGroup("europepmc", ("europepmc.org",), 2.0, 4)])


class _Gate:
    def __init__(self) -> None:
        self.overrides: dict[str, Override | None] = {}

    def states(self) -> list[GateState]:
        return [GateState("europepmc", 2.0, 4)]

    def set_override(self, group: str, override: Override | None) -> None:
        self.overrides[group] = override


class _Store:
    async def save(self, states: Any) -> None:
        self.saved = list(states)

    async def has_group(self, group: str) -> bool:
        return group == "www.plosone.org"


class _Clock:
    def now(self) -> datetime:
        return NOW


def intent(**params: Any) -> Intent:
    return Intent(
        id=1,
        action=ActionName.THROTTLE,
        job=None,
        params=params,
        state=IntentState.ACCEPTED,
        operator="ada",
        origin="test",
        reason="too many 429",
        requested_at=NOW,
    )


@pytest.fixture
def gate() -> _Gate:
    return _Gate()


@pytest.fixture
def orders(gate: _Gate) -> HostOrders:
    store = _Store()
    return HostOrders(gate, store, store, _Clock(), budgets=BUDGETS)  # type: ignore[arg-type]


async def test_a_lower_budget_holds_until_its_end(gate: _Gate, orders: HostOrders) -> None:
    said = await orders.throttle(intent(group="europepmc", rate=0.5, in_flight=1, for_seconds=7200))
    override = gate.overrides["europepmc"]
    assert override == Override(0.5, 1, NOW + timedelta(hours=2), "ada", "too many 429")
    assert said == "europepmc: 0.5 requests/s, 1 in flight until 2026-05-19 05:00:00 UTC"


@pytest.mark.parametrize(
    ("group", "params"),
    [
        ("europepmc", {"rate": 2.5}),
        ("europepmc", {"in_flight": 5}),
        ("europepmc", {"rate": 0}),
        ("europepmc", {"rate": float("nan")}),
        ("europepmc", {"rate": True}),
        ("www.plosone.org", {"rate": 1.5}),
    ],
)
async def test_no_override_exceeds_the_configured_budget(
    gate: _Gate, orders: HostOrders, group: str, params: dict[str, Any]
) -> None:
    with pytest.raises(Refused, match="budget"):
        await orders.throttle(intent(group=group, **params))
    assert gate.overrides == {}


async def test_a_group_nobody_asks_is_refused(orders: HostOrders) -> None:
    with pytest.raises(Refused, match="no row is asked"):
        await orders.throttle(intent(group="europmc", rate=1.0))


async def test_clearing_gives_the_configured_budget_back(gate: _Gate, orders: HostOrders) -> None:
    await orders.throttle(intent(group="europepmc", clear=True))
    assert gate.overrides == {"europepmc": None}

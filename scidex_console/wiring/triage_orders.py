"""Triage over a configuration, for the engine that applies decisions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from scidex_console.adapters.postgres.triage import PostgresDecisions, PostgresTriage
from scidex_console.engine.finishing import Finishing
from scidex_console.engine.ports import Journal, ReadModel
from scidex_console.engine.triage.orders import TriageOrders
from scidex_console.engine.triage.undoing import UndoPlanner
from scidex_console.engine.writer import Writer
from scidex_console.settings import Settings
from scidex_console.wiring.triage import case_reader, decision_planner, orphan_planner

if TYPE_CHECKING:
    from scidex_console.wiring.held_store import HeldStore


def triage_orders(
    settings: Settings,
    store: HeldStore,
    *,
    finishing: Finishing,
    journal: Journal,
    writer: Writer,
    previews: ReadModel,
    check_cleanup: Callable[[], Awaitable[None]],
) -> TriageOrders:
    """What settles decisions, with a reader of its own: the jobs' own looks at the tip go on beside it."""
    triage, reader = PostgresTriage(store.fenced.database), case_reader(settings)
    return TriageOrders(
        store=triage,
        decisions=PostgresDecisions(store.fenced),
        planner=decision_planner(settings, triage, reader, store.identity),
        orphans=orphan_planner(store.fenced.database, reader),
        check_cleanup=check_cleanup,
        undoing=UndoPlanner(triage, previews),
        finishing=finishing,
        journal=journal,
        writer=writer,
        mandate=store.mandate,
    )

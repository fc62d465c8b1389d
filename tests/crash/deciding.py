"""Decisions on the desk, settled as an engine settles them, in a child that may be killed."""

from __future__ import annotations

import os

from scidex_console.adapters.postgres.intents import PostgresIntents
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.adapters.postgres.runs import PostgresRuns
from scidex_console.engine.finishing import Finishing
from scidex_console.engine.writer import Writer
from scidex_console.wiring.held_store import HeldStore
from scidex_console.wiring.triage_orders import triage_orders
from tests.crash.forked import storm
from tests.labs import Lab

STRIDE = int(os.environ.get("SCIDEX_DECISION_KILL_STRIDE", "3"))
"""Of the numbered places the sweeps take one in so many; with 1 they take every one."""
NOWHERE = 10**6
"""A place that no work comes to."""


async def _gate_is_open() -> None:
    """Whether anything may be cleaned up is of no concern here."""


def settled_in_a_storm(lab: Lab, kill_at: int) -> bool:
    """Settle what is on the desk, with a storm; False when there is no such place. See `storm`."""

    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        intents = PostgresIntents(held.fenced)
        orders = triage_orders(
            lab.settings,
            held,
            finishing=Finishing(PostgresRuns(held.fenced), held.journal(), writer),
            journal=held.journal(),
            writer=writer,
            previews=PostgresReadModel(held.fenced.database),
            check_cleanup=_gate_is_open,
        )
        for intent in await intents.claim():
            await intents.settle(intent, done=True, outcome=await orders.decide(intent))
        await writer.publish()

    return storm(lab, work, kill_at)

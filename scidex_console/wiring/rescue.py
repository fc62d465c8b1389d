"""`plan figures --rescue`: a sample of the figures that are gone, asked for where they may have moved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from scidex_console.adapters.http.decoding import Decoder
from scidex_console.adapters.http.figure_source import HttpFigureSource
from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.dead_figures import dead_figures, rescue_trial
from scidex_console.adapters.postgres.desk import PostgresIntentDesk
from scidex_console.adapters.postgres.gates import PostgresGates
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.adapters.postgres.robots import PostgresRobots
from scidex_console.domain.errors import Fenced, Held, LockBusy, Refused, Unreachable
from scidex_console.domain.intents import SETTLED, ActionName, Intent, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.rescue import RescueTrial
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.rescue_trial import MOST_SAMPLED, sample_rescue
from scidex_console.settings import Settings
from scidex_console.wiring.engine import engine_options, fetch_settings
from scidex_console.wiring.held_store import HeldStore, held_store
from scidex_console.wiring.reading import origin

_LOOK_S = 0.3
_PATIENCE_S = 30.0
"""How long an engine that has the store may give no sign of life."""


async def try_rescue(settings: Settings, *, sample: int, tell: Callable[[Intent], None]) -> RescueTrial:
    """Ask for a sample, and keep nothing: here where no engine has the store, else by that engine.

    Either way by one gate, whose state is kept. `tell` is given the intent each time it is looked at.

    Raises `SettingError` without a contact, `Refused`,
    `Unreachable`.
    """
    settings.fetch.need_contact()
    with suppress(Held):
        return await _here(settings, sample)
    return await _by_the_engine(settings, sample, tell)


async def _here(settings: Settings, sample: int) -> RescueTrial:
    """The store is held meanwhile, so that no engine spends the same budgets. Raises `Held` when one does."""
    options = replace(engine_options(settings, frozenset({JobName.FIGURES}), until_idle=True), writes=False)
    async with held_store(settings, options) as store:
        gate_store = PostgresGates(store.fenced)
        fetching, groups = fetch_settings(settings), settings.fetch.host_groups()
        gates = Gates(groups, store.clock, fetching)
        gates.restore(await gate_store.load())
        staging = store.files.staging
        source = HttpFigureSource(
            fetching,
            groups,
            gates,
            staging,
            store.clock,
            robots=PostgresRobots(store.fenced),
            decoder=Decoder(lambda name: staging.root / name),
        )
        gone = await dead_figures(store.fenced.database)
        async with source:
            beating = asyncio.create_task(_beat(store, gates, options))
            trial = asyncio.create_task(sample_rescue(source, gone, settings.figures.rules(), sample, []))
            try:
                await asyncio.wait({beating, trial}, return_when=asyncio.FIRST_COMPLETED)
                if beating.done():
                    beating.result()  # raises why the store is no longer ours
                return await trial
            finally:
                beating.cancel()
                trial.cancel()
                await asyncio.gather(beating, trial, return_exceptions=True)
                with suppress(Fenced):
                    await gate_store.save(gates.states())


async def _beat(store: HeldStore, gates: Gates, options: EngineOptions) -> None:
    """Give signs of life, and ask nobody without them. Raises `Fenced` when an engine took over."""
    while True:
        began = store.clock.monotonic()
        with suppress(Unreachable, LockBusy):
            await store.fence.beat("tries where figures may have moved")
            gates.renew(began + options.stalled_after_s)
        await store.clock.sleep(options.heartbeat_s)


async def _by_the_engine(settings: Settings, sample: int, tell: Callable[[Intent], None]) -> RescueTrial:
    timeout = settings.database.statement_timeout.total_seconds()
    url = settings.database.need_url()
    async with Database(url, name="scidex-console rescue", statement_timeout_s=timeout) as database:
        desk, read = PostgresIntentDesk(database, origin()), PostgresReadModel(database)
        params = {"sample": min(sample, MOST_SAMPLED)}
        intent = await desk.submit(ActionName.RESCUE, JobName.FIGURES, params, reason="")
        intent = await _settled(read, intent, tell)
        if intent.state is not IntentState.DONE:
            raise Refused(f"the engine did not try: {intent.outcome}", where="rescue")
        return await rescue_trial(database, intent.id)


async def _settled(read: PostgresReadModel, intent: Intent, tell: Callable[[Intent], None]) -> Intent:
    now = asyncio.get_running_loop().time
    alive_at = now()
    tell(intent)
    while intent.state not in SETTLED:
        await asyncio.sleep(_LOOK_S)
        intent = await read.intent(intent.id) or intent
        tell(intent)
        engine = await read.engine()
        if engine is not None and engine.state == "running":
            alive_at = now()
        if now() - alive_at > _PATIENCE_S:
            raise Unreachable(
                f"the engine that has the store gives no sign of life; intent {intent.id} stays with it",
                where="engine",
                fix="see `scidex-console status`",
            )
    return intent

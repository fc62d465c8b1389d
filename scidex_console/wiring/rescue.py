"""`plan figures --rescue`: a sample of the figures that are gone, asked for where they may have moved."""

from __future__ import annotations

from dataclasses import replace

from scidex_console.adapters.http.decoding import Decoder
from scidex_console.adapters.http.figure_source import HttpFigureSource
from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.postgres.dead_figures import dead_figures
from scidex_console.adapters.postgres.gates import PostgresGates
from scidex_console.adapters.postgres.robots import PostgresRobots
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.jobs import JobName
from scidex_console.domain.rescue import RescueTrial, RescueTry, other_addresses
from scidex_console.engine.ports import FigureSource
from scidex_console.settings import Settings
from scidex_console.wiring.engine import engine_options, fetch_settings, held_store


async def try_rescue(settings: Settings, *, sample: int) -> RescueTrial:
    """Ask for a sample through the gate, whose state is the engine's before and after; nothing is kept.

    The store is held meanwhile, so that no engine spends the same budgets. Raises `Held` when one does,
    `SettingError` without a contact, `Unreachable`.
    """
    settings.fetch.need_contact()
    options = replace(engine_options(settings, frozenset({JobName.FIGURES}), until_idle=True), writes=False)
    rules = settings.figures.rules()
    async with held_store(settings, options) as store:
        figures = await dead_figures(store.fenced.database)
        matching = [(name, url, others) for name, url in figures if (others := other_addresses(url, rules))]
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
        tries: list[RescueTry] = []
        async with source:
            try:
                for artifact_id, url, others in matching[:sample]:
                    named = [(rule.name, other) for rule, other in others]
                    tries += await _tries(source, artifact_id, url, named)
            finally:
                await gate_store.save(gates.states())
    return RescueTrial(len(matching), tuple(tries))


async def _tries(
    source: FigureSource, artifact_id: str, url: str, others: list[tuple[str, str]]
) -> list[RescueTry]:
    """One figure at its other addresses, until it comes."""
    tries = []
    for rule, other in others:
        outcome = await source.ask_control(other)
        tries.append(RescueTry(artifact_id, url, rule, other, outcome.outcome, outcome.reason))
        if outcome.outcome is FetchClass.STORED:
            break
    return tries

"""One engine process, put together from the settings."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace

from scidex_console import __version__
from scidex_console.adapters.http.decoding import Decoder
from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.figure_source import HttpFigureSource
from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.dead_figures import dead_figures
from scidex_console.adapters.postgres.folders import PostgresFolders
from scidex_console.adapters.postgres.gates import PostgresGates
from scidex_console.adapters.postgres.housekeeping import PostgresHousekeeping
from scidex_console.adapters.postgres.intents import PostgresIntents
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.adapters.postgres.reader_shares import PostgresShareStore
from scidex_console.adapters.postgres.robots import PostgresRobots
from scidex_console.adapters.postgres.runs import PostgresRuns
from scidex_console.adapters.postgres.soak_facts import PostgresSoakFacts
from scidex_console.adapters.postgres.soak_store import PostgresSoak
from scidex_console.adapters.system.process import (
    file_limit,
    give_back_memory,
    keep_what_is_loaded,
    share_one_heap,
)
from scidex_console.domain.errors import ConsoleError, Fenced
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.engine import Engine, Parts
from scidex_console.engine.failed_commits import FailedCommits
from scidex_console.engine.finishing import Finishing
from scidex_console.engine.host_orders import HostOrders
from scidex_console.engine.intents import IntentClerk
from scidex_console.engine.jobs.job import Job
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.ports import RunStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.reading.orders import ReaderOrders
from scidex_console.engine.rescue_trial import RescueOrders
from scidex_console.engine.run_orders import RunOrders
from scidex_console.engine.soak.orders import SoakOrders
from scidex_console.engine.store_orders import BatchOrders, RowOrders
from scidex_console.engine.worker import Worker
from scidex_console.engine.writer import Writer
from scidex_console.settings import Settings
from scidex_console.wiring import lacking
from scidex_console.wiring.held_store import HeldStore, held_store
from scidex_console.wiring.jobs import migrate_folders, redownload_figures
from scidex_console.wiring.soak import service_probe, soak_rounds
from scidex_console.wiring.triage_orders import triage_orders

WAITS_FOR_A_PERSON = 4
_GIVE_BACK_EVERY_S = 60.0
_FILES_WANTED = 4096
"""Open files at once, if the system lets us; half of them for connections that are kept."""


async def run_engine(
    settings: Settings, jobs: frozenset[JobName], *, until_idle: bool, take_over: bool = False
) -> int:
    """Run an engine in the foreground; the exit code of the contract.

    0 when told to leave or idle, 4 when a run of its jobs is halted. Raises `Held` when another engine has
    the store (with `take_over`: when that one is alive), `Fenced` when one took over.
    """
    share_one_heap()
    options = engine_options(settings, jobs, until_idle=until_idle)
    if options.writes and JobName.FIGURES in jobs:
        settings.fetch.need_contact()
    async with (
        held_store(settings, options, take_over=take_over) as store,
        assembled(settings, options, store) as (engine, runs),
        _told_to_prometheus(settings, store),
        _memory_given_back(),
    ):
        mode = "writes" if options.writes else "observe"
        _say(f"engine {store.mandate.holder}, epoch {store.mandate.epoch}, {mode}")
        keep_what_is_loaded()
        await _until_the_end(engine)
        return await _exit_code(runs, options)


@asynccontextmanager
async def _told_to_prometheus(settings: Settings, store: HeldStore) -> AsyncIterator[None]:
    """The engine's figures on a port of their own, where the configuration names one."""
    if not settings.engine.metrics_port:
        yield
        return
    try:
        from scidex_console.wiring.metrics import engine_metrics
    except ModuleNotFoundError as error:
        raise lacking(error.name or "", extra="web", command="engine.metrics_port") from None

    read = PostgresReadModel(
        store.fenced.database,
        stalled_after_s=settings.engine.stalled_after.total_seconds(),
        cycles=settings.folders.cycles(),
        hash_sources=settings.folders.hash_source,
    )
    async with engine_metrics(read, settings.engine.metrics_port):
        yield


@asynccontextmanager
async def _memory_given_back() -> AsyncIterator[None]:
    """What is freed goes back to the system while the block lasts: bodies and batches riddle the heap."""

    async def again_and_again() -> None:
        while True:
            await asyncio.sleep(_GIVE_BACK_EVERY_S)
            await asyncio.to_thread(give_back_memory)

    giving = asyncio.create_task(again_and_again())
    try:
        yield
    finally:
        giving.cancel()
        await asyncio.wait({giving})


def engine_options(settings: Settings, jobs: frozenset[JobName], *, until_idle: bool) -> EngineOptions:
    """The engine's options from the settings."""
    return EngineOptions(
        version=__version__,
        environment=settings.environment.name,
        writes=settings.writes.enabled,
        authorization=settings.writes.authorization,
        jobs=jobs,
        until_idle=until_idle,
        batch_files=settings.batch.files,
        batch_marks=settings.batch.marks,
        heartbeat_s=settings.engine.heartbeat.total_seconds(),
        stalled_after_s=settings.engine.stalled_after.total_seconds(),
    )


def fetch_settings(settings: Settings) -> FetchSettings:
    """The fetcher's parameters from the settings."""
    fetch = settings.fetch
    return FetchSettings(
        user_agent=fetch.header(),
        probe=settings.figures.probe,
        robots_overrides=tuple(override.hosts for override in fetch.robots_overrides),
        allowed_networks=tuple(str(network) for network in fetch.allow_networks),
        allowed_ports=frozenset(fetch.allow_ports),
        connect_to=tuple(str(target) for target in fetch.connect_to),
        ca_file=fetch.ca_file,
        connect_timeout=fetch.connect_timeout.total_seconds(),
        read_timeout=fetch.read_timeout.total_seconds(),
        request_deadline=fetch.deadline.total_seconds(),
        max_bytes=fetch.max_bytes,
        **asdict(fetch.manners()),
    )


@asynccontextmanager
async def assembled(
    settings: Settings, options: EngineOptions, store: HeldStore
) -> AsyncIterator[tuple[Engine, RunStore]]:
    """An engine over a held store, with its fetcher open for as long as the block lasts."""
    database, clock, files = store.fenced.database, store.clock, store.files
    pulse = Pulse()
    runs = PostgresRuns(store.fenced)
    figures = store.figures()
    soak = PostgresSoak(store.fenced)
    writer = Writer(store.stores(), figures, pulse, FailedCommits(soak, clock))
    fetching = replace(fetch_settings(settings), kept_hosts=file_limit(_FILES_WANTED) // 2)
    groups = settings.fetch.host_groups()
    gates = Gates(groups, clock, fetching)
    gate_store = PostgresGates(store.fenced)
    housekeeping = PostgresHousekeeping(database)
    previews = PostgresReadModel(
        database,
        stalled_after_s=settings.engine.stalled_after.total_seconds(),
        cycles=settings.folders.cycles(),
        hash_sources=settings.folders.hash_source,
    )
    probe = service_probe(settings)
    rounds = soak_rounds(settings, soak, _soak_facts(settings, database), files.repository, probe, pulse)
    served, soak_orders = options.jobs, SoakOrders(soak, rounds)
    finishing = Finishing(runs, store.journal(), writer)
    robots = PostgresRobots(store.fenced)
    decoder = Decoder(lambda name: files.staging.root / name)
    async with HttpFigureSource(
        fetching, groups, gates, files.staging, clock, robots=robots, decoder=decoder
    ) as source:
        rescue_orders = RescueOrders(
            source,
            lambda: dead_figures(database),
            settings.figures.rules(),
            pulse,
            may_ask=settings.fetch.need_contact,
        )
        clerk = IntentClerk(
            intents=PostgresIntents(store.fenced),
            runs=runs,
            run_orders=RunOrders(runs, writer),
            row_orders=RowOrders(
                {JobName.FIGURES: figures, JobName.FOLDERS: PostgresFolders(store.fenced)}, previews, runs
            ),
            batch_orders=BatchOrders(finishing, store.journal(), previews, writer, store.mandate),
            triage_orders=triage_orders(
                settings,
                store,
                finishing=finishing,
                journal=store.journal(),
                writer=writer,
                previews=previews,
                check_cleanup=soak_orders.check_cleanup,
            ),
            host_orders=HostOrders(gates, gate_store, figures, clock, budgets=groups),
            soak_orders=soak_orders,
            reader_orders=ReaderOrders(PostgresShareStore(store.fenced), pulse),
            rescue_orders=rescue_orders,
            served=served,
            options=options,
            clock=clock,
            pulse=pulse,
        )
        known: Mapping[JobName, Job] = {
            JobName.FIGURES: redownload_figures(settings, options, store, source, gates),
            JobName.FOLDERS: migrate_folders(settings, store, pulse),
        }
        workers = [
            Worker(known[job], runs, writer, clock, pulse, options, epoch=store.mandate.epoch)
            for job in sorted(served)
        ]
        parts = Parts(
            store.fence,
            runs,
            clerk,
            workers,
            writer,
            gates,
            gate_store,
            housekeeping,
            clock,
            pulse,
            options,
            rounds,
        )
        try:
            yield Engine(parts), runs
        finally:
            await rescue_orders.aclose()
            await housekeeping.close()
            await probe.close()


def _soak_facts(settings: Settings, database: Database) -> PostgresSoakFacts:
    return PostgresSoakFacts(
        database,
        events_query=settings.soak.events_query,
        baseline_s=settings.soak.baseline.total_seconds(),
        grace_s=settings.soak.new_artifact_grace.total_seconds(),
        hash_sources=settings.folders.hash_source,
    )


async def _until_the_end(engine: Engine) -> None:
    """Run the engine with SIGTERM and SIGINT asking it to leave; unwrap what ended it otherwise."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, engine.leave)
    try:
        await engine.run()
    except* ConsoleError as group:
        raise _foremost(group) from None
    finally:
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(name)


def _foremost(group: BaseExceptionGroup[ConsoleError]) -> ConsoleError:
    """Of several errors that ended the engine, the one that says why: being fenced explains the others."""
    errors: list[ConsoleError] = []
    pending: list[BaseException] = [group]
    while pending:
        error = pending.pop()
        if isinstance(error, BaseExceptionGroup):
            pending.extend(error.exceptions)
        elif isinstance(error, ConsoleError):
            errors.append(error)
    return next((error for error in errors if isinstance(error, Fenced)), errors[-1])


async def _exit_code(runs: RunStore, options: EngineOptions) -> int:
    for job in options.jobs:
        run = await runs.open_run(job)
        if run is not None and run.state is RunState.HALTED:
            _say(f"{job}: halted: {run.halt_reason}")
            return WAITS_FOR_A_PERSON
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

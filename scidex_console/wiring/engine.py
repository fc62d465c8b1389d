"""One engine process, put together from the settings."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, replace

from scidex_console import __version__
from scidex_console.adapters.files import incoming
from scidex_console.adapters.http.decoding import Decoder
from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.figure_source import HttpFigureSource
from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.dead_figures import dead_figures
from scidex_console.adapters.postgres.fence import PostgresFence
from scidex_console.adapters.postgres.figures import PostgresFigures
from scidex_console.adapters.postgres.folders import PostgresFolders
from scidex_console.adapters.postgres.gates import PostgresGates
from scidex_console.adapters.postgres.guarded_rows import GuardedRows
from scidex_console.adapters.postgres.housekeeping import PostgresHousekeeping
from scidex_console.adapters.postgres.identity import path_is_column, read_identity
from scidex_console.adapters.postgres.intents import PostgresIntents
from scidex_console.adapters.postgres.journal import PostgresJournal
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.adapters.postgres.reader_shares import PostgresShareStore
from scidex_console.adapters.postgres.robots import PostgresRobots
from scidex_console.adapters.postgres.runs import PostgresRuns
from scidex_console.adapters.postgres.schema_files import latest_version
from scidex_console.adapters.postgres.soak_facts import PostgresSoakFacts
from scidex_console.adapters.postgres.soak_store import PostgresSoak
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.adapters.postgres.writer_queue import PostgresWriterQueue
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.adapters.system.process import file_limit, holder
from scidex_console.domain.errors import ConsoleError, Fenced, SchemaMismatch
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
from scidex_console.engine.two_stores.stores import Mandate, Stores
from scidex_console.engine.two_stores.turns import WriterTurns
from scidex_console.engine.views import StoreIdentity
from scidex_console.engine.worker import Worker
from scidex_console.engine.writer import Writer
from scidex_console.settings import Settings
from scidex_console.wiring import lacking
from scidex_console.wiring.jobs import migrate_folders, redownload_figures
from scidex_console.wiring.soak import service_probe, soak_rounds
from scidex_console.wiring.stores import FileSide, open_files
from scidex_console.wiring.triage_orders import triage_orders

WAITS_FOR_A_PERSON = 4
ENGINE = "scidex-console engine"
"""The name of an engine's connections."""
_TURN_S = 60.0
"""How long an engine waits for other writers before it says so and tries again."""

_FILES_WANTED = 4096
"""Open files at once, if the system lets us; half of them for connections that are kept."""


async def run_engine(
    settings: Settings, jobs: frozenset[JobName], *, until_idle: bool, take_over: bool = False
) -> int:
    """Run an engine in the foreground; the exit code of the contract.

    0 when told to leave or idle, 4 when a run of its jobs is halted. Raises `Held` when another engine has
    the store (with `take_over`: when that one is alive), `Fenced` when one took over.
    """
    options = engine_options(settings, jobs, until_idle=until_idle)
    if options.writes and JobName.FIGURES in jobs:
        settings.fetch.need_contact()
    async with (
        held_store(settings, options, take_over=take_over) as store,
        assembled(settings, options, store) as (engine, runs),
        _told_to_prometheus(settings, store),
    ):
        mode = "writes" if options.writes else "observe"
        _say(f"engine {store.mandate.holder}, epoch {store.mandate.epoch}, {mode}")
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
    )
    async with engine_metrics(read, settings.engine.metrics_port):
        yield


@dataclass(frozen=True)
class HeldStore:
    """Both stores, held by this process under an epoch of its own."""

    files: FileSide
    fenced: FencedDatabase
    fence: PostgresFence
    mandate: Mandate
    identity: StoreIdentity
    clock: SystemClock
    grace_s: float
    path_keys: tuple[str, ...]
    """Metadata keys that hold paths."""
    submodule: str
    turns: WriterTurns

    def journal(self) -> PostgresJournal:
        """The journal of this store."""
        in_column = path_is_column(self.identity)
        rows = GuardedRows(self.fenced.database, file_path_is_column=in_column)
        roots = (self.submodule, str(self.files.repository.checkout.worktree))
        return PostgresJournal(self.fenced, rows, path_keys=self.path_keys, roots=roots)

    def figures(self) -> PostgresFigures:
        """The gap of figures of this store."""
        return PostgresFigures(self.fenced, file_path_is_column=path_is_column(self.identity))

    def stores(self) -> Stores:
        """The two stores as the protocol works with them."""
        files = self.files
        return Stores(
            self.journal(),
            files.repository,
            files.worktree,
            files.staging,
            files.folders,
            self.mandate,
            grace=self.grace_s,
            turns=self.turns,
        )


@asynccontextmanager
async def held_store(
    settings: Settings, options: EngineOptions, *, take_over: bool = False
) -> AsyncIterator[HeldStore]:
    """Take the store: the flock, the advisory lock and a new epoch. Raises `Held` naming who has it.

    With `take_over`, also from an engine that has stalled: one that is stopped or hangs keeps its locks. The
    new epoch keeps it from writing anything, should it ever wake.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        files = await asyncio.to_thread(open_files, settings, clock)
        database = await stack.enter_async_context(_database(settings))
        identity = await checked_identity(database)
        name = holder()
        fence = PostgresFence(database)
        if take_over and (stalled := await fence.end_stalled(settings.engine.stalled_after.total_seconds())):
            _say(f"taking over from {stalled}")
            await asyncio.to_thread(files.repository.replace_locks)
        lock = files.repository.engine_lock(name)
        await asyncio.to_thread(lock.__enter__)
        stack.push_async_callback(asyncio.to_thread, lock.__exit__, None, None, None)
        epoch = await fence.acquire(
            name,
            version=__version__,
            writes=options.writes,
            authorization=options.authorization,
            environment=options.environment,
            at_least=await asyncio.to_thread(files.repository.epoch),
        )
        stack.push_async_callback(fence.release)
        if options.writes:
            await asyncio.to_thread(files.repository.raise_epoch, epoch)
            await asyncio.to_thread(incoming.clear, files.incoming)
        fenced = FencedDatabase(database)
        fenced.epoch = epoch
        mandate = Mandate(epoch, options.authorization, name, __version__, fence.journal)
        grace_s = settings.folders.grace.total_seconds()
        path_keys = (*settings.folders.path_keys, *settings.folders.accessory_keys)
        submodule = settings.repository.submodule
        queue = PostgresWriterQueue(database, name=ENGINE, wait_s=_TURN_S)
        stack.push_async_callback(queue.close)
        turns = WriterTurns(files.repository, queue, name)
        yield HeldStore(files, fenced, fence, mandate, identity, clock, grace_s, path_keys, submodule, turns)


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
async def _database(settings: Settings) -> AsyncIterator[Database]:
    timeout = settings.database.statement_timeout.total_seconds()
    url = settings.database.need_url()
    engine = Database(url, name=ENGINE, statement_timeout_s=timeout, lock_timeout_s=2.0, size=8)
    async with engine as database:
        yield database


async def checked_identity(database: Database) -> StoreIdentity:
    """Which database this is. Raises `SchemaMismatch` unless its schema is this program's."""
    identity = await read_identity(database)
    if identity.schema_version != latest_version():
        raise SchemaMismatch(
            f"the schema is at version {identity.schema_version}, this program needs {latest_version()}",
            where=database.place,
            fix="run `scidex-console schema apply`",
        )
    return identity


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

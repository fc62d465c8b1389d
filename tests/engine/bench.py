"""A bench for whole engines: a store, scripted figure hosts on loopback, and engines in this process."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from scidex_console.demo.hosts.answers import Timing
from scidex_console.demo.hosts.connection import Exchange
from scidex_console.demo.hosts.request_log import LoggedRequest
from scidex_console.demo.hosts.scenarios import NEVER, Behaviour
from scidex_console.demo.hosts.server import FigureHosts
from scidex_console.domain.intents import SETTLED, Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.engine import Engine
from scidex_console.engine.options import EngineOptions
from scidex_console.settings import Settings, load_settings
from scidex_console.wiring.engine import assembled, engine_options
from scidex_console.wiring.held_store import HeldStore, held_store
from scidex_console.wiring.reading import Readers, readers
from tests.demo.hosts_client import PROMPT
from tests.labs import Lab, Onlooker, make_lab

T = TypeVar("T")

FIGURES = frozenset({JobName.FIGURES})
AtRest = (RunState.PAUSED, RunState.HALTED, RunState.DONE, RunState.CANCELLED)
Seal = Callable[[HeldStore], HeldStore]


def address(host: str, number: int) -> str:
    """The recorded address of one figure."""
    return f"http://{host}/figures/{number:05}.png"


def addresses(*hosts: tuple[str, int]) -> list[str]:
    """So many figures at each host."""
    return [address(host, number) for host, count in hosts for number in range(count)]


class Doorkeeper(FigureHosts):
    """Figure hosts that answer only as many requests as a test lets through."""

    def __init__(self, folder: Path, *, timing: Timing) -> None:
        super().__init__(folder, timing=timing)
        self._may_pass: int | None = None
        self._moved = asyncio.Event()
        self.at_the_door = 0
        """Requests that wait to be let through."""

    def let(self, count: int | None) -> None:
        """Let so many more requests through, and then no more; None opens the door."""
        self._may_pass = count
        self._moved.set()

    async def _serve(self, exchange: Exchange) -> None:
        self.at_the_door += 1
        try:
            while self._may_pass == 0:
                self._moved.clear()
                await self._moved.wait()
            if self._may_pass is not None:
                self._may_pass -= 1
        finally:
            self.at_the_door -= 1
        await super()._serve(exchange)


@dataclass(frozen=True)
class Bench:
    """A store, its hosts, and a desk to put intents on."""

    lab: Lab
    hosts: Doorkeeper
    readers: Readers

    @asynccontextmanager
    async def engine(
        self, *, seal: Seal = lambda held: held, jobs: frozenset[JobName] = FIGURES, **changes: Any
    ) -> AsyncIterator[Engine]:
        """An engine at work in this process until the block ends; `seal` may put something of a test's in."""
        async with self.engine_until_it_ends(seal=seal, jobs=jobs, **changes) as (engine, life):
            yield engine
            engine.leave()
            await life

    @asynccontextmanager
    async def engine_until_it_ends(
        self,
        *,
        seal: Seal = lambda held: held,
        jobs: frozenset[JobName] = FIGURES,
        take_over: bool = False,
        **changes: Any,
    ) -> AsyncIterator[tuple[Engine, asyncio.Task[None]]]:
        """As `engine`, with the task it lives in; the test says how it ends."""
        options = self.options(jobs=jobs, **changes)
        async with (
            held_store(self.lab.settings, options, take_over=take_over) as held,
            assembled(self.lab.settings, options, seal(held)) as (engine, _),
        ):
            life = asyncio.create_task(engine.run())
            try:
                yield engine, life
            except AssertionError:
                if life.done() and not life.cancelled() and (error := life.exception()):
                    raise error  # noqa: B904 - what ended the engine says more
                raise
            finally:
                life.cancel()
                await asyncio.gather(life, return_exceptions=True)

    def options(self, *, jobs: frozenset[JobName] = FIGURES, **changes: Any) -> EngineOptions:
        """Options of an impatient engine."""
        options = engine_options(self.lab.settings, jobs, until_idle=False)
        return replace(options, **{"retry_s": 0.1, "grace_s": 5.0, **changes})

    # --- what operators do ------------------------------------------------------------------------------

    async def ask(
        self, action: str, job: JobName | None = JobName.FIGURES, *, reason: str = "", **params: Any
    ) -> Intent:
        """Put an intent on the desk and wait until it is settled."""
        return await self.settled(await self.submit(action, job, reason=reason, **params))

    async def submit(
        self, action: str, job: JobName | None = JobName.FIGURES, *, reason: str = "", **params: Any
    ) -> Intent:
        """Put an intent on the desk."""
        return await self.readers.desk.submit(action, job, params, reason=reason)

    async def settled(self, intent: Intent) -> Intent:
        """The intent once it is settled."""

        async def found() -> Intent | None:
            now = await self.intent(intent)
            return now if now.state in SETTLED else None

        return await until(found, f"intent {intent.id} ({intent.action}) settled")

    async def intent(self, intent: Intent) -> Intent:
        """The intent as it is now."""
        now = await self.readers.read.intent(intent.id)
        assert now is not None
        return now

    async def at_rest(self, *states: RunState) -> RunState:
        """The state in which the last run comes to rest (or one of the given ones)."""

        async def found() -> RunState | None:
            state = self.run_state()
            return state if state in (states or AtRest) else None

        return await until(found, f"the run {' or '.join(states) or 'at rest'}")

    # --- what can be seen -------------------------------------------------------------------------------

    def run_row(self) -> dict[str, Any]:
        """The last run."""
        return self.lab.rows("SELECT * FROM scidex_console.run ORDER BY id DESC LIMIT 1")[0]

    def run_state(self) -> RunState | None:
        """State of the last run."""
        rows = self.lab.rows("SELECT state FROM scidex_console.run ORDER BY id DESC LIMIT 1")
        return RunState(rows[0]["state"]) if rows else None

    def figures(self) -> dict[str, str]:
        """State of every figure of the gap."""
        rows = self.lab.rows("SELECT artifact_id, state FROM scidex_console.figure")
        return {row["artifact_id"]: row["state"] for row in rows}

    def tally(self) -> Counter[str]:
        """How many figures are in each state."""
        return Counter(self.figures().values())

    def batches(self) -> list[dict[str, Any]]:
        """All batches, oldest first."""
        return self.lab.rows("SELECT * FROM scidex_console.batch ORDER BY id")

    def artifact(self, artifact_id: str) -> dict[str, Any]:
        """A row of `artifacts`, as it is."""
        return self.lab.rows("SELECT * FROM artifacts WHERE id = %s", artifact_id)[0]

    def artifacts(self) -> dict[str, dict[str, Any]]:
        """All rows of `artifacts`, as they are."""
        return {row["id"]: row for row in self.lab.rows("SELECT * FROM artifacts")}

    def by_url(self) -> dict[str, str]:
        """Artifact ids by recorded address."""
        return {url: artifact_id for artifact_id, url in self.lab.store.lost.items()}

    def asked(self) -> list[LoggedRequest]:
        """Every request the hosts saw."""
        return self.hosts.log.read()

    def asked_urls(self) -> Counter[str]:
        """How often each address was asked with GET."""
        return Counter(request.url for request in self.asked() if request.method == "GET")

    def note(self) -> str:
        """What the engine says of itself."""
        return str(self.lab.rows("SELECT note FROM scidex_console.engine")[0]["note"])


async def until(look: Callable[[], Coroutine[Any, Any, T | None]], what: str, *, patience: float = 90.0) -> T:
    """Look again and again until there is something; ever more rarely, since others look, too."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    pause = 0.01
    while True:
        found = await look()
        if found:
            return found
        assert loop.time() < deadline, f"not within {patience:g} s: {what}"
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, 0.06)


async def until_true(look: Callable[[], bool], what: str, *, patience: float = 90.0) -> None:
    """Look again and again until it is so."""

    async def found() -> bool | None:
        return look() or None

    await until(found, what, patience=patience)


@asynccontextmanager
async def bench(
    folder: Path,
    database_url: str,
    urls: Sequence[str],
    *,
    artifacts: int = 0,
    extra: str = "",
    settings: dict[str, str] | None = None,
    behaviours: dict[str, Behaviour | tuple[Behaviour, int]] | None = None,
) -> AsyncIterator[Bench]:
    """A store whose lost figures have (nearly) these addresses; hosts serve whatever is not scripted.

    A few of the figures have their file already, so a few of the addresses are never asked. `settings` are
    lines of the configuration that are other than a laboratory's: name and new value.
    """
    async with Doorkeeper(folder / "hosts", timing=PROMPT) as hosts:
        for host in {url.split("/")[2] for url in urls}:
            hosts.script.set_host(host, Behaviour.IMAGE)
        for url, behaviour in (behaviours or {}).items():
            kind, failures = behaviour if isinstance(behaviour, tuple) else (behaviour, NEVER)
            hosts.script.set_url(url, kind, failures)
        lab = await asyncio.to_thread(
            make_lab,
            folder / "lab",
            database_url,
            hosts=hosts,
            figures=len(urls),
            artifacts=max(artifacts, len(urls) + 5),
            urls=urls,
            extra=extra,
        )
        onlooker = Onlooker(lab.store.database_url)
        lab = replace(lab, settings=_changed(lab, settings or {}), onlooker=onlooker)
        try:
            async with readers(lab.settings) as connected:
                yield Bench(lab, hosts, connected)
        finally:
            onlooker.leave()


def _changed(lab: Lab, changes: dict[str, str]) -> Settings:
    text = lab.config.read_text()
    for name, value in changes.items():
        line = f"{name} = {value}"
        text, count = re.subn(rf"^{name} = .*$", lambda _, line=line: line, text, flags=re.MULTILINE)
        assert count == 1, f"{name} is not in the configuration once"
    lab.config.write_text(text)
    return load_settings(lab.config, environ={})

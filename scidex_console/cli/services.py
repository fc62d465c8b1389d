"""What commands call, as Protocols: `wiring` provides it, tests provide something smaller."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from scidex_console.demo.options import DemoOptions
    from scidex_console.domain.checks import Finding, VerifyReport
    from scidex_console.domain.cleanup import CleanupPlan
    from scidex_console.domain.folders.orphans import OrphanPage
    from scidex_console.domain.intents import Intent
    from scidex_console.domain.jobs import JobName
    from scidex_console.domain.rescue import RescueTrial
    from scidex_console.engine.ports import CleanupDesk, Feed, IntentDesk, ReadModel, Repacked, TriageDesk
    from scidex_console.engine.ports.tokens import TokenDesk
    from scidex_console.settings import Settings


class Readers(Protocol):
    """An operator's side of the database: read everything, put intents."""

    @property
    def read(self) -> ReadModel: ...
    @property
    def desk(self) -> IntentDesk: ...
    @property
    def feed(self) -> Feed: ...
    @property
    def triage(self) -> TriageDesk: ...
    @property
    def tokens(self) -> TokenDesk: ...
    @property
    def cleanup(self) -> CleanupDesk: ...


class SchemaVersion(Protocol):
    """One version of the schema, and whether this database has it."""

    @property
    def version(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def applied_at(self) -> datetime | None: ...
    @property
    def applied_by(self) -> str: ...
    @property
    def changed(self) -> bool: ...


class SchemaStatus(Protocol):
    """What a database has of the schema."""

    @property
    def server_version(self) -> str: ...
    @property
    def versions(self) -> Sequence[SchemaVersion]: ...
    @property
    def needed(self) -> int: ...
    @property
    def current(self) -> bool: ...


class Schema(Protocol):
    """Applies the schema and takes it back."""

    async def status(self) -> SchemaStatus: ...
    async def apply(self) -> Sequence[SchemaVersion]: ...
    async def revert(self, *, lose_migrated_state: bool = False) -> Sequence[SchemaVersion]: ...


class Services(Protocol):
    """Everything a command can ask for. Functions that need a database raise `Unreachable` without one."""

    def readers(self, settings: Settings, role: str = "cli") -> AbstractAsyncContextManager[Readers]: ...
    def schema(self, settings: Settings) -> AbstractAsyncContextManager[Schema]: ...
    def run_engine(
        self, settings: Settings, jobs: frozenset[JobName], until_idle: bool
    ) -> Coroutine[Any, Any, int]: ...
    def run_console(self, settings: Settings, read_only: bool, program: str) -> int: ...
    def run_in_browser(self, settings: Settings, port: int, write: bool, program: str) -> int: ...
    def run_service(self, settings: Settings, host: str | None, port: int | None) -> int: ...
    def notify(self, settings: Settings, text: str) -> Coroutine[Any, Any, str]: ...
    def verify(self, settings: Settings) -> Coroutine[Any, Any, VerifyReport]: ...
    def maintain(self, settings: Settings) -> Coroutine[Any, Any, Repacked]: ...
    def clean_up(
        self, settings: Settings, *, token: str, reason: str, tell: Callable[[str], None]
    ) -> Coroutine[Any, Any, CleanupPlan]: ...
    def list_orphans(
        self, settings: Settings, *, limit: int, after: str
    ) -> Coroutine[Any, Any, OrphanPage]: ...
    def try_rescue(
        self, settings: Settings, *, sample: int, tell: Callable[[Intent], None]
    ) -> Coroutine[Any, Any, RescueTrial]: ...
    def doctor(
        self, settings: Settings, config_file: Path | None = None
    ) -> Coroutine[Any, Any, Sequence[Finding]]: ...
    def run_demo(self, options: DemoOptions, program: str) -> int: ...


def wired() -> Services:
    """The real ones. Imported here and not above, so that `--help` loads nothing of it."""
    from scidex_console import wiring

    return wiring

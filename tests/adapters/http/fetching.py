"""A figure source with everything real but the world: loopback servers stand for every host."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scidex_console.adapters.http.decoding import Decoder
from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.figure_source import HttpFigureSource
from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.http.transport import Resolver, resolve
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.domain.errors import Halt
from scidex_console.domain.fetching import FetchOutcome, StagedFile
from scidex_console.domain.hosts import HostGroup, HostGroups
from scidex_console.engine.ports import RobotsStore

BRISK = {"default_rate": 400.0, "default_in_flight": 4}
"""Budget of hosts in tests that are not about budgets."""


class FolderWriter:
    """Writes one file into a folder."""

    def __init__(self, folder: Path, name: str, room: int, flushing: float) -> None:
        self._path = folder / f"{name}.part"
        self._file = self._path.open("wb")
        self._hash = hashlib.sha256()
        self._room = room
        self._flushing = flushing
        self.size = 0

    def write(self, chunk: bytes) -> None:
        if self.size + len(chunk) > self._room:
            raise Halt("no space left on the device", where=str(self._path), bytes_needed=len(chunk))
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    async def finish(self) -> StagedFile:
        self._file.close()
        await asyncio.sleep(self._flushing)
        final = self._path.rename(self._path.with_suffix(""))
        return StagedFile(final.name, self._hash.hexdigest(), self.size)

    def abandon(self) -> None:
        self._file.close()
        self._path.unlink()


class FolderStaging:
    """A staging folder without durability; `room` is how large a file may be before the disk is full."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.room = 1 << 40
        self.flushing = 0.0
        """Seconds the disk takes to flush a file."""
        folder.mkdir()

    def create(self, artifact_id: str) -> FolderWriter:
        return FolderWriter(self.folder, artifact_id, self.room, self.flushing)

    def holds(self, name: str, sha256: str) -> bool:
        path = self.folder / name
        return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256

    def discard(self, names: Any) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def names(self) -> frozenset[str]:
        return frozenset(path.name for path in self.folder.iterdir() if path.suffix != ".part")

    def sweep(self) -> int:
        return 0

    def everything(self) -> list[str]:
        """Unfinished files too."""
        return sorted(path.name for path in self.folder.iterdir())


@dataclass
class Fetching:
    """A source and what is around it."""

    source: HttpFigureSource
    gates: Gates
    staging: FolderStaging
    settings: FetchSettings

    async def fetch(self, url: str, artifact_id: str = "fig") -> FetchOutcome:
        return await self.source.fetch(artifact_id, url)

    def bytes_of(self, outcome: FetchOutcome) -> bytes:
        assert outcome.file is not None
        return (self.staging.folder / outcome.file.name).read_bytes()


@asynccontextmanager
async def fetching(
    folder: Path,
    *,
    http_port: int | None = None,
    https_port: int | None = None,
    groups: Sequence[HostGroup] = (),
    settings: FetchSettings | None = None,
    resolver: Resolver = resolve,
    robots_store: RobotsStore | None = None,
    decoder: Decoder | None = None,
    **changes: Any,
) -> AsyncIterator[Fetching]:
    """A source that finds every host name at these loopback ports."""
    ports = {80: http_port, 443: https_port}
    base = settings or FetchSettings(
        user_agent="scidex-console/test (mailto:test@example.org)",
        allowed_networks=("127.0.0.0/8",),
        allowed_ports=frozenset(port for port in ports.values() if port),
        connect_to=tuple(f":{web}:127.0.0.1:{port}" for web, port in ports.items() if port),
        robots=False,
        read_timeout=5.0,
        request_deadline=10.0,
    )
    base = replace(base, **changes)
    clock = SystemClock()
    host_groups = HostGroups(groups, **BRISK)  # type: ignore[arg-type]
    gates = Gates(host_groups, clock, base)
    staging = FolderStaging(folder / "staging")
    source = HttpFigureSource(
        base, host_groups, gates, staging, clock, resolver=resolver, robots=robots_store, decoder=decoder
    )
    async with source:
        yield Fetching(source, gates, staging, base)

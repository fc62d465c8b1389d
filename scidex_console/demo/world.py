"""One demo world in a folder: built once, started and stopped as often as wanted.

    DIR/remotes/, DIR/scidex/   the repositories, see `store`
    DIR/postgres/               the database's home
    DIR/hosts/                  the figure hosts' certificate, request log and messages
    DIR/config.toml             by which every other command finds this world
    DIR/world.json              which world this is, and what runs in it

Everything here blocks; call it from a thread when a loop is running.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from scidex_console.demo.artifacts.scale import SMALL, Scale
from scidex_console.demo.hosts_process import HostsDescription, await_hosts, read_description, start_hosts
from scidex_console.demo.options import demo_command
from scidex_console.demo.postgres_server import EmbeddedPostgres
from scidex_console.demo.processes import ProcessRecord
from scidex_console.demo.store import StorePlaces
from scidex_console.demo.world_building import Progress, empty, fill
from scidex_console.demo.world_config import CONFIG, write_config
from scidex_console.demo.world_record import Running, WorldFolder, WorldRecord, with_process
from scidex_console.domain.errors import Held, Refused

HOSTS = "figure hosts"
DATABASE_HOME = "postgres"
"""Folder of the database's home inside the world's."""
_PATIENCE_S = 60.0
"""How long a process may take to end before it is made to, in seconds: an engine finishes its batch."""


def _silent(line: str) -> None:
    """Progress nobody wants to see."""


class World:
    """A finished world, from `build` or `attach`. As a context manager it ends with `stop`."""

    def __init__(self, folder: WorldFolder, server: EmbeddedPostgres) -> None:
        self._folder = folder
        self._server = server
        self._hosts_process: subprocess.Popen[bytes] | None = None
        self._owned = False
        self.directory = folder.path
        self.places = StorePlaces(folder.path)

    @classmethod
    def build(
        cls, directory: Path, *, scale: Scale = SMALL, seed: int = 1, progress: Progress = _silent
    ) -> Self:
        """The finished world of that scale and seed in a folder: the one that is there, or a new one.

        One that was cut short is removed and built again. Raises `Refused` for a folder that holds something
        else, `Held` when another process builds there now, `RepositoryError` or `Unreachable` when git or
        PostgreSQL fail. The database's server may run afterwards; `start` or `stop` follows.
        """
        folder = WorldFolder(directory.expanduser().absolute())
        world = cls(folder, EmbeddedPostgres(folder.path / DATABASE_HOME))
        with folder.locked():
            record = folder.read()
            wanted = WorldRecord(scale, seed)
            if record is not None and record.finished:
                if (record.scale, record.seed) != (scale, seed):
                    raise world._another(record, wanted)
                progress(f"world: {record.describe()}, found in {folder.path}")
                return world
            if record is not None:
                progress("world: the last one was never finished; building it again")
                world._clear()
            folder.write(wanted)
            world._build(wanted, progress)
            folder.write(replace(wanted, finished=True))
        return world

    @classmethod
    def attach(cls, directory: Path) -> Self:
        """The finished world in a folder. Raises `Refused` when there is none."""
        folder = WorldFolder(directory.expanduser().absolute())
        record = folder.read()
        if record is None or not record.finished:
            raise Refused(
                "there is no demo world",
                where=str(folder.path),
                fix=f"run `{demo_command(folder.path)}` to build one",
            )
        return cls(folder, EmbeddedPostgres(folder.path / DATABASE_HOME))

    @property
    def config_file(self) -> Path:
        """The configuration of this world; true while it runs."""
        return self.directory / CONFIG

    @property
    def database_url(self) -> str:
        """URL of the database. Known once the world was started."""
        return self._server.url()

    @property
    def hosts(self) -> HostsDescription | None:
        """The figure hosts that were started last; None before the first start."""
        return read_description(self._hosts_folder)

    def running(self) -> Running | None:
        """What runs in this world now, whoever started it; None: nothing does."""
        record = self._folder.read()
        running = record.running if record else None
        if running is None:
            return None
        alive = tuple(process for process in running.processes if process.is_running())
        return replace(running, processes=alive) if alive or running.owner.is_running() else None

    def start(self, *, speed: float = 1.0, keep: bool = False, progress: Progress = _silent) -> None:
        """Bring up database and figure hosts and write `config.toml`.

        A world that was left running is taken as it is, and left running again. Raises `Held` when another
        process shows it now, `Refused` when it runs at another speed, `Unreachable` when a part does not come
        up. With `keep` it outlives this process; otherwise the hosts end with it, whatever happens.
        """
        with self._folder.locked():
            running = self.running()
            if running is not None and self._take_over(running, speed):
                progress("world: runs already")
                return
            self._end_all()  # what a killed owner may have left behind
            try:
                self._start(speed, keep, progress)
            except BaseException:
                self._end_all()
                raise

    def record_process(self, name: str, pid: int) -> None:
        """Remember a process that belongs to this world, so that `end` ends it too."""
        with self._folder.locked():
            running = self.running()
            if running is None:
                raise Refused("the demo world does not run", where=str(self.directory))
            self._remember(with_process(running, ProcessRecord.of(name, pid)))

    @property
    def stays(self) -> bool:
        """Whether it goes on when we leave: it is to be kept, or somebody else started it."""
        running = self.running()
        ours = running is None or (running.owner.pid == os.getpid() and not running.keep)
        return not (self._owned and ours)

    def stop(self) -> None:
        """Stop what this object started, unless it is to be kept; leave everything else running."""
        if not self.stays:
            self.end()
            return
        self._server.release()
        if self._hosts_process is not None:
            self._hosts_process.returncode = 0  # it outlives us on purpose; nothing is to warn of that
            self._hosts_process = None

    def end(self) -> list[str]:
        """Stop everything that runs in this world, whoever started it; what was stopped, in that order."""
        with self._folder.locked():
            return self._end_all()

    def remove(self) -> None:
        """End the world and remove it with all its data."""
        with self._folder.locked():
            self._clear()
        shutil.rmtree(self.directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _hosts_folder(self) -> Path:
        return self.directory / "hosts"

    def _build(self, record: WorldRecord, progress: Progress) -> None:
        progress(f"world: building {record.describe()} in {self.directory}")
        self._owned = True
        try:
            fill(self.directory, record, self._server, progress)
        except BaseException:
            self._server.stop()
            raise

    def _another(self, record: WorldRecord, wanted: WorldRecord) -> Refused:
        """The folder holds another world than the wanted one: what it is, and how to have the wanted one."""
        stop, remove = ["--stop"], ["--stop", "--remove"]
        runs = self.running() is not None
        return Refused(
            f"another world is there: {record.describe()}, not {wanted.describe()}"
            + ("; it is running now" if runs else ""),
            where=str(self.directory),
            fix=(f"end it by `{demo_command(self.directory, *stop)}` and " if runs else "")
            + "choose another folder by --dir, or give this one up by "
            + f"`{demo_command(self.directory, *remove)}`",
        )

    def _clear(self) -> None:
        self._end_all()
        self._server.destroy()
        empty(self.directory)

    def _record(self) -> WorldRecord:
        record = self._folder.read()
        if record is None:
            raise Refused("the demo world was removed meanwhile", where=str(self.directory))
        return record

    def _remember(self, running: Running | None) -> None:
        self._folder.write(replace(self._record(), running=running))

    def _start(self, speed: float, keep: bool, progress: Progress) -> None:
        self._owned = True
        parent = None if keep else os.getpid()
        process = start_hosts(self._hosts_folder, seed=self._record().seed, speed=speed, parent=parent)
        self._hosts_process = process
        owner = ProcessRecord.of("demo", os.getpid())
        self._remember(Running(owner, keep, speed, (ProcessRecord.of(HOSTS, process.pid),)))
        url = self._server.start()
        progress("database: running")
        hosts = await_hosts(process, self._hosts_folder)
        progress(f"figure hosts: {hosts.hosts} names, at {hosts.address}:{hosts.https_port}")
        write_config(self.config_file, self.places, url, hosts, speed)

    def _take_over(self, running: Running, speed: float) -> bool:
        """Whether what runs is a whole world, to be used as it is."""
        ours = running.owner.pid == os.getpid()
        stop = demo_command(self.directory, "--stop")
        if running.owner.is_running() and not ours:
            raise Held(
                f"this demo world is in use by process {running.owner.pid}",
                where=str(self.directory),
                fix=f"leave it there, end it by `{stop}`, or choose another --dir",
            )
        if all(process.name != HOSTS for process in running.processes):
            return False
        if running.speed != speed:
            raise Refused(
                f"this demo world runs at speed {running.speed:g}, not {speed:g}",
                where=str(self.directory),
                fix=f"end it by `{stop}` first",
            )
        self._owned = self._owned and ours
        self._server.start()
        return True

    def _end_all(self) -> list[str]:
        ended = []
        record = self._folder.read()
        running = record.running if record else None
        for process in reversed(running.processes if running else ()):
            if process.is_running() and process.end(_PATIENCE_S):
                ended.append(process.name)
        if self._hosts_process is not None:
            self._hosts_process.terminate()
            self._hosts_process.wait()
            self._hosts_process = None
        if self._server.is_alive():
            self._server.stop()
            ended.append("database")
        self._server.release()
        if record is not None and running is not None:
            self._folder.write(replace(record, running=None))
        self._owned = False
        return ended


def end_world(directory: Path, *, remove: bool = False) -> list[str]:
    """End whatever runs in a world, finished or not, and remove the world if told to; what was ended.

    Raises `Refused` when none is there.
    """
    folder = WorldFolder(directory.expanduser().absolute())
    if folder.read() is None:
        raise Refused("there is no demo world", where=str(folder.path), fix="name its folder by --dir")
    world = World(folder, EmbeddedPostgres(folder.path / DATABASE_HOME))
    ended = world.end()
    if remove:
        world.remove()
    return ended

"""What a world remembers of itself in its folder: which world it is, whether it is finished, what runs.

`world.json` is there from the first moment on, saying `building`; `finished` is written last, so a world that
was cut short is recognised and a folder that is no world is never touched.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scidex_console.demo.artifacts.scale import Scale
from scidex_console.demo.processes import ProcessRecord
from scidex_console.domain.errors import Held, Refused

RECORD = "world.json"
LOCK = "world.lock"
_MADE_BY = "scidex-console demo"
_LAYOUT = 1
"""Raised when worlds of an earlier version can no longer be used."""


@dataclass(frozen=True)
class Running:
    """What runs in a world."""

    owner: ProcessRecord
    """The process that started it."""
    keep: bool
    """Whether it is meant to outlive its owner."""
    speed: float
    processes: tuple[ProcessRecord, ...] = ()
    """In the order they were started; the database looks after itself."""


@dataclass(frozen=True)
class WorldRecord:
    """The content of `world.json`."""

    scale: Scale
    seed: int
    finished: bool = False
    running: Running | None = None

    def describe(self) -> str:
        """Such as `small, seed 1`."""
        return f"{self.scale.name}, seed {self.seed}"


@dataclass(frozen=True)
class WorldFolder:
    """The folder of one world, and the two files by which it is known."""

    path: Path

    @property
    def _record(self) -> Path:
        return self.path / RECORD

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the world while it is built, started or ended, making the folder when missing.

        Raises `Held` when another process does so now, `Refused` when the folder is somebody else's or, also
        later, cannot be written.
        """
        try:
            with self._lock():
                yield
        except OSError as error:
            raise Refused(
                f"cannot be written: {error.strerror or error}",
                where=str(error.filename or self.path),
                fix="make room and permission for the demo world, or choose another --dir",
            ) from error

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._claim()
        descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Held(
                    "another process is building, starting or stopping this demo world",
                    where=str(self.path),
                    fix="wait for it, or choose another --dir",
                ) from None
            yield
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # said aloud: a child just forked may hold a copy
        finally:
            os.close(descriptor)

    def read(self) -> WorldRecord | None:
        """What the folder says it is; None when it says nothing. Raises `Refused` when it makes no sense."""
        try:
            value = json.loads(self._record.read_text(encoding="utf-8"))
            if value["made_by"] != _MADE_BY:
                raise ValueError(f"made by {value['made_by']}")
            if value["layout"] != _LAYOUT:
                raise ValueError(f"layout {value['layout']} instead of {_LAYOUT}")
            return _record_of(value)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Refused(
                f"this {RECORD} is not one this version can use ({error})",
                where=str(self.path),
                fix="choose another --dir, or remove the folder",
            ) from error

    def write(self, record: WorldRecord) -> None:
        """Replace `world.json`, so that it is there whole or not at all."""
        draft = self._record.with_suffix(".json.new")
        draft.write_text(json.dumps(_json_of(record), indent=1) + "\n", encoding="utf-8")
        draft.replace(self._record)

    def _claim(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in self.path.iterdir()}
        if RECORD not in names and names - {LOCK, f"{RECORD}.new"}:
            raise Refused(
                "the folder is not empty and holds no demo world",
                where=str(self.path),
                fix="choose an empty or a new folder by --dir",
            )


def with_process(running: Running, process: ProcessRecord) -> Running:
    """The same, with one more process; one of the same name is replaced."""
    others = tuple(other for other in running.processes if other.name != process.name)
    return replace(running, processes=(*others, process))


def _json_of(record: WorldRecord) -> dict[str, Any]:
    running = record.running
    return {
        "made_by": _MADE_BY,
        "layout": _LAYOUT,
        "state": "finished" if record.finished else "building",
        "scale": vars(record.scale),
        "seed": record.seed,
        "running": None
        if running is None
        else {
            "owner": running.owner.as_json(),
            "keep": running.keep,
            "speed": running.speed,
            "processes": [process.as_json() for process in running.processes],
        },
    }


def _record_of(value: dict[str, Any]) -> WorldRecord:
    running = value["running"]
    return WorldRecord(
        Scale(**value["scale"]),
        int(value["seed"]),
        value["state"] == "finished",
        None
        if running is None
        else Running(
            ProcessRecord.from_json(running["owner"]),
            bool(running["keep"]),
            float(running["speed"]),
            tuple(ProcessRecord.from_json(process) for process in running["processes"]),
        ),
    )

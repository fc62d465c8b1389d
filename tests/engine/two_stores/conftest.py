"""A small store held by this process, and batches of prepared figures to take through it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scidex_console.domain.batches import Batch
from scidex_console.domain.figures import operation_for
from scidex_console.domain.jobs import JobName
from scidex_console.engine.two_stores import forward
from scidex_console.engine.two_stores.stores import Stores
from scidex_console.wiring.held_store import HeldStore, held_store
from tests.labs import Lab, image_of, make_lab, prepare_figures

Act = Callable[[], Awaitable[None] | None]


class Meanwhile:
    """A journal that lets something happen just before, or just after, one of its steps."""

    def __init__(
        self, journal: Any, step: str, *, before: Act | None = None, after: Act | None = None
    ) -> None:
        self._journal = journal
        self._step = step
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._journal, name)
        if name != self._step:
            return method

        async def with_company(*args: Any, **kwargs: Any) -> Any:
            await _done(self._before)
            result = await method(*args, **kwargs)
            await _done(self._after)
            return result

        return with_company


async def _done(act: Act | None) -> None:
    waited = act() if act is not None else None
    if waited is not None:
        await waited


class Trial:
    """One held store, and the steps of a trial."""

    def __init__(self, held: HeldStore, lab: Lab) -> None:
        self.held = held
        self.lab = lab

    def stores(self, step: str = "", *, before: Act | None = None, after: Act | None = None) -> Stores:
        """The stores; when a step of the journal is named, something happens around it."""
        stores = self.held.stores()
        if not step:
            return stores
        company: Any = Meanwhile(stores.journal, step, before=before, after=after)
        return replace(stores, journal=company)

    async def prepared(
        self, stored: Sequence[str], dead: Sequence[str] = (), *, resurvey: bool = True
    ) -> None:
        """Figures that wait for a batch."""
        await prepare_figures(self.held, self.lab, stored=stored, dead=dead, resurvey=resurvey)

    async def write(self, stores: Stores | None = None) -> Batch:
        """Take all prepared figures through the two stores."""
        prepared = await self.held.figures().prepared(files=50, marks=50)
        paths = self.lab.settings.artifact_paths()
        operations = [operation_for(f, paths, self.held.identity.file_path_field) for f in prepared]
        batch = await forward.apply(stores or self.stores(), JobName.FIGURES, None, operations)
        assert batch is not None
        return batch

    def hash_of(self, artifact_id: str) -> str:
        """sha256 of the bytes that are served for a figure."""
        return hashlib.sha256(image_of(artifact_id)).hexdigest()

    def path_of(self, artifact_id: str) -> str:
        """Canonical path of a prepared figure."""
        return self.lab.settings.artifact_paths().figure(artifact_id, "gif")


@pytest.fixture
def lab(tmp_path: Path, scidex_database: str) -> Lab:
    return make_lab(tmp_path, scidex_database, figures=12, artifacts=16)


@pytest.fixture
async def trial(lab: Lab) -> AsyncIterator[Trial]:
    async with held_store(lab.settings, lab.options()) as held:
        yield Trial(held, lab)

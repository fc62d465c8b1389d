"""Each of the specification's readers, over files on the disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from scidex_console.adapters.system.clock import SystemClock
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.domain.reading.shares import Shares
from scidex_console.engine.ports.reading import Neighbour, Neighbours, Search
from scidex_console.engine.reading.metering import ReadMeter
from scidex_console.engine.reading.resolver import ArtifactResolver
from scidex_console.engine.reading.viewers import Viewers
from tests.engine.reading.small_checkout import UUID, SmallCheckout, row

LINK = Neighbour("d1", None, "dataset", "Data", None, "derives_from", is_input=True)


@dataclass
class Rows:
    """Rows in memory."""

    known: list[ArtifactRow] = field(default_factory=list)

    async def find(self, key: str) -> ArtifactRow | None:
        return next((each for each in self.known if key in (each.id, each.uuid)), None)

    async def find_all(self, keys: Sequence[str]) -> Mapping[str, ArtifactRow]:
        return {key: found for key in keys if (found := await self.find(key))}

    async def neighbours(self, artifact_id: str, upstream: Sequence[str], limit: int) -> Neighbours:
        return Neighbours((LINK, replace(LINK, id="r1", is_input=False)))

    async def search(self, search: Search, limit: int) -> Sequence[ArtifactRow]:
        behind = sorted((each for each in self.known if each.id > search.after), key=lambda each: each.id)
        return behind[:limit]


@dataclass
class World:
    store: SmallCheckout
    rows: Rows
    meter: ReadMeter
    viewers: Viewers

    def counted(self) -> dict[ReaderKind, int]:
        counted: dict[ReaderKind, int] = {}
        for read in self.meter.take()[0]:
            counted[read.reader] = counted.get(read.reader, 0) + read.n
        return counted


@pytest.fixture
def world(tmp_path: Path) -> World:
    store, rows, meter = SmallCheckout(tmp_path), Rows(), ReadMeter()
    resolver = ArtifactResolver(rows, store.finder(), meter, SystemClock())
    resolver.shares = Shares(True, dict.fromkeys(ReaderKind, 100.0))
    return World(store, rows, meter, Viewers(resolver, rows, store.files, upstream_links=["derives_from"]))


async def test_a_notebook_shows_its_rendered_page_from_the_accessories(world: World) -> None:
    files = {"fit.ipynb": b'{"cells": []}', "fit.html": b"<p>rendered"}
    world.rows.known = [world.store.lay(row("n1", "notebook"), files)]
    view = await world.viewers.notebook(UUID)
    assert view is not None and view.rendered is not None and view.cells is None
    assert view.rendered.path == f"{UUID}/accessories/fit.html"
    assert world.counted() == {ReaderKind.NOTEBOOK: 1}


async def test_a_notebook_that_was_never_rendered_shows_its_cells_from_the_legacy_path(world: World) -> None:
    world.store.put("notebooks/n.ipynb", b'{"cells": [{"cell_type": "markdown", "source": "hello"}]}')
    world.rows.known = [row("n1", "notebook", notebook_path="notebooks/n.ipynb")]
    view = await world.viewers.notebook("n1")
    assert view is not None and view.rendered is None and view.cells is not None
    assert [cell.source for cell in view.cells] == ["hello"]


async def test_a_dataset_shows_its_first_rows_and_its_schema(world: World) -> None:
    files = {"d.csv": b"a,b\n1,2\n", "d.schema.json": b"{}"}
    world.rows.known = [world.store.lay(row("d1", "dataset"), files)]
    view = await world.viewers.dataset("d1")
    assert view is not None and view.head is not None and view.schema is not None
    assert (view.head.rows, view.head.is_whole) == ((("1", "2"),), True)


async def test_a_figure_whose_file_is_lost_is_no_error(world: World) -> None:
    world.rows.known = [row("f1", figure_path="figures/lost.png")]
    view = await world.viewers.figure("f1")
    assert view is not None and view.image is None and view.found.missing == ("figures/lost.png",)


async def test_links_tell_both_directions(world: World) -> None:
    world.rows.known = [row("n1", "notebook")]
    view = await world.viewers.links("n1")
    assert view is not None
    assert ([each.id for each in view.inputs], [each.id for each in view.outputs]) == (["d1"], ["r1"])


async def test_embeds_are_resolved_by_either_id_and_counted_once_each(world: World) -> None:
    world.rows.known = [world.store.lay(row("f1"), {"f.png": b"png"})]
    html = await world.viewers.embeds(
        f"{{{{artifact:f1}}}} {{{{artifact:{UUID}}}}} {{{{artifact:none}}}} <b>"
    )
    assert html.count('src="/artifact/f1/files/f.png"') == 2
    assert "none is not known" in html and "&lt;b&gt;" in html
    assert world.counted() == {ReaderKind.EMBED: 1}


async def test_search_gives_pages_with_folder_fields(world: World) -> None:
    world.rows.known = [row(f"a{number}") for number in range(5)]
    first = await world.viewers.search(Search(limit=3))
    assert ([each.id for each in first.found], first.following) == (["a0", "a1", "a2"], "a2")
    last = await world.viewers.search(Search(limit=3, after="a2"))
    assert ([each.id for each in last.found], last.following) == (["a3", "a4"], None)


async def test_what_is_not_known_is_none(world: World) -> None:
    ask = world.viewers
    assert [await read("x") for read in (ask.notebook, ask.figure, ask.dataset, ask.links)] == [None] * 4

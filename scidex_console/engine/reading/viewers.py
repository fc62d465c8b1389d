"""The specification's readers: what each shows of an artifact, whatever shows it.

Nothing here knows of HTTP, nor of HTML but for embeds, which are HTML by nature. Each asks the one resolver,
and is counted there under its own name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.reading.contents import (
    NotebookCell,
    TableHead,
    has_head,
    notebook_cells,
    table_head,
)
from scidex_console.domain.reading.embeds import embedded, expand
from scidex_console.domain.reading.found import FoundArtifact, FoundFile
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.domain.reading.shown import rendered_page, schema_of, shown_image
from scidex_console.engine.ports.reading import Neighbour, ReadableFiles, ReadableRows, Search
from scidex_console.engine.reading.resolver import ArtifactResolver

_HEAD = 256 << 10
"""Bytes of a dataset that are read for its first rows."""
_LONGEST_NOTEBOOK = 8 << 20  # bytes
MOST_NEIGHBOURS = 200
"""Ends of links that are told of one artifact."""


@dataclass(frozen=True)
class NotebookView:
    """A notebook: its rendered page, or else its cells as text."""

    found: FoundArtifact
    rendered: FoundFile | None
    cells: tuple[NotebookCell, ...] | None
    """Only where there is no rendered page; None when they cannot be read."""


@dataclass(frozen=True)
class FigureView:
    """A figure and the file that is shown of it; None when none can be."""

    found: FoundArtifact
    image: FoundFile | None


@dataclass(frozen=True)
class DatasetView:
    """A dataset: its first rows where they can be read, and its schema where it has one."""

    found: FoundArtifact
    head: TableHead | None
    schema: FoundFile | None


@dataclass(frozen=True)
class LinksView:
    """What an artifact was made from, and what was made from it."""

    found: FoundArtifact
    inputs: tuple[Neighbour, ...]
    outputs: tuple[Neighbour, ...]
    unread: str = ""
    """Why the links are not known; empty when they are."""


@dataclass(frozen=True)
class SearchPage:
    """Part of the artifacts that were asked for, in the order of their ids."""

    found: tuple[FoundArtifact, ...]
    following: str | None
    """What to ask for next, as `Search.after`; None at the end."""


class Viewers:
    """Each reader by a method; None where there is no such artifact."""

    def __init__(
        self,
        resolver: ArtifactResolver,
        rows: ReadableRows,
        files: ReadableFiles,
        *,
        upstream_links: Sequence[str],
    ) -> None:
        """`upstream_links` are the types of links whose target is what their source was made from."""
        self._resolver = resolver
        self._rows = rows
        self._files = files
        self._upstream = tuple(upstream_links)

    async def notebook(self, key: str) -> NotebookView | None:
        """The rendered page, or else the notebook's cells."""
        found = await self._resolver.resolve(key, ReaderKind.NOTEBOOK)
        if found is None:
            return None
        rendered, primary = rendered_page(found), found.primary
        if rendered or primary is None or primary.is_pointer or primary.size > _LONGEST_NOTEBOOK:
            return NotebookView(found, rendered, None)
        return NotebookView(found, None, await asyncio.to_thread(self._cells, primary))

    async def figure(self, key: str) -> FigureView | None:
        """The image to be shown."""
        found = await self._resolver.resolve(key, ReaderKind.FIGURE)
        return FigureView(found, shown_image(found)) if found else None

    async def dataset(self, key: str) -> DatasetView | None:
        """The first rows of the table."""
        found = await self._resolver.resolve(key, ReaderKind.DATASET)
        if found is None:
            return None
        primary = found.primary
        readable = primary is not None and has_head(primary.name) and not primary.is_pointer
        head = await asyncio.to_thread(self._table, primary) if primary and readable else None
        return DatasetView(found, head, schema_of(found))

    async def links(self, key: str) -> LinksView | None:
        """The ends of the artifact's links, each with both ids and its folder."""
        found = await self._resolver.resolve(key, ReaderKind.LINKS)
        return await self._linked(found) if found else None

    async def links_of(self, row: ArtifactRow) -> LinksView:
        """The same of an artifact whose row is known already."""
        (found,) = await self._resolver.resolve_all([row], ReaderKind.LINKS)
        return await self._linked(found)

    async def _linked(self, found: FoundArtifact) -> LinksView:
        near = await self._rows.neighbours(found.id, self._upstream, MOST_NEIGHBOURS)
        inputs = tuple(each for each in near.ends if each.is_input)
        outputs = tuple(each for each in near.ends if not each.is_input)
        return LinksView(found, inputs, outputs, near.unread)

    async def embeds(self, text: str) -> str:
        """A text with its `{{artifact:ID}}` as HTML; everything else in it is escaped."""
        keys = embedded(text)
        if not keys:
            return expand(text, {})
        rows = await self._rows.find_all(keys)
        different = list({row.id: row for row in rows.values()}.values())
        found = await self._resolver.resolve_all(different, ReaderKind.EMBED)
        by_id = {each.id: each for each in found}
        return expand(text, {key: by_id[rows[key].id] if key in rows else None for key in keys})

    async def search(self, search: Search) -> SearchPage:
        """A page of artifacts with their folder fields, in the order of their ids."""
        rows: Sequence[ArtifactRow] = await self._rows.search(search, search.limit + 1)
        found = await self._resolver.resolve_all(rows[: search.limit], ReaderKind.SEARCH)
        more = len(rows) > search.limit
        return SearchPage(tuple(found), found[-1].id if more and found else None)

    def _cells(self, file: FoundFile) -> tuple[NotebookCell, ...] | None:
        content = self._files.head(file.path, _LONGEST_NOTEBOOK)
        return None if content is None else notebook_cells(content)

    def _table(self, file: FoundFile) -> TableHead | None:
        content = self._files.head(file.path, _HEAD)
        return None if content is None else table_head(file.name, content, is_whole=len(content) == file.size)

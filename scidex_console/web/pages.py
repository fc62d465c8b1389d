"""Pages for people. They need no script, and say everything in words as well."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.reading.found import FileRole, FoundArtifact, FoundFile
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.domain.reading.shown import rendered_page, shown_image
from scidex_console.domain.row_json import is_storable
from scidex_console.domain.sanitise import visible
from scidex_console.engine.ports.catalogue import Catalogue
from scidex_console.engine.ports.reading import Search
from scidex_console.engine.reading.viewers import SearchPage, Viewers
from scidex_console.styling import style_path
from scidex_console.web import documents, graph, previews
from scidex_console.web.addresses import api_path, artifact_path, file_path
from scidex_console.web.asking import key_of, query_of, search_of
from scidex_console.web.history import history_of
from scidex_console.web.library import Library, names_of, viewer_of
from scidex_console.web.operations import OPERATIONS
from scidex_console.web.options import ServiceOptions
from scidex_console.web.problems import KINDS, Problem
from scidex_console.web.words import moment, size

_SUGGESTED = 8
_HASHED = 32 << 20
"""Bytes of a file whose hash a page computes; a larger one shows none until somebody asks for the file."""
_AT_ONCE = 16 << 10
"""Bytes of which a preview is made on the spot; more of them would keep others waiting."""
_LIST = next(operation for operation in OPERATIONS if operation.name == "list_artifacts")


class Pages:
    """Makes the pages."""

    def __init__(
        self,
        library: Library,
        viewers: Viewers,
        catalogue: Catalogue,
        options: ServiceOptions,
    ) -> None:
        self._library = library
        self._viewers = viewers
        self._catalogue = catalogue
        self._options = options
        self._style = style_path("web.css").read_bytes()
        self._templates = Environment(
            loader=PackageLoader("scidex_console.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "size": size,
            "moment": moment,
            "artifact_path": artifact_path,
            "api_path": api_path,
        }
        self._templates.globals["environment"] = options.environment

    async def home(self, request: Request) -> Response:
        """The newest artifacts; or those of a search, or of a type, by id."""
        asked = query_of(request, _LIST)
        search = search_of(asked)
        text, kind, after = asked["q"].strip(), asked["type"], asked["after"]
        if not (text or kind or after):
            rows, more = await self._catalogue.newest(asked["limit"]), None
        else:
            page = await self._viewers.search(search) if search else SearchPage((), None)
            rows, more = [each.row for each in page.found], page.following
        return self._page(
            "home.html", text=visible(text), kind=visible(kind), after=after, rows=rows, more=more
        )

    async def page(self, request: Request) -> Response:
        """The page of an artifact, by its id or its UUID."""
        found = await self._library.viewed(key_of(request))
        if found is None:
            return await self.missing(request)
        canonical = self.canonical(found)
        # All at once: who reads waits for the longest of them, not for one after the other.
        links, history, files, preview = await asyncio.gather(
            self._viewers.links_of(found.row),
            self._catalogue.history(found.id),
            self._files(found),
            self._preview(found),
        )
        response = self._page(
            "artifact.html",
            found=found,
            row=found.row,
            canonical=canonical,
            files=files,
            preview=preview,
            shown=_shown(found),
            drawing=graph.draw(found.row, links.inputs, links.outputs),
            inputs=links.inputs,
            outputs=links.outputs,
            links_unread=links.unread,
            history=history_of(found.row, history),
            primary_url=next((f.url for f in files if f.role == FileRole.PRIMARY.value), ""),
        )
        response.headers["Link"] = f'<{canonical}>; rel="canonical"'
        response.headers["Cache-Control"] = "no-cache"
        return response

    async def figure(self, request: Request) -> Response:
        """An address by type: leads to the canonical one for ever."""
        return await self._moved(request)

    notebook = dataset = model = figure

    async def embedded(self, request: Request) -> Response:
        """What stands for `{{artifact:ID}}`, as a small page that may stand in a frame."""
        found = await self._library.artifact(key_of(request), ReaderKind.EMBED)
        if found is None:
            return await self.missing(request)
        response = self._page("embed.html", title=found.title, fragment=documents.embed(found).html)
        response.headers["Link"] = f'<{self.canonical(found)}>; rel="canonical"'
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
        )
        return response

    async def problem(self, request: Request) -> Response:
        """What a kind of problem means."""
        kind = KINDS.get(request.path_params["name"])
        if kind is None:
            raise Problem("not-found", "there is no problem of this name")
        return self._page("problem.html", title=kind.title, words=kind.meaning)

    async def style(self, request: Request) -> Response:
        """The style sheet."""
        return Response(self._style, media_type="text/css", headers={"Cache-Control": "public, max-age=300"})

    async def missing(self, request: Request) -> Response:
        """The page for an id that no artifact has, with others that may have been meant."""
        key = key_of(request)
        suggestions = await self._suggestions(key)
        return self._page("missing.html", status=404, key=visible(key), suggestions=suggestions)

    def failed(self, status: int, title: str, words: str) -> Response:
        """The page for everything else that goes wrong."""
        return self._page("problem.html", status=status, title=title, words=words)

    def canonical(self, found: FoundArtifact) -> str:
        """The canonical address of an artifact, with the host."""
        return self._options.public_url + artifact_path(found.handle)

    async def _moved(self, request: Request) -> Response:
        found = await self._library.artifact(key_of(request), ReaderKind.RESOLVE)
        if found is None:
            return await self.missing(request)
        headers = {
            "Link": f'<{self.canonical(found)}>; rel="canonical"',
            "Cache-Control": "public, max-age=86400",
        }
        return RedirectResponse(artifact_path(found.handle), 301, headers)

    async def _suggestions(self, key: str) -> Sequence[ArtifactRow]:
        """Artifacts whose title or id has what was asked for, or the longest part of it that any has."""
        if not is_storable(key):
            return []
        words = sorted((w for w in re.split(r"[-_\s]+", key) if len(w) > 2), key=len, reverse=True)
        for text in dict.fromkeys([key[:100].strip(), *words[:3]]):
            if text and (rows := (await self._viewers.search(Search(text, limit=_SUGGESTED))).found):
                return [each.row for each in rows]
        return []

    async def _files(self, found: FoundArtifact) -> list[Any]:
        """Its files; those without a known hash are hashed, if that does not take long."""
        files = documents.stored_files(found)
        for place, (name, file) in enumerate(names_of(found).items()):
            if file.sha256 or file.size > _HASHED:
                continue
            if told := await self._library.content.told(file.path, file.size):
                known = {"sha256": told, "url": file_path(found.handle, name, told)}
                files[place] = files[place].model_copy(update=known)
        return files

    async def _preview(self, found: FoundArtifact) -> previews.Preview | None:
        file = _shown(found)
        if file is None or file.is_pointer:
            return None
        name = next(name for name, each in names_of(found).items() if each.path == file.path)
        address = file_path(found.handle, name)
        match previews.kind_of_preview(file.media_type):
            case "picture":
                return previews.Picture(address)
            case "frame":
                return previews.Frame(address)
            case "":
                return None
            case kind:
                most = previews.NOTEBOOK_BYTES if kind == "notebook" else previews.HEAD_BYTES
                opened = await self._library.content.opened(file.path)
                if opened is None:
                    return None
                try:
                    head = await opened.bytes(0, min(most, opened.size))
                    whole = opened.size <= len(head)
                finally:
                    opened.close()
                told = partial(previews.preview_of, file.name, file.media_type, head, whole=whole)
                return told() if len(head) <= _AT_ONCE else await asyncio.to_thread(told)

    def _page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(**values), status)


def _shown(found: FoundArtifact) -> FoundFile | None:
    """What a page shows: of a notebook its rendered page, of a figure its image, else what can be shown."""
    primary = found.primary
    if primary is None:
        return None
    if viewer_of(found.row) is ReaderKind.NOTEBOOK and (rendered := rendered_page(found)):
        return rendered
    if viewer_of(found.row) is ReaderKind.FIGURE and (image := shown_image(found)):
        return image
    able = (file for file in (primary, *found.accessories) if previews.kind_of_preview(file.media_type))
    return next(able, primary)

"""The programming interface: reading. Each method is an operation of the table, by its name."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from scidex_console.domain.folders.layout import MANIFEST, Direction
from scidex_console.domain.folders.manifest import manifest_bytes
from scidex_console.domain.reading.found import FoundArtifact
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.domain.row_json import unmarked
from scidex_console.engine.reading.viewers import SearchPage, Viewers
from scidex_console.web import documents
from scidex_console.web.asking import key_of, query_of, search_of
from scidex_console.web.library import Library
from scidex_console.web.operations import JSON, OPERATIONS, Operation
from scidex_console.web.problems import Problem
from scidex_console.web.sending import FileAnswer, Manner

_NONE = "no artifact has this id or UUID"
_OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in OPERATIONS}


class ReadApi:
    """Reads artifacts for programs."""

    def __init__(self, library: Library, viewers: Viewers) -> None:
        self._library = library
        self._viewers = viewers

    async def list_artifacts(self, request: Request) -> Response:
        """A page of a list or of a search."""
        search = search_of(query_of(request, _OPERATIONS["list_artifacts"]))
        page = await self._viewers.search(search) if search else SearchPage((), None)
        return answered(documents.page(page))

    async def artifact(self, request: Request) -> Response:
        """An artifact's row and files."""
        return answered(documents.artifact(await self._found(request)))

    async def folder(self, request: Request) -> Response:
        """The files of its folder."""
        return answered(documents.folder(await self._found(request)))

    async def manifest(self, request: Request) -> Response:
        """Its manifest, byte by byte; without a folder, what would stand in it but for files."""
        found = await self._found(request)
        opened = await self._library.manifest(found.row)
        if opened is not None:
            return FileAnswer(opened, Manner(JSON, MANIFEST), request)
        try:
            content = manifest_bytes(found.row, [])
        except ValueError as error:
            raise Problem(
                "not-found", f"it has no folder yet, and its row makes no manifest: {error}"
            ) from error
        return Response(content, media_type=JSON, headers={"Cache-Control": "no-cache"})

    async def inputs(self, request: Request) -> Response:
        """What it was made from."""
        return await self._links(request, Direction.INPUTS)

    async def outputs(self, request: Request) -> Response:
        """What was made from it."""
        return await self._links(request, Direction.OUTPUTS)

    async def embed(self, request: Request) -> Response:
        """What stands for `{{artifact:ID}}`."""
        return answered(documents.embed(await self._found(request, ReaderKind.EMBED)))

    async def _links(self, request: Request, direction: Direction) -> Response:
        view = await self._viewers.links(key_of(request))
        if view is None:
            raise Problem("not-found", _NONE)
        if view.unread:
            raise Problem("unavailable", view.unread, {"Retry-After": "5"})
        return answered(documents.links(view, direction))

    async def _found(self, request: Request, reader: ReaderKind = ReaderKind.API) -> FoundArtifact:
        key = key_of(request)
        found = await self._library.artifact(key, reader)
        if found is None:
            raise Problem("not-found", _NONE)
        return found


def answered(document: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A document as an answer."""
    content = unmarked(document.model_dump_json()).encode()
    return Response(content, status, {"Cache-Control": "no-cache", **(headers or {})}, JSON)

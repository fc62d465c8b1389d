"""The application: every address of the service, and what answers it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from scidex_console.domain.errors import ConsoleError, Halt, LockBusy, Unreachable, briefly
from scidex_console.domain.folders.layout import MANIFEST
from scidex_console.domain.folders.manifest import media_type
from scidex_console.domain.orphans import is_orphan
from scidex_console.domain.row_json import is_storable
from scidex_console.engine.ports.catalogue import Catalogue, Moved
from scidex_console.engine.ports.reading import ReadableFiles, ReadableRows
from scidex_console.engine.ports.tokens import TokenBook
from scidex_console.engine.reading.metering import ReadMeter
from scidex_console.engine.reading.resolver import ArtifactResolver
from scidex_console.engine.reading.viewers import Viewers
from scidex_console.web import sitemap
from scidex_console.web.addresses import PREFIXED_TYPES, file_path, from_routing
from scidex_console.web.api import ReadApi
from scidex_console.web.asking import key_of
from scidex_console.web.edge import Edge, Tell, with_ours
from scidex_console.web.library import Library, names_of, viewer_of
from scidex_console.web.metrics import CONTENT_TYPE, ServiceMetrics
from scidex_console.web.openapi import description
from scidex_console.web.operations import OPERATIONS
from scidex_console.web.options import ServiceOptions
from scidex_console.web.pages import Pages
from scidex_console.web.problems import KINDS, MEDIA_TYPE, Problem, of_status
from scidex_console.web.recent import LARGEST, Kept, RecentFiles
from scidex_console.web.sending import FileAnswer, Manner
from scidex_console.web.writing import Commits, WriteApi

Handler = Callable[[Request], Awaitable[Response]]
_XML = "application/xml"
_SOON = {"Retry-After": "2"}


@dataclass(frozen=True)
class Parts:
    """What the service works with."""

    resolver: ArtifactResolver
    rows: ReadableRows
    files: ReadableFiles
    viewers: Viewers
    catalogue: Catalogue
    meter: ReadMeter
    tokens: TokenBook
    commits: Commits | None
    """Takes accessories; None where the service only reads."""
    options: ServiceOptions
    tell: Tell


class Service:
    """Addresses that are neither pages nor the interface: files, the sitemap, what machines look at."""

    def __init__(
        self, parts: Parts, library: Library, api: ReadApi, metrics: ServiceMetrics, recent: RecentFiles
    ) -> None:
        self._parts = parts
        self._library = library
        self._api = api
        self._metrics = metrics
        self._recent = recent
        self._description = description()

    async def file(self, request: Request) -> Response:
        """A file of an artifact, by its name."""
        key, name = key_of(request), from_routing(request.path_params["name"])
        opened = await self._library.open(key, name) if is_storable(name) else None
        if opened is None and name == MANIFEST:  # its folder was taken back; the address is good for all that
            return await self._api.manifest(request)
        if opened is None:
            raise Problem("not-found", "there is no such artifact, or it has no file of this name")
        manner = Manner(
            opened.file.media_type,
            name.rpartition("/")[2],
            download="download" in request.query_params,
            pinned=request.query_params.get("v", ""),
        )
        answer = FileAnswer(opened.content, manner, request)
        if opened.warm and answer.status_code == 200 and opened.content.size <= LARGEST:
            body = opened.content.read(0, opened.content.size)
            headers, reader = with_ours(answer.raw_headers), viewer_of(opened.artifact.row)
            self._recent.keep(request.scope, Kept(headers, body, opened.until, opened.artifact, reader))
        return answer

    async def legacy_file(self, request: Request) -> Response:
        """A file by the path it has in the repository, or had before it moved into a folder."""
        path = from_routing(request.path_params["path"])
        if not is_storable(path) or any(part.startswith(".") for part in path.split("/")):
            raise Problem("not-found", "there is no such file")
        for _ in range(2):  # it may move between the two looks
            opened = await self._library.content.opened(path)
            if opened is not None:
                manner = Manner(
                    media_type(path), path.rpartition("/")[2], download="download" in request.query_params
                )
                return FileAnswer(opened, manner, request)
            for moved in await self._parts.catalogue.moved_from(path):
                if address := await self._address_now(moved, path):
                    # Not for ever: a migration may be taken back.
                    return RedirectResponse(address, 302, {"Cache-Control": "no-cache"})
        raise Problem("not-found", "no file lies or lay there")

    async def _address_now(self, moved: Moved, path: str) -> str | None:
        """The address of a file that lay at a path once; None where that move leads to it no more."""
        if is_orphan(moved.owner):
            kept = await self._library.content.opened(moved.path)
            if kept is None:
                return None
            kept.close()
            return f"/{self._parts.options.submodule}/{quote(moved.path)}"
        held = await self._library.open(moved.owner, path)
        if held is None:
            return None
        held.content.close()
        names = {file.path: name for name, file in names_of(held.artifact).items()}
        return file_path(held.artifact.handle, names.get(held.file.path, held.file.name))

    async def sitemap(self, request: Request) -> Response:
        """The index of the sitemap, or one of its parts."""
        catalogue, url = self._parts.catalogue, self._parts.options.public_url
        first = request.query_params.get("from")
        headers = {"Cache-Control": "public, max-age=3600"}
        if first is None:
            return Response(await sitemap.index(catalogue, url), media_type=_XML, headers=headers)
        part = await sitemap.part(catalogue, url, first) if is_storable(first) else None
        if part is None:
            raise Problem("not-found", "there is no such part")
        return StreamingResponse(part, media_type=_XML, headers=headers)

    async def openapi(self, request: Request) -> Response:
        """The description of the interface."""
        return JSONResponse(self._description, headers={"Cache-Control": "no-cache"})

    async def metrics(self, request: Request) -> Response:
        """Figures for Prometheus."""
        content = await asyncio.to_thread(self._metrics.text)
        return Response(content, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})

    async def healthz(self, request: Request) -> Response:
        """Whether the database and the checkout answer."""
        try:
            async with asyncio.timeout(2.0):
                await self._parts.rows.find("health")
                await asyncio.to_thread(self._parts.files.look, "health")
        except (ConsoleError, TimeoutError) as error:
            words = briefly(error) if isinstance(error, ConsoleError) else "no answer within 2 s"
            request.state.trouble = words
            return JSONResponse({"status": "unavailable"}, 503, {"Cache-Control": "no-store", **_SOON})
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    async def robots(self, request: Request) -> Response:
        """Where the sitemap is."""
        url = self._parts.options.public_url
        return Response(f"User-agent: *\nAllow: /\nSitemap: {url}/sitemap.xml\n", media_type="text/plain")


def make_app(parts: Parts) -> Edge:
    """The application."""
    options, metrics = parts.options, ServiceMetrics()
    library = Library(
        parts.resolver,
        parts.rows,
        parts.files,
        parts.catalogue,
        parts.meter,
        submodule=options.submodule,
        reuse_s=options.reuse_s,
    )
    pages = Pages(library, parts.viewers, parts.catalogue, options)
    recent = RecentFiles(parts.meter)
    api = ReadApi(library, parts.viewers)
    service = Service(parts, library, api, metrics, recent)
    write = WriteApi(options, parts.tokens, parts.commits)
    handlers: Mapping[str, Handler] = {
        op.name: getattr(write if op.needs_token else api, op.name) for op in OPERATIONS
    }
    routes = [
        Route("/artifact/{id}/files/{name:path}", service.file),
        Route("/artifact/{id}", pages.page),
        *(Route(op.path, handlers[op.name], methods=[op.method]) for op in OPERATIONS),
        *(Route(f"/{name}/{{id}}", getattr(pages, name)) for name in PREFIXED_TYPES),
        Route("/embed/{id}", pages.embedded),
        Route("/", pages.home),
        Route("/style.css", pages.style),
        Route("/problems/{name}", pages.problem),
        Route("/sitemap.xml", service.sitemap),
        Route("/robots.txt", service.robots),
        Route("/openapi.json", service.openapi),
        Route("/metrics", service.metrics),
        Route("/healthz", service.healthz),
        Route(f"/{options.submodule}/{{path:path}}", service.legacy_file),
    ]
    failures = Failures(pages)
    app = Starlette(
        routes=routes,
        exception_handlers={
            Problem: failures.problem,
            HTTPException: failures.of_framework,
            ConsoleError: failures.expected,
            Exception: failures.unexpected,
        },
    )
    app.router.redirect_slashes = False
    return Edge(app, meter=parts.meter, metrics=metrics, tell=parts.tell, recent=recent)


class Failures:
    """Turns what goes wrong into an answer: a document for programs, a page for people."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def problem(self, request: Request, error: Exception) -> Response:
        """A problem that a handler told of."""
        assert isinstance(error, Problem)
        return self._answer(request, error)

    async def of_framework(self, request: Request, error: Exception) -> Response:
        """No such address, or not by this method."""
        assert isinstance(error, HTTPException)
        words = "no address of this service" if error.status_code == 404 else error.detail
        return self._answer(request, Problem(of_status(error.status_code), words, error.headers or {}))

    async def expected(self, request: Request, error: Exception) -> Response:
        """The database or the store is out of reach, or busy."""
        assert isinstance(error, ConsoleError)
        request.state.trouble = briefly(error)
        if isinstance(error, Unreachable | LockBusy | Halt):
            return self._answer(request, Problem("unavailable", "out of reach or busy just now", _SOON))
        return self._answer(request, Problem("broken", f"see request {request.state.number} in the log"))

    async def unexpected(self, request: Request, error: Exception) -> Response:
        """A fault of this program: the log has it, the client its number."""
        return self._answer(request, Problem("broken", f"see request {request.state.number} in the log"))

    def _answer(self, request: Request, problem: Problem) -> Response:
        if problem.status in (400, 401, 403, 408, 409, 413, 415, 422, 429):
            request.state.trouble = problem.detail
        headers = {"Cache-Control": "no-store", **problem.headers}
        if _wants_page(request):
            page = self._pages.failed(problem.status, KINDS[problem.kind].title, problem.detail)
            page.headers.update(headers)
            return page
        document = problem.document(request.scope["raw_path"].decode("ascii", "replace"))
        return Response(document.model_dump_json(), problem.status, headers, MEDIA_TYPE)


def _wants_page(request: Request) -> bool:
    """Whether a person looks: a browser names HTML, and the interface never answers with it."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")

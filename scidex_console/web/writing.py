"""The one route that writes: a file is added to an artifact's folder, in the name of a token.

Nothing is kept of a file before all of it has come, is of the kind that its name says, and no larger than is
allowed. Then it goes the way of every writer: one batch in git and in the database, under the writer lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from scidex_console.domain.accessories import TAKEN, Inspection, Kind, kind_named, name_problem
from scidex_console.domain.artifact_commits import CommitRequest, CommitResult, GivenFile
from scidex_console.domain.bearers import digest_of
from scidex_console.domain.errors import Halt, LockBusy, Refused, Unreachable, UnsafePath, briefly
from scidex_console.domain.fetching import StagedFile
from scidex_console.domain.folders.layout import ACCESSORIES, MANIFEST
from scidex_console.domain.folders.manifest import FolderFile
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.handles import handle_in_addresses
from scidex_console.engine.ports import Staging
from scidex_console.engine.ports.tokens import TokenBook
from scidex_console.web import answers, documents
from scidex_console.web.addresses import file_path
from scidex_console.web.api import answered
from scidex_console.web.asking import key_of, query_of
from scidex_console.web.operations import OPERATIONS
from scidex_console.web.options import ServiceOptions
from scidex_console.web.problems import Problem
from scidex_console.web.rates import Rate

_OPERATION = next(operation for operation in OPERATIONS if operation.name == "add_accessory")
_DRAINED = 1 << 20
"""Bytes of a body that nobody wants, read all the same so that the client comes to read its answer."""
_SLOWEST = 4096
"""Bytes a second of a body, on the whole; slower than that, drops would keep a connection for ever."""
_LAST = {"Connection": "close"}
_WANTED = {"WWW-Authenticate": 'Bearer realm="accessories"'}


class Commits(Protocol):
    """Takes commits: `engine.artifacts.committing.ArtifactCommits`."""

    @property
    def staging(self) -> Staging: ...

    async def find(self, artifact: str) -> ArtifactRow | None: ...

    async def commit(
        self, request: CommitRequest, *, admit: Callable[[], Awaitable[None]]
    ) -> CommitResult: ...


@dataclass(frozen=True)
class _Upload:
    artifact: str
    filename: str
    kind: Kind
    writer: str
    digest: bytes


class WriteApi:
    """Takes accessories; without `commits` none."""

    def __init__(self, options: ServiceOptions, tokens: TokenBook, commits: Commits | None) -> None:
        self._options = options
        self._tokens = tokens
        self._commits = commits
        self._written = Rate(options.writes_per_minute)
        self._refused = Rate(options.writes_per_minute)

    async def add_accessory(self, request: Request) -> Response:
        """Add a file to an artifact's folder; the same bytes again change nothing."""
        try:
            upload = await self._expected(request)
        except Problem:
            await self._drain(request)
            raise
        assert self._commits is not None, "without it nothing is expected"
        file = await self._stage(request, upload, self._commits.staging)
        given = GivenFile(upload.filename, file.name, file.sha256, file.size)
        asked = CommitRequest(
            upload.artifact,
            accessories=(given,),
            writer=f"token {upload.writer}",
            reason=f"accessory {upload.filename} over HTTP",
        )
        try:
            # Once it has begun it comes to its end, whether or not the client waits for it.
            committing = self._commits.commit(asked, admit=partial(self._still, upload))
            result = await asyncio.shield(asyncio.ensure_future(committing))
        except (LockBusy, Unreachable, Halt):
            raise
        except UnsafePath as error:
            raise Problem("unprocessable", briefly(error)) from error
        except Refused as error:
            raise Problem("conflict", briefly(error)) from error
        return self._answer(result, file)

    async def _expected(self, request: Request) -> _Upload:
        """Who sends what to where. Raises `Problem` for what is known to be wrong before any byte."""
        writer, digest = await self._writer(request)
        if self._commits is None:
            raise Problem("writes-off", "this service takes no accessories")
        asked = query_of(request, _OPERATION)
        filename: str = asked["filename"]
        if why := name_problem(filename):
            raise Problem("unprocessable", why)
        kind = kind_named(filename)
        if kind is None or request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Problem("wrong-type", f"files of these names are taken, as they are: {' '.join(TAKEN)}")
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > self._options.accessory_bytes:
            raise Problem("too-large", self._most(), _LAST)
        row = await self._commits.find(key_of(request))
        if row is None:
            raise Problem("not-found", "no artifact has this id or UUID")
        if row.migrated_at is None:
            raise Problem("no-folder", "its folder comes with the migration")
        return _Upload(row.id, filename, kind, writer, digest)

    async def _still(self, upload: _Upload) -> None:
        """The token may have been revoked while the file came, or waited for its turn."""
        if await self._tokens.name_of(upload.digest) != upload.writer:
            raise Problem("unauthorised", "the token was revoked meanwhile", _WANTED)

    async def _writer(self, request: Request) -> tuple[str, bytes]:
        """The name of the token, which the log bears from now on, and its hash."""
        client = request.client.host if request.client else ""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        digest = digest_of(token.strip()) if scheme.lower() == "bearer" else None
        name = await self._tokens.name_of(digest) if digest else None
        if name is None or digest is None:
            # Only now: behind a proxy all clients are one, and nobody's wrong tokens lock out a right one.
            if wait := self._refused.wait(client):
                raise Problem("too-many", "too many wrong tokens", {"Retry-After": str(wait)})
            self._refused.spend(client)
            raise Problem("unauthorised", "no token, or none that counts", _WANTED)
        request.state.writer = name
        if wait := self._written.wait(name):
            raise Problem("too-many", "this token has written too often", {"Retry-After": str(wait)})
        self._written.spend(name)
        return name, digest

    async def _stage(self, request: Request, upload: _Upload, staging: Staging) -> StagedFile:
        """The whole body, on disk and flushed. Whatever is wrong with it, nothing of it stays."""
        staged, inspection, size = staging.create(upload.artifact), Inspection(upload.kind), 0
        try:
            async for chunk in self._body(request):
                size += len(chunk)
                if size > self._options.accessory_bytes:
                    raise Problem("too-large", self._most(), _LAST)
                if why := inspection.look(chunk):
                    raise Problem("wrong-type", why, _LAST)
                await asyncio.to_thread(staged.write, chunk)
            if not size:
                raise Problem("unprocessable", "the file is empty")
            if why := inspection.look(b"", last=True):
                raise Problem("wrong-type", why)
        except ClientDisconnect:
            staged.abandon()
            raise Problem("too-slow", "the client left before the file had come") from None
        except BaseException:
            staged.abandon()
            raise
        return await staged.finish()

    async def _body(self, request: Request) -> AsyncIterator[bytes]:
        """The body in pieces, each of which must come in time, and all of them not too slowly."""
        pieces, clock = aiter(request.stream()), asyncio.get_running_loop().time
        latest = clock() + self._options.patience_s
        while True:
            try:
                async with asyncio.timeout_at(min(latest, clock() + self._options.patience_s)):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise Problem("too-slow", "the file did not come in time", _LAST) from None
            if piece:
                latest += len(piece) / _SLOWEST
                yield piece

    async def _drain(self, request: Request) -> None:
        """Read a body that was refused before it was looked at, as far as it is small and comes at once."""
        left = _DRAINED
        with suppress(TimeoutError, ClientDisconnect):
            async with asyncio.timeout(1.0):
                async for chunk in request.stream():
                    left -= len(chunk)
                    if left < 0:
                        return

    def _answer(self, result: CommitResult, file: StagedFile) -> Response:
        held = next(each for each in result.files if each.sha256 == file.sha256)
        folder = result.artifact_dir.removeprefix(f"{self._options.submodule}/")
        path, name = f"{folder}/{held.path}", held.path.rpartition("/")[2]
        accessory = _is_accessory(held)
        if accessory and name in (result.primary_filename, MANIFEST):
            name = path
        stored = answers.StoredFile(
            name=name,
            role="accessory" if accessory else "primary",
            path=path,
            size_bytes=held.size,
            sha256=held.sha256,
            media_type=held.media_type,
            url=file_path(handle_in_addresses(result.id, result.artifact_id), name, held.sha256),
        )
        created = bool(result.added)
        document = answers.Accessory(
            **documents.handles_of(result.id, result.artifact_id),
            file=stored,
            created=created,
            commit=result.commit,
        )
        return answered(document, 201 if created else 200, {"Location": stored.url} if created else None)

    def _most(self) -> str:
        return f"{self._options.accessory_bytes} bytes are the most that is taken"


def _is_accessory(file: FolderFile) -> bool:
    return file.path.startswith(f"{ACCESSORIES}/")

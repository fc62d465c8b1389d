"""One attempt at one figure: probe, follow, decide, stage."""

from __future__ import annotations

import math
import random
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx

from scidex_console.adapters.http.body import Body, BodyReader, TooLarge
from scidex_console.adapters.http.decoding import Decoded, Decoder
from scidex_console.adapters.http.fetch_settings import FetchSettings, Probe
from scidex_console.adapters.http.group_gate import GateClosed
from scidex_console.adapters.http.guard import Forbidden, Guard
from scidex_console.adapters.http.images import GIF, SVG, ImageKind, describe, is_whole, kind_of_extension
from scidex_console.adapters.http.international import to_ascii
from scidex_console.adapters.http.robots import Disallowed, Robots
from scidex_console.adapters.http.transport import NoAnswer
from scidex_console.adapters.http.wire import Answer, Cost, Wire
from scidex_console.domain.addresses import BadAddress, WebAddress, resolve_reference
from scidex_console.domain.classify import (
    REDIRECT_STATUSES,
    Decision,
    classify_error,
    classify_no_image,
    status_text,
    suspicious_redirect,
)
from scidex_console.domain.fetching import DEAD_STATUSES, FetchClass, StagedFile
from scidex_console.domain.head_trust import HeadTrust, path_in_group
from scidex_console.domain.hosts import HostGroups
from scidex_console.engine.ports import Clock

_EXTENSION: Final = re.compile(r"\.[A-Za-z]{3,4}$")


@dataclass(frozen=True)
class Ending:
    """How an attempt ended."""

    decision: Decision
    status: int | None = None
    kind: ImageKind | None = None
    file: StagedFile | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True)
class Tools:
    """What every attempt of a source works with."""

    settings: FetchSettings
    groups: HostGroups
    guard: Guard
    wire: Wire
    bodies: BodyReader
    clock: Clock
    robots: Robots
    decoder: Decoder | None
    """None: images are taken by their marks alone."""
    head_trust: Callable[[str], HeadTrust]
    """How far HEAD is believed in a group."""
    chance: Callable[[], float] = random.random
    """Draws from [0, 1) which of HEAD's believed answers are audited."""


@dataclass(frozen=True)
class Manner:
    """How one attempt goes about it."""

    probe: Probe
    patience: float = math.inf
    """Seconds for which the address's own group may be closed before the attempt is put off."""
    past_caches: bool = False
    """Whether caches on the way are asked to ask the host itself."""
    audited: bool = False
    """Whether GET is asked whatever HEAD says."""


class _Refusal(Exception):
    """We do not take what is offered; the message says why."""


class Attempt:
    """The state of one attempt; `run` is called once."""

    def __init__(self, tools: Tools, artifact_id: str, origin: WebAddress, manner: Manner) -> None:
        self.cost = Cost()
        self.last = origin
        """The address asked last."""
        self.look = ""
        """How the last answer looked."""
        self._tools = tools
        self._artifact_id = artifact_id
        self._origin = origin
        self._manner = manner
        self._cookies = httpx.Cookies()
        self._head_status: int | None = None
        self._status: int | None = None
        self._body: Body | None = None
        self._refusal = ""

    async def run(self) -> Ending:
        """Ask until it is decided. Raises `Halt` only (and is cancelled cleanly)."""
        try:
            return await self._probe_and_get()
        except NoAnswer as error:
            back = None
            if error.retry_in is not None:
                back = self._tools.clock.now() + timedelta(seconds=error.retry_in)
            return Ending(
                Decision(FetchClass.TRANSIENT, f"{error}{self._via()}"), self._status, retry_at=back
            )
        except GateClosed as error:
            back = self._tools.clock.now() + timedelta(seconds=error.seconds)
            led = f"redirected to {self.last.host}, which" if self.last is not self._origin else "the group"
            reason = f"{led} is left alone for now ({error.cause})"
            return Ending(Decision(FetchClass.TRANSIENT, reason), self._status, retry_at=back)
        except Disallowed as error:
            return self._ending(FetchClass.BLOCKED, f"{error}{self._via()}")
        except (BadAddress, Forbidden) as error:
            where = f"redirected to {self.last.url}: " if self.last is not self._origin else ""
            return self._ending(FetchClass.REFUSED, f"{where}{error}")
        except _Refusal as error:
            return self._ending(FetchClass.REFUSED, f"{error}{self._via()}")
        finally:
            if self._body is not None:
                self._body.abandon()

    async def _probe_and_get(self) -> Ending:
        if self._manner.probe == "head-then-get":
            answer = await self._ask("HEAD", self._origin)
            self._head_status = answer.status
            if answer.asked_to_wait:
                return self._told_to_wait(answer)
            group = self._tools.groups.of_host(self._origin.host).name
            trust = self._tools.head_trust(group)
            path = path_in_group(group, self._origin.host, self._origin.path)
            may_do = not (answer.challenge or self._manner.audited)
            if may_do and trust.believes(path, answer.status, self._tools.chance()):
                reason = f"{status_text(answer.status)} to HEAD, which GET has confirmed here before"
                return self._ending(FetchClass.DEAD, reason)
            ending = await self._get()
            trust.note(path, answer.status, ending.decision.outcome)
            lied = answer.status in DEAD_STATUSES and ending.decision.outcome is FetchClass.STORED
            if lied and self._manner.audited:
                trust.distrust(path.removesuffix(self._origin.path))
            return ending
        return await self._get()

    async def _get(self) -> Ending:
        address = self._origin
        seen = {self._loop_mark(address)}
        for _ in range(self._tools.settings.max_redirects + 1):
            answer = await self._ask("GET", address)
            if answer.status not in REDIRECT_STATUSES or not answer.locations:
                return await self._judge(answer)
            if answer.wait:  # the least time before the redirected request (RFC 9110, section 10.2.3)
                if answer.wait > self._tools.settings.hop_patience:
                    return self._told_to_wait(answer)
                await self._tools.clock.sleep(answer.wait)
            address = _target(address, answer.locations[0])
            if why := suspicious_redirect(self._origin, address):
                return self._ending(FetchClass.SUSPECT, f"{status_text(answer.status)}: {why}")
            if self._loop_mark(address) in seen:
                raise _Refusal(f"redirected in a loop, to {address.url} again")
            seen.add(self._loop_mark(address))
        raise _Refusal(f"more than {self._tools.settings.max_redirects} redirects, the last to {address.url}")

    def _loop_mark(self, address: WebAddress) -> tuple[str, str]:
        """A page may send back to itself once it has set a cookie; that is no loop."""
        if not self._cookies:
            return address.url, ""
        request = httpx.Request("GET", address.url)
        self._cookies.set_cookie_header(request)
        return address.url, request.headers.get("cookie", "")

    async def _ask(self, method: str, address: WebAddress) -> Answer:
        groups = self._tools.groups
        elsewhere = groups.of_host(address.host).name != groups.of_host(self._origin.host).name
        patience = self._tools.settings.hop_patience if elsewhere else self._manner.patience
        self.last = address
        await self._tools.robots.check(address, self.cost, patience)
        answer = await self._tools.wire.ask(
            method,
            address,
            self._cookies,
            self._read,
            self.cost,
            patience=patience,
            past_caches=self._manner.past_caches,
        )
        self._status, self.look = answer.status, answer.look
        return answer

    async def _read(self, answer: Answer, chunks: AsyncIterator[bytes]) -> bytes:
        self._status = answer.status
        if answer.method == "HEAD" or not answer.success:
            return await self._tools.bodies.drain(chunks)
        encoding = answer.headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            self._refusal = f"the body comes encoded ({encoding}) although it was asked for as it is"
            return b""
        try:
            declared = answer.headers.get("content-length", "")
            self._body = await self._tools.bodies.take_image(chunks, self._artifact_id, declared)
        except TooLarge as error:
            self._refusal = f"too large: {error}"
            return b""
        return b"" if self._body.kind else self._body.head

    # --- decisions --------------------------------------------------------------------------------------

    async def _judge(self, answer: Answer) -> Ending:
        if answer.asked_to_wait:
            return self._told_to_wait(answer)
        if self._refusal:
            raise _Refusal(self._refusal)
        if not answer.success or self._body is None:
            decision = classify_error(answer.status, challenge=answer.challenge, via=self._via())
            return Ending(decision, answer.status, retry_at=answer.retry_at)
        body = self._body
        if body.kind is None:
            decision = classify_no_image(
                answer.status, answer.media_type, body.head, describe(body.head), challenge=answer.challenge
            )
            return Ending(decision, answer.status, retry_at=answer.retry_at)
        if why := _not_whole(answer, body, body.kind):
            return Ending(why, answer.status)
        file = await self._tools.bodies.finish(body)
        decoded = await self._decoded(file, body.kind)
        if decoded.bomb or decoded.broken:
            self._tools.bodies.staging.discard([file.name])
            return Ending(_not_kept(answer, body.kind, decoded), answer.status)
        return Ending(self._stored(answer, body, body.kind, decoded.note), answer.status, body.kind, file)

    async def _decoded(self, file: StagedFile, kind: ImageKind) -> Decoded:
        """What a child finds in the staged image."""
        if self._tools.decoder is None:
            return Decoded()
        try:
            return await self._tools.decoder.look(file.name, svg=kind is SVG)
        except BaseException:
            self._tools.bodies.staging.discard([file.name])
            raise

    def _told_to_wait(self, answer: Answer) -> Ending:
        asked = "asked to slow down"
        if answer.wait is not None:
            asked = f"asked to come back in {answer.wait:.0f} s"
        decision = Decision(FetchClass.TRANSIENT, f"{status_text(answer.status)}{self._via()}: {asked}")
        return Ending(decision, answer.status, retry_at=answer.retry_at)

    def _stored(self, answer: Answer, body: Body, kind: ImageKind, note: str) -> Decision:
        notes = f", {note}" if note else ""
        if (said := answer.media_type) and said not in (kind.media_type, "image/jpg"):
            notes += f", sent as {said}"
        named = _EXTENSION.search(self._origin.path)
        if named and (other := kind_of_extension(named[0])) is not None and other is not kind:
            notes += f", named {named[0].lower()}"
        return Decision(FetchClass.STORED, f"{kind.name} image, {body.size} bytes{notes}{self._via()}")

    def _ending(self, outcome: FetchClass, reason: str) -> Ending:
        return Ending(Decision(outcome, reason), self._status)

    def _via(self) -> str:
        """How the last answer was come by, where that is not plain."""
        parts = []
        if self.last is not self._origin:
            parts.append(f"redirected to {self.last.host}")
        if self._head_status is not None and self._status is not None and self._status != self._head_status:
            parts.append(f"HEAD said {self._head_status}")
        return f" ({', '.join(parts)})" if parts else ""


def _target(base: WebAddress, location: str) -> WebAddress:
    try:
        return resolve_reference(base, location, to_ascii=to_ascii)
    except BadAddress as error:
        raise BadAddress(f"redirected to {location or 'nowhere'}: {error}") from error


def _not_kept(answer: Answer, kind: ImageKind, decoded: Decoded) -> Decision:
    if decoded.bomb:
        return Decision(FetchClass.REFUSED, f"a {kind.name} image that must not be decoded: {decoded.bomb}")
    if not _is_framed(answer):
        why = f"the {kind.name} image does not decode, and nothing said how long it is: {decoded.broken}"
        return Decision(FetchClass.TRANSIENT, why)
    return Decision(FetchClass.SUSPECT, f"a {kind.name} image that does not decode: {decoded.broken}")


def _is_framed(answer: Answer) -> bool:
    """Whether something other than the end of the connection marks the end of the body."""
    return "content-length" in answer.headers or "transfer-encoding" in answer.headers


def _not_whole(answer: Answer, body: Body, kind: ImageKind) -> Decision | None:
    """A decision when the image has no end although the answer does."""
    if answer.status == 206:
        return Decision(FetchClass.SUSPECT, "206 Partial Content, although the whole was asked for")
    if is_whole(kind, body.size, body.head, body.tail):
        return None
    if not _is_framed(answer):
        return Decision(FetchClass.TRANSIENT, f"the {kind.name} image breaks off after {body.size} bytes")
    if kind is GIF:
        return None  # some writers leave the trailer out, and every reader shows the image
    return Decision(
        FetchClass.SUSPECT,
        f"the {kind.name} image has no end, although all of the {body.size} bytes the server declared came",
    )

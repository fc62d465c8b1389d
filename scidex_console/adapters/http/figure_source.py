"""The figure source: the engine's door to the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from scidex_console.adapters.http.attempt import Attempt, Ending, Manner, Tools
from scidex_console.adapters.http.body import BodyReader
from scidex_console.adapters.http.decoding import Decoder
from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.http.guard import Guard
from scidex_console.adapters.http.international import to_ascii
from scidex_console.adapters.http.robots import Robots
from scidex_console.adapters.http.transport import CheckedTransport, Resolver, resolve
from scidex_console.adapters.http.wire import Wire
from scidex_console.domain.addresses import BadAddress, parse_address
from scidex_console.domain.classify import Decision
from scidex_console.domain.fetching import FetchClass, FetchOutcome
from scidex_console.domain.hosts import HostGroups
from scidex_console.domain.sanitise import visible
from scidex_console.engine.ports import Clock, RobotsStore, Staging

MALFORMED: Final = "malformed"
"""Group of the addresses that have no host."""


class HttpFigureSource:
    """Fetches figures over HTTP. An asynchronous context manager; `aclose` closes its connections.

    Raises `SettingError` when a setting cannot be used.
    """

    def __init__(
        self,
        settings: FetchSettings,
        groups: HostGroups,
        gates: Gates,
        staging: Staging,
        clock: Clock,
        *,
        resolver: Resolver = resolve,
        robots: RobotsStore | None = None,
        decoder: Decoder | None = None,
    ) -> None:
        guard = Guard(
            allowed_networks=settings.allowed_networks,
            allowed_ports=settings.allowed_ports,
            connect_to=settings.connect_to,
        )
        self._transport = CheckedTransport(settings, guard, resolver=resolver)
        self._groups = groups
        self._clock = clock
        wire = Wire(settings, groups, gates, guard, self._transport, clock)
        self._tools = Tools(
            settings,
            groups,
            guard,
            wire,
            BodyReader(staging, settings.max_bytes, settings.drain_bytes),
            clock,
            Robots(settings, groups, gates, wire, clock, robots),
            decoder,
            gates.head_trust,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection, and the decoder."""
        await self._transport.aclose()
        if self._tools.decoder is not None:
            await self._tools.decoder.aclose()

    def audit_by(self, chance: Callable[[], float]) -> None:
        """Draw by this from [0, 1), instead of at random, which of HEAD's believed answers are audited."""
        self._tools = replace(self._tools, chance=chance)

    def group_of(self, url: str) -> str:
        """Name of the host group of a recorded address; `malformed` when it cannot be asked at all."""
        try:
            return self._groups.of_host(parse_address(url, to_ascii=to_ascii).host).name
        except BadAddress:
            return MALFORMED

    async def fetch(self, artifact_id: str, url: str, *, audited: bool = False) -> FetchOutcome:
        """One attempt: probe, decide, stage. Raises `Halt` only (our own disk).

        With `audited`, HEAD alone is not believed.
        """
        return await self._fetch(artifact_id, url, Manner(probe=self._tools.settings.probe, audited=audited))

    async def fetch_elsewhere(self, artifact_id: str, url: str) -> FetchOutcome:
        """As `fetch`, with one GET, and without waiting for a closed group. Raises `Halt` only."""
        return await self._fetch(artifact_id, url, self._elsewhere())

    def let_go(self, outcome: FetchOutcome) -> None:
        """Remove what was staged for an outcome that nobody will record. Raises `Halt`."""
        if outcome.file is not None:
            self._tools.bodies.staging.discard([outcome.file.name])

    async def ask_control(self, url: str, *, head: bool = False) -> FetchOutcome:
        """Ask for an image with one GET; its bytes are hashed and not kept. Raises `Halt` only.

        With `head`, HEAD is asked before, and what it says is held against it.
        """
        # A cache would vouch for its host while that is out.
        manner = replace(self._elsewhere(), past_caches=True)
        if head:
            manner = replace(manner, probe="head-then-get", audited=True)
        outcome = await self._fetch("control", url, manner)
        self.let_go(outcome)
        return outcome

    def _elsewhere(self) -> Manner:
        return Manner(probe="get", patience=self._tools.settings.hop_patience)

    async def _fetch(self, artifact_id: str, url: str, manner: Manner) -> FetchOutcome:
        called_at = self._clock.now()
        try:
            address = parse_address(url, to_ascii=to_ascii)
        except BadAddress as error:
            ending, attempt = Ending(Decision(FetchClass.REFUSED, str(error))), None
            host, group = "", MALFORMED
        else:
            host, group = address.host, self._groups.of_host(address.host).name
            attempt = Attempt(self._tools, artifact_id, address, manner)
            ending = await attempt.run()
        return FetchOutcome(
            artifact_id=artifact_id,
            url=url,
            group=group,
            host=host,
            outcome=ending.decision.outcome,
            reason=visible(ending.decision.reason),
            status=ending.status,
            requests=attempt.cost.requests if attempt else 0,
            started_at=(attempt.cost.began_at if attempt else None) or called_at,
            took_ms=round(1000 * attempt.cost.seconds) if attempt else 0,
            final_url=attempt.last.url if attempt else "",
            extension=ending.kind.extension if ending.kind and ending.file else "",
            media_type=ending.kind.media_type if ending.kind and ending.file else "",
            file=ending.file,
            retry_at=ending.retry_at,
            look=attempt.look if attempt else "",
            hops=tuple(attempt.cost.hops) if attempt else (),
        )

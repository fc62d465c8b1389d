"""Asks the service what phase 4 is accepted by: a few addresses each round, of other artifacts each time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from scidex_console.domain.errors import ConsoleError, Unreachable, briefly
from scidex_console.domain.reading.embeds import address
from scidex_console.domain.soak.facts import ProbeFacts
from scidex_console.domain.soak.probing import (
    PREFIXED_TYPES,
    ProbeArtifact,
    first_part,
    pages_of,
    wrong_canonical,
    wrong_page,
    wrong_redirect,
    wrong_sitemap,
)
from scidex_console.engine.ports.soak import ServiceProbe

_LONGEST_S = 30.0
_SITEMAP = "/sitemap.xml"


class ServiceLook:
    """A look at the service. When it does not answer, nothing is made up."""

    def __init__(self, probe: ServiceProbe) -> None:
        self._probe = probe

    async def look(self, artifacts: Sequence[ProbeArtifact]) -> tuple[Mapping[str, ProbeFacts], str]:
        """What was found by check; or why the service could not be asked, in words."""
        typed = [each for each in artifacts if each.artifact_type in PREFIXED_TYPES]
        try:
            async with asyncio.timeout(_LONGEST_S):
                return {
                    "redirects": await self._redirects(self._probe, typed),
                    "canonical": await self._canonical(self._probe, artifacts),
                    "sitemap": await self._sitemap(self._probe, artifacts, bool(typed)),
                    "public_urls": await self._pages(self._probe, artifacts),
                }, ""
        except TimeoutError:
            return {}, f"the service has not answered all within {_LONGEST_S:g} s"
        except Unreachable as error:
            return {}, f"the service does not answer: {briefly(error)}"
        except ConsoleError as error:
            return {}, f"the service cannot be asked: {briefly(error)}"

    async def _redirects(self, probe: ServiceProbe, typed: Sequence[ProbeArtifact]) -> ProbeFacts:
        wrong = []
        for each in typed:
            path = address(each.handle).replace("/artifact/", f"/{each.artifact_type}/", 1)
            wrong.append(wrong_redirect(path, each, await probe.ask(path)))
        return _facts(wrong)

    async def _canonical(self, probe: ServiceProbe, artifacts: Sequence[ProbeArtifact]) -> ProbeFacts:
        one_of_each = {each.artifact_type: each for each in reversed(artifacts)}.values()
        wrong = []
        for each in one_of_each:
            path = address(each.handle)
            wrong.append(wrong_canonical(path, each, await probe.ask(path)))
        return _facts(wrong)

    async def _sitemap(
        self, probe: ServiceProbe, artifacts: Sequence[ProbeArtifact], has_types: bool
    ) -> ProbeFacts:
        if not artifacts:
            return ProbeFacts(0)
        path, answer = _SITEMAP, await probe.ask(_SITEMAP)
        if answer.status == 200 and (part := first_part(answer)):
            path, answer = part, await probe.ask(part)
        return _facts([wrong_sitemap(path, answer, has_types)])

    async def _pages(self, probe: ServiceProbe, artifacts: Sequence[ProbeArtifact]) -> ProbeFacts:
        return _facts([wrong_page(path, await probe.ask(path)) for path in pages_of(artifacts)])


def _facts(wrong: Sequence[str]) -> ProbeFacts:
    """One entry for each address that was asked; empty when it was right."""
    return ProbeFacts(len(wrong), tuple(filter(None, wrong)))

"""The service is asked for a few addresses, and the checks of phase 4 are told by what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from scidex_console.domain.errors import ConsoleError, SettingError, Unreachable
from scidex_console.domain.soak.judging_readers import PROBED
from scidex_console.domain.soak.probing import ProbeAnswer, ProbeArtifact
from scidex_console.engine.soak.probing import ServiceLook

UUID = "8a0c1b52-6d0e-4c3a-9b5f-2f1f7a3c9d10"
ARTIFACTS = [ProbeArtifact("f1", "figure", UUID), ProbeArtifact("h1", "hypothesis", None)]
SITEMAP = "<urlset><url><loc>/artifact/f1</loc></url><url><loc>/figure/f1</loc></url></urlset>"


def right(path: str) -> ProbeAnswer:
    if path == "/figure/f1":
        return ProbeAnswer(301, "/artifact/f1")
    if path == "/sitemap.xml":
        return ProbeAnswer(200, body="<sitemapindex><loc>http://x/sitemap.xml?from=a</loc></sitemapindex>")
    if path.startswith("/sitemap.xml"):
        return ProbeAnswer(200, body=SITEMAP)
    own = path.replace(UUID, "f1")
    return ProbeAnswer(200, link=f'<{own}>; rel="canonical"', body=f'<link rel="canonical" href="{own}">')


@dataclass
class Service:
    """Answers, and keeps what it was asked."""

    answer: Callable[[str], ProbeAnswer] = right
    asked: list[str] = field(default_factory=list)

    async def ask(self, path: str) -> ProbeAnswer:
        self.asked.append(path)
        return self.answer(path)


async def test_a_service_that_is_right_passes_every_check() -> None:
    service = Service()
    probes, trouble = await ServiceLook(service).look(ARTIFACTS)
    assert trouble == "" and set(probes) == set(PROBED)
    assert {check: (facts.asked, facts.wrong) for check, facts in probes.items()} == {
        "redirects": (1, ()),
        "canonical": (2, ()),
        "sitemap": (1, ()),
        "public_urls": (3, ()),
    }
    assert "/sitemap.xml?from=a" in service.asked and f"/artifact/{UUID}" in service.asked


async def test_what_is_wrong_is_named_by_its_address() -> None:
    def gone(path: str) -> ProbeAnswer:
        return ProbeAnswer(404) if path == f"/artifact/{UUID}" else right(path)

    probes, _ = await ServiceLook(Service(gone)).look(ARTIFACTS)
    assert probes["public_urls"].wrong == (f"/artifact/{UUID} answers 404",)
    assert not probes["redirects"].wrong


@pytest.mark.parametrize(
    ("error", "words"),
    [(Unreachable("refused"), "does not answer"), (SettingError("no address"), "cannot be asked")],
)
async def test_a_service_out_of_reach_is_told_and_judges_nothing(error: ConsoleError, words: str) -> None:
    def down(path: str) -> ProbeAnswer:
        raise error

    probes, trouble = await ServiceLook(Service(down)).look(ARTIFACTS)
    assert not probes and words in trouble


async def test_without_artifacts_nothing_is_made_up() -> None:
    empty, _ = await ServiceLook(Service()).look([])
    assert {facts.asked for facts in empty.values()} == {0}

"""Which answers of a service are as phase 4 wants them."""

from __future__ import annotations

import pytest

from scidex_console.domain.soak.probing import (
    ProbeAnswer,
    ProbeArtifact,
    first_part,
    pages_of,
    wrong_canonical,
    wrong_redirect,
    wrong_sitemap,
)

FIGURE = ProbeArtifact("fig/1 ä", "figure", "8a0c1b52-6d0e-4c3a-9b5f-2f1f7a3c9d10")
PAGE = "/artifact/fig%2F1%20%C3%A4"


@pytest.mark.parametrize("location", [PAGE, f"https://scidex.example{PAGE}", PAGE.replace("%2F", "%2f")])
def test_a_redirect_leads_to_the_canonical_address_for_good(location: str) -> None:
    assert wrong_redirect("/figure/x", FIGURE, ProbeAnswer(301, location)) == ""


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ProbeAnswer(302, PAGE), "answers 302, not 301"),
        (ProbeAnswer(404), "answers 404, not 301"),
        (ProbeAnswer(301), "leads to nowhere"),
        (ProbeAnswer(301, "/artifact/other"), "leads to /artifact/other"),
    ],
)
def test_any_other_answer_is_named(answer: ProbeAnswer, words: str) -> None:
    assert words in wrong_redirect("/figure/x", FIGURE, answer)


@pytest.mark.parametrize(
    "element",
    [
        f'<link rel="canonical" href="https://s.example{PAGE}">',
        f"<link href='{PAGE}' rel=canonical>",
        f'<LINK data-x="1" REL="canonical" HREF="{PAGE}"/>',
    ],
)
def test_a_page_names_its_canonical_address_as_header_and_element(element: str) -> None:
    header = f'</style.css>; rel=preload, <https://s.example{PAGE}>; rel="canonical"'
    assert wrong_canonical("/p", FIGURE, ProbeAnswer(200, link=header, body=element)) == ""
    assert wrong_canonical("/p", FIGURE, ProbeAnswer(200, body=element)) == (
        "/p has no canonical link as header"
    )
    other = f'<{PAGE}x>; rel="canonical"'
    assert "as header and as element" in wrong_canonical("/p", FIGURE, ProbeAnswer(200, link=other))


def test_an_index_of_sitemaps_names_its_first_part() -> None:
    body = "<sitemapindex><sitemap><loc>https://s.example/sitemap.xml?from=a%26b&amp;x=1</loc></sitemap>"
    assert first_part(ProbeAnswer(200, body=body)) == "/sitemap.xml?from=a%26b&x=1"
    assert first_part(ProbeAnswer(200, body="<urlset></urlset>")) is None


def test_a_sitemap_has_both_kinds_of_addresses() -> None:
    def of(*paths: str, is_cut: bool = False, has_types: bool = True) -> str:
        body = "".join(f"<url><loc>https://s.example{path}</loc></url>" for path in paths)
        return wrong_sitemap("/s", ProbeAnswer(200, body=body, is_cut=is_cut), has_types)

    assert of("/artifact/1", "/figure/1") == ""
    assert of("/artifact/1") == "/s has no addresses by type"
    assert of("/artifact/1", has_types=False) == of("/artifact/1", is_cut=True) == ""
    assert of("/figure/1") == "/s has no canonical addresses"
    assert of() == "/s has no canonical addresses and no addresses by type"


def test_public_addresses_are_those_of_both_ids() -> None:
    assert pages_of([FIGURE, ProbeArtifact("b", "model", None)]) == [
        PAGE,
        f"/artifact/{FIGURE.artifact_id}",
        "/artifact/b",
    ]

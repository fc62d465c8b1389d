"""`{{artifact:ID}}` becomes a link or an image, and nothing else becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from scidex_console.domain.reading.embeds import MOST_EMBEDS, embedded, expand
from tests.domain.reading.finds import found


def test_each_id_is_named_once_in_order() -> None:
    text = "{{artifact:b}} and {{ artifact: a b }} and {{artifact:b|again}} and {{artifact:}} {{other:x}}"
    assert embedded(text) == ("b", "a b")
    many = "".join(f"{{{{artifact:{number}}}}}" for number in range(MOST_EMBEDS + 5))
    assert len(embedded(many)) == MOST_EMBEDS


def test_a_figure_is_shown_and_everything_else_is_linked_by_its_title() -> None:
    html = expand(
        "See {{artifact:f}} and {{artifact:d|the data}}.",
        {
            "f": found("f 1.png", artifact_id="figure/1"),
            "d": found("d.csv", artifact_id="d", artifact_type="dataset"),
        },
    )
    assert '<img src="/artifact/figure%2F1/files/f%201.png" alt="A title"' in html
    assert 'href="/artifact/d">the data</a>.' in html


def test_an_id_that_leads_nowhere_is_told_and_one_not_asked_for_stays() -> None:
    assert "artifact no&lt;pe is not known" in expand("{{artifact:no<pe}}", {"no<pe": None})
    assert expand("{{artifact:x}} & y", {}) == "{{artifact:x}} &amp; y"


class Reading(HTMLParser):
    """What a browser would make of it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


@pytest.mark.parametrize(
    "evil",
    ['"><script>alert(1)</script>', "' onmouseover=x ", "<img src=x onerror=y>", "&lt;b&gt;", "javascript:x"],
)
def test_nothing_untrusted_becomes_markup(evil: str) -> None:
    artifact = found(f"{evil}.png", artifact_id=evil, artifact_type="figure", title=evil)
    other = found(artifact_id=evil, artifact_type=evil, title=evil)
    html = expand(f"{evil} {{{{artifact:x|{evil}}}}} {{{{artifact:y}}}}", {"x": artifact, "y": other})
    reading = Reading()
    reading.feed(html)
    assert reading.tags <= {"figure", "a", "img", "figcaption"}
    assert reading.attributes <= {"class", "data-artifact-type", "href", "src", "alt", "loading"}
    assert all(link.startswith("/artifact/") for link in reading.links)

"""`{{artifact:ID}}` in a text: what is named, and the text as HTML with each in its place.

Everything is escaped, the text around as well: what comes out has no markup but that of the embeds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from scidex_console.domain.reading.found import FoundArtifact
from scidex_console.domain.reading.shown import shown_image

MOST_EMBEDS = 200
"""Different artifacts of one text that are looked up; further ones stay as they are written."""
_EMBED = re.compile(
    r"\{\{\s*artifact:\s*([^{}|\s](?:[^{}|\n]{0,500}?[^{}|\s])?)\s*(?:\|([^{}\n]{0,500}))?\}\}"
)


def embedded(text: str) -> tuple[str, ...]:
    """Ids or UUIDs that a text embeds, each once, in order."""
    return tuple(dict.fromkeys(found[1] for found in _EMBED.finditer(text)))[:MOST_EMBEDS]


def expand(text: str, found: Mapping[str, FoundArtifact | None]) -> str:
    """The text as HTML, by the artifacts that were found for what `embedded` gave.

    A figure with an image of its own becomes that image, everything else a link that bears its title, or what
    stands behind `|`. An id that leads nowhere is told in its place; one that was not looked up stays as is.
    """
    parts, end = [], 0
    for match in _EMBED.finditer(text):
        parts.append(escape(text[end : match.start()]))
        key, label = match[1], (match[2] or "").strip()
        parts.append(_shown(key, label, found[key]) if key in found else escape(match[0]))
        end = match.end()
    return "".join([*parts, escape(text[end:])])


def address(handle: str) -> str:
    """The canonical address of an artifact, by what it is called there."""
    return f"/artifact/{quote(handle, safe='')}"


def file_address(handle: str, name: str) -> str:
    """The address of one of its files."""
    return f"{address(handle)}/files/{quote(name, safe='')}"


def _shown(key: str, label: str, found: FoundArtifact | None) -> str:
    if found is None:
        return f'<span class="artifact-embed missing">artifact {escape(key)} is not known</span>'
    words, href = escape(label or found.title), escape(address(found.handle))
    attributes = f'class="artifact-embed" data-artifact-type="{escape(found.artifact_type)}"'
    image = shown_image(found) if found.artifact_type in ("figure", "paper_figure") else None
    if image is None:
        return f'<a {attributes} href="{href}">{words}</a>'
    source = escape(file_address(found.handle, image.name))
    return (
        f"<figure {attributes}>"
        f'<a href="{href}"><img src="{source}" alt="{words}" loading="lazy"></a>'
        f"<figcaption>{words}</figcaption></figure>"
    )

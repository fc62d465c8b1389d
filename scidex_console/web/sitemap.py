"""`/sitemap.xml`: every artifact under its canonical address, and under the one by its type where it has one.

An index of parts, each a run of artifacts by id, so that a part stays what it is while others come; each part
holds half as many artifacts as a sitemap may hold addresses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from html import escape

from scidex_console.engine.ports.catalogue import Catalogue
from scidex_console.web.addresses import artifact_path, prefixed_path, segment

MOST_ADDRESSES = 50_000
"""Of one sitemap, by the protocol."""
PART = MOST_ADDRESSES // 2
"""Artifacts of one part: each has two addresses at most."""
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


async def index(catalogue: Catalogue, public_url: str) -> bytes:
    """The index; one without parts where there is no artifact."""
    first = await catalogue.milestones(PART)
    parts = "".join(
        f"<sitemap><loc>{escape(public_url)}/sitemap.xml?from={segment(each)}</loc></sitemap>\n"
        for each in first
    )
    return f'{_HEAD}<sitemapindex xmlns="{_SPACE}">\n{parts}</sitemapindex>\n'.encode()


async def part(catalogue: Catalogue, public_url: str, first: str) -> AsyncIterator[bytes]:
    """The part that begins with an artifact's id, as it comes from the database."""
    yield f'{_HEAD}<urlset xmlns="{_SPACE}">\n'.encode()
    async for portion in catalogue.addresses(first, PART):
        yield _urls(portion, escape(public_url)).encode()
    yield b"</urlset>\n"


def _urls(portion: Sequence[tuple[str, str]], base: str) -> str:
    lines: list[str] = []
    for artifact_id, artifact_type in portion:
        # Paths are escaped for URLs: nothing that XML would take for its own is left in them.
        lines.append(f"<url><loc>{base}{artifact_path(artifact_id)}</loc></url>\n")
        if prefixed := prefixed_path(artifact_id, artifact_type):
            lines.append(f"<url><loc>{base}{prefixed}</loc></url>\n")
    return "".join(lines)

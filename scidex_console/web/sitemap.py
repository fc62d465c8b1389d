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


async def part(catalogue: Catalogue, public_url: str, first: str) -> AsyncIterator[bytes] | None:
    """The part that begins with an artifact's id, as it comes from the database; None where none comes.

    Its beginning is read first: raises `Unreachable` before there is anything to send.
    """
    portions, base = aiter(catalogue.addresses(first, PART)), escape(public_url)
    try:
        begun = _urls(await anext(portions), base)
    except StopAsyncIteration:
        return None

    async def all_of_it() -> AsyncIterator[bytes]:
        yield f'{_HEAD}<urlset xmlns="{_SPACE}">\n{begun}'.encode()
        async for portion in portions:
            yield _urls(portion, base).encode()
        yield b"</urlset>\n"

    return all_of_it()


def _urls(portion: Sequence[tuple[str, str]], base: str) -> str:
    lines: list[str] = []
    for handle, artifact_type in portion:
        # Paths are escaped for URLs: nothing that XML would take for its own is left in them.
        lines.append(f"<url><loc>{base}{artifact_path(handle)}</loc></url>\n")
        if prefixed := prefixed_path(handle, artifact_type):
            lines.append(f"<url><loc>{base}{prefixed}</loc></url>\n")
    return "".join(lines)

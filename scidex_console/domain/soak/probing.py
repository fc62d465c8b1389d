"""What a service must answer in phase 4, and what is wrong with an answer. Pure: answers in, words out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote, urlsplit

from scidex_console.domain.handles import handle_in_addresses
from scidex_console.domain.reading.embeds import address

PREFIXED_TYPES = ("figure", "notebook", "dataset", "model")
"""Types with an address of their own, which leads to the canonical one. Spec: "Type-prefixed URL aliases"."""
MOVED = 301
_LINK_HEADER = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?canonical"?', re.IGNORECASE)
_LINK_ELEMENT = re.compile(
    r'<link\b(?=[^>]*\brel=["\']?canonical\b)[^>]*\bhref=["\']([^"\']*)', re.IGNORECASE
)
_LOC = re.compile(r"<loc>\s*([^<]+?)\s*</loc>")


@dataclass(frozen=True)
class ProbeArtifact:
    """An artifact whose addresses are asked for."""

    id: str
    artifact_type: str
    artifact_id: str | None

    @property
    def handle(self) -> str:
        """What it is called by in addresses."""
        return handle_in_addresses(self.id, self.artifact_id)


@dataclass(frozen=True)
class ProbeAnswer:
    """What the service answered to one request; redirects are not followed."""

    status: int
    location: str = ""
    link: str = ""
    """The header `Link`."""
    body: str = ""
    """Its beginning."""
    is_cut: bool = False
    """Whether the body goes on."""


def wrong_redirect(path: str, artifact: ProbeArtifact, answer: ProbeAnswer) -> str:
    """Why the answer to an address by type is not the redirect it must be; empty when it is."""
    if answer.status != MOVED:
        return f"{path} answers {answer.status}, not {MOVED}"
    return "" if _leads_to(answer.location, artifact) else f"{path} leads to {answer.location or 'nowhere'}"


def wrong_canonical(path: str, artifact: ProbeArtifact, answer: ProbeAnswer) -> str:
    """Why a page does not name its canonical address, as header and as element; empty when it does."""
    if answer.status != 200:
        return f"{path} answers {answer.status}"
    in_header = any(_leads_to(found, artifact) for found in _LINK_HEADER.findall(answer.link))
    found_links = _LINK_ELEMENT.findall(answer.body)
    in_page = any(_leads_to(unescape(found), artifact) for found in found_links)
    missing = [name for name, there in (("header", in_header), ("element", in_page)) if not there]
    return f"{path} has no canonical link as {' and as '.join(missing)}" if missing else ""


def wrong_page(path: str, answer: ProbeAnswer) -> str:
    """Why a public address does not answer as it must; empty when it does."""
    return "" if answer.status == 200 else f"{path} answers {answer.status}"


def first_part(answer: ProbeAnswer) -> str | None:
    """Path and query of the first part that a sitemap's index names; None when it is no index."""
    if "<sitemapindex" not in answer.body or not (found := _LOC.search(answer.body)):
        return None
    parts = urlsplit(unescape(found[1]))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def wrong_sitemap(path: str, answer: ProbeAnswer, has_types: bool) -> str:
    """Why a sitemap has not both kinds of addresses; empty when it has, or goes on beyond what was read.

    `has_types`: whether the store has any artifact with an address by its type.
    """
    if answer.status != 200:
        return f"{path} answers {answer.status}"
    kinds = {urlsplit(unescape(found)).path.split("/")[1:2][0] for found in _paths(answer.body)}
    missing = [] if "artifact" in kinds else ["canonical addresses"]
    if has_types and not answer.is_cut and not kinds & set(PREFIXED_TYPES):
        missing.append("addresses by type")
    return f"{path} has no {' and no '.join(missing)}" if missing else ""


def pages_of(artifacts: Iterable[ProbeArtifact]) -> Sequence[str]:
    """The public addresses of artifacts, by both ids."""
    keys = (key for each in artifacts for key in (each.handle, each.artifact_id) if key)
    return [address(key) for key in dict.fromkeys(keys)]


def _paths(body: str) -> list[str]:
    return [found for found in _LOC.findall(body) if urlsplit(unescape(found)).path.startswith("/")]


def _leads_to(url: str, artifact: ProbeArtifact) -> bool:
    return unquote(urlsplit(url).path).endswith(unquote(address(artifact.handle)))

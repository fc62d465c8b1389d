"""What one attempt at a figure can end as.

Spec (figures): 404, 410 and 451 confirm a dead URL; timeouts, 5xx and resets are transient and stay
retryable. `blocked`, `suspect` and `refused` keep a living URL from being blamed, and stay countable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FetchClass(StrEnum):
    """The class of one attempt."""

    STORED = "stored"
    """A whole image, verified by its own bytes, is staged."""
    DEAD = "dead"
    """404, 410 or 451, confirmed."""
    TRANSIENT = "transient"
    """Timeout, reset, truncated, 5xx, 429, challenge page: ask again later."""
    BLOCKED = "blocked"
    """401 or 403: ask again later, counted apart."""
    SUSPECT = "suspect"
    """A success that is no image: HTML, JSON, a login page. A person looks."""
    REFUSED = "refused"
    """We would not ask, or would not take it: scheme, address, size, malformed URL. A person looks."""


DEAD_STATUSES = frozenset({404, 410, 451})
BLOCKED_STATUSES = frozenset({401, 403})


@dataclass(frozen=True)
class StagedFile:
    """A whole file in the staging folder, flushed to disk."""

    name: str
    """File name inside the staging folder."""
    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True)
class Hop:
    """One wire request of an attempt: what was asked of whom, and what came back."""

    at: datetime
    """When its turn came."""
    method: str
    url: str
    status: int | None
    """HTTP status; None when no answer came."""
    took_ms: int
    said: str
    """What else the answer says (where it leads, when to come back), or why none came; sanitised."""


@dataclass(frozen=True)
class FetchOutcome:
    """One attempt at one figure: what was asked, what came back, what it means."""

    artifact_id: str
    url: str
    group: str
    host: str
    outcome: FetchClass
    reason: str
    """Why, in words for the operator; already sanitised."""
    status: int | None
    """HTTP status of the last answer, if there was one."""
    requests: int
    """Wire requests this attempt cost, redirects and HEAD included."""
    started_at: datetime
    took_ms: int
    final_url: str = ""
    extension: str = ""
    """File name extension for the image's true type, without a dot; set when stored."""
    media_type: str = ""
    file: StagedFile | None = None
    retry_at: datetime | None = None
    """Earliest time the server asked us to come back, if it did."""
    resolved_url: str = ""
    """The address that gave the image in place of a dead recorded one."""
    resolved_by: str = ""
    """Name of the rewrite rule that made it."""
    rescue_tried: str = ""
    """Fingerprint of the rewrite rules that were tried in vain."""
    look: str = ""
    """How the last answer looked: status, media type and server, as far as it said."""
    hops: tuple[Hop, ...] = ()
    """Its wire requests in their order, robots.txt, HEAD, redirects and other addresses included."""

"""The wire requests of an attempt or a control, as they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from scidex_console.domain.fetching import Hop


def hops_json(hops: Iterable[Hop]) -> Jsonb:
    """For a column `hops`."""
    return Jsonb(
        [
            {
                "at": hop.at.isoformat(),
                "method": hop.method,
                "url": hop.url,
                "status": hop.status,
                "took_ms": hop.took_ms,
                "said": hop.said,
            }
            for hop in hops
        ]
    )


def hops_of(kept: Iterable[Mapping[str, Any]] | None) -> tuple[Hop, ...]:
    """From a column `hops`; none where there is no such row."""
    return tuple(Hop(**{**hop, "at": datetime.fromisoformat(hop["at"])}) for hop in kept or ())

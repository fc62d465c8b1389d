"""Values that PostgreSQL holds and Python does not, read as what comes nearest.

Anybody may have written them, and one row that could not be read would hide every other one of its page.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format
from psycopg.types.json import set_json_dumps, set_json_loads

from scidex_console.domain.row_json import DEEPEST, read_number, row_json

EARLIEST = datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
"""Stands for every time before it, `-infinity` among them; it can still be told in any zone."""
LATEST = datetime.max.replace(tzinfo=UTC, microsecond=0) - timedelta(days=2)
"""Stands for every time after it, `infinity` among them."""
_TIMES = psycopg.adapters.get_loader(psycopg.adapters.types["timestamptz"].oid, Format.TEXT)
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)


def tolerant_adapters() -> AdaptersMap:
    """How connections read, so that no value of a row is an error, and is written back as it was read."""
    adapters = AdaptersMap(psycopg.adapters)
    adapters.register_loader("timestamptz", _NearestTime)
    set_json_loads(_loads, adapters)
    set_json_dumps(row_json, adapters)
    return adapters


class _NearestTime(Loader):
    """Asks the loader that psycopg has: in C, where it is there, and then it cannot be inherited from."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        assert _TIMES is not None, "psycopg reads times"
        self._psycopg = _TIMES(oid, context)

    def load(self, data: Buffer) -> Any:
        try:
            return self._psycopg.load(data)
        except psycopg.DataError:
            text = bytes(data)
            return EARLIEST if text.startswith(b"-") or text.endswith(b"BC") else LATEST


def _loads(text: str | bytes) -> Any:
    """JSON; what is nested too deeply is NaN, of which no manifest is made: its row stays as it is."""
    text = text.encode() if isinstance(text, str) else text
    if text.count(b"[") + text.count(b"{") > DEEPEST and _depth(text) > DEEPEST:
        return math.nan
    try:
        return json.loads(text, parse_float=read_number)
    except ValueError:
        # Python reads no whole number of more than some thousand digits.
        return json.loads(text, parse_int=float, parse_float=read_number)


def _depth(text: bytes) -> int:
    deepest = depth = 0
    for match in _BRACKETS.finditer(text):
        if match[0] in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in (b"]", b"}"):
            depth -= 1
    return deepest

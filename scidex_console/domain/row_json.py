"""JSON of a row: what of it the database takes, and numbers that no float holds.

PostgreSQL keeps every digit of a number, of an average for one. A document that came back rounded would not
be the one that was read: a guard would take it for somebody's edit, and a manifest would mirror something
else. So such a number is calculated with as the nearest float, and written again digit by digit.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

DEEPEST = 100
"""Levels of JSON that are read of a row: what writes it anew fails at a few hundred."""
_MOST_BITS = 14_000
"""Of a whole number; Python reads no longer one than some 4,300 digits."""
_MARKED = re.compile(r'"\\u0000([^"\\]+)"')
"""No text of a row begins so: PostgreSQL holds no NUL."""


class ExactNumber(float):
    """A number as it was written, and the float that is nearest to it."""

    __slots__ = ("written",)

    written: str

    def __new__(cls, written: str) -> ExactNumber:
        """The number that this is the JSON of."""
        made = super().__new__(cls, written)
        made.written = written
        return made


def read_number(written: str) -> float:
    """A number with a fraction or an exponent: a float where one is that number, else exact."""
    nearest = float(written)
    if len(written) < 16 and 1e-300 < abs(nearest) < 1e300:  # a float tells fifteen digits apart
        return nearest
    return nearest if Decimal(repr(nearest)) == Decimal(written) else ExactNumber(written)


def row_json(value: Any, **how: Any) -> str:
    """As `json.dumps`, with the digits of exact numbers. Raises what it raises."""
    return unmarked(json.dumps(marked(value), **how))


def marked(value: Any) -> Any:
    """The value for a writer of JSON that knows no exact numbers: texts stand for them; see `unmarked`."""
    if isinstance(value, ExactNumber):
        return f"\0{value.written}"
    if isinstance(value, dict):
        return {key: marked(each) for key, each in value.items()}
    return [marked(each) for each in value] if isinstance(value, list | tuple) else value


def unmarked(text: str) -> str:
    """JSON that was made of a marked value, with the numbers in place of their texts."""
    return _MARKED.sub(r"\1", text)


def is_storable(text: str) -> bool:
    """Whether the database could hold a text at all; what it cannot hold is nowhere in it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def why_not_in_row(value: Any, levels: int = DEEPEST) -> str:
    """Why a row could not hold a value as JSON, or nobody read it there; empty where it could."""
    match value:
        case None | bool():
            return ""
        case str():
            return "" if is_storable(value) else "a text has NUL or half of a character"
        case int():
            return "" if value.bit_length() <= _MOST_BITS else "a whole number has thousands of digits"
        case float():
            return "" if math.isfinite(value) else f"JSON has no {value}"
        case dict() | list() | tuple():
            if not levels:
                return f"it is nested more than {DEEPEST} deep"
            if isinstance(value, dict) and (odd := [key for key in value if not _is_key(key)]):
                return f"JSON has no {type(odd[0]).__name__} for a key"
            keyed = [*value, *value.values()] if isinstance(value, dict) else value
            return next((why for each in keyed if (why := why_not_in_row(each, levels - 1))), "")
    return f"JSON has no {type(value).__name__}"


def _is_key(key: Any) -> bool:
    """Whether JSON can be written with it: all but texts become one."""
    return isinstance(key, str | int | float | bool | None)

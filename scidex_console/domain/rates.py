"""Rates as operators read them: in the unit in which a slow one is not zero."""

from __future__ import annotations

_LEAST_PER_SECOND = 0.1


def per_unit(per_second: float) -> tuple[str, str]:
    """A rate's number and its unit, `s`, `min` or `h`."""
    if per_second <= 0 or per_second >= _LEAST_PER_SECOND:
        return f"{per_second:g}", "s"
    if per_second * 60 >= 1 - 1e-3:  # people write 0.0167 for one a minute
        return f"{per_second * 60:.2g}", "min"
    return f"{per_second * 3600:.2g}", "h"


def format_rate(per_second: float, what: str = "") -> str:
    """Such as `2/s`, `6/min` or `1/h`; with `what`, `1 requests/h`."""
    number, unit = per_unit(per_second)
    return f"{number} {what}/{unit}" if what else f"{number}/{unit}"

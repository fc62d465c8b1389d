"""Amounts of bytes as people read them."""

from __future__ import annotations

_UNITS = ("KiB", "MiB", "GiB", "TiB")


def size(number: int) -> str:
    """Bytes in binary units."""
    if number < 1024:
        return f"{number} B"
    power = next((p for p in range(1, len(_UNITS)) if number < 1024 ** (p + 1)), len(_UNITS))
    return f"{number / 1024**power:.1f} {_UNITS[power - 1]}"

"""Internationalised host names in the form that goes on the wire."""

from __future__ import annotations

import httpx


def to_ascii(host: str) -> str:
    """The ASCII form of a host name (IDNA 2008). Raises ValueError for what is not a valid name.

    Characters that only look like letters or digits (circled digits among them) are not mapped but refused.
    """
    try:
        return httpx.URL(scheme="https", host=host).raw_host.decode("ascii")
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error

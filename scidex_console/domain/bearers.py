"""Tokens of those who may add files: a secret, only the hash of which is kept, and a name for the audit."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

PREFIX = "scidex_"
"""Begins every token, so that one that was leaked can be found."""
_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


@dataclass(frozen=True)
class TokenView:
    """A token, without its secret."""

    name: str
    created_at: datetime
    created_by: str
    reason: str
    revoked_at: datetime | None
    revoked_by: str
    """Empty while it counts."""


def digest_of(token: str) -> bytes | None:
    """What is kept of a token; None for a text that cannot be one.

    A plain hash is enough: a token is 256 random bits, which nobody guesses however fast he may try.
    """
    return hashlib.sha256(token.encode()).digest() if _TOKEN.fullmatch(token) else None


def token_of(secret: str) -> str:
    """The token of 32 random bytes, written in 43 letters that are safe in an address."""
    token = f"{PREFIX}{secret}"
    assert _TOKEN.fullmatch(token), "43 letters make 32 bytes"
    return token


def is_token_name(name: str) -> bool:
    """Whether a token may be called so."""
    return _NAME.fullmatch(name) is not None

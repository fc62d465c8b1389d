"""Tokens of those who may add files: the side of the service, and that of an operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from scidex_console.domain.bearers import TokenView


class TokenBook(Protocol):
    """What the service may ask."""

    async def name_of(self, digest: bytes) -> str | None:
        """Whose token has this hash; None for nobody's."""
        ...


class TokenDesk(Protocol):
    """What an operator does. Every act is in the audit."""

    async def create(self, name: str, digest: bytes, *, reason: str) -> bool:
        """Keep a token's hash under a name; False when the name is taken."""
        ...

    async def revoke(self, name: str, *, reason: str) -> bool:
        """From now on it counts no more; False when there is none of this name that counts."""
        ...

    async def tokens(self) -> Sequence[TokenView]:
        """All of them, by name."""
        ...

"""What an operator decides about the service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceOptions:
    """The settings of `[serve]`, and what of others the service needs."""

    public_url: str
    """Where it is reached from outside, without a slash at the end; canonical addresses begin with it."""
    submodule: str
    """Place of the artifact repository in the outer one: legacy addresses begin with it."""
    accessory_bytes: int = 64 << 20
    writes_per_minute: int = 30
    """For each token; and refused tokens for each client."""
    patience_s: float = 20.0
    """How long a client may take for its headers, for the next piece of a body, or to take one of ours."""
    reuse_s: float = 1.0
    """How long a read of an artifact answers further requests for its files."""
    environment: str = ""

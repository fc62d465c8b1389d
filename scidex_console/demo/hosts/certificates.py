"""The demo's own certificate authority: a certificate for whatever host name a client asks for."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme
from trustme import CA

_MOST_NAMES = 1000
"""Beyond so many names the server stops minting: far more than any world has hosts."""


class Certificates:
    """Mints one leaf certificate per host name, on demand, under an authority that lives in memory."""

    def __init__(self, folder: Path) -> None:
        """Create the authority and write its certificate to `folder`/ca.pem."""
        self._ca = CA(organization_name="SciDEX console demo", organization_unit_name="figure hosts")
        self.ca_file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_file))
        self._by_name: dict[str, ssl.SSLContext] = {}
        self.fallback = self._context_for("localhost", "127.0.0.1", "::1")
        self.fallback.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        """SNI callback: present the certificate of the name asked for.

        A name no certificate can be made for gets the fallback, which the client will rightly reject.
        """
        context = self._context_of(name.lower().rstrip(".")) if name else None
        if context is not None:
            connection.context = context

    def _context_of(self, name: str) -> ssl.SSLContext | None:
        known = self._by_name.get(name)
        if known is not None or len(self._by_name) >= _MOST_NAMES:
            return known
        try:
            context = self._context_for(name)
        except ValueError:
            return None
        self._by_name[name] = context
        return context

    def _context_for(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        leaf: trustme.LeafCert = self._ca.issue_cert(*names)
        leaf.configure_cert(context)
        return context

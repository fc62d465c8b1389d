"""TLS over bytes in memory: what the network brings is opened, what we say is sealed; nothing waits here.

asyncio's own TLS keeps a buffer of 256 KiB for every connection as long as it stands, which is most of an
engine's memory once hundreds of hosts are kept.
"""

from __future__ import annotations

import ssl

_CHUNK = 64 * 1024


class Layer:
    """The client's side of one connection. Raises `ssl.SSLError` for what the server does wrong."""

    def __init__(self, context: ssl.SSLContext, host: str | None) -> None:
        self._from_network = ssl.MemoryBIO()
        self._to_network = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._from_network, self._to_network, server_hostname=host)

    def shake_hands(self, arrived: bytes) -> bool:
        """Go on with the handshake after these bytes; whether it is over, and the server the one named."""
        self._from_network.write(arrived)
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def open(self, arrived: bytes | memoryview, into: bytearray) -> bool:
        """Add what these bytes hold, as far as their records are whole; whether the server said its farewell.

        Tickets and the like hold nothing, and are answered by what is `to_send`.
        """
        self._from_network.write(arrived)
        try:
            while chunk := self.tls.read(_CHUNK):
                into += chunk
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLZeroReturnError:
            pass
        return True

    def sealed(self, data: bytes) -> bytes:
        """These bytes as they go over the network."""
        self.tls.write(data)  # memory takes all of it
        return self.to_send()

    def to_send(self) -> bytes:
        """What TLS itself has to say to the server now."""
        return self._to_network.read()

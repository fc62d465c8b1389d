"""Recorded figure addresses: read, checked for form, and kept byte for byte as far as HTTP allows.

What is wrong with an address is said in words (`BadAddress`). Where a host name leads is not this module's
business; that is the guard's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, NoReturn

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LONGEST: Final = 8000
"""Longest address taken, in characters; RFC 9110 asks servers for 8000 at least."""

# RFC 3986, appendix B, with the authority taken apart by hand below.
_PARTS: Final = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(?:#.*)?", re.DOTALL)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_LABEL: Final = re.compile(r"\d+|0x[0-9a-f]*")
_UNSENDABLE: Final = re.compile(r'[^\x21-\x7e]|["<>\\^`{}]')
"""Characters a request target may not hold as they are; `%`, even a broken escape, goes out as it came."""


class BadAddress(ValueError):
    """An address that cannot be asked; the message says why, in words for the operator."""


@dataclass(frozen=True)
class WebAddress:
    """An http or https address, taken apart once; everything asked and checked is built from these parts."""

    scheme: str
    host: str
    """Lower case, ASCII, without a dot at the end; an IPv6 address without its brackets."""
    port: int
    target: str
    """Path and query as they go on the wire: recorded bytes, with only the unsendable ones escaped."""

    @property
    def authority(self) -> str:
        """Host, and port where it is not the scheme's own, as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address, without a fragment."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


ToAscii = Callable[[str], str]
"""Turns an internationalised host name into its ASCII form (RFC 5891); raises ValueError."""


def only_ascii(host: str) -> str:
    """The `ToAscii` that knows no internationalised names."""
    raise ValueError(f"{host} is not ASCII")


def parse_address(recorded: str, *, to_ascii: ToAscii = only_ascii) -> WebAddress:
    """Read a recorded address. A protocol-relative one (`//host/…`) is taken as https.

    The fragment is dropped, dot segments are resolved, upper case in scheme and host is lowered; the rest is
    kept as recorded. Raises `BadAddress`.
    """
    text = recorded.strip(" \t\r\n\f")
    _check_text(text)
    scheme, authority, path, query = _split(text)
    if scheme is None and authority is None:
        raise BadAddress("no scheme: an address must begin with http:// or https://")
    return _address(scheme or "https", authority, path, query, to_ascii)


def resolve_reference(base: WebAddress, location: str, *, to_ascii: ToAscii = only_ascii) -> WebAddress:
    """Where a redirect from `base` leads (RFC 3986, section 5.2). Raises `BadAddress`."""
    text = location.strip(" \t\r\n\f")
    _check_text(text)
    scheme, authority, path, query = _split(text)
    if scheme is not None or authority is not None:
        return _address(scheme or base.scheme, authority, path, query, to_ascii)
    base_path, mark, base_query = base.target.partition("?")
    if not path:
        path, query = base_path, query if query is not None else mark + base_query
    elif not path.startswith("/"):
        path = base_path[: base_path.rfind("/") + 1] + path
    return WebAddress(base.scheme, base.host, base.port, _target(path, query))


def _check_text(text: str) -> None:
    if not text:
        raise BadAddress("the address is empty")
    if len(text) > _LONGEST:
        raise BadAddress(f"the address is longer than {_LONGEST} characters")
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise BadAddress("a control character in the address")
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise BadAddress("the address is not valid Unicode")


def _split(text: str) -> tuple[str | None, str | None, str, str | None]:
    match = _PARTS.fullmatch(text)
    assert match is not None  # every part is optional
    scheme, authority, path, query = match.groups()
    if scheme is not None and (not _SCHEME.fullmatch(scheme) or _is_host_and_port(scheme, authority, path)):
        raise BadAddress("no scheme: an address must begin with http:// or https://")
    return scheme, authority, path, query


def _is_host_and_port(scheme: str, authority: str | None, path: str) -> bool:
    """`example.org:8080/figure.png` has no scheme, although it looks as if."""
    return authority is None and "." in scheme and path[:1].isdigit()


def _address(
    scheme: str, authority: str | None, path: str, query: str | None, to_ascii: ToAscii
) -> WebAddress:
    scheme = scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise BadAddress(f"scheme {scheme}: only http and https are asked")
    if not authority:
        raise BadAddress("no host in the address")
    if "@" in authority:
        raise BadAddress("user information (…@) in the address")
    host, port = _host_and_port(authority)
    return WebAddress(
        scheme, _host(host, to_ascii), DEFAULT_PORTS[scheme] if port is None else port, _target(path, query)
    )


def _host_and_port(authority: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"(\[[^\[\]]*\])(?::(.*))?", authority)
    if bracketed:
        host, port = bracketed.groups()
    elif "[" in authority:
        _no_host(authority)
    else:
        host, _, port = authority.partition(":")
    if not port:
        return host, None
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise BadAddress(f"port {port} is not a number from 1 to 65535")
    return host, int(port)


def _host(host: str, to_ascii: ToAscii) -> str:
    if host.startswith("["):
        try:
            address = IPv6Address(host[1:-1])
        except AddressValueError:
            _no_host(host)
        return address.compressed if address.scope_id is None else _no_host(host)
    name = host.lower()
    if not name.isascii():
        try:
            name = to_ascii(name).lower()
        except ValueError as error:
            raise BadAddress(f"host {host} is not a valid internationalised name") from error
    return _host_name(name.removesuffix("."))


def _host_name(name: str) -> str:
    labels = name.split(".")
    if not name or len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        _no_host(name)
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(name))
        except AddressValueError:
            raise BadAddress(f"host {name} is an IP address in an unusual form") from None
    if len(labels) == 1:
        raise BadAddress(f"host {name} has no dot: it is a placeholder or a local name")
    return name


def _no_host(host: str) -> NoReturn:
    raise BadAddress(f"host {host} is not a host name" if host else "no host in the address")


def _target(path: str, query: str | None) -> str:
    segments = _without_dots(path)
    return _UNSENDABLE.sub(_escape, segments + (query or ""))


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def _without_dots(path: str) -> str:
    """Resolve `.` and `..` segments (RFC 3986, section 5.2.4); empty segments stay."""
    kept: list[str] = []
    segments = path.split("/")[1:] if path.startswith("/") else path.split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)

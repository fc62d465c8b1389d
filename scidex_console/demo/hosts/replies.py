"""The plain answers: status, headers and body of every behaviour that is an ordinary HTTP reply."""

from __future__ import annotations

import gzip
import html
import json
from dataclasses import dataclass
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from scidex_console.demo.hosts.addresses import all_hosts
from scidex_console.demo.hosts.images import ImageFormat, format_for, make_image
from scidex_console.demo.hosts.scenarios import MOVED, Behaviour, address_key

HOME: Final = "/"
LOGIN: Final = "/action/showLogin"
RELAY: Final = "/relay/"
ROBOTS: Final = "/robots.txt"

_BOMB_SIZE: Final = 64 * 1024 * 1024
_NEW_HOMES: Final = {
    "europepmc.org": "www.ebi.ac.uk",
    "www.plosone.org": "journals.plos.org",
    "dx.plos.org": "journals.plos.org",
    "origin-ars.els-cdn.com": "ars.els-cdn.com",
    "www.sciencedirect.com": "ars.els-cdn.com",
    "elifesciences.org": "iiif.elifesciences.org",
    "prod--cdn-iiif.elifesciences.org": "iiif.elifesciences.org",
    "static.www.bmj.com": "www.bmj.com",
    "www.ncbi.nlm.nih.gov": "cdn.ncbi.nlm.nih.gov",
    "pmc.ncbi.nlm.nih.gov": "cdn.ncbi.nlm.nih.gov",
}
_NEW_HOME_OF_THE_REST: Final = "static-content.springer.com"
_PRIVATE_PLACES: Final = (
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.7/figure.png",
    "https://192.168.1.1/",
    "http://[fd00::1]/figure.png",
    "http://100.64.0.1/figure.png",
)
"""None of them loopback, which a demo allows."""

_STATUSES: Final = {
    Behaviour.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Behaviour.HEAD_LIES: HTTPStatus.NOT_FOUND,
    Behaviour.GONE: HTTPStatus.GONE,
    Behaviour.LEGAL: HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS,
    Behaviour.UNAUTHORISED: HTTPStatus.UNAUTHORIZED,
    Behaviour.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Behaviour.CHALLENGE: HTTPStatus.FORBIDDEN,
    Behaviour.RATE_LIMITED_SECONDS: HTTPStatus.TOO_MANY_REQUESTS,
    Behaviour.RATE_LIMITED_DATE: HTTPStatus.TOO_MANY_REQUESTS,
    Behaviour.RATE_LIMITED_BARE: HTTPStatus.TOO_MANY_REQUESTS,
    Behaviour.SERVER_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    Behaviour.BAD_GATEWAY: HTTPStatus.BAD_GATEWAY,
    Behaviour.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Behaviour.UNAVAILABLE_RETRY_AFTER: HTTPStatus.SERVICE_UNAVAILABLE,
}
_STATUSES_OF_HEAD: Final = {
    Behaviour.HEAD_FORBIDDEN: HTTPStatus.FORBIDDEN,
    Behaviour.HEAD_NOT_FOUND: HTTPStatus.NOT_FOUND,
    Behaviour.HEAD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
}


@dataclass(frozen=True)
class Reply:
    """An ordinary reply. Content-Length is the body's; `media_type` is its Content-Type."""

    status: int
    media_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def reply_for(behaviour: Behaviour, method: str, scheme: str, host: str, target: str) -> Reply:
    """What a host says to one request. A behaviour that is more than a reply gets the image it delivers."""
    if method == "HEAD" and behaviour in _STATUSES_OF_HEAD:
        return status_page(_STATUSES_OF_HEAD[behaviour])
    if behaviour in _STATUSES and not (behaviour is Behaviour.HEAD_LIES and method == "HEAD"):
        return status_page(_STATUSES[behaviour], *_marks(behaviour))
    location = _location(behaviour, scheme, host, target)
    if location is not None:
        return _redirect(location)
    match behaviour:
        case Behaviour.HTML:
            return page(f"Figure at {host}", "<p>The figure is shown here, in a page of its own.</p>")
        case Behaviour.JSON:
            return Reply(200, "application/json", json.dumps({"error": "figure not available"}).encode())
        case Behaviour.DOCUMENT:
            return Reply(200, "application/pdf", _document(target))
        case Behaviour.GZIP_BOMB:
            return Reply(200, "image/png", _bomb(), (("Content-Encoding", "gzip"),))
    image = _image(scheme, host, target)
    match behaviour:
        case Behaviour.IMAGE_MISLABELLED:
            return Reply(200, "text/html" if len(target) % 2 else "application/octet-stream", image.body)
        case Behaviour.GZIP:
            packed = gzip.compress(image.body, compresslevel=1, mtime=0)
            return Reply(200, image.media_type, packed, (("Content-Encoding", "gzip"),))
    return image


def landing_reply(host: str, target: str) -> Reply | None:
    """The pages every host has besides its figures, None when `target` is none of them."""
    path = target.partition("?")[0]
    if path == HOME:
        return page(host, "<p>Welcome to our journals.</p>")
    if path == LOGIN:
        return page("Sign in", '<form method="post"><input name="login"><input type="password"></form>')
    if path == ROBOTS:
        return Reply(200, "text/plain", b"User-agent: *\nDisallow: /action/\n")
    if path.startswith(RELAY):
        here, _, address = path.removeprefix(RELAY).partition("/")
        return _redirect(f"{RELAY}{2 if here == '1' else 1}/{address}")
    return None


def status_page(status: HTTPStatus, *headers: tuple[str, str]) -> Reply:
    """The short HTML page servers send along with an error."""
    reply = page(
        f"{status.value} {status.phrase}", f"<p>{html.escape(status.description or status.phrase)}</p>"
    )
    return Reply(status.value, reply.media_type, reply.body, headers)


def page(title: str, content: str) -> Reply:
    """An HTML page under 200."""
    head = f"<head><title>{html.escape(title)}</title></head>"
    text = f"<!DOCTYPE html>\n<html>{head}<body>{content}</body></html>\n"
    return Reply(200, "text/html; charset=utf-8", text.encode())


def _marks(behaviour: Behaviour) -> tuple[tuple[str, str], ...]:
    match behaviour:
        case Behaviour.UNAUTHORISED:
            return (("WWW-Authenticate", 'Basic realm="subscribers"'),)
        case Behaviour.CHALLENGE:
            return (("cf-mitigated", "challenge"),)
    return ()


def _location(behaviour: Behaviour, scheme: str, host: str, target: str) -> str | None:
    match behaviour:
        case Behaviour.REDIRECT_HOST:
            return f"https://{new_home(host)}{MOVED}{host}{target}"
        case Behaviour.REDIRECT_HTTPS if scheme == "http":
            return f"https://{host}{target}"
        case Behaviour.REDIRECT_LOGIN:
            return f"{LOGIN}?redirectUri={quote(target, safe='')}"
        case Behaviour.REDIRECT_HOME:
            return HOME
        case Behaviour.REDIRECT_LOOP:
            return f"{RELAY}1{target.partition('?')[0]}"
        case Behaviour.REDIRECT_PRIVATE:
            return _PRIVATE_PLACES[len(target) % len(_PRIVATE_PLACES)]
    return None


def new_home(host: str) -> str:
    """Where a host's moved figures are served now."""
    home = _NEW_HOMES.get(host, _NEW_HOME_OF_THE_REST)
    return home if home != host else "www.mdpi.com"


def every_host() -> tuple[str, ...]:
    """Every host name of the world, sorted: those of the addresses, and those figures have moved to."""
    return tuple(sorted({*all_hosts(), *_NEW_HOMES.values(), _NEW_HOME_OF_THE_REST}))


def _redirect(location: str) -> Reply:
    return Reply(302, "text/html; charset=utf-8", b"", (("Location", location),))


def _image(scheme: str, host: str, target: str) -> Reply:
    image_format = format_for(target)
    body = _figure(address_key(f"{scheme}://{host}{target}"), image_format)
    return Reply(200, image_format.media_type, body)


@lru_cache(maxsize=32)  # HEAD and GET of one figure come together
def _figure(key: str, image_format: ImageFormat) -> bytes:
    return make_image(key, image_format)


def _document(target: str) -> bytes:
    note = f"% {quote(target)}\n".encode()
    return (
        b"%PDF-1.4\n" + note + b"1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
    )


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(_BOMB_SIZE), compresslevel=9, mtime=0)

"""What the world answers for an address, and what a truthful client makes of it.

A scenario is drawn from the hash of seed and address, so the same world answers alike in every process.
Europe PMC answers 404 for 97 of 100, as the spec expects; other hosts mostly serve, and fail in every way
hosts fail. A passing trouble heals after the first attempts at its address; some trouble never does.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from typing import Final
from urllib.parse import unquote, urlsplit

from scidex_console.demo.hosts.addresses import EUROPE_PMC
from scidex_console.domain.fetching import FetchClass


class Behaviour(StrEnum):
    """One way of answering."""

    IMAGE = "image"
    IMAGE_MISLABELLED = "image-mislabelled"
    """A whole image under a wrong Content-Type."""
    SLOW_BODY = "slow-body"
    HEAD_FORBIDDEN = "head-forbidden"
    """HEAD says 403, GET serves; so the next two, with 404 and 405."""
    HEAD_NOT_FOUND = "head-not-found"
    HEAD_NOT_ALLOWED = "head-not-allowed"
    HEAD_LIES = "head-lies"
    """HEAD says 200, GET says 404."""
    REDIRECT_HOST = "redirect-host"
    """Moved to another host, which serves."""
    REDIRECT_HTTPS = "redirect-https"
    """The same address under https serves; https itself serves at once."""
    NOT_FOUND = "not-found"
    GONE = "gone"
    LEGAL = "legal"
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    RATE_LIMITED_SECONDS = "rate-limited-seconds"
    """429 with Retry-After in seconds; the whole host answers 429 until the hold is over."""
    RATE_LIMITED_DATE = "rate-limited-date"
    RATE_LIMITED_BARE = "rate-limited-bare"
    """429 without Retry-After; holds this address only."""
    SERVER_ERROR = "server-error"
    BAD_GATEWAY = "bad-gateway"
    UNAVAILABLE = "unavailable"
    UNAVAILABLE_RETRY_AFTER = "unavailable-retry-after"
    """503 with Retry-After; the host goes on answering others."""
    CHALLENGE = "challenge"
    """403 with the mark of a bot check. Only where a script asks for it."""
    CONNECTION_RESET = "connection-reset"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    """Fewer bytes than Content-Length says, then the end of the connection."""
    HTML = "html"
    JSON = "json"
    DOCUMENT = "document"
    """A PDF where a figure was expected."""
    REDIRECT_LOGIN = "redirect-login"
    REDIRECT_HOME = "redirect-home"
    REDIRECT_LOOP = "redirect-loop"
    REDIRECT_PRIVATE = "redirect-private"
    """Sent to an address that is not of the public network."""
    GZIP = "gzip"
    """Content-Encoding: gzip for a client that asked for none."""
    GZIP_BOMB = "gzip-bomb"
    """A small body that unpacks to a thousand times its size. Only where a script asks for it."""
    OVERSIZE_DECLARED = "oversize-declared"
    OVERSIZE_ENDLESS = "oversize-endless"
    """Chunked, without an end."""


NEVER: Final = -1
"""`Scenario.failures` of a trouble that never heals."""


@dataclass(frozen=True)
class Scenario:
    """How one address behaves."""

    behaviour: Behaviour
    failures: int = NEVER
    """For a passing trouble: how many attempts meet it before the image is served. An attempt is a GET, or
    a HEAD that no GET followed."""

    @property
    def name(self) -> str:
        """The behaviour's name, as the request log has it."""
        return self.behaviour.value

    def at_attempt(self, attempts_before: int) -> Behaviour:
        """What answers after so many attempts at the address."""
        healed = self.behaviour in PASSING and 0 <= self.failures <= attempts_before
        return Behaviour.IMAGE if healed else self.behaviour


@dataclass(frozen=True)
class ExpectedOutcome:
    """What a truthful client ends with, asked alone (a hold caused by a neighbour comes on top)."""

    first_pass: FetchClass
    final: FetchClass
    """After as many retries as healing takes."""


PASSING: Final = frozenset(
    {
        Behaviour.RATE_LIMITED_SECONDS,
        Behaviour.RATE_LIMITED_DATE,
        Behaviour.RATE_LIMITED_BARE,
        Behaviour.SERVER_ERROR,
        Behaviour.BAD_GATEWAY,
        Behaviour.UNAVAILABLE,
        Behaviour.UNAVAILABLE_RETRY_AFTER,
        Behaviour.CHALLENGE,
        Behaviour.CONNECTION_RESET,
        Behaviour.TIMEOUT,
        Behaviour.TRUNCATED,
    }
)
"""Troubles that may heal."""

_STORED = (
    Behaviour.IMAGE,
    Behaviour.IMAGE_MISLABELLED,
    Behaviour.SLOW_BODY,
    Behaviour.HEAD_FORBIDDEN,
    Behaviour.HEAD_NOT_FOUND,
    Behaviour.HEAD_NOT_ALLOWED,
    Behaviour.REDIRECT_HOST,
    Behaviour.REDIRECT_HTTPS,
)
_DEAD = (Behaviour.NOT_FOUND, Behaviour.GONE, Behaviour.LEGAL, Behaviour.HEAD_LIES)
_SUSPECT = (
    Behaviour.HTML,
    Behaviour.JSON,
    Behaviour.DOCUMENT,
    Behaviour.REDIRECT_LOGIN,
    Behaviour.REDIRECT_HOME,
)
_REFUSED = (
    Behaviour.REDIRECT_LOOP,
    Behaviour.REDIRECT_PRIVATE,
    Behaviour.GZIP,
    Behaviour.GZIP_BOMB,
    Behaviour.OVERSIZE_DECLARED,
    Behaviour.OVERSIZE_ENDLESS,
)
_FETCH_CLASS: Final[dict[Behaviour, FetchClass]] = {
    **dict.fromkeys(_STORED, FetchClass.STORED),
    **dict.fromkeys(_DEAD, FetchClass.DEAD),
    **dict.fromkeys(PASSING, FetchClass.TRANSIENT),
    **dict.fromkeys((Behaviour.UNAUTHORISED, Behaviour.FORBIDDEN), FetchClass.BLOCKED),
    **dict.fromkeys(_SUSPECT, FetchClass.SUSPECT),
    **dict.fromkeys(_REFUSED, FetchClass.REFUSED),
}

EUROPE_PMC_SHARES: Final[dict[Behaviour, int]] = {
    Behaviour.NOT_FOUND: 9_500,
    Behaviour.GONE: 200,
    Behaviour.IMAGE: 220,
    Behaviour.SLOW_BODY: 8,
    Behaviour.HEAD_FORBIDDEN: 10,
    Behaviour.HEAD_NOT_ALLOWED: 10,
    Behaviour.REDIRECT_HOST: 10,
    Behaviour.RATE_LIMITED_SECONDS: 14,
    Behaviour.RATE_LIMITED_DATE: 6,
    Behaviour.RATE_LIMITED_BARE: 2,
    Behaviour.UNAVAILABLE_RETRY_AFTER: 6,
    Behaviour.BAD_GATEWAY: 8,
    Behaviour.CONNECTION_RESET: 6,
}
"""Europe PMC, in parts of 10,000: 97 % dead, and what lives heals in the end."""

OTHER_SHARES: Final[dict[Behaviour, int]] = {
    Behaviour.IMAGE: 480,
    Behaviour.IMAGE_MISLABELLED: 16,
    Behaviour.SLOW_BODY: 10,
    Behaviour.HEAD_FORBIDDEN: 20,
    Behaviour.HEAD_NOT_FOUND: 14,
    Behaviour.HEAD_NOT_ALLOWED: 20,
    Behaviour.REDIRECT_HOST: 24,
    Behaviour.REDIRECT_HTTPS: 40,
    Behaviour.NOT_FOUND: 120,
    Behaviour.GONE: 16,
    Behaviour.LEGAL: 8,
    Behaviour.HEAD_LIES: 12,
    Behaviour.UNAUTHORISED: 10,
    Behaviour.FORBIDDEN: 40,
    Behaviour.RATE_LIMITED_SECONDS: 12,
    Behaviour.RATE_LIMITED_DATE: 8,
    Behaviour.RATE_LIMITED_BARE: 6,
    Behaviour.SERVER_ERROR: 10,
    Behaviour.BAD_GATEWAY: 8,
    Behaviour.UNAVAILABLE: 8,
    Behaviour.UNAVAILABLE_RETRY_AFTER: 8,
    Behaviour.CONNECTION_RESET: 12,
    Behaviour.TIMEOUT: 8,
    Behaviour.TRUNCATED: 12,
    Behaviour.HTML: 22,
    Behaviour.JSON: 8,
    Behaviour.REDIRECT_LOGIN: 12,
    Behaviour.REDIRECT_HOME: 8,
    Behaviour.REDIRECT_LOOP: 8,
    Behaviour.REDIRECT_PRIVATE: 6,
    Behaviour.GZIP: 6,
    Behaviour.OVERSIZE_DECLARED: 5,
    Behaviour.OVERSIZE_ENDLESS: 3,
}
"""Every other host, in parts of 1,000."""

_HEALS_AFTER: Final = ((0.65, 1), (0.85, 2), (1.0, NEVER))
"""Of the troubles outside Europe PMC: cumulative share and the attempts they last."""

_PAGE_MARKS: Final = ("/figure/", "/pmc/articles/", ".html", "_ob=miamicaptionurl", "/doi/figure/")
_DOCUMENT_ENDINGS: Final = (".pdf", ".pptx", ".docx", ".tar.gz", "representation=pdf")
MOVED: Final = "/moved-figures/"
"""Below this path every host serves what has moved to it."""


def address_key(url: str) -> str:
    """What makes two spellings of an address one: host in lower case, path and query unescaped.

    The scheme does not count (a redirect to https leads to the same figure), nor a fragment, nor a port.
    """
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return (parts.hostname or "").lower() + unquote(parts.path or "/") + unquote(query)


def scenario_for(url: str, seed: int) -> Scenario:
    """What the world with this seed answers for `url`; the same for the same arguments."""
    key = address_key(url)
    host, _, path = key.partition("/")
    if f"/{path}".startswith(MOVED):
        return Scenario(Behaviour.IMAGE)
    digest = hashlib.sha256(f"{seed}:{key}".encode(errors="surrogatepass")).digest()
    behaviour = _drawn(EUROPE_PMC_SHARES if host == EUROPE_PMC else OTHER_SHARES, _fraction(digest[:8]))
    if _FETCH_CLASS[behaviour] is FetchClass.STORED and host != EUROPE_PMC:
        behaviour = _what_really_lies_there(f"/{path}", behaviour)
    if behaviour not in PASSING:
        return Scenario(behaviour)
    failures = 1 if host == EUROPE_PMC else _attempts_to_heal(_fraction(digest[8:16]))
    return Scenario(behaviour, failures)


def expected_outcome(scenario: Scenario) -> ExpectedOutcome:
    """The classes a truthful client reaches, on its first attempt and in the end."""
    first = _FETCH_CLASS[scenario.behaviour]
    if scenario.behaviour not in PASSING or scenario.failures == NEVER:
        return ExpectedOutcome(first, first)
    if scenario.failures == 0:
        return ExpectedOutcome(FetchClass.STORED, FetchClass.STORED)
    return ExpectedOutcome(first, FetchClass.STORED)


def expected_for_address(url: str, seed: int) -> ExpectedOutcome:
    """As `expected_outcome` of the address's scenario, for an address as recorded.

    An address without a scheme but with a host (`//host/path`) is asked for over https; one that names
    another scheme than the web's is refused before anything is asked.
    """
    if url.startswith("//"):
        url = f"https:{url}"
    if urlsplit(url).scheme.lower() not in {"http", "https"}:
        return ExpectedOutcome(FetchClass.REFUSED, FetchClass.REFUSED)
    return expected_outcome(scenario_for(url, seed))


def lasting(scenario: Scenario) -> Scenario:
    """The same scenario, never healing."""
    return replace(scenario, failures=NEVER)


def _fraction(digest: bytes) -> float:
    return int.from_bytes(digest, "big") / (1 << 8 * len(digest))


def _drawn(shares: dict[Behaviour, int], fraction: float) -> Behaviour:
    borders = list(accumulate(shares.values()))
    return list(shares)[bisect_right(borders, fraction * borders[-1])]


def _attempts_to_heal(fraction: float) -> int:
    return next(attempts for share, attempts in _HEALS_AFTER if fraction < share)


def _what_really_lies_there(path: str, behaviour: Behaviour) -> Behaviour:
    """Some recorded addresses never were a figure's: article pages, slides, whole articles."""
    lowered = path.lower()
    if lowered.endswith(_DOCUMENT_ENDINGS):
        return Behaviour.DOCUMENT
    named_as_image = lowered.rpartition(".")[2] in {"jpg", "jpeg", "png", "gif", "tif"}
    page = any(mark in lowered.replace("/figure/image", "") for mark in _PAGE_MARKS)
    if page and not named_as_image:
        return Behaviour.HTML
    return behaviour

"""What an answer means: dead, alive, in trouble, or a question for a person.

Spec (figures): only 404, 410 and 451 are dead; trouble stays retryable. Everything here is decided from the
answer alone; nothing is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from scidex_console.domain.addresses import WebAddress
from scidex_console.domain.fetching import BLOCKED_STATUSES, DEAD_STATUSES, FetchClass

REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
WAIT_STATUSES: Final = frozenset({429, 503})
"""Statuses with which a server may ask to be left alone for a while."""

_TRANSIENT_STATUSES: Final = {202, 408, 421, 425, 429}
_ALSO_BLOCKED: Final = {402, 407, 999}
"""Payment or proxy login required, and the number some networks turn robots away with."""
_CHALLENGED_STATUSES: Final = {200, 202, 401, 403, 405, 429, 503}

_CHALLENGE_HEADERS: Final = {
    "cf-mitigated": re.compile(r"challenge", re.IGNORECASE),
    "x-amzn-waf-action": re.compile(r"challenge|captcha", re.IGNORECASE),
}
_CHALLENGE_PAGE: Final = re.compile(
    rb"""_cf_chl_opt | /cdn-cgi/challenge-platform | cf-browser-verification | <title>\s*just\ a\ moment
    | attention\ required!\ \|\ cloudflare | checking\ your\ browser
    | verify(ing)?\ (that\ )?you\ are\ (a\ )?human
    | are\ you\ a\ robot | (confirm|prove)\ (that\ )?you(\ are|'re)\ not\ a\ (ro)?bot | px-captcha
    | _incapsula_resource | incapsula\ incident | ddos\ protection\ by | unusual\ traffic\ from
    | cloudpmc-viewer-pow | (solve|complete|enter)\ (the|this|a)\ captcha | <title>[^<]*captcha
    | captcha-delivery\.com | awswafcaptcha""",
    re.IGNORECASE | re.VERBOSE,
)
_CAPTCHA: Final = re.compile(rb"captcha", re.IGNORECASE)
"""Enough beside a refusal; an ordinary page may well load a captcha for its comment form."""

_LOGIN_PATH: Final = re.compile(
    r"""(?:(?<![a-z])|show|user|web|member|account) (log|sign) [-_]? (in|on) (?![a-z])
    | (?:^|[/._-]) (sso|auth|authenticate|authenticated|authorize|oauth2?|openid|saml2?|shibboleth(\.sso)?
                    |openathens|wayf|idp|cas|ssostart|paywall|cookieabsent|cookie-?consent) (?=$|[/._-])""",
    re.IGNORECASE | re.VERBOSE,
)
_LOGIN_HOST: Final = re.compile(r"(login|signin|sso|auth|idp|accounts?|wayf|openathens)\.", re.IGNORECASE)
_IMAGE_NAME: Final = re.compile(r"\.(png|jpe?g|gif|webp|tiff?|bmp|svg|avif)$", re.IGNORECASE)
_HOME_PATHS: Final = frozenset(
    {"/", "/home", "/index", "/index.html", "/index.htm", "/index.php", "/default.aspx"}
)


@dataclass(frozen=True)
class Decision:
    """A class and its reason, in words for the operator (not yet sanitised)."""

    outcome: FetchClass
    reason: str


def status_text(status: int) -> str:
    """A status with its standard name, such as `404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def is_challenge(status: int, headers: Mapping[str, str], excerpt: bytes = b"") -> bool:
    """Whether an answer is a check for robots instead of what was asked for.

    `headers` by lower-case name; `excerpt` is the beginning of a body that is no image.
    """
    if any(mark.search(headers.get(name, "")) for name, mark in _CHALLENGE_HEADERS.items()):
        return True
    if status not in _CHALLENGED_STATUSES:
        return False
    return bool(_CHALLENGE_PAGE.search(excerpt) or (status != 200 and _CAPTCHA.search(excerpt)))


def classify_error(status: int, *, challenge: bool, via: str = "") -> Decision:
    """The meaning of a final answer to GET that is neither a success nor a redirect we follow.

    `via` tells how the address was reached, such as ` after 2 redirects, at example.org`.
    """
    text = status_text(status) + via
    if challenge:
        return Decision(FetchClass.TRANSIENT, f"{text}: a check for robots instead of an answer")
    if status in DEAD_STATUSES:
        return Decision(FetchClass.DEAD, text)
    if status in BLOCKED_STATUSES or status in _ALSO_BLOCKED:
        return Decision(FetchClass.BLOCKED, text)
    if status in _TRANSIENT_STATUSES or 500 <= status < 600:
        return Decision(FetchClass.TRANSIENT, text)
    if 300 <= status < 400:
        return Decision(FetchClass.SUSPECT, f"{text}: no redirect that can be followed")
    # 400, 405, 406, 416 and their kin: an objection to the request, which says nothing about the figure.
    return Decision(FetchClass.SUSPECT, f"{text}: the server does not accept the request")


def classify_no_image(
    status: int, media_type: str, excerpt: bytes, kind: str, *, challenge: bool
) -> Decision:
    """The meaning of a success whose bytes are no image we store.

    `kind` names what the bytes are, as far as known (`PDF document`); `media_type` is what the server says.
    """
    text = status_text(status)
    if challenge:
        return Decision(FetchClass.TRANSIENT, f"{text}: a check for robots instead of an image")
    if status in _TRANSIENT_STATUSES:
        return Decision(FetchClass.TRANSIENT, f"{text}: not ready")
    if status in (204, 205):
        return Decision(FetchClass.SUSPECT, f"{text}: the server has nothing to send")
    if not excerpt:
        # An empty success is a fault behind the server far more often than its last word on a figure.
        return Decision(FetchClass.TRANSIENT, f"{text} with an empty body")
    said = f", sent as {media_type}" if media_type else ""
    return Decision(FetchClass.SUSPECT, f"{text}, but no image: {kind or 'unknown bytes'}{said}")


def suspicious_redirect(origin: WebAddress, target: WebAddress) -> str:
    """Why a redirect cannot lead to a figure (to a login or home page); empty when it may."""
    path = target.path.lower()
    named_like_image = _IMAGE_NAME.search(path) is not None
    if not named_like_image and (_LOGIN_PATH.search(path) or _LOGIN_HOST.match(target.host)):
        return f"redirected to a login page ({target.url})"
    if path in _HOME_PATHS and "?" not in target.target and origin.path.lower() not in _HOME_PATHS:
        return f"redirected to a home page ({target.url})"
    return ""

"""What answers mean."""

from __future__ import annotations

import pytest

from scidex_console.domain.addresses import parse_address
from scidex_console.domain.classify import (
    classify_error,
    classify_no_image,
    is_challenge,
    suspicious_redirect,
)
from scidex_console.domain.fetching import FetchClass

DEAD, TRANSIENT, BLOCKED, SUSPECT = (
    FetchClass.DEAD,
    FetchClass.TRANSIENT,
    FetchClass.BLOCKED,
    FetchClass.SUSPECT,
)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, DEAD) for status in (404, 410, 451)),
        *((status, BLOCKED) for status in (401, 402, 403, 407, 999)),
        *(
            (status, TRANSIENT)
            for status in (408, 421, 425, 429, 500, 501, 502, 503, 504, 507, 520, 522, 599)
        ),
        *((status, SUSPECT) for status in (300, 302, 304, 305)),
        *((status, SUSPECT) for status in (400, 405, 406, 409, 412, 414, 415, 416, 418, 422, 431, 444, 499)),
        *((status, SUSPECT) for status in (600, 799)),
    ],
)
def test_status_without_a_success_means(status: int, expected: FetchClass) -> None:
    decision = classify_error(status, challenge=False)
    assert decision.outcome is expected
    assert str(status) in decision.reason


def test_only_three_statuses_of_all_are_dead() -> None:
    dead = {
        status
        for status in range(100, 1000)
        if classify_error(status, challenge=False).outcome is FetchClass.DEAD
    }
    assert dead == {404, 410, 451}


@pytest.mark.parametrize("status", [403, 404, 410, 429, 503])
def test_a_check_for_robots_is_never_the_last_word(status: int) -> None:
    assert classify_error(status, challenge=True).outcome is TRANSIENT


def test_the_reason_tells_how_the_answer_was_come_by() -> None:
    decision = classify_error(404, challenge=False, via=" (redirected to cdn.example.org)")
    assert decision.reason == "404 Not Found (redirected to cdn.example.org)"


@pytest.mark.parametrize(
    ("status", "headers", "page"),
    [
        (403, {"cf-mitigated": "challenge"}, b""),
        (404, {"cf-mitigated": "challenge"}, b""),
        (202, {"x-amzn-waf-action": "challenge"}, b""),
        (405, {"x-amzn-waf-action": "captcha"}, b""),
        (503, {}, b"<html><head><title>Just a moment...</title>"),
        (200, {}, b"<script>window._cf_chl_opt={cvId:'3'}</script>"),
        (200, {}, b"<h1>Please verify you are a human</h1>"),
        (200, {}, b"<script src='/static/cloudpmc-viewer-pow.js'>"),
        (200, {}, b"<html><title>Captcha required</title>"),
        (403, {}, b"<form><div class='g-recaptcha'></div></form>"),
        (403, {}, b"<p>We have detected unusual traffic from your network"),
        (429, {}, b"<iframe src='https://geo.captcha-delivery.com/x'>"),
    ],
)
def test_challenge_is_recognised(status: int, headers: dict[str, str], page: bytes) -> None:
    assert is_challenge(status, headers, page)


@pytest.mark.parametrize(
    ("status", "headers", "page"),
    [
        (200, {}, b"<html><title>Figure 2</title><script src='https://www.google.com/recaptcha/api.js'>"),
        (403, {}, b"<h1>403 Forbidden</h1><hr>nginx"),
        (404, {}, b"<h1>404</h1><div class='g-recaptcha'></div>"),
        (404, {"server": "cloudflare", "cf-cache-status": "HIT"}, b"<h1>Not found</h1>"),
        (500, {}, b"captcha service is down"),
    ],
)
def test_ordinary_page_is_no_challenge(status: int, headers: dict[str, str], page: bytes) -> None:
    assert not is_challenge(status, headers, page)


@pytest.mark.parametrize(
    ("status", "body", "kind", "challenge", "expected"),
    [
        (200, b"<html>", "HTML page", False, SUSPECT),
        (200, b"{}", "JSON document", False, SUSPECT),
        (200, b"%PDF-1.4", "PDF document", False, SUSPECT),
        (200, b"\x00\x01", "", False, SUSPECT),
        (203, b"<html>", "HTML page", False, SUSPECT),
        (206, b"<html>", "HTML page", False, SUSPECT),
        (200, b"<html>", "HTML page", True, TRANSIENT),
        (200, b"", "", False, TRANSIENT),
        (202, b"", "", False, TRANSIENT),
        (202, b"<html>wait", "HTML page", False, TRANSIENT),
        (204, b"", "", False, SUSPECT),
        (205, b"", "", False, SUSPECT),
    ],
)
def test_success_without_an_image_means(
    status: int, body: bytes, kind: str, challenge: bool, expected: FetchClass
) -> None:
    decision = classify_no_image(status, "text/html", body, kind, challenge=challenge)
    assert decision.outcome is expected


@pytest.mark.parametrize(
    "target",
    [
        "https://example.org/login",
        "https://example.org/action/showLogin?uri=%2Ffig.png",
        "https://example.org/user/sign-in",
        "https://example.org/Account/LogOn",
        "https://example.org/signin.aspx",
        "https://example.org/oauth2/authorize?x",
        "https://example.org/Shibboleth.sso/Login",
        "https://example.org/saml/wayf",
        "https://sso.example.org/x",
        "https://login.publisher.example/x",
        "https://idp.nature.com/authorize?response_type=cookie",
        "https://example.org/action/cookieAbsent",
    ],
)
def test_redirect_to_a_login_page_is_suspicious(target: str) -> None:
    origin = parse_address("https://example.org/figures/fig1.png")
    assert "login page" in suspicious_redirect(origin, parse_address(target))


@pytest.mark.parametrize(
    "target", ["https://example.org/", "https://other.example", "https://x.example/index.html"]
)
def test_redirect_to_a_home_page_is_suspicious(target: str) -> None:
    origin = parse_address("https://example.org/figures/fig1.png")
    assert "home page" in suspicious_redirect(origin, parse_address(target))


@pytest.mark.parametrize(
    "target",
    [
        "https://cdn.example.org/figures/fig1.png",
        "https://example.org/authors/smith/fig1.png",
        "https://example.org/blog-in-depth/fig",
        "https://example.org/design-in/fig",
        "https://example.org/figures/login-flow.png",
        "https://example.org/catalogin/f",
        "https://example.org/castle/f",
        "https://example.org/authentic/f",
        "https://example.org/?figure=12",
        "https://authority.example.org/f",
    ],
)
def test_redirect_to_something_else_is_followed(target: str) -> None:
    origin = parse_address("https://example.org/figures/fig1.png")
    assert suspicious_redirect(origin, parse_address(target)) == ""


def test_redirect_from_one_home_to_another_is_followed() -> None:
    origin = parse_address("http://example.org/")
    assert suspicious_redirect(origin, parse_address("https://www.example.org/")) == ""

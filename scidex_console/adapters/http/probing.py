"""Asks the read service of this store a few addresses: the operator's own, named in the configuration."""

from __future__ import annotations

import httpx

from scidex_console.domain.errors import SettingError, Unreachable
from scidex_console.domain.soak.probing import ProbeAnswer

_MOST_BYTES = 1 << 20
_TIMEOUT_S = 10.0


class HttpServiceProbe:
    """Implements the engine's `ServiceProbe` for the service at `url`, such as `http://127.0.0.1:8765`."""

    def __init__(self, url: str, *, version: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {"User-Agent": f"scidex-console/{version} (soak)", "Accept": "text/html, */*;q=0.5"}
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Give its connections back."""
        if self._client is not None:
            await self._client.aclose()

    async def ask(self, path: str) -> ProbeAnswer:
        """The answer to one GET, redirects not followed. Raises `Unreachable`."""
        if self._client is None:  # a phase that asks nobody makes none
            self._client = httpx.AsyncClient(
                headers=self._headers, timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False
            )
        try:
            async with self._client.stream("GET", f"{self._url}{path}") as answer:
                body, is_cut = b"", False
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > _MOST_BYTES:
                        is_cut = True
                        break
                return ProbeAnswer(
                    status=answer.status_code,
                    location=answer.headers.get("Location", ""),
                    link=answer.headers.get("Link", ""),
                    body=body[:_MOST_BYTES].decode("utf-8", "replace"),
                    is_cut=is_cut,
                )
        except httpx.InvalidURL as error:
            raise SettingError(
                str(error), where="soak.service_url", fix="name the service's address"
            ) from error
        except httpx.HTTPError as error:
            words = str(error) or type(error).__name__
            raise Unreachable(words, where=self._url, fix="start it with `scidex-console serve`") from error

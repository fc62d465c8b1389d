"""The one route that writes: a file is added to an artifact's folder, in the name of a token."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from scidex_console.web.problems import Problem


class WriteApi:
    """Takes accessories."""

    @classmethod
    def shut(cls) -> WriteApi:
        """One that takes none."""
        return cls()

    async def add_accessory(self, request: Request) -> Response:
        """Add a file to an artifact's folder."""
        raise Problem("writes-off", "this service takes no accessories")

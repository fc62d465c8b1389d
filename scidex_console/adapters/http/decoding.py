"""Whether an image decodes, found out by a child process with limits of memory and time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_CHILD: Final = Path(__file__).parents[1] / "image_child.py"
_LONGEST_S: Final = 60.0
"""Longest time one image may take, by the clock on the wall; the child has a limit of processor time too."""


@dataclass(frozen=True)
class Decoded:
    """What became of an image."""

    broken: str = ""
    """Why it does not decode; empty when it does, or when nobody here can tell."""
    bomb: str = ""
    """Why it must not be decoded: it takes more memory or time than a figure may."""
    note: str = ""
    """What a person should know of an image that is fine otherwise."""


class Decoder:
    """One child, started when it is needed and again when an image has killed it. `aclose` ends it."""

    def __init__(self, path_of: Callable[[str], Path], *, longest_s: float = _LONGEST_S) -> None:
        self._path_of = path_of
        self._longest_s = longest_s
        self._child: Process | None = None
        self._turn = asyncio.Lock()

    async def look(self, staged: str, *, svg: bool = False) -> Decoded:
        """Decode a staged file, or parse it where it is SVG. Never raises for what is in it."""
        async with self._turn:
            try:
                async with asyncio.timeout(self._longest_s):
                    said = await self._ask({"path": str(self._path_of(staged)), "svg": svg})
            except (TimeoutError, asyncio.CancelledError) as error:
                await self._end()
                if isinstance(error, asyncio.CancelledError):
                    raise
                return Decoded(bomb=f"decoding it takes more than {self._longest_s:g} s")
        if said is None:
            return Decoded(bomb="decoding it takes more memory or time than a figure may")
        if said.get("unable"):
            return Decoded(note=f"not decoded: {said['why']}")
        if said.get("ok"):
            return Decoded(note=said.get("note", ""))
        return Decoded(bomb=said["why"]) if said.get("bomb") else Decoded(broken=said["why"])

    async def aclose(self) -> None:
        """End the child."""
        await self._end()

    async def _ask(self, question: dict[str, Any]) -> dict[str, Any] | None:
        """The child's answer; None when it died of the question."""
        if self._child is None:
            command = (sys.executable, "-I", str(_CHILD))
            self._child = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
        assert self._child.stdin is not None and self._child.stdout is not None
        line = b""
        with contextlib.suppress(ConnectionError):
            self._child.stdin.write(json.dumps(question).encode() + b"\n")
            await self._child.stdin.drain()
            line = await self._child.stdout.readline()
        if not line:
            await self._end()
            return None
        said: dict[str, Any] = json.loads(line)
        return said

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        if child.stdin is not None:
            child.stdin.close()

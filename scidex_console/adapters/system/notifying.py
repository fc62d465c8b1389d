"""Running the operator's own program when something is wrong: a list of arguments, never a shell."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence

PLACE = "{text}"
PATIENCE_S = 10.0
"""A program that takes longer is ended."""


async def run_program(command: Sequence[str], text: str) -> str:
    """Run it with the text in the place of `{text}`, or as the last argument; why it failed, or empty."""
    words = [text if word == PLACE else word for word in command]
    if PLACE not in command:
        words.append(text)
    quiet = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        )
    except (OSError, ValueError) as error:
        return f"{command[0]} cannot be run: {error}"
    try:
        code = await asyncio.wait_for(process.wait(), PATIENCE_S)
    except BaseException as error:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with all it has started
        await process.wait()
        if not isinstance(error, TimeoutError):
            raise
        return f"{command[0]} took longer than {PATIENCE_S:g} s and was ended"
    return f"{command[0]} ended with {code}" if code else ""

"""Runs git to set the demo's repositories up; what happens to them later is the engine's business."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from scidex_console.domain.errors import RepositoryError

_SETTINGS = (
    "-c", "protocol.file.allow=always",  # git does not clone a submodule from a folder unasked
    "-c", "init.templateDir=",
    "-c", "init.defaultBranch=main",
    "-c", "core.hooksPath=/dev/null",
    "-c", "gc.auto=0",
    "-c", "advice.detachedHead=false",
)  # fmt: skip


def git(*arguments: str | Path, folder: Path) -> str:
    """Run git in `folder`, without anybody's configuration; what it printed. Raises RepositoryError."""
    try:
        done = subprocess.run(
            _command(*arguments),
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except FileNotFoundError as error:
        raise _no_git() from error
    if done.returncode != 0:
        raise _failed(arguments[0], done.stderr, folder)
    return done.stdout.decode(errors="replace").strip()


@contextmanager
def git_input(*arguments: str | Path, folder: Path) -> Iterator[IO[bytes]]:
    """Run git in `folder` and give it what is written to the file yielded. Raises RepositoryError."""
    try:
        process = subprocess.Popen(
            _command(*arguments),
            cwd=folder,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise _no_git() from error
    with process:
        assert process.stdin is not None and process.stderr is not None
        try:
            yield process.stdin
        except BrokenPipeError:
            pass  # git gave up; it says why on its standard error
        except BaseException:
            process.kill()
            raise
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()
        complaint = process.stderr.read()
    if process.returncode != 0:
        raise _failed(arguments[0], complaint, folder)


def _command(*arguments: str | Path) -> list[str | Path]:
    return ["git", *_SETTINGS, *arguments]


def _environment() -> dict[str, str]:
    """No variable of the caller's may redirect git; no configuration of the caller's may change a commit."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def _no_git() -> RepositoryError:
    return RepositoryError("git is not installed", fix="install git 2.30 or newer and put it on PATH")


def _failed(verb: str | Path, complaint: bytes, folder: Path) -> RepositoryError:
    words = complaint.decode(errors="replace").strip().splitlines()
    # git says the reason first and advice afterwards; fast-import adds a crash report.
    reason = next(
        (line for line in words if line.startswith(("fatal:", "error:"))), words[-1] if words else ""
    )
    return RepositoryError(f"git {verb} failed: {reason}", where=str(folder))

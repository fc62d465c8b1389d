"""The one way git is run: fixed argument lists, paths by standard input or after `--`, no shell.

GitPython starts the processes; its convenience methods are not used, since they have let text become
options. Commands run in a session of their own, so that a Ctrl-C for us does not cut git off half-way.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scidex_console.adapters.git import environment
from scidex_console.adapters.git.failures import redacted, translated
from scidex_console.domain.errors import Halt, RepositoryError

if TYPE_CHECKING:
    from git import Git


@dataclass(frozen=True)
class Output:
    """What a command answered."""

    status: int
    stdout: bytes
    stderr: str

    def text(self) -> str:
        """Standard output as text, without the last newline; bytes that are no UTF-8 survive a round trip."""
        return self.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    def fields(self) -> list[str]:
        """Standard output split at NUL, as commands with `-z` write it."""
        return self.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


class Commands:
    """Runs git for one repository. Holds no process and no open file between calls."""

    def __init__(self, folder: Path, *, variables: Mapping[str, str]) -> None:
        """`variables` name the repository (`GIT_DIR`, `GIT_WORK_TREE`) to every command."""
        self.folder = folder
        self._variables = dict(variables)

    def run(
        self,
        *args: str,
        stdin: bytes = b"",
        accept: Collection[int] = (0,),
        index: Path | None = None,
        settings: environment.Settings = (),
        transports: str = environment.NO_TRANSPORT,
        timeout: float | None = None,
    ) -> Output:
        """Run one command to its end.

        `index` names another index file than the repository's; `settings` are git settings for this command
        alone. A status outside `accept` becomes a domain error; so does taking longer than `timeout` seconds.
        """
        wanted = environment.variables(transports=transports, settings=settings)
        with self._started(args, wanted, index) as process:
            try:
                stdout, stderr = process.communicate(stdin, timeout=timeout)
            except subprocess.TimeoutExpired as error:
                raise RepositoryError(
                    f"git {args[0]} did not end within {timeout:.0f} s", where=str(self.folder)
                ) from error
            output = Output(process.returncode, stdout, stderr.decode("utf-8", "replace"))
        if output.status not in accept:
            raise translated(args, output.status, output.stderr, where=str(self.folder))
        return output

    def discover(self, *args: str, ceiling: Path) -> Output:
        """Run a command that finds the repository itself, looking no higher than below `ceiling`."""
        variables = {**environment.discovering(), "GIT_CEILING_DIRECTORIES": str(ceiling)}
        with self._started(args, variables, None) as process:
            stdout, stderr = process.communicate()
            return Output(process.returncode, stdout, stderr.decode("utf-8", "replace"))

    @contextmanager
    def process(self, *args: str) -> Iterator[Any]:
        """A running command with pipes at both ends; it is ended when the block is left.

        Its end is judged with `conclude`.
        """
        with self._started(args, environment.variables(), None) as process:
            yield process

    def conclude(self, process: Any, *args: str) -> str:
        """Close the command's input, wait, and raise the domain error if it failed; what it said at last."""
        stdout, stderr = process.communicate()
        if process.returncode != 0:
            words = stderr.decode("utf-8", "replace")
            raise translated(args, process.returncode, words, where=str(self.folder))
        said: str = stdout.decode("utf-8", "replace")
        return said

    @contextmanager
    def _started(self, args: tuple[str, ...], wanted: dict[str, str], index: Path | None) -> Iterator[Any]:
        variables = {**wanted, **self._variables}
        if index is not None:
            variables["GIT_INDEX_FILE"] = str(index)
        started = self._start([*environment.scrubbed(variables), "git", "--no-pager", *args], variables)
        process: Any = started.proc
        try:
            yield process
        finally:
            _end(process)
            # The wrapper would otherwise look at the process again whenever it is collected.
            started.proc = None

    def _start(self, command: list[str], variables: dict[str, str]) -> Any:
        git = _git(self.folder)
        from git.exc import GitCommandNotFound  # after `_git`, which says so clearly when git is missing

        try:
            return git.execute(
                command,
                istream=subprocess.PIPE,
                as_process=True,
                env=variables,
                start_new_session=True,
            )
        except GitCommandNotFound as error:
            raise RepositoryError("git cannot be run", fix="install git and put it on PATH") from error
        except OSError as error:
            raise Halt(f"git cannot be started: {error.strerror}", where=str(self.folder)) from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and whatever it started (it leads a session of its own), and close its pipes."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    process.wait()


def _git(folder: Path) -> Git:
    """GitPython's command layer; it looks for the program when it is imported, so that comes late."""
    try:
        from git import Git
    except ImportError as error:
        raise RepositoryError(
            redacted(str(error).splitlines()[0] if str(error) else "git cannot be run"),
            where="git",
            fix="install git 2.34 or later and put it on PATH",
        ) from error
    return Git(folder)

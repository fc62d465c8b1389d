"""Running git: when it is missing, when it hangs, and what its failures mean."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scidex_console.adapters.git.failures import translated
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.domain.errors import ConsoleError, Halt, LockBusy, RepositoryError
from tests.adapters.git.world import World, git

_OPEN = """
import sys
from pathlib import Path
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.domain.errors import ConsoleError
try:
    GitArtifactRepository(Path(sys.argv[1]), clock=SystemClock())
except ConsoleError as error:
    print(type(error).__name__, error)
"""


def test_missing_git_is_told_with_what_to_do(world: World, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _OPEN, str(world.artifacts)],
        env={"PATH": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("RepositoryError git: ")
    assert "install git 2.34 or later" in done.stdout
    assert done.stderr == ""


def test_command_that_hangs_is_ended_with_all_it_started(
    world: World, repository: GitArtifactRepository, tmp_path: Path
) -> None:
    """A remote's hook that never ends stands for a network that never answers."""
    hook = world.remote("artifacts") / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 1000\n")
    hook.chmod(0o755)
    git(world.artifacts, "commit", "-q", "--allow-empty", "-m", "New")

    with pytest.raises(RepositoryError, match="git push did not end within"):
        repository.checkout.commands.run(
            "push", "--", str(world.remote("artifacts")), "main", transports="file", timeout=1.0
        )
    pid = int((tmp_path / "pid").read_text())
    while not has_ended(pid):
        time.sleep(0.01)


def has_ended(pid: int) -> bool:
    """Gone, or only waiting for the machine's first process to take note."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


@pytest.mark.parametrize(
    ("status", "stderr", "kind", "says"),
    [
        (128, "fatal: write error: No space left on device", Halt, "disk is full"),
        (128, "error: sha1 file 'x' write error. Out of diskspace", Halt, "could not write"),
        (128, "fatal: Unable to create '/r/.git/x.lock': Read-only file system", Halt, "read-only"),
        (128, "error: read error: Input/output error", Halt, "disk fails"),
        (-signal.SIGXFSZ, "", Halt, "limit on file sizes"),
        (-signal.SIGBUS, "", Halt, "could not read"),
        (-signal.SIGKILL, "", RepositoryError, "killed by signal 9"),
        (128, "fatal: loose object 1234 (stored in x) is corrupt", Halt, "damaged: loose object 1234"),
        (128, "error: object file .git/objects/ab/cd is empty\nfatal: x", Halt, "damaged: object file"),
        (
            128,
            "fatal: Unable to create '/r/.git/index.lock': File exists.\n\nAnother",
            LockBusy,
            "index.lock",
        ),
        (128, "hint: do this\nfatal: something else\nmore", RepositoryError, "^/nowhere: something else$"),
    ],
)
def test_failures_are_told_apart(status: int, stderr: str, kind: type[ConsoleError], says: str) -> None:
    error = translated(("update-ref",), status, stderr, where="/nowhere")
    assert type(error) is kind
    with pytest.raises(kind, match=says):
        raise error

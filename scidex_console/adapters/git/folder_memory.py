"""The folders of a commit as they are edited: read from git when they are needed, remembered when large."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from scidex_console.adapters.git.checkout import Checkout, object_id
from scidex_console.adapters.git.tree_object import TreeObject
from scidex_console.domain.errors import Halt, RepositoryError

_LARGE = 16
"""Entries of a folder that is worth remembering."""
_COMMAND = ("cat-file", "--batch")


class FolderMemory:
    """Folders by their path, each with the object that it is; the root's path is empty.

    What is remembered is believed only for the very object that is asked for, so it can never be out of date.
    """

    def __init__(self) -> None:
        self._folders: dict[str, tuple[str, TreeObject]] = {}
        self._roots: dict[str, str] = {}

    def root_of(self, commit: str) -> str | None:
        """Object of a commit's root folder, if that commit was made last."""
        return self._roots.get(commit)

    def note_root(self, commit: str, root: str) -> None:
        """A commit was made."""
        self._roots = {commit: root}

    def take(self, path: str, name: str) -> TreeObject | None:
        """The folder at a path, if it is still the object of that name; whoever edits it gives it back."""
        known, folder = self._folders.pop(path, ("", None))
        return folder if known == name else None

    def give_back(self, path: str, name: str, folder: TreeObject) -> None:
        """Remember a folder as it is now, if it is large."""
        if len(folder) >= _LARGE:
            self._folders[path] = (name, folder)


class Reader:
    """Asks one git process for folders, one after the other; it is started with the first question."""

    def __init__(self, checkout: Checkout, start: Callable[[], Any]) -> None:
        self._checkout = checkout
        self._start = start
        self._process: Any = None

    def folder(self, name: str) -> TreeObject:
        """A folder by its object. Raises `Halt` where it is not as git writes folders."""
        _, content = self._ask(object_id(name), "tree")
        try:
            return TreeObject(content, id_size=len(self._checkout.no_object) // 2)
        except ValueError as error:
            raise damaged(self._checkout, f"of tree {name}, {error}") from error

    def root_of(self, commit: str) -> str:
        """Object of a commit's root folder."""
        _, content = self._ask(object_id(commit), "commit")
        return content.split(b"\n", 1)[0].removeprefix(b"tree ").decode()

    def _ask(self, name: str, kind: str) -> tuple[str, bytes]:
        if self._process is None:
            self._process = self._start()
        try:
            self._process.stdin.write(name.encode() + b"\n")
            self._process.stdin.flush()
            head = self._process.stdout.readline().decode().split()
            if len(head) == 3 and head[1] == kind:
                content = self._process.stdout.read(int(head[2]) + 1)
                if len(content) == int(head[2]) + 1:
                    return head[0], content[:-1]
        except BrokenPipeError:
            head = []
        self._checkout.commands.conclude(self._process, *_COMMAND)  # its own words say why
        if head[1:] == ["missing"]:
            raise damaged(self._checkout, f"missing {kind} {name}")
        raise RepositoryError(f"git did not show {kind} {name}", where=str(self._checkout.worktree))


def damaged(checkout: Checkout, how: str) -> Halt:
    """What to raise when git does not have what a commit refers to."""
    return Halt(
        f"the repository is damaged: {how}",
        where=str(checkout.worktree),
        fix="run `git fsck`, restore the object from a clone or a backup, then resume",
    )


@contextmanager
def reading(checkout: Checkout) -> Iterator[Reader]:
    """A reader of folders for one commit or series of them."""
    with ExitStack() as stack:
        yield Reader(checkout, lambda: stack.enter_context(checkout.commands.process(*_COMMAND)))

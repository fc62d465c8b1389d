"""What git says by itself, for checking the store independently of the engine's own bookkeeping.

Nothing here reads the journal, writes, or takes a lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scidex_console.adapters.git import attributes, environment, history, index, repair, trees
from scidex_console.adapters.git.checkout import Checkout, object_id
from scidex_console.adapters.git.outer import Outer
from scidex_console.adapters.git.repair import Leftovers
from scidex_console.adapters.git.trees import Entry


@dataclass(frozen=True)
class Pointer:
    """The outer repository's record of the submodule."""

    commit: str | None
    """None when it records none."""
    is_tip: bool
    is_ancestor: bool
    """Whether it is the submodule's tip or an ancestor of it."""


class GitFacts:
    """Facts about the artifact repository and the outer one around it."""

    def __init__(self, checkout: Checkout, outer: Outer | None) -> None:
        self._checkout = checkout
        self._outer = outer

    def tree(self, commit: str) -> dict[str, Entry]:
        """Every file of a commit."""
        return trees.all_entries(self._checkout, commit)

    def index(self) -> dict[str, Entry]:
        """Every path in the index; a path in conflict is left out."""
        found: dict[str, Entry] = {}
        for line in self._checkout.commands.run("ls-files", "-s", "-z").fields():
            about, _, path = line.partition("\t")
            mode, oid, stage = about.split(" ")
            if stage == "0":
                found[path] = Entry(mode, oid)
        return found

    def fsck(self) -> list[str]:
        """What `git fsck --strict` has to say; empty when everything is sound."""
        output = self._checkout.commands.run(
            "fsck", "--strict", "--full", "--no-dangling", "--no-progress", accept=range(256)
        )
        said = [*output.text().splitlines(), *output.stderr.splitlines()]
        lines = [line for line in said if line and not line.startswith(("notice:", "dangling "))]
        if output.status != 0 and not lines:
            return [f"git fsck ended with status {output.status}"]
        return lines

    def reachable_blobs(self, commit: str) -> frozenset[str]:
        """Every blob that a commit or one before it has."""
        names = self._checkout.commands.run(
            "rev-list", "--objects", "--no-object-names", object_id(commit)
        ).stdout
        kinds = self._checkout.commands.run(
            "cat-file", "--batch-check=%(objecttype) %(objectname)", "--buffer", stdin=names
        )
        lines = (line.split(" ") for line in kinds.text().splitlines())
        return frozenset(name for kind, name in lines if kind == "blob")

    def changed(self) -> list[str]:
        """Paths that differ between HEAD, index and worktree, and untracked ones that are not ignored."""
        drivers = index.filter_drivers(self._checkout)
        output = self._checkout.commands.run(
            "status",
            "--porcelain",
            "-z",
            "--no-renames",
            "--untracked-files=all",
            "--ignore-submodules=all",
            settings=environment.without_filters(drivers),
        )
        return [line[3:] for line in output.fields()]

    def filtered(self, paths: Iterable[str]) -> dict[str, str]:
        """Content filter that the attributes assign to each path, where they do.

        We commit bytes as they are; under a filter such as Git LFS other people's git would do otherwise.
        """
        assigned = attributes.assigned(self._checkout, paths, "filter")
        return {path: name for path, _, name in assigned if name not in ("unspecified", "unset")}

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether one commit is the other or an ancestor of it; False when the older is not known."""
        return history.is_ancestor(self._checkout, older, newer)

    def pointer(self) -> Pointer | None:
        """What the outer repository's HEAD records for the submodule; None without an outer repository."""
        if self._outer is None:
            return None
        commit = self._outer.pointer()
        tip = self._checkout.resolve("HEAD")
        if commit is None or tip is None:
            return Pointer(commit, is_tip=False, is_ancestor=False)
        return Pointer(commit, is_tip=commit == tip, is_ancestor=self.is_ancestor(commit, tip))

    def leftovers(self) -> Mapping[str, Leftovers]:
        """Traces of ours in each repository, by its folder, where there are any."""
        checkouts = [self._checkout, *([self._outer.checkout] if self._outer else [])]
        found = {str(checkout.worktree): repair.leftovers(checkout) for checkout in checkouts}
        return {folder: traces for folder, traces in found.items() if traces}
